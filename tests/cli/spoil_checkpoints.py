"""Ways to spoil a run's newest checkpoint: its fields, its tensors, its form, its name.

Where the digest would hide that a field is odd, it is computed anew. Values are of a wrong type or out of all
bounds, never merely other ones: who forges a file with its digest can say that it is another run.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.run_dir import found_in
from tests.cli.spoil_files import NESTED, Case, Json, cut, flip, odd_values

Change = Callable[[dict[str, Tensor], dict[str, str]], None]  # of tensors and metadata, in place


def newest(run: Path) -> Path:
    return found_in(run / "checkpoints")[0]


def header_of(path: Path) -> tuple[dict[str, Json], bytes]:
    """The header of a safetensors file, and the bytes of its tensors."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + size]), content[8 + size :]


def with_header(run: Path, header: Json) -> None:
    path = newest(run)
    text = (header if isinstance(header, str) else json.dumps(header)).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + header_of(path)[1])


def written(run: Path, change: Change) -> None:
    """The checkpoint changed, and its digest computed anew."""
    path = newest(run)
    tensors = {key: tensor.clone() for key, tensor in load_file(path).items()}
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata())
    before = metadata["digest"]
    change(tensors, metadata)
    if metadata.get("digest") == before:
        metadata["digest"] = checkpoint._digest(tensors, metadata.get("facts", ""))
    save_file(tensors, path, metadata)


# ---- what it says


def facts(run: Path, each: int) -> Iterator[Case]:
    """The fields of what a checkpoint says."""
    tree = json.loads(header_of(newest(run))[0]["__metadata__"]["facts"])
    said = {what: json.dumps(odd) for what, odd in odd_values(tree, each, 1)}
    spec = {"name": "x", "file": "x", "sha256": "x"}
    said |= {
        "no JSON": "{",
        "nothing": "",
        "nested": NESTED,
        "weights alone": "{}",
        "imported": json.dumps({"imported": {"layout": "x", "sources": {}, "spec": spec, "overrides": []}}),
        "twice": json.dumps(tree) * 2,
    }
    for what, text in said.items():
        if not what.startswith(("log.latest.guard", "log.latest.penalty")):  # as the others there
            yield Case(f"facts: {what}", partial(written, change=partial(says, key="facts", value=text)))


def metadata(run: Path) -> Iterator[Case]:
    """What stands beside the facts."""
    for key in ("format", "facts", "digest"):
        yield Case(f"metadata: {key} deleted", partial(written, change=partial(says, key=key, value=None)))
        for value in ("odd",) if key == "digest" else ("", "odd", "3", "²", "9" * 5000):
            change = partial(says, key=key, value=value)
            yield Case(f"metadata: {key} = {value[:9]!r}", partial(written, change=change))


def says(_: object, metadata: dict[str, str], key: str, value: str | None) -> None:
    if value is None:
        del metadata[key]
    else:
        metadata[key] = value


# ---- its tensors

HOWS: dict[str, Callable[[Tensor], Tensor]] = {
    "longer": lambda t: torch.cat([t.reshape(-1), t.reshape(-1)[:1]]),
    "one dimension more": lambda t: t[None].clone(),
    "empty": lambda t: t.reshape(-1)[:0].clone(),
    "int32": lambda t: t.to(torch.int32),
    "float64": lambda t: t.to(torch.float64),
    "bool": lambda t: t.bool(),
    "not finite": lambda t: torch.full_like(t, torch.nan) if t.is_floating_point() else t[:1].clone(),
}


def tensors(run: Path) -> Iterator[Case]:
    """Each tensor deleted, renamed, of another shape, of another type, without numbers."""
    keys = [key for key in header_of(newest(run))[0] if key != "__metadata__"]
    for number, key in enumerate(keys):
        if key != "guard/looks":  # without which it begins anew, as where the plan wants it late
            yield Case(f"{key} deleted", partial(written, change=partial(becomes, key=key, how=None)))
        yield Case(f"{key} renamed", partial(written, change=partial(renamed, key=key)))
        for turn, (what, how) in enumerate(HOWS.items()):
            if not key.startswith("optimizer") or (number + turn) % 3 == 0:
                yield Case(f"{key} {what}", partial(written, change=partial(becomes, key=key, how=how)))
    yield Case("an unknown tensor", partial(written, change=lambda t, _: t.update({"x/y": torch.zeros(3)})))


def becomes(tensors: dict[str, Tensor], _: object, key: str, how: Callable[[Tensor], Tensor] | None) -> None:
    tensor = tensors.pop(key)
    if how is not None:
        tensors[key] = how(tensor)


def renamed(tensors: dict[str, Tensor], _: object, key: str) -> None:
    tensors[f"{key}x"] = tensors.pop(key)


# ---- its form

FIELDS: dict[str, tuple[Json, ...]] = {
    "dtype": ("F64", "F16", "BF16", "F8_E4M3", "F4", "BOOL", "U64", "I8", "C64", "X", 3, None),
    "shape": ([], [0], [-1], [2**40], [1.5], "x", [[1]], None),
    "data_offsets": ([0, 0], [4, 0], [0, 2**40], [-1, 3], [0], "x", None),
}


def layout(run: Path) -> Iterator[Case]:
    """The form of a safetensors file."""
    header, content = header_of(newest(run))
    said = header["__metadata__"]
    for number in (0, 1, 7, len(content), 2**31, 2**63, 2**64 - 1):
        yield Case(f"header of {number} bytes", partial(length, number=number))
    headers: dict[str, Json] = {
        "a list": [],
        "null": None,
        "no tensors": {"__metadata__": said},
        "no metadata": {key: value for key, value in header.items() if key != "__metadata__"},
        "metadata of numbers": {**header, "__metadata__": {"format": 2}},
        "metadata a list": {**header, "__metadata__": []},
        "no JSON": "{",
        "nested": NESTED,
        "twice": '{"a": 1, "a": 2}',
    }
    for key in ("game/p", "generator/first.weight", "guard/looks"):
        for field, values in FIELDS.items():
            for value in values:
                if header[key][field] != value:
                    headers[f"{key} {field} = {value}"] = {**header, key: {**header[key], field: value}}
    for what, odd in headers.items():
        yield Case(f"header: {what}", partial(with_header, header=odd))
    for share in (0.001, 0.1, 0.3, 0.6, 0.9, 0.999):
        yield Case(f"cut to {share}", lambda run, share=share: cut(newest(run), share))
    for seed in range(20):
        yield Case(f"bytes flipped, {seed}", lambda run, seed=seed: flip(newest(run), seed))


def length(run: Path, number: int) -> None:
    path = newest(run)
    path.write_bytes(number.to_bytes(8, "little") + path.read_bytes()[8:])


# ---- its name

NAMES = ("000000000028", "0", "9" * 100, "²", "-1", "000000000024 (1)", "x", "٣", "1e3", " 28")
ENDINGS = ("000000000024.safetensors.new", ".000000000024.safetensors.0000.new", "000000000024.SAFETENSORS")


def names() -> Iterator[Case]:
    """Files among the checkpoints whose names are odd, or say what is not in them."""
    for name in NAMES:
        yield Case(f"copied to {name[:20]}", partial(copied, name=f"{name}.safetensors"))
        yield Case(f"moved to {name[:20]}", partial(moved, name=f"{name}.safetensors"))
    for name in ENDINGS:
        yield Case(f"copied to {name}", partial(copied, name=name))


def copied(run: Path, name: str) -> None:
    shutil.copy(newest(run), run / "checkpoints" / name)


def moved(run: Path, name: str) -> None:
    newest(run).rename(run / "checkpoints" / name)
