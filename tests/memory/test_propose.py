"""The largest micro-batch for a memory, of few that are measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.frontend.module import ModuleIR
from gandsl.memory import memory_of, propose
from gandsl.memory.propose import allowed, largest
from tests.memory.cases import Case
from tests.specs.reduced import reduced

SPECS = Path(__file__).resolve().parents[2] / "specs"
GROUPED = Case("minibatch_stddev", "discriminator", "r1")
SIZES = [64, 32, 16, 8, 4, 2, 1]


def line(size: int) -> int:
    return 1000 + 10 * size


def bent(size: int) -> int:
    """Below 16 images the optimizer's step is fullest."""
    return max(1160, line(size))


def curve(size: int) -> int:
    """Nothing of the kind."""
    return 1000 + size * size


@pytest.mark.parametrize("peak", [line, bent, curve])
@pytest.mark.parametrize("budget", [10, 1001, 1009, 1010, 1100, 1160, 1161, 1256, 1320, 1639, 1640, 9999])
def test_the_first_that_fits(peak: object, budget: int) -> None:
    assert callable(peak)
    size, taken = largest(SIZES, budget, peak)
    true = next((size for size in SIZES if peak(size) <= budget), SIZES[-1])
    assert (size, taken) == (true, peak(true))


def test_a_line_is_measured_thrice() -> None:
    for budget in range(900, 1800, 7):
        asked: list[int] = []

        def peak(size: int, asked: list[int] = asked) -> int:
            asked.append(size)
            return line(size)

        largest(SIZES, budget, peak)
        assert len(asked) == len(set(asked)) <= 3


def module(path: Path, **more: object) -> ModuleIR:
    found, diagnostics = analyze(path, more)
    assert found is not None, [one.message for one in diagnostics]
    return found


SMALL = {**reduced("stylegan2"), "training.augment": None, "training.regularizers.path_length.batch": 48}
STYLED = (SPECS / "stylegan2.yaml", SMALL)  # every phase on whole batches


@pytest.mark.parametrize("whose", ["grouped", pytest.param("styled", marks=pytest.mark.thorough)])
def test_memory_is_affine_in_the_micro_batch(whose: str, tmp_path: Path) -> None:
    """Each phase by itself; what the proposal rests on."""
    path, given = STYLED if whose == "styled" else (GROUPED.written(tmp_path), {})
    made = module(path, **{**given, "training.batch": 48})
    sizes = (4, 8, 16, 24)
    found = {size: memory_of(made, micro_batch=size).worst.phases for size in sizes}
    for index, phase in enumerate(found[4]):
        a, *between, b = (found[size][index].bytes for size in sizes)
        for size, true in zip(sizes[1:-1], between, strict=True):
            assert true == pytest.approx(a + (b - a) * (size - 4) / 20, rel=1e-3), phase.name


def test_the_largest_micro_batch_that_fits(tmp_path: Path) -> None:
    made = module(GROUPED.written(tmp_path), **{"training.batch": 12})
    # statistics in groups of 4, or of all where fewer
    assert allowed(made) == [12, 4, 3, 2, 1], "6 breaks the groups, 5 the batch"
    taken = {size: memory_of(made, micro_batch=size).worst.penalty for size in (12, 4, 1)}
    for budget, size in (
        (taken[12], 12),
        (taken[12] - 1, 4),
        (taken[4], 4),
        (taken[4] - 1, 3),
        (taken[1], 1),
    ):
        found = propose(made, budget, lambda size: memory_of(made, micro_batch=size))
        assert (found.micro_batch, found.fits) == (size, True)
        assert found.peak == pytest.approx(memory_of(made, micro_batch=size).worst.penalty, rel=1e-3)
    none = propose(made, taken[1] - 1, lambda size: memory_of(made, micro_batch=size))
    assert (none.micro_batch, none.fits) == (1, False)
