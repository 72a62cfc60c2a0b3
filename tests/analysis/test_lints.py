"""Lints, what is legal and known to train badly: each warning where it is given and where it must not be."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import PLAIN, Edit, case, found


def under(regularizer: str) -> Edit:
    return ("  loss: logistic", f"  loss: logistic\n  regularizers: {{{regularizer}}}")


NORM = (
    "    act: ",
    "    a: {op: relu}\n    conv1: {op: conv, channels: 8, bias: false}\n    norm: {op: batch_norm}\n    act: ",
)

CLASSIFIED = [
    ('inputs: {z: "Latent[16]"}', 'inputs: {z: "Latent[16]", y: "Label[5]"}'),
    (
        "    dense: {op: linear, features: 128}\n",
        "    hot: {op: one_hot, y: y}\n    both: {op: concat, terms: [z, hot]}\n    dense: {op: linear, features: 128}\n",
    ),
    (
        "    logit: {op: linear, features: 1}\n",
        "    logit: {op: linear, features: 1}\n    label: {op: linear, x: flat, features: 5}\n  outputs: {logit: logit, label: label}\n",
    ),
]


CASES = [
    case(
        "R1 and batch norm",
        PLAIN,
        [NORM, ("  loss: logistic", "  loss: logistic\n  regularizers: {r1: {gamma: 1}}")],
        ["W0720 28:18 ‹r1› `r1` is taken for each sample alone, but `norm` normalizes over the batch"],
    ),
    case(
        "R2 and batch norm",
        PLAIN,
        [NORM, ("  loss: logistic", "  loss: logistic\n  regularizers: {r2: {gamma: 1}}")],
        ["W0720 28:18 ‹r2› `r2` is taken for each sample alone, but `norm` normalizes over the batch"],
    ),
    case(
        "R1 of weight 0",
        PLAIN,
        [NORM, ("  loss: logistic", "  loss: logistic\n  regularizers: {r1: {gamma: 0}}")],
        [],
    ),
    case("batch norm alone", PLAIN, [NORM], []),
    case(
        "class logits that the plan names",
        PLAIN,
        [*CLASSIFIED, ("  loss: logistic", "  loss: logistic\n  auxiliary: {output: label}")],
        [],
    ),
    case(
        "unbounded critic",
        PLAIN,
        [("loss: logistic", "loss: wasserstein")],
        [
            "W0721 24:9 ‹wasserstein› nothing keeps the critic Lipschitz: no gradient penalty, no spectral normalization"
        ],
    ),
    case(
        "unbounded critic, long form",
        PLAIN,
        [("loss: logistic", "loss: {kind: wasserstein}")],
        [
            "W0721 24:16 ‹wasserstein› nothing keeps the critic Lipschitz: no gradient penalty, no spectral normalization"
        ],
    ),
    case(
        "penalized critic",
        PLAIN,
        [("loss: logistic", "loss: wasserstein\n  regularizers: {gradient_penalty: {}}")],
        [],
    ),
    case(
        "spectral critic",
        PLAIN,
        [
            ("loss: logistic", "loss: wasserstein"),
            ("discriminator:\n", "discriminator:\n  defaults: {weighted: {weight: spectral}}\n"),
        ],
        [],
    ),
    case(
        "small batch",
        PLAIN,
        [NORM, ("  batch: 32", "  batch: 8")],
        ["W0722 26:10 ‹8› batch normalization over 8 images is noisy"],
    ),
    case(
        "small micro-batch",
        PLAIN,
        [NORM, ("  batch: 32", "  batch: 64\n  micro_batch: 8")],
        ["W0722 27:16 ‹8› batch normalization over 8 images is noisy"],
    ),
    case("small batch without batch norm", PLAIN, [("  batch: 32", "  batch: 8")], []),
    case(
        "default beta",
        PLAIN,
        [(", betas: [0.0, 0.99]", "")],
        ["W0723 25:3 ‹optimizer› a beta1 of 0.9 makes the two networks oscillate"],
    ),
    case(
        "large beta",
        PLAIN,
        [("[0.0, 0.99]", "[0.9, 0.99]")],
        ["W0723 25:32 ‹[0.9, 0.99]› a beta1 of 0.9 makes the two networks oscillate"],
    ),
    case(
        "large beta of one network",
        PLAIN,
        [("[0.0, 0.99]}", "[0.0, 0.99]}\n  generator_optimizer: {betas: [0.9, 0.99]}")],
        ["W0723 26:32 ‹[0.9, 0.99]› a beta1 of 0.9 makes the two networks oscillate"],
    ),
    case(
        "large beta of one network by its name",
        PLAIN,
        [("[0.0, 0.99]}", "[0.0, 0.99]}\n  optimizers: {generator: {betas: [0.9, 0.99]}}")],
        ["W0723 26:35 ‹[0.9, 0.99]› a beta1 of 0.9 makes the two networks oscillate"],
    ),
    case(
        "beta that grows large",
        PLAIN,
        [("[0.0, 0.99]", "[{shape: linear, start: 0, end: 0.9, over: 1 kimg}, 0.99]")],
        [
            "W0723 25:32 ‹[{shape: linear, start: 0, end: 0.9, over: 1 kimg}, 0.99]› a beta1 of 0.9 makes the two networks oscillate"
        ],
    ),
    case(
        "beta that jumps",
        PLAIN,
        [("[0.0, 0.99]", "[{values: [0, 0.9, 0.2], at: [1 kimg, 2 kimg]}, 0.99]")],
        [
            "W0723 25:32 ‹[{values: [0, 0.9, 0.2], at: [1 kimg, 2 kimg]}, 0.99]› a beta1 of 0.9 makes the two networks oscillate"
        ],
    ),
    case("beta of one half", PLAIN, [("[0.0, 0.99]", "[0.5, 0.99]")], []),
    case(
        "checkerboard",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    up: {op: conv_transpose, channels: 8, kernel: 3, output_padding: 1}",
            )
        ],
        ["W0724 11:14 ‹conv_transpose› `up` overlaps unevenly: a kernel of 3 is no multiple of the stride 2"],
    ),
    case(
        "kernel that the stride divides",
        PLAIN,
        [("    up: {op: upsample}", "    up: {op: conv_transpose, channels: 8, kernel: 4}")],
        [],
    ),
    case(
        "blur behind it",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    up: {op: conv_transpose, channels: 8, kernel: 3, output_padding: 1}\n    blur: {op: fir, taps: [1, 2, 1], pad: [1, 1, 1, 1]}",
            )
        ],
        [],
    ),
    case(
        "stride 1",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    same: {op: conv_transpose, channels: 8, kernel: 3, stride: 1}\n    up: {op: upsample}",
            )
        ],
        [],
    ),
    case(
        "bias before batch norm",
        PLAIN,
        [NORM, ("bias: false", "bias: true")],
        ["W0725 19:17 ‹conv› `conv1` adds a bias that `norm` subtracts again"],
    ),
    case(
        "a bias of its own",
        PLAIN,
        [("    up: {op: upsample}", "    b: {op: bias}\n    n: {op: batch_norm}\n    up: {op: upsample}")],
        ["W0725 11:13 ‹bias› `b` adds a bias that `n` subtracts again"],
    ),
    case(
        "bias that others read",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    b: {op: bias}\n    n: {op: batch_norm}\n    sum: {op: add, terms: [b, n]}\n    up: {op: upsample}",
            )
        ],
        [],
    ),
    case(
        "batch norm behind the first layer",
        PLAIN,
        [("    act: ", "    norm: {op: batch_norm}\n    act: "), ("stride: 2}", "stride: 2, bias: false}")],
        ["W0726 18:16 ‹batch_norm› `norm` normalizes the discriminator's input layer over the batch"],
    ),
    case(
        "batch norm behind the last layer",
        PLAIN,
        [
            ("    image: {op: tanh}", "    n: {op: batch_norm}\n    image: {op: tanh}"),
            ("channels: channels}", "channels: channels, bias: false}"),
        ],
        ["W0726 13:13 ‹batch_norm› `n` normalizes the generator's output layer over the batch"],
    ),
    case(
        "batch norm before the last layer", PLAIN, [("    rgb: ", "    n: {op: batch_norm}\n    rgb: ")], []
    ),
    case(
        "squashed logits",
        PLAIN,
        [
            (
                "    logit: {op: linear, features: 1}",
                "    l: {op: linear, features: 1}\n    logit: {op: sigmoid}",
            )
        ],
        [
            "W0727 21:17 ‹sigmoid› `logit` of `discriminator` is squashed by a sigmoid, and the loss squashes it again"
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_lint(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
