"""Files that do harm by what their tensors are called: tables of contents that lie, and keys without end."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.interop.forge import raw, storage, tensor, text, zipped

if TYPE_CHECKING:
    from tests.interop.hostile_files import Attacks


def headers(attacks: Attacks) -> None:
    """safetensors whose table of contents lies, nests or is endless."""

    def entry(shape: list[int], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    key, many = "main.0.weight", 30_000
    tables: dict[str, Any] = {
        "nested-mappings": b'{"a":' * 1_000_000,
        "nested-lists": b'{"a":' + b"[" * 1_000_000,
        "numbers": b'{"a":[' + b"0," * 1_000_000 + b"0]}",
        "mappings": b'{"a":[' + b"{}," * 1_000_000 + b"{}]}",
        "no-entry": {key: 3},
        "no-text": b'{"\xff\xfe":3}',
        "tera": {key: entry([2**40], 0, 2**42)},
        "tera-in-four": {key: entry([2**40], 0, 4)},
        "overflow": {key: entry([2**33, 2**33, 2**33], 0, 4)},
        "overlapping": {str(i): entry([4], 0, 16) for i in range(1000)},
        "gap": {key: entry([1], 4, 8)},
        "backwards": {key: entry([1], 4, 0)},
        "before": {key: entry([1], -4, 0)},
        "far": {key: entry([4], 2**62, 2**62 + 16)},
        "empty-and-huge": {key: entry([0, 2**62], 0, 0), "a": entry([4], 0, 16)},
        "deep-shape": {key: entry([1] * 5000, 0, 4), "a": entry([3], 4, 16)},
        "type": {key: entry([2], 0, 16, "C64")},
        "many": {f"k{i}": entry([0], 0, 0) for i in range(many)} | {"a": entry([4], 0, 16)},
        "dots": {"." * 7_000_000: entry([4], 0, 16)},
        "chain": {"a." * 90 + str(i): entry([0], 0, 0) for i in range(10_000)} | {"a": entry([4], 0, 16)},
        "branches": {f"k{i}.module.b.c.d.e": entry([0], 0, 0) for i in range(60_000)}
        | {"a": entry([4], 0, 16)},
        "colliding": {f"{'module.' * i}main.0.weight": entry([0], 0, 0) for i in range(25)}
        | {"a": entry([4], 0, 16)},
    }
    for name_, table in tables.items():
        told = table if isinstance(table, bytes) else json.dumps(table).encode()
        attacks.add(f"flat-{name_}", struct.pack("<Q", len(told)) + told + bytes(16))
    attacks.add("flat-long", struct.pack("<Q", 2**31) + b"{}" + bytes(16))
    attacks.add("flat-short", struct.pack("<Q", 0) + b"{}" + bytes(16))
    attacks.files["flat-large"] = attacks.folder / "flat-large.pt"
    with attacks.files["flat-large"].open("wb") as file:
        file.write(struct.pack("<Q", 2**27) + b"{")
        file.truncate(2**28)


def wrappers(attacks: Attacks) -> None:
    """State_dicts whose keys are wrapped without end, or in one another."""
    leaf = tensor(storage("0", 4), [4], [1])

    def of(names: Iterator[str]) -> bytes:
        refs = (text(key) + (leaf + b"\x94" if not i else b"h\x00") for i, key in enumerate(names))
        return raw(b"}(" + b"".join(refs) + b"u")

    for key, names in {
        "modules": (f"{'module.' * 25}{i}" for i in range(10_000)),
        "chain": (f"{'a.' * 60}{i}" for i in range(10_000)),
        "tree": (".".join(f"{i:014b}") for i in range(2**14)),
        "counters": (f"k{i}.n_averaged" for i in range(60)),
        "endless-name": iter(["a." * 2_000_000 + "b"]),
        "empty-names": iter(["." * n for n in range(1, 150)]),
    }.items():
        attacks.files[f"wrapped-{key}"] = attacks.folder / f"wrapped-{key}.pt"
        zipped(attacks.files[f"wrapped-{key}"], of(names), {"0": bytes(16)})
    inner = text("a.b") + leaf + text("x") + b"h\x00"
    attacks.files["mapping-in-state"] = attacks.folder / "mapping-in-state.pt"
    zipped(attacks.files["mapping-in-state"], raw(b"}\x94(" + inner + b"u"), {"0": bytes(16)})
