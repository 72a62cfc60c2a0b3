"""Every complaint about the training plan: code, place and words."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import GROWN, PLAIN, case, found

CASES = [
    case("nothing for a batch", PLAIN, [("  batch: 32\n", "")], ["G0009 21:1 ‹training› `batch` is missing"]),
    case(
        "batch: too small",
        PLAIN,
        [("  batch: 32\n", "  batch: 0\n")],
        ["G0602 23:10 ‹0› `batch` is at least 1, not 0"],
    ),
    case(
        "batch: text",
        PLAIN,
        [("  batch: 32\n", "  batch: many\n")],
        ["G0602 23:10 ‹many› `batch` is a whole number, not 'many'"],
    ),
    case(
        "batch: a fraction",
        PLAIN,
        [("  batch: 32\n", "  batch: 3.5\n")],
        ["G0602 23:10 ‹3.5› `batch` is a whole number, not 3.5"],
    ),
    case(
        "batch: a truth value",
        PLAIN,
        [("  batch: 32\n", "  batch: true\n")],
        ["G0602 23:10 ‹true› `batch`: must be a number, not true or false"],
    ),
    case(
        "batch: too large",
        PLAIN,
        [("  batch: 32\n", "  batch: 2 ** 60\n")],
        ["G0109 23:10 ‹2 ** 60› the result is larger than 2**53"],
    ),
    case(
        "batch: a list",
        PLAIN,
        [("  batch: 32\n", "  batch: [32]\n")],
        ["G0602 23:10 ‹[32]› `batch` is a whole number, not [32]"],
    ),
    case(
        "batch: a mapping",
        PLAIN,
        [("  batch: 32\n", "  batch: {a: 1}\n")],
        ["G0602 23:10 ‹{a: 1}› `batch` is a whole number, not a mapping"],
    ),
    case(
        "batch: a quantity",
        PLAIN,
        [("  batch: 32\n", "  batch: 32 kimg\n")],
        ["G0602 23:10 ‹32 kimg› `batch` is a whole number, not 32 kimg"],
    ),
    case("batch: an expression", PLAIN, [("  batch: 32\n", "  batch: resolution * 4\n")], []),
    case(
        "batch: an unknown name in an expression",
        PLAIN,
        [("  batch: 32\n", "  batch: nothing * 4\n")],
        ["G0102 23:10 ‹nothing› unknown name `nothing`"],
    ),
    case(
        "batch: null",
        PLAIN,
        [("  batch: 32\n", "  batch: null\n")],
        ["G0602 23:10 ‹null› `batch` is a whole number, not null"],
    ),
    case(
        "batch: left empty",
        PLAIN,
        [("  batch: 32\n", "  batch: \n")],
        ["G0602 23:3 ‹batch› `batch` is a whole number, not null"],
    ),
    case(
        "unknown field",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  bacth: 3\n")],
        ["G0008 24:3 ‹bacth› the plan has no field `bacth` here"],
    ),
    case("optional field set to null", PLAIN, [("  batch: 32\n", "  batch: 32\n  micro_batch: null\n")], []),
    case(
        "interval without unit",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {gamma: 1, every: 16}}\n")],
        [
            "G0603 24:40 ‹16› `every`: write a number with its unit, such as `10 kimg` or `16 steps` (units: img, kimg, Mimg, steps)"
        ],
    ),
    case(
        "interval in images",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {gamma: 1, every: 16 kimg}}\n")],
        ["G0602 24:40 ‹16 kimg› `every`: is a whole number of steps, such as `16 steps`"],
    ),
    case(
        "negative weight",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {gamma: -1}}\n")],
        ["G0602 24:30 ‹-1› `gamma`: must lie in [0, 1e+12], not -1"],
    ),
    case(
        "unknown regularizer",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r3: {gamma: 1}}\n")],
        ["G0008 24:18 ‹r3› the plan has no field `r3` here"],
    ),
    case(
        "a number for a regularizer",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: 10}\n")],
        ["G0602 24:22 ‹10› `r1` is a mapping of fields, not 10"],
    ),
    case(
        "regularizer without its weight",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  regularizers: {r1: {}}\n")],
        ["G0009 24:18 ‹r1› `gamma` is missing in `r1`"],
    ),
    case(
        "both forms of an average",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  ema: {half_life: 10 kimg, decay: 0.9}\n")],
        ["G0602 24:8 ‹{half_life: 10 kimg, decay: 0.9}› `ema`: give `half_life` or `decay`, one of the two"],
    ),
    case(
        "neither form of an average",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  ema: {}\n")],
        ["G0602 24:8 ‹{}› `ema`: give `half_life` or `decay`, one of the two"],
    ),
    case(
        "half-life of nothing",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  ema: {half_life: 0 kimg}\n")],
        ["G0602 24:20 ‹0 kimg› `half_life`: must be more than 0"],
    ),
    case(
        "range that falls",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  data: {range: [1, -1]}\n")],
        ["G0602 24:9 ‹{range: [1, -1]}› `data`: `range` must rise, such as [-1, 1]"],
    ),
    case(
        "range of three",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  data: {range: [1, 2, 3]}\n")],
        ["G0602 24:17 ‹[1, 2, 3]› `range` has at most 2 entries, not 3"],
    ),
    case(
        "range of one",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  data: {range: [1]}\n")],
        ["G0602 24:17 ‹[1]› `range` has more entries than 1"],
    ),
    case(
        "unknown choice",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  discriminator_passes: both\n")],
        ["G0602 24:25 ‹both› `discriminator_passes` is `separate` or `joint`, not 'both'"],
    ),
    case(
        "misspelt choice",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  discriminator_passes: jiont\n")],
        ["G0602 24:25 ‹jiont› `discriminator_passes` is `separate` or `joint`, not 'jiont'"],
    ),
    case(
        "unknown unit",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  cadence: {log: 3 weeks}\n")],
        ["G0101 24:20 ‹weeks› an operator is wanted before `weeks`"],
    ),
    case(
        "below a bound",
        PLAIN,
        [("  batch: 32\n", "  batch: 32\n  cadence: {keep: 0}\n")],
        ["G0602 24:19 ‹0› `keep` is at least 1, not 0"],
    ),
    case(
        "loss: hnge",
        PLAIN,
        [("loss: logistic", "loss: hnge")],
        [
            "G0602 24:9 ‹hnge› `loss`: unknown loss `hnge`: one of bce, logistic, hinge, least_squares, wasserstein, relativistic_logistic, relativistic_hinge"
        ],
    ),
    case(
        "loss: {kind: hnge}",
        PLAIN,
        [("loss: logistic", "loss: {kind: hnge}")],
        [
            "G0602 24:9 ‹{kind: hnge}› `loss`: unknown loss `hnge`: one of bce, logistic, hinge, least_squares, wasserstein, relativistic_logistic, relativistic_hinge"
        ],
    ),
    case(
        "loss: {kind: least_squares, d: 1}",
        PLAIN,
        [("loss: logistic", "loss: {kind: least_squares, d: 1}")],
        ["G0008 24:31 ‹d› the plan has no field `d` here"],
    ),
    case(
        "loss: [hinge]",
        PLAIN,
        [("loss: logistic", "loss: [hinge]")],
        ["G0602 24:9 ‹[hinge]› `loss` is a mapping of fields, not ['hinge']"],
    ),
    case(
        "loss: 3",
        PLAIN,
        [("loss: logistic", "loss: 3")],
        ["G0602 24:9 ‹3› `loss` is a mapping of fields, not 3"],
    ),
    case(
        "loss: {}",
        PLAIN,
        [("loss: logistic", "loss: {}")],
        [
            "G0602 24:9 ‹{}› `loss`: unknown loss `None`: one of bce, logistic, hinge, least_squares, wasserstein, relativistic_logistic, relativistic_hinge"
        ],
    ),
    case(
        "loss: null",
        PLAIN,
        [("loss: logistic", "loss: null")],
        ["G0602 24:9 ‹null› `loss` is a mapping of fields, not null"],
    ),
    case(
        "optimizer: adam",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "adam")],
        ["G0602 25:14 ‹adam› `optimizer` is a mapping of fields, not 'adam'"],
    ),
    case(
        "optimizer: {lr: 20}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{lr: 20}")],
        ["G0602 25:19 ‹20› `lr`: must lie in [0, 10], not 20"],
    ),
    case(
        "optimizer: {betas: [0, 0.9]}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{betas: [0, 0.9]}")],
        ["G0009 25:3 ‹optimizer› `lr` is missing in `optimizer`"],
    ),
    case(
        "optimizer: {lr: 1e-3, betas: [0, 1.0]}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{lr: 1e-3, betas: [0, 1.0]}")],
        ["G0602 25:36 ‹1.0› `betas`: must lie in [0, 1), not 1"],
    ),
    case(
        "optimizer: {lr: 1e-3, betas: 0.5}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{lr: 1e-3, betas: 0.5}")],
        ["G0602 25:32 ‹0.5› `betas` is a list, not 0.5"],
    ),
    case(
        "optimizer: {lr: {shape: linear, start: 1, end: 0}, betas: [0, 0.9]}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{lr: {shape: linear, start: 1, end: 0}, betas: [0, 0.9]}")],
        ["G0009 25:15 ‹lr› `over` is missing in `lr`"],
    ),
    case(
        "optimizer: {lr: {shape: cubic, start: 1, end: 0, over: 1 kimg}, betas: [0, 0.9]}",
        PLAIN,
        [
            (
                "{lr: 1e-3, betas: [0.0, 0.99]}",
                "{lr: {shape: cubic, start: 1, end: 0, over: 1 kimg}, betas: [0, 0.9]}",
            )
        ],
        ["G0602 25:27 ‹cubic› `shape` is `linear`, `cosine` or `exponential`, not 'cubic'"],
    ),
    case(
        "optimizer: {lr: {values: [1, 2], at: [1 kimg, 2 kimg]}, betas: [0, 0.9]}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{lr: {values: [1, 2], at: [1 kimg, 2 kimg]}, betas: [0, 0.9]}")],
        ["G0602 25:19 ‹{values: [1, 2], at: [1 kimg, 2 kimg]}› `lr`: 2 places in `at` need 3 values, not 2"],
    ),
    case(
        "optimizer: {lr: fast, betas: [0, 0.9]}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{lr: fast, betas: [0, 0.9]}")],
        ["G0602 25:19 ‹fast› `lr` is a number, not 'fast'"],
    ),
    case(
        "optimizer: {kind: sgd, lr: 1, betas: [0, 0.9]}",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{kind: sgd, lr: 1, betas: [0, 0.9]}")],
        ["G0602 25:21 ‹sgd› `kind` is `adam`, not 'sgd'"],
    ),
    case(
        "length: 10",
        PLAIN,
        [("length: 10 kimg", "length: 10")],
        [
            "G0603 22:11 ‹10› `length`: write a number with its unit, such as `10 kimg` or `16 steps` (units: img, kimg, Mimg, steps)"
        ],
    ),
    case(
        "length: 10 kimgs",
        PLAIN,
        [("length: 10 kimg", "length: 10 kimgs")],
        ["G0101 22:14 ‹kimgs› an operator is wanted before `kimgs`"],
    ),
    case(
        "length: 0 kimg",
        PLAIN,
        [("length: 10 kimg", "length: 0 kimg")],
        ["G0602 22:11 ‹0 kimg› `length`: must be more than 0"],
    ),
    case(
        "length: -1 kimg",
        PLAIN,
        [("length: 10 kimg", "length: -1 kimg")],
        ["G0105 22:12 ‹1 kimg› `-` wants a number, not a quantity in kimg"],
    ),
    case(
        "length: ten kimg",
        PLAIN,
        [("length: 10 kimg", "length: ten kimg")],
        ["G0102 22:11 ‹ten› unknown name `ten`"],
    ),
    case("length: 10 * 1 kimg", PLAIN, [("length: 10 kimg", "length: 10 * 1 kimg")], []),
    case("length: 10kimg", PLAIN, [("length: 10 kimg", "length: 10kimg")], []),
    case(
        "rates of growth and of one network",
        GROWN,
        [("{8: 16}", "{8: 16}, lr: {8: 0.1}"), ("optimizer:", "generator_optimizer: {lr: 1}\n  optimizer:")],
        [
            "G0602 47:64 ‹{8: 0.1}› `lr`: growth.lr sets the rate of both networks: leave generator_optimizer.lr out"
        ],
    ),
    case(
        "a level that is no number",
        GROWN,
        [("{8: 16}", "{x: 16}")],
        ["G0602 46:52 ‹x› a key of `batch` is a whole number, not 'x'"],
    ),
    case(
        "a level without a batch",
        GROWN,
        [("{8: 16}", "{8: 0}")],
        ["G0602 46:55 ‹0› `8` is at least 1, not 0"],
    ),
    case(
        "growth in steps",
        GROWN,
        [("stable: 10 kimg", "stable: 10 steps")],
        ["G0602 46:20 ‹10 steps› `stable`: counts images, not steps: write one of img, kimg, Mimg"],
    ),
    case(
        "growth that stands still",
        GROWN,
        [("stable: 10 kimg", "stable: 0 kimg"), ("fade: 10 kimg", "fade: 0 kimg")],
        [
            "G0602 46:11 ‹{stable: 0 kimg, fade: 0 kimg, batch: {8: 16}}› `growth`: `stable` and `fade` can't both be 0"
        ],
    ),
    case(
        "training: number",
        PLAIN,
        [
            (
                "training:\n  length: 10 kimg\n  batch: 32\n  loss: logistic\n  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}\n",
                "training: 3\n",
            )
        ],
        ["G0010 21:11 ‹3› `training` wants a mapping, not the number 3"],
    ),
    case(
        "training: list",
        PLAIN,
        [
            (
                "training:\n  length: 10 kimg\n  batch: 32\n  loss: logistic\n  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}\n",
                "training: []\n",
            )
        ],
        ["G0010 21:11 ‹[]› `training` wants a mapping, not a list"],
    ),
    case(
        "training: empty plan",
        PLAIN,
        [
            (
                "training:\n  length: 10 kimg\n  batch: 32\n  loss: logistic\n  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}\n",
                "training: {}\n",
            )
        ],
        [
            "G0009 21:1 ‹training› `batch` is missing",
            "G0009 21:1 ‹training› `length` is missing",
            "G0009 21:1 ‹training› `loss` is missing",
            "G0009 21:1 ‹training› `optimizer` is missing",
        ],
    ),
    case(
        "training: no plan",
        PLAIN,
        [
            (
                "training:\n  length: 10 kimg\n  batch: 32\n  loss: logistic\n  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}\n",
                "training: null\n",
            )
        ],
        [],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_plan_says(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
