"""Penalties and path length against the networks: styles, norms over the batch, second derivatives."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import BN, PLAIN, STDDEV, STYLED, before_act, case, found

QUANTIZE = before_act("q: {op: quantize, levels: 4}")
CASES = [
    case(
        "gradient penalty across batch norm",
        PLAIN,
        [BN, ("  loss: logistic", "  loss: logistic\n  regularizers: {gradient_penalty: {weight: 10}}")],
        [
            "G0605 26:18 ‹gradient_penalty› `gradient_penalty` is not valid across `norm`, which normalizes over the batch"
        ],
    ),
    case(
        "gradient penalty across minibatch statistics",
        PLAIN,
        [STDDEV, ("  loss: logistic", "  loss: logistic\n  regularizers: {gradient_penalty: {}}")],
        [],
    ),
    case(
        "path length without styles",
        PLAIN,
        [("  loss: logistic", "  loss: logistic\n  regularizers: {path_length: {}}")],
        ["G0606 25:18 ‹path_length› `path_length` needs a style space, and the generator has none"],
    ),
    case(
        "path length without styles that only counts for the rates",
        PLAIN,
        [
            (
                "  loss: logistic",
                "  loss: logistic\n  regularizers: {path_length: {weight: 0, every: 4 steps}}",
            )
        ],
        ["G0606 25:18 ‹path_length› `path_length` needs a style space, and the generator has none"],
    ),
    case(
        "path length with styles",
        STYLED,
        [("  loss: logistic", "  loss: logistic\n  regularizers: {path_length: {batch: 16}}")],
        [],
    ),
    case(
        "path length batch above the batch",
        STYLED,
        [("  loss: logistic", "  loss: logistic\n  regularizers: {path_length: {batch: 64}}")],
        ["G0602 26:39 ‹64› `batch`: regularizers.path_length.batch is 64, more than the batch of 32"],
    ),
    case(
        "R1 across quantize",
        PLAIN,
        [QUANTIZE, ("  loss: logistic", "  loss: logistic\n  regularizers: {r1: {gamma: 1}}")],
        [
            "G0608 26:18 ‹r1› `r1` differentiates `discriminator` twice, and `q` (quantize) has no second derivative"
        ],
    ),
    case(
        "R2 across quantize",
        PLAIN,
        [QUANTIZE, ("  loss: logistic", "  loss: logistic\n  regularizers: {r2: {gamma: 1}}")],
        [
            "G0608 26:18 ‹r2› `r2` differentiates `discriminator` twice, and `q` (quantize) has no second derivative"
        ],
    ),
    case(
        "gradient penalty across quantize",
        PLAIN,
        [QUANTIZE, ("  loss: logistic", "  loss: logistic\n  regularizers: {gradient_penalty: {}}")],
        [
            "G0608 26:18 ‹gradient_penalty› `gradient_penalty` differentiates `discriminator` twice, and `q` (quantize) has no second derivative"
        ],
    ),
    case(
        "R1 of weight 0 across quantize",
        PLAIN,
        [QUANTIZE, ("  loss: logistic", "  loss: logistic\n  regularizers: {r1: {gamma: 0}}")],
        [],
    ),
    case(
        "path length across quantize",
        STYLED,
        [
            ("    rgb: ", "    q: {op: quantize, levels: 4}\n    rgb: "),
            ("  loss: logistic", "  loss: logistic\n  regularizers: {path_length: {}}"),
        ],
        [
            "G0608 27:18 ‹path_length› `path_length` differentiates `generator` twice, and `q` (quantize) has no second derivative"
        ],
    ),
    case(
        "quantize before the style space",
        STYLED,
        [
            ("    ws: ", "    q: {op: quantize, levels: 4}\n    ws: "),
            ("  loss: logistic", "  loss: logistic\n  regularizers: {path_length: {}}"),
        ],
        [],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_plan_regularizers(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
