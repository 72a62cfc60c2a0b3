"""Ops that couple samples: of no generator, and a batch is whole groups of theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.ir.op import Trait
from gandsl.ir.ops import OPS
from tests.analysis.small import PLAIN, edited, found
from tests.specs.reduced import SPECS

COUPLING = {
    "minibatch_stddev": "    up: {op: minibatch_stddev}\n    up2: {op: upsample}",
    "minibatch_similarity": (
        "    flat: {op: flatten}\n    near: {op: minibatch_similarity, kernels: 2}\n"
        "    wide: {op: linear, features: 128}\n    again: {op: reshape, channels: 8, size: 4}\n"
        "    up: {op: upsample}"
    ),
    "batch_norm": "    up: {op: upsample}\n    norm: {op: batch_norm}",
}


def test_every_coupling_op_has_a_case() -> None:
    assert set(COUPLING) == {op.name for op in OPS.values() if op.has(Trait.BATCH_COUPLED)}


@pytest.mark.parametrize("op", COUPLING)
def test_the_generator_s_images_stand_alone(op: str, tmp_path: Path) -> None:
    """One latent is one image, whatever is sampled beside it; batch norm has running statistics for that."""
    said = found(tmp_path, edited(PLAIN, ("    up: {op: upsample}", COUPLING[op])))
    codes = [line.split()[0] for line in said]
    assert codes == ([] if op == "batch_norm" else ["G0623"]), said
    if codes:
        assert said[0].endswith(f"({op}) makes an image depend on those that are generated beside it")


def test_statistics_groups_of_several_processes() -> None:
    """48 images are groups of 4 for one process, and for 4 processes, but 6 images of 8 processes are not."""
    stylegan2 = SPECS / "stylegan2.yaml"
    said = {n: [d.code for d in analyze(stylegan2, ["training.batch=48"], processes=n)[1]] for n in (1, 4, 8)}
    assert said == {1: [], 4: [], 8: ["G0611"]}
