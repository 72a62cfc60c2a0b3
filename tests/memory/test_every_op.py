"""Every op, in either network, in each way of training: fake tensors against the allocator's events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

import gandsl
from gandsl.analysis import analyze
from gandsl.memory import memory_of
from tests.memory.allocations import Allocated, allocated, game_of
from tests.memory.cases import BODIES, CASES, Case

CLOSE = 0.01
ILLEGAL = {  # what the language refuses
    Case("embedding", "generator", "path"),  # the image depends on more than styles
    Case("one_hot", "generator", "path"),
    Case("quantize", "discriminator", "r1"),  # no second derivative
    Case("quantize", "generator", "path"),
    *(
        Case(op, side, way)
        for op in ("scale_gradient", "normalize_gradient")
        for side, way in (("discriminator", "r1"), ("generator", "path"))
    ),
    *(  # an image would depend on those beside it
        Case(op, "generator", way)
        for op in ("minibatch_stddev", "minibatch_similarity")
        for way in ("plain", "path")
    ),
}
SHORT = {  # where the hand-written prediction was furthest off, and where gradients meet
    Case("glu", "discriminator", "r1"),
    Case("softplus", "discriminator", "r1"),
    Case("pad", "discriminator", "plain"),
    Case("modulated_conv", "generator", "path"),
    Case("random_shift", "discriminator", "r1"),  # whose derivative writes into zeros of its own
    Case("normalize_gradient", "discriminator", "plain"),  # adds a number, which is no gradient
}


def both(path: Path) -> tuple[Mapping[str, int], Mapping[str, Allocated]]:
    """Bytes by phase: as measured on fake tensors, and as allocated."""
    module, _ = analyze(path)
    assert module is not None
    measured = {phase.name: phase.bytes for phase in memory_of(module).worst.phases}
    program = gandsl.compile(path)
    assert program.plan is not None
    return measured, allocated(program.plan, lambda: game_of(program))


def compare(case: Case, folder: Path) -> None:
    measured, true = both(case.written(folder))
    assert list(measured) == list(true)
    for phase, size in measured.items():
        assert size == pytest.approx(true[phase].tensors, rel=CLOSE), phase
        assert true[phase].everything >= true[phase].tensors


@pytest.mark.parametrize("op", BODIES)
def test_every_op_is_in_a_spec_that_check_takes(op: str, tmp_path: Path) -> None:
    for case in {Case(op, side, "plain") for side in ("discriminator", "generator")} - ILLEGAL:
        module, diagnostics = analyze(case.written(tmp_path))
        assert module is not None, [one.message for one in diagnostics]
        assert op in {node.op for node in module.networks[case.side].main}


@pytest.mark.parametrize("case", sorted(SHORT), ids="-".join)
def test_some(case: Case, tmp_path: Path) -> None:
    compare(case, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("case", [case for case in CASES if case not in ILLEGAL], ids="-".join)
def test_all(case: Case, tmp_path: Path) -> None:
    compare(case, tmp_path)


@pytest.mark.parametrize("case", sorted(ILLEGAL), ids="-".join)
def test_what_is_left_out_is_refused(case: Case, tmp_path: Path) -> None:
    module, diagnostics = analyze(case.written(tmp_path))
    assert module is None and len(diagnostics)
