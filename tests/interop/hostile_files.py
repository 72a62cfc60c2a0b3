"""Files made to do harm: pickles that call, bombs, sizes that lie, odd archives, modules without end."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.interop.forge import (
    called,
    name,
    number,
    raw,
    saved,
    state_dict,
    storage,
    stream,
    tensor,
    text,
    zipped,
)

CALLED = [
    *[("os", n) for n in ("system", "popen", "execv", "remove", "putenv")],
    *[("posix", n) for n in ("system", "fork", "unlink")],
    *[("nt", "system"), ("pty", "spawn"), ("subprocess", "Popen"), ("subprocess", "check_output")],
    *[
        ("builtins", n)
        for n in ("eval", "exec", "compile", "open", "__import__", "getattr", "setattr", "globals")
    ],
    *[("builtins", n) for n in ("breakpoint", "input", "type", "print", "bytearray", "range", "list", "map")],
    *[("__builtin__", n) for n in ("eval", "file", "apply")],
    ("importlib", "import_module"),
    ("importlib.machinery", "SourceFileLoader"),
    ("runpy", "_run_code"),
    ("runpy", "run_path"),
    ("timeit", "timeit"),
    ("doctest", "debug_script"),
    ("code", "InteractiveInterpreter"),
    ("pdb", "run"),
    ("cProfile", "run"),
    ("trace", "Trace"),
    ("ctypes", "CDLL"),
    ("webbrowser", "open"),
    ("shutil", "rmtree"),
    ("io", "open"),
    ("pathlib", "Path"),
    ("tempfile", "mktemp"),
    ("socket", "create_connection"),
    ("urllib.request", "urlopen"),
    ("http.client", "HTTPSConnection"),
    ("smtplib", "SMTP"),
    ("multiprocessing", "Process"),
    ("asyncio", "run"),
    ("threading", "Thread"),
    ("signal", "raise_signal"),
    ("sys", "exit"),
    ("sys", "modules"),
    ("functools", "partial"),
    ("functools", "reduce"),
    ("itertools", "starmap"),
    ("operator", "attrgetter"),
    ("operator", "methodcaller"),
    ("types", "CodeType"),
    ("types", "FunctionType"),
    ("marshal", "loads"),
    ("pickle", "loads"),
    ("_pickle", "Unpickler"),
    ("copyreg", "add_extension"),
    ("copyreg", "__newobj__"),
    ("codecs", "decode"),
    ("logging.config", "listen"),
    ("distutils.file_util", "write_file"),
    ("numpy", "load"),
    ("numpy", "fromfile"),
    ("numpy", "empty"),
    ("numpy.f2py.crackfortran", "getlincoef"),
    ("numpy.testing._private.utils", "runstring"),
    ("torch", "load"),
    ("torch", "empty"),
    ("torch", "zeros"),
    ("torch", "from_file"),
    ("torch", "compile"),
    ("torch.hub", "load"),
    ("torch.jit", "load"),
    ("torch.serialization", "load"),
    ("torch.storage", "_share_filename_cpu"),
    ("torch._utils", "_rebuild_sparse_tensor"),
    ("torch._utils", "_rebuild_qtensor"),
    ("torch._utils", "_rebuild_device_tensor_from_numpy"),
    ("torch._utils", "_import_dotted_name"),
    ("torch._tensor", "_rebuild_from_type_v2"),
    ("torch.utils.cpp_extension", "load_inline"),
    ("torch.utils._config_module", "load_config"),
    ("torch.distributed.rpc", "rpc_sync"),
    ("torch_utils.persistence", "_src_to_module"),
    ("torch_utils.custom_ops", "get_plugin"),
    ("dnnlib.util", "call_func_by_name"),
    ("dnnlib.util", "open_url"),
    ("collections", "OrderedDict.fromkeys"),
    ("collections", "namedtuple"),
    ("argparse", "FileType"),
    ("gandsl.interop.files", "opened"),
]
"""What pickles have been seen, or could be made, to call. Not one of them is on the list of what may be."""


class Attacks:
    """A folder of hostile files, and how importing each of them ended."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.canary = folder, folder / "canary"
        self.files: dict[str, Path] = {}

    def add(self, name: str, data: bytes) -> None:
        self.files[name] = self.folder / f"{name}.pt"
        self.files[name].write_bytes(data)

    def shell(self) -> bytes:
        """An argument for whoever runs commands: it leaves the canary."""
        return text(f"touch {self.canary}")

    def code(self) -> bytes:
        """An argument for whoever runs Python."""
        return text(f"open({str(self.canary)!r}, 'w')")


def everywhere(attacks: Attacks, name: str, body: bytes) -> None:
    """The same opcodes as a plain pickle, in torch's zip, in its older file, and in a storage of a pickle."""
    attacks.add(f"{name}-pickle", raw(body))
    attacks.add(f"{name}-pickle2", raw(body, 2))
    attacks.files[f"{name}-zip"] = attacks.folder / f"{name}-zip.pt"
    zipped(attacks.files[f"{name}-zip"], raw(body, 2))
    attacks.add(f"{name}-stream", stream(raw(body, 2)))
    inner = stream(raw(body, 2))
    bytes_ = b"B" + struct.pack("<I", len(inner)) + inner
    attacks.add(f"{name}-inner", raw(called("torch.storage", "_load_from_bytes", bytes_)))


def gadgets(attacks: Attacks) -> None:
    """Everything that runs something when it is unpickled."""
    shell, code = attacks.shell(), attacks.code()
    everywhere(attacks, "system", called("os", "system", shell))
    everywhere(attacks, "exec", called("builtins", "exec", code))
    new_style = text("os") + text("system") + b"\x93" + b"(" + shell + b"tR"
    everywhere(attacks, "stack-global", new_style)
    everywhere(attacks, "inst", b"(" + shell + b"ios\nsystem\n")
    everywhere(attacks, "obj", b"(" + name("os", "system") + shell + b"o")
    everywhere(attacks, "newobj", name("subprocess", "Popen") + b"(" + shell + b"t\x81")
    everywhere(attacks, "newobj-ex", name("subprocess", "Popen") + b"(" + shell + b"t}\x92")
    everywhere(attacks, "extension", b"\x82\x01")
    everywhere(attacks, "memo", name("os", "system") + b"\x94" + b"0h\x00(" + shell + b"tR")
    everywhere(attacks, "text-id", b"Pos.system\n")
    everywhere(attacks, "odd-id", called("collections", "OrderedDict") + b"Q")
    namespace = name("argparse", "Namespace") + b")\x81"
    everywhere(attacks, "class", namespace + state_dict(("__class__", name("subprocess", "Popen"))) + b"b")
    everywhere(attacks, "build-global", name("torch", "FloatStorage") + state_dict(("x", shell)) + b"b")
    everywhere(attacks, "call-record", namespace + b"(" + shell + b"tR")
    everywhere(attacks, "call-mapping", b"}(" + shell + b"tR")
    everywhere(attacks, "call-text", text("os.system") + b"(" + shell + b"tR")
    everywhere(attacks, "dotted", text("torch._utils") + text("sys.modules") + b"\x93")
    everywhere(attacks, "no-text", number(1) + number(2) + b"\x93")
    for protocol in (0, 1, 2, 3, 4, 5):
        attacks.add(f"gadget-protocol{protocol}", pickle.dumps(_Gadget(f"touch {attacks.canary}"), protocol))
    for module, attribute in CALLED:
        attacks.add(f"{module}.{attribute}", raw(called(module, attribute, shell)))


class _Gadget:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> Any:
        import os

        return os.system, (self.command,)


def bombs(attacks: Attacks) -> None:
    """Everything that takes memory or time."""
    bodies: dict[str, bytes] = {
        "memo-index": b"Nr\xff\xff\xff\x7f",
        "memo-indices": b"N" + b"".join(b"r" + struct.pack("<I", 2**31 - 1 - i) for i in range(20000)),
        "huge-bytes": b"\x8e" + struct.pack("<Q", 2**62),
        "huge-bytearray": b"\x96" + struct.pack("<Q", 2**40),
        "huge-text": b"\x8d" + struct.pack("<Q", 2**50),
        "huge-integer": b"\x8b" + struct.pack("<i", 1 << 20) + b"\x7f" * (1 << 20),
        "negative-integer": b"\x8b" + struct.pack("<i", -5),
        "decimal": b"L" + b"9" * 200_000 + b"L\n",
        "endless-name": b"c" + b"a" * 2_000_000,
        "deep-tuple": b"N" + b"\x85" * 250_000,
        "deep-key": b"}" + b"N" + b"\x85" * 250_000 + b"Ns",
        "deep-list": b"]" * 250_000 + b"a" * 249_999,
        "deep-mapping": b"}" + (text("a") + b"}") * 100_000 + b"s" * 100_000,
        "steps": b"N0" * 600_000,
        "marks": b"(" * 250_000,
        "laughs": b"]("
        + b"N" * 100
        + b"e\x940"
        + b"".join(b"](" + b"h" + bytes([i]) + (b"h" + bytes([i])) * 99 + b"e\x940" for i in range(60))
        + b"h\x3c",
        "laughing-key": b"}"
        + b"N\x85\x94"
        + b"".join(
            b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86\x940" if i else b"0h\x00h\x00\x86\x940"
            for i in range(60)
        )
        + b"h\x3bNs",
        "cycle": b"]\x94h\x00a",
        "mapping-cycle": b"}\x94" + text("a") + b"h\x00s",
        "colliding-keys": b"}("
        + b"".join(number((i + 1) * (2**61 - 1)) + b"N" for i in range(40_000))
        + b"u",
        "float-keys": b"}(G\x40\x00\x00\x00\x00\x00\x00\x00Nu",
        "shape-type": tensor(storage("0", 1), [], []).replace(b"((t", b"((N\x85t", 1),
    }
    for key, body in bodies.items():
        attacks.add(f"{key}-pickle", raw(body))
        if len(body) < 100_000:
            attacks.files[f"{key}-zip"] = attacks.folder / f"{key}-zip.pt"
            zipped(attacks.files[f"{key}-zip"], raw(body), {"0": bytes(4)})


def claims(attacks: Attacks) -> None:
    """Tensors and storages that say they are larger than they are."""
    tera = 2**40
    tensors: dict[str, bytes] = {
        "storage-tera": tensor(storage("0", tera), [tera], [1]),
        "tensor-tera": tensor(storage("0", 4), [tera], [1]),
        "tensor-repeated": tensor(storage("0", 4), [tera], [0]),
        "tensor-square": tensor(storage("0", 4), [2**20, 2**20], [0, 0]),
        "tensor-overflow": tensor(storage("0", 4), [2**33, 2**33, 2**33], [0, 0, 0]),
        "tensor-beyond": tensor(storage("0", 4), [4], [1], offset=1),
        "tensor-before": tensor(storage("0", 4), [4], [1], offset=-4),
        "stride-back": tensor(storage("0", 4), [4], [-1], offset=3),
        "stride-far": tensor(storage("0", 4), [2], [2**40]),
        "shape-negative": tensor(storage("0", 4), [-1], [1]),
        "shape-deep": tensor(storage("0", 4), [1] * 5000, [1] * 5000),
        "storage-negative": tensor(storage("0", -4), [0], [1]),
        "storage-outside": tensor(storage("../../canary", 4), [4], [1]),
        "storage-missing": tensor(storage("7", 4), [4], [1]),
        "storage-odd": tensor(storage("0", 4, "ComplexFloatStorage"), [4], [1]),
        "view-of-view": tensor(
            storage("0", 4).replace(b"tQ", b"(" + text("v") + number(0) + number(4) + b"ttQ"), [4], [1]
        ),
    }
    for key, body in tensors.items():
        pickled = raw(state_dict(("main.0.weight", body)), 2)
        attacks.files[f"{key}-zip"] = attacks.folder / f"{key}-zip.pt"
        zipped(attacks.files[f"{key}-zip"], pickled, {"0": bytes(16)})
        keys = ["0"] if key != "storage-outside" else ["../../canary"]
        count = tera if key == "storage-tera" else 4
        attacks.add(f"{key}-stream", stream(pickled, keys, struct.pack("<q", count) + bytes(16)))
    attacks.add(
        "stream-count",
        stream(raw(state_dict(("a", tensor(storage("0", 4), [4], [1])))), ["0"], struct.pack("<q", 2**60)),
    )
    attacks.add("stream-keys", stream(raw(b"}"), ["0"] * 3))
    inner = stream(raw(storage("0", tera), 2), ["0"], struct.pack("<q", tera) + bytes(16))
    bytes_ = b"B" + struct.pack("<I", len(inner)) + inner
    attacks.add(
        "inner-tera",
        raw(state_dict(("a", tensor(called("torch.storage", "_load_from_bytes", bytes_), [tera], [1])))),
    )


def archives(attacks: Attacks) -> None:
    """Zips that are bombs, or reach out of themselves."""

    def made(key: str) -> Path:
        attacks.files[key] = attacks.folder / f"{key}.pt"
        return attacks.files[key]

    with zipfile.ZipFile(made("zip-bomb"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", raw(b"N" + b"0N" * 10_000_000))
    with zipfile.ZipFile(made("zip-bomb-storage"), "w") as archive:
        archive.writestr(
            "archive/data.pkl", raw(state_dict(("a", tensor(storage("0", 2**24), [2**24], [1]))))
        )
        archive.writestr("archive/data/0", bytes(2**26), zipfile.ZIP_DEFLATED)
    for key, entry in {
        "zip-climbs": "../../canary",
        "zip-absolute": "/tmp/gandsl-canary",
        "zip-backslash": "..\\..\\canary",
        "zip-inside": "archive/data/../../../canary",
        "zip-drive": "C:canary",
    }.items():
        zipped(made(key), raw(b"}"), extra={entry: b"out"})
    zipped(made("zip-overlap"), raw(b"}"), {str(i): bytes(1000) for i in range(50)})
    _overlap(attacks.files["zip-overlap"])
    zipped(made("zip-claims"), raw(state_dict(("a", tensor(storage("0", 4), [4], [1])))), {"0": bytes(16)})
    _patch_sizes(attacks.files["zip-claims"], b"archive/data/0", 2**31)
    with zipfile.ZipFile(made("zip-entries"), "w") as archive:
        for index in range(110_000):
            archive.writestr(zipfile.ZipInfo(str(index)), b"")
    zipped(made("zip-script"), raw(b"}"), extra={"archive/constants.pkl": raw(b")")})
    whole = saved({"a": 1})
    attacks.add("zip-comment", whole[:-2] + struct.pack("<H", 5) + b"hello")
    end = len(whole) - 22
    attacks.add("zip-directory", whole[: end + 12] + struct.pack("<L", 2**32 - 2) + whole[end + 16 :])


def _directory(data: bytes) -> Iterator[int]:
    """Where the entries of a zip's table of contents begin."""
    place = data.find(b"PK\x01\x02")
    while place >= 0:
        yield place
        place = data.find(b"PK\x01\x02", place + 1)


def _overlap(path: Path) -> None:
    """Make all of the archive's storages claim to be the whole file."""
    data = bytearray(path.read_bytes())
    for place in list(_directory(data)):
        if b"data/" in data[place + 46 : place + 64]:
            data[place + 20 : place + 28] = struct.pack("<LL", len(data) - 200, len(data) - 200)
            data[place + 42 : place + 46] = struct.pack("<L", 0)
    path.write_bytes(data)


def _patch_sizes(path: Path, entry: bytes, size: int) -> None:
    data = bytearray(path.read_bytes())
    for place in _directory(data):
        if data[place + 46 :].startswith(entry):
            data[place + 20 : place + 28] = struct.pack("<LL", size, size)
    path.write_bytes(data)


def modules(attacks: Attacks) -> None:
    """Modules that hold each other: in a circle, and many times over."""

    def module(children: bytes) -> bytes:
        return (
            name("torch.nn.modules.container", "Sequential")
            + b")\x81\x94"
            + state_dict(("_modules", children))
            + b"b"
        )

    attacks.add("module-circle", raw(state_dict(("G", module(b"}" + text("a") + b"h\x00s")))))
    body = module(b"}") + b"0"
    for level in range(40):
        again = b"h" + bytes([level])
        body += module(b"}(" + text("a") + again + text("b") + again + text("c") + again + b"u") + b"0"
    attacks.add("module-tree", raw(body + state_dict(("G", b"h\x28"))))
    leaf = tensor(storage("0", 4), [4], [1])
    many = (
        b"}("
        + b"".join(text(f"k{i}") + (leaf + b"\x94" if not i else b"h\x00") for i in range(150_000))
        + b"u"
    )
    attacks.files["many-tensors"] = attacks.folder / "many-tensors.pt"
    zipped(attacks.files["many-tensors"], raw(many), {"0": bytes(16)})
