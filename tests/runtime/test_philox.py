"""The generator: published vectors, a second implementation, the kernel's numbers, and what chance allows."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from gandsl_runtime.rng import philox
from tests.runtime.interpreted import needs_triton, numbers_compared

ROOT = Path(__file__).resolve().parents[2]
SOME = philox.Rows(0, 1, 1 << 20, 1 << 20)

# of Random123's file kat_vectors, philox4x32 10: counter, key, result
ALL = 0xFFFFFFFF
VECTORS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ALL, ALL, ALL, ALL), (ALL, ALL), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def by_its_definition(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Salmon et al. 2011, section 3.3, in Python's whole numbers."""
    (a, b, c, d), (k, m) = counter, key
    for _ in range(10):
        first, second = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (second >> 32) ^ b ^ k, second & ALL, (first >> 32) ^ d ^ m, first & ALL
        k, m = (k + 0x9E3779B9) & ALL, (m + 0xBB67AE85) & ALL
    return a, b, c, d


def words(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    block, place, low, high = counter
    first, second = philox.words(
        np.array([block]), np.array([place]), low | high << 32, key[0] | key[1] << 32
    )
    return tuple(int(word[0]) for pair in zip(first, second, strict=True) for word in pair)


@pytest.mark.parametrize(("counter", "key", "result"), VECTORS)
def test_published_vectors(counter, key, result) -> None:
    assert by_its_definition(counter, key) == result
    assert words(counter, key) == result


def drawn(shape: tuple[int, ...], kind: str, key: int = 5, stream: int = 7, rows=SOME) -> torch.Tensor:
    out = torch.empty(shape, dtype=torch.int64 if kind == "words" else torch.float32)
    philox.draw(out, key, stream, kind == "normal", rows.start, rows.step, rows.count, rows.total)
    return out


def test_which_number_is_which_word() -> None:
    """Number j of the sample in place p is word j mod 4 of the block (j div 4, p, stream, stream)."""
    rows, key, stream = philox.Rows(3, 5, 2, 100), -0x123456789ABCDEF, 0x7FFFFFFE80000001
    halves = [(whole & ALL, whole >> 32 & ALL) for whole in (stream, key)]
    found = drawn((4, 3, 3), "words", key, stream, rows).flatten(1)
    for row, place in enumerate((3, 8, 103, 108)):
        blocks = [by_its_definition((block, place, *halves[0]), halves[1]) for block in range(3)]
        assert found[row].tolist() == [word for block in blocks for word in block][:9]


def test_uniform_and_normal_numbers_by_their_formulas() -> None:
    """In float64, of the same words: uniform ones exactly; normal ones to 4 units in the last place."""
    word = drawn((3, 40_000), "words").double()
    assert torch.equal(drawn((3, 40_000), "uniform").double(), (word / 256).floor() / 2**24)

    u = ((word[:, ::2]).float().double() + 0.5).float().double() / 2**32  # a word has more bits than a float
    radius = (-2 * u.log()).sqrt()
    quadrant = (word[:, 1::2] / 2**30).floor()
    angle = ((word[:, 1::2] - quadrant * 2**30 + 0.5) / 2**30) * math.pi / 2
    signs = [torch.where(bit > 0, -1.0, 1.0) for bit in ((quadrant / 2).floor(), quadrant % 2)]
    expected = torch.stack((radius * angle.sin() * signs[0], radius * angle.cos() * signs[1]), 2).flatten(1)
    found = drawn((3, 40_000), "normal")
    unit = torch.nextafter(expected.float().abs(), torch.tensor(math.inf)).double() - expected.float().abs()
    assert ((found.double() - expected).abs() / unit).max() < 4


@pytest.mark.parametrize("kind", ["words", "uniform", "normal"])
def test_however_it_is_computed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At once or piece by piece; a longer draw begins as a shorter one."""
    whole = drawn((5, 999), kind)
    assert torch.equal(whole[:2, :777], drawn((2, 777), kind))
    for at_once in (1, 7, 64, 600):
        monkeypatch.setattr(philox, "AT_ONCE", at_once)
        assert torch.equal(drawn((5, 999), kind), whole)
    assert drawn((0, 4), kind).shape == (0, 4) and drawn((3, 0), kind).shape == (3, 0)


INTERPRETED = """
import torch
from gandsl_runtime.kernels.philox import launch
from gandsl_runtime.rng import philox
compared = 0
for shape in ((1, 1), (5, 1), (3, 7), (4, 1, 17, 33), (2, 1500)):
    for rows in (philox.Rows(0, 1, shape[0], shape[0]), philox.Rows(3, 7, 2, 1000)):
        for dtype, normal in ((torch.int64, False), (torch.float32, False), (torch.float32, True)):
            for key, stream in ((-0x123456789abcdef, 0x7ffffffe80000001), (-1, 0)):
                found, expected = torch.zeros(shape, dtype=dtype), torch.ones(shape, dtype=dtype)
                launch(found, key, stream, normal, rows)
                philox.fill(expected.numpy(), key, stream, normal, rows)
                assert torch.equal(found, expected), (shape, rows, dtype, normal, key)
                compared += found.numel()
print(compared)
"""


@pytest.mark.thorough
@needs_triton
def test_the_kernel_s_numbers_are_the_same() -> None:
    assert numbers_compared(INTERPRETED) > 50_000


COMPILED = """
import re
from triton import compile
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource
from gandsl_runtime.kernels import philox
fixed = {"KIND": philox.NORMAL.value, "BLOCKS": 256}
types = {name: "constexpr" if name in fixed else "i32" for name in philox._fill.arg_names} | {"out": "*fp32"}
kernel = compile(
    ASTSource(philox._fill, types, constexprs=fixed),
    target=GPUTarget("cuda", 90, 32),
    options={"enable_fp_fusion": False, "num_warps": 4},
)
floats = re.findall(r"\\b((?:fma|mul|add|sub|div|sqrt|mad|cvt)[a-z.]*\\.f32)\\b", kernel.asm["ptx"])
free = {p.name for p in philox._fill.params if p.do_not_specialize}
assert free == types.keys() - fixed.keys() - {"out"}, free
print(*sorted(set(floats)), len(floats))
"""


@pytest.mark.skipif(
    find_spec("triton") is None, reason="Triton is not installed: there is no kernel to compile"
)
def test_the_kernel_compiles_for_a_card_and_rounds_each_operation() -> None:
    """No product and sum are fused, no root is approximate, and no scalar makes Triton compile again."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    found = subprocess.run(
        [sys.executable, "-c", COMPILED], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert found.returncode == 0, found.stderr
    *kinds, count = found.stdout.split()
    assert int(count) > 150 and {"add.rn.f32", "mul.rn.f32", "sqrt.rn.f32"} <= set(kinds)
    assert all(".rn" in kind for kind in kinds), kinds


# ---- what chance allows: each statistic within five of its standard deviations ----------

MOMENTS = [0, 1, 0, 3]
POWERS = [(math.prod(range(2 * k - 1, 0, -2)) - (mean**2)) for k, mean in enumerate(MOMENTS, 1)]  # variances


def statistics(streams: Iterator[torch.Tensor]) -> dict[str, tuple[float, float]]:
    """Of float32 [places, numbers] normal: name → (sum of products, number of independent terms)."""
    sums: dict[str, list[float]] = {}
    before = None
    for z in streams:
        z = z.double()
        found = {f"moment {k}": (z**k - MOMENTS[k - 1]) / math.sqrt(POWERS[k - 1]) for k in range(1, 5)}
        for lag in (1, 2, 3, 4, 5):
            found[f"numbers {lag} apart"] = z[:, lag:] * z[:, :-lag]
        for lag in (1, 2, 7):
            found[f"samples {lag} apart"] = z[lag:] * z[:-lag]
        squares = (z**2 - 1) / math.sqrt(2)
        found["squares of neighbours"] = squares[:, 1:] * squares[:, :-1]
        if before is not None:
            found["streams side by side"] = z * before
        before = z
        for name, terms in found.items():
            total = sums.setdefault(name, [0.0, 0.0])
            total[0] += float(terms.sum())
            total[1] += terms.numel()
    return {name: (total, count) for name, (total, count) in sums.items()}


def assert_by_chance(numbers: int, kind: str) -> None:
    """So many normal numbers of neighbouring streams (ids) or keys (steps), by all statistics."""
    each = (64, 1 << 14)
    turns = numbers // (each[0] * each[1])
    made = (
        drawn(each, "normal", *((5, 7 + turn) if kind == "streams" else (5 + turn, 7)))
        for turn in range(turns)
    )
    found = statistics(made)
    assert len(found) == 14
    for name, (total, count) in found.items():
        assert abs(total) / math.sqrt(count) < 5, (name, total / math.sqrt(count))


def assert_uniform(numbers: int, bits: int) -> None:
    """χ² of the upper and of the lower bits of words, over 2^bits cells."""
    counts = torch.zeros(2, 1 << bits, dtype=torch.int64)
    turns = max(1, numbers >> 20)
    for turn in range(turns):
        word = drawn((64, 1 << 14), "words", key=turn).flatten()
        for place, cell in enumerate((word >> (32 - bits), word & (1 << bits) - 1)):
            counts[place] += cell.bincount(minlength=1 << bits)
    expected = turns * (1 << 20) / (1 << bits)
    freedom = (1 << bits) - 1
    for row in counts.double():
        chi = float(((row - expected) ** 2 / expected).sum())
        assert abs(chi - freedom) < 5 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("kind", ["streams", "keys"])
def test_moments_and_correlations(kind: str) -> None:
    assert_by_chance(1 << 22, kind)


def test_words_fill_their_cells_evenly() -> None:
    assert_uniform(1 << 20, 10)


@pytest.mark.thorough
@pytest.mark.parametrize("kind", ["streams", "keys"])
def test_moments_and_correlations_of_many(kind: str) -> None:
    assert_by_chance(10**8, kind)


@pytest.mark.thorough
def test_many_words_fill_their_cells_evenly() -> None:
    assert_uniform(10**8, 16)
