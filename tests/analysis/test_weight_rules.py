"""Weights: those that training moves, and those that the plan regularizes."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import PLAIN, WHOLE_G, Edit, edited, found

WHOLE_D = """\
    conv: {op: conv, channels: 8, stride: 2}
    act: {op: relu}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
"""


def planned(text: str) -> Edit:
    return "  batch: 32", f"  batch: 32\n  {text}"


BIASED = [
    ('{z: "Latent[16]"}', '{z: "Latent[192]"}'),
    (WHOLE_G, "    start: {op: reshape, channels: 3, size: 8}\n    bias: {op: bias}\n"),
]
NOTHING = "there is nothing to act on: no weight of the generator has two dimensions or more"

CASES: dict[str, tuple[list[Edit], list[str]]] = {
    "a discriminator without weights": (
        [(WHOLE_D, "    logit: {op: global_pool}\n")],
        ["G0622 14:1 ‹discriminator› the discriminator has no weights that training could move"],
    ),
    "a generator without weights": (
        [
            ('{z: "Latent[16]"}', '{z: "Latent[192]"}'),
            (WHOLE_G, "    image: {op: reshape, channels: 3, size: 8}\n"),
        ],
        ["G0622 6:1 ‹generator› the generator has no weights that training could move"],
    ),
    "orthogonal biases": (
        [*BIASED, planned("regularizers: {orthogonal: {}}")],
        [f"G0627 21:18 ‹orthogonal› {NOTHING}"],
    ),
    "orthogonal, but all skipped": (
        [planned("regularizers: {orthogonal: {skip: [dense, rgb]}}")],
        [f"G0627 24:18 ‹orthogonal› {NOTHING} that is not skipped"],
    ),
    "skipped by a wrong name": (
        [planned("regularizers: {orthogonal: {skip: [rgb, dens]}}")],
        [
            "G0627 24:37 ‹[rgb, dens]› `skip` names `dens`, and no weight of two dimensions or more of the generator is there"
        ],
    ),
    "bounded biases": (
        [*BIASED, planned("top_singular_value: {limit: 1.0}")],
        [f"G0627 21:3 ‹top_singular_value› {NOTHING}"],
    ),
    "bounded in both": (
        [*BIASED, planned("top_singular_value: {limit: 1.0, network: both, skip: [conv]}")],
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_weights(name: str, tmp_path: Path) -> None:
    edits, said = CASES[name]
    assert found(tmp_path, edited(PLAIN, *edits)) == said


def test_without_a_plan_nothing_needs_weights(tmp_path: Path) -> None:
    text = edited(PLAIN, (WHOLE_D, "    logit: {op: global_pool}\n"))
    assert found(tmp_path, text[: text.index("training:")]) == []
