"""Sizes that an odd resolution cuts short are told: where the network starts, and why a fold is empty."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.spec.builtins import BUILTINS, cut_short
from gandsl.spec.values import Size
from tests.codegen.small import ROOT


def test_where_a_network_starts() -> None:
    module, diagnostics = analyze(ROOT / "specs" / "stylegan2.yaml", {"resolution": 100})
    assert module is not None
    (one,) = diagnostics.warnings
    assert (one.code, one.message) == ("W0740", "the sizes start at 25×25, not at 4: 25 can't be halved")


def test_why_a_fold_is_empty() -> None:
    _, diagnostics = analyze(ROOT / "specs" / "quickstart.yaml", {"resolution": 29})
    assert [(one.code, one.notes) for one in diagnostics] == [
        ("W0740", ()),
        ("W0745", ("`sizes` is [29]",)),
        ("W0745", ("`sizes` is [29]",)),
    ]


EMPTY = """
gandsl: 1
name: empty
generator:
  inputs: {z: "Latent[16]"}
  body:
    dense: {op: linear, features: 48}
    start: {op: reshape, channels: 3, size: 4}
    stages:
      fold: {res: "doubling(8, 4)"}
      body: {conv: {op: conv, channels: 3}}
      collect: {all: conv}
    act: {op: tanh}
    sum: {op: add, terms: "entries(act, stages, stages.all)"}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
training: {length: 3 steps, batch: 16, loss: hinge, optimizer: {kind: adam, lr: 2e-4, betas: [0.0, 0.9]}}
"""


def test_a_fold_over_an_empty_list_is_the_identity(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").write_text(EMPTY)
    module, diagnostics = analyze(tmp_path / "empty.yaml")
    assert module is not None and [one.code for one in diagnostics] == ["W0745"]
    graph = module.networks["generator"].main
    assert graph["act"].operands == ("start",)
    assert graph["sum"].operands == ("act", "start")


@pytest.mark.parametrize("start", [1, 3, 4, 7])
def test_it_is_told_where_one_more_halving_was_wanted(start: int) -> None:
    for end in range(start, 130):
        sizes = BUILTINS["doubling"].function(start, end)
        left = end
        while left % 2 == 0 and left // 2 >= start:
            left //= 2
        assert sizes[0] == Size(left, left)
        assert bool(cut_short(sizes, (start, end))) == (left >= 2 * start)
        assert bool(cut_short(sizes[::-1], (end, start))) == (left >= 2 * start)
