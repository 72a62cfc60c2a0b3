"""Checkpoint files as the published implementations write them, and pickles put together by hand."""

from __future__ import annotations

import io
import pickle
import struct
import sys
import types
import zipfile
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gandsl.api import compile
from gandsl.interop import export_weights
from gandsl.interop.layouts import layouts
from gandsl_runtime.runs import checkpoint

State = dict[str, Tensor]
BUFFERS = ("resample_filter", "noise_const", "w_avg")  # last names of keys that are no parameters


# ---- networks with random weights, as our own checkpoints


def ours(path: Path, spec: Path, overrides: Mapping[str, Any], parts: Sequence[str], seed: int = 0) -> None:
    """Write a checkpoint of a spec whose every tensor is drawn from N(0, 1)."""
    program = compile(spec, overrides)
    chance = torch.Generator().manual_seed(seed)
    tensors = {}
    for part in parts:
        network = program.network("generator" if part == "average" else part)
        for key, tensor in network.state_dict().items():
            tensors[f"{part}/{key}"] = torch.randn(tensor.shape, generator=chance)
    checkpoint.write(path, tensors, {})


def published(
    layout: str, spec: Path, overrides: Mapping[str, Any], parts: Sequence[str], folder: Path
) -> dict[str, State]:
    """State_dicts of random weights as a layout has them, by part; the folder is for files on the way."""
    known = layouts()[layout]
    ours(folder / "ours.safetensors", spec, overrides, parts)
    target = folder / ("theirs" if known.files else "theirs.pt")
    done = export_weights(folder / "ours.safetensors", target, layout, spec, overrides)
    names = {part: name for name, part in known.names.items()}
    found: dict[str, State] = {}
    for file, held in done.files.items():
        content = torch.load(file, weights_only=True)
        found |= {part: content if known.files else content[names[part]] for part in held}
    return found


# ---- pickles of persistence classes


class EasyDict(dict):  # type: ignore[type-arg]
    """A mapping that pickles under the name of theirs."""


def _reconstruct_persistent_obj(meta: Any) -> Any:
    raise AssertionError("the source code in a pickle was about to be run")


class Persistent:
    """Pickles as an object of a persistence class: source code, class name, state."""

    def __init__(self, name: str, source: str, state: Mapping[str, Any]) -> None:
        self.name, self.source, self.state = name, source, state

    def __reduce__(self) -> Any:
        meta = {
            "type": "class",
            "version": 6,
            "module_src": self.source,
            "class_name": self.name,
            "state": dict(self.state),
        }
        return _reconstruct_persistent_obj, (meta,)


@contextmanager
def _posing() -> Iterator[None]:
    """While it lasts, the two names above are pickled under the modules that theirs are in."""
    members = {"torch_utils.persistence": _reconstruct_persistent_obj, "dnnlib.util": EasyDict}
    names = {part for module in members for part in (module, module.partition(".")[0])}
    home = __name__
    for name in names:
        sys.modules[name] = types.ModuleType(name)
    for module, member in members.items():
        setattr(sys.modules[module], member.__name__, member)
        member.__module__ = module
    try:
        yield
    finally:
        for member in members.values():
            member.__module__ = home
        for name in names:
            del sys.modules[name]


def persistent(
    state: State,
    arguments: Mapping[str, Any] | None,
    source: str,
    positional: tuple[Any, ...] = (),
    attributes: Mapping[str, Any] | None = None,
) -> Persistent:
    """A tree of modules that holds a state_dict. `attributes` are others of its modules, by dotted name."""
    children: dict[str, State] = {}
    own: State = {}
    for key, tensor in state.items():
        head, _, rest = key.partition(".")
        if rest:
            children.setdefault(head, {})[rest] = tensor
        else:
            own[head] = tensor
    fields = {
        "training": False,
        "_parameters": OrderedDict(
            (k, torch.nn.Parameter(t, requires_grad=False)) for k, t in own.items() if k not in BUFFERS
        ),
        "_buffers": OrderedDict((k, t) for k, t in own.items() if k in BUFFERS),
        "_non_persistent_buffers_set": set(),
        "_backward_hooks": OrderedDict(),
        "_modules": OrderedDict(
            (k, persistent(s, {}, source, attributes=_below(attributes, k))) for k, s in children.items()
        ),
        "_init_args": positional,
        **({} if arguments is None else {"_init_kwargs": EasyDict(arguments)}),
    }
    fields |= {name: value for name, value in (attributes or {}).items() if "." not in name}
    return Persistent("Network", source, fields)


def _below(attributes: Mapping[str, Any] | None, child: str) -> dict[str, Any]:
    """The attributes of a submodule."""
    start = f"{child}."
    return {name[len(start) :]: v for name, v in (attributes or {}).items() if name.startswith(start)}


def write_persistence(
    path: Path,
    networks: Mapping[str, State],
    arguments: Mapping[str, Mapping[str, Any]] | None = None,
    source: str = "raise SystemExit('run')",
    protocol: int = 4,
    positional: Mapping[str, tuple[Any, ...]] | None = None,
    attributes: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """A snapshot of official training: networks with source code, and what lies beside them.

    arguments, positional: what each network's constructor was given by name, and without; a network that
        has none is of a class that keeps none.
    """
    with _posing():
        root: dict[str, Any] = {
            name: persistent(
                state,
                (arguments or {}).get(name),
                source,
                (positional or {}).get(name, ()),
                (attributes or {}).get(name),
            )
            for name, state in networks.items()
        }
        root |= {"augment_pipe": None, "training_set_kwargs": EasyDict(path="/data.zip", use_labels=False)}
        path.write_bytes(pickle.dumps(root, protocol=protocol))


# ---- pickles by hand


def raw(body: bytes, protocol: int = 4) -> bytes:
    """A pickle with these opcodes between its first and its last."""
    return b"\x80" + bytes([protocol]) + body + b"."


def text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def name(module: str, attribute: str) -> bytes:
    """The opcode that names something, the old way."""
    return f"c{module}\n{attribute}\n".encode()


def called(module: str, attribute: str, *arguments: bytes) -> bytes:
    """The opcodes of `module.attribute(*arguments)`."""
    return name(module, attribute) + b"(" + b"".join(arguments) + b"t" + b"R"


def zipped(
    path: Path,
    pickled: bytes,
    storages: Mapping[str, bytes] | None = None,
    extra: Mapping[str, bytes] | None = None,
) -> None:
    """A file of torch.save around a pickle."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", "little")
        for key, data in (storages or {}).items():
            archive.writestr(f"archive/data/{key}", data)
        for entry, data in (extra or {}).items():
            archive.writestr(entry, data)
        archive.writestr("archive/version", "3\n")


def stream(pickled: bytes, keys: Sequence[str] = (), rest: bytes = b"") -> bytes:
    """A file of torch's older kind around a pickle."""
    machine = {"protocol_version": 1001, "little_endian": True, "type_sizes": {}}
    head = [pickle.dumps(value, protocol=2) for value in (0x1950A86A20F9469CFC6C, 1001, machine)]
    return b"".join(head) + pickled + pickle.dumps(list(keys), protocol=2) + rest


def number(value: int) -> bytes:
    size = value.to_bytes((value.bit_length() + 8) // 8, "little", signed=True)
    return b"\x8a" + bytes([len(size)]) + size


def storage(key: str, count: int, kind: str = "FloatStorage") -> bytes:
    """The opcodes of a reference to a storage."""
    return b"(" + text("storage") + name("torch", kind) + text(key) + text("cpu") + number(count) + b"tQ"


def tensor(where: bytes, shape: Sequence[int], stride: Sequence[int], offset: int = 0) -> bytes:
    """The opcodes of a tensor over a storage."""
    sides = [b"(" + b"".join(map(number, numbers)) + b"t" for numbers in (shape, stride)]
    hooks = called("collections", "OrderedDict")
    return called("torch._utils", "_rebuild_tensor_v2", where, number(offset), *sides, b"\x89", hooks)


def state_dict(*entries: tuple[str, bytes]) -> bytes:
    """The opcodes of a mapping."""
    return b"}(" + b"".join(text(key) + value for key, value in entries) + b"u"


def saved(value: Any, legacy: bool = False) -> bytes:
    """What torch.save writes."""
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


def flattened(content: Mapping[str, Any]) -> State:
    """The tensors of nested mappings under dotted names, as a file of safetensors has them."""
    found: State = {}
    for key, value in content.items():
        inner = {"": value} if isinstance(value, Tensor) else flattened(value)
        found |= {f"{key}.{name}".rstrip("."): tensor.contiguous() for name, tensor in inner.items()}
    return found
