"""Files cut short or changed by a bit: always a message of ours, never another exception."""

from __future__ import annotations

import pickle
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gandsl.diagnostics import SpecError
from gandsl.interop import InteropError, import_checkpoint
from gandsl.interop.errors import CutShort
from gandsl.interop.unpickle import Reader, unpickle
from tests.interop.forge import State, saved, write_persistence

WIDTH = 2


def network() -> State:
    """A tiny DCGAN generator in the example's names."""
    chance = torch.Generator().manual_seed(0)
    shapes = {"main.0.weight": (3, 8 * WIDTH, 4, 4), "main.3.weight": (8 * WIDTH, 4 * WIDTH, 4, 4)}
    shapes |= {"main.6.weight": (4 * WIDTH, 2 * WIDTH, 4, 4), "main.9.weight": (2 * WIDTH, WIDTH, 4, 4)}
    shapes |= {"main.12.weight": (WIDTH, 3, 4, 4)}
    state = {key: torch.randn(shape, generator=chance) for key, shape in shapes.items()}
    for norm, channels in ((1, 8), (4, 4), (7, 2), (10, 1)):
        for name in ("weight", "bias", "running_mean", "running_var"):
            state[f"main.{norm}.{name}"] = torch.randn(channels * WIDTH, generator=chance)
    return state


def pickled(folder: Path) -> bytes:
    write_persistence(folder / "a.pkl", {"netG": network()})
    return (folder / "a.pkl").read_bytes()


def wrapped(folder: Path) -> bytes:
    """As Lightning stores a compiled network in parallel."""
    state = {f"netG.module._orig_mod.{key}": tensor for key, tensor in network().items()}
    return saved({"state_dict": state, "hyper_parameters": {"z": 3}, "optimizer_states": [{"state": {}}]})


def flat(folder: Path) -> bytes:
    save_file({f"generator.{key}": tensor for key, tensor in network().items()}, folder / "a.safetensors")
    return (folder / "a.safetensors").read_bytes()


KINDS: dict[str, Callable[[Path], bytes]] = {
    "zip": lambda folder: saved(network()),
    "stream": lambda folder: saved(network(), legacy=True),
    "pickle": pickled,
    "wrapped": wrapped,
    "safetensors": flat,
}


@pytest.mark.parametrize("kind", KINDS)
def test_whole_files_load(kind: str, tmp_path: Path) -> None:
    (tmp_path / "x.pt").write_bytes(KINDS[kind](tmp_path))
    state = import_checkpoint(tmp_path / "x.pt").states["generator"]
    assert torch.equal(state["project.weight"], network()["main.0.weight"])


@pytest.mark.parametrize("kind", KINDS)
def test_cut_short(kind: str, tmp_path: Path) -> None:
    data = KINDS[kind](tmp_path)
    for part in range(1, 20):
        (tmp_path / "x.pt").write_bytes(data[: len(data) * part // 20])
        with pytest.raises(CutShort, match=r"cut short"):
            import_checkpoint(tmp_path / "x.pt")
    (tmp_path / "x.pt").write_bytes(data[:-1])
    with pytest.raises(CutShort):
        import_checkpoint(tmp_path / "x.pt")


@pytest.mark.parametrize("kind", KINDS)
def test_changed_bytes(kind: str, tmp_path: Path) -> None:
    """A byte changed anywhere: refused with a message, or (in numbers of files without checksums) loaded."""
    data, chance, loaded = KINDS[kind](tmp_path), random.Random(0), 0
    for _ in range(25):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        (tmp_path / "x.pt").write_bytes(changed)
        try:
            import_checkpoint(tmp_path / "x.pt")
            loaded += 1
        except (InteropError, SpecError) as error:
            assert len(str(error)) > 20
    assert loaded < 25


def test_a_changed_number_is_found(tmp_path: Path) -> None:
    """torch's zip has checksums: weights that were changed are not loaded."""
    data = bytearray(saved(network()))
    place = data.find(network()["main.0.weight"].numpy().tobytes())
    assert place > 0
    data[place + 100] ^= 1
    (tmp_path / "x.pt").write_bytes(data)
    with pytest.raises(InteropError, match="checksum of a tensor is wrong"):
        import_checkpoint(tmp_path / "x.pt")


def test_random_pickles() -> None:
    """Opcodes in any order: the machine ends with a value or an error of ours, whatever comes."""
    chance = random.Random(1)
    seeds = [
        pickle.dumps({"a": [1, (2.5, None)], "b": {"c": b"xyz" * 100, 3: "d"}}, protocol=p) for p in range(6)
    ]
    known = b"NKJMGXUCBcRbotd}])(\x85\x86\x87\x88\x89\x8a\x8b\x8c\x93\x94\x81QqhrjaesuU0" + bytes(range(8))
    ended = 0
    for round_ in range(3000):
        data = bytearray(seeds[round_ % len(seeds)])
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data) + 1)
            data[place : place + chance.randrange(3)] = bytes(chance.choices(known, k=chance.randrange(1, 5)))
        try:
            unpickle(Reader(memoryview(bytes(data)), "x"))
            ended += 1
        except InteropError as error:
            assert "x" in error.message
    assert 0 < ended < 3000
