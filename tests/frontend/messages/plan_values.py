"""Complaints about the values of a plan: loss, optimizer, length, growth, and the whole of it."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from tests.analysis.small import GROWN, PLAIN, case

CASES = [
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
        ["G0602 25:40 ‹[1 kimg, 2 kimg]› `lr`: 2 places in `at` need 3 values, not 2"],
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
        ["G0008 25:33 ‹betas› the plan has no field `betas` here"],
    ),
    case(
        "nesterov without momentum",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{kind: sgd, lr: 1, nesterov: true}")],
        [
            "G0602 25:14 ‹{kind: sgd, lr: 1, nesterov: true}› `optimizer`: nesterov looks ahead by momentum, "
            "which is 0: give momentum, such as 0.9"
        ],
    ),
    case(
        "nesterov of one network, without momentum",
        PLAIN,
        [
            (
                "optimizer: {lr: 1e-3, betas: [0.0, 0.99]}",
                "optimizer: {kind: sgd, lr: 1}\n  optimizers: {discriminator: {nesterov: true}}",
            )
        ],
        [
            "G0602 26:42 ‹true› `nesterov`: optimizers.discriminator.nesterov looks ahead by momentum, which is "
            "0: give momentum, such as 0.9"
        ],
    ),
    case(
        "an optimizer that there is not",
        PLAIN,
        [("{lr: 1e-3, betas: [0.0, 0.99]}", "{kind: adan, lr: 1}")],
        [
            "G0602 25:14 ‹{kind: adan, lr: 1}› `optimizer`: unknown optimizer `adan`: one of adam, adamw, rmsprop, sgd"
        ],
    ),
    case(
        "a change that an optimizer has not",
        PLAIN,
        [("  optimizer:", "  optimizers: {generator: {momentum: 0.9}}\n  optimizer:")],
        ["G0602 25:38 ‹0.9› `momentum`: optimizers.generator.momentum is no field of adam"],
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
            "G0602 47:64 ‹{8: 0.1}› `lr`: growth.lr sets the rate of all networks: leave generator_optimizer.lr out"
        ],
    ),
    case(
        "rates of growth and of a network by its name",
        GROWN,
        [
            ("{8: 16}", "{8: 16}, lr: {8: 0.1}"),
            ("optimizer:", "optimizers: {generator: {lr: 1}}\n  optimizer:"),
        ],
        [
            "G0602 47:64 ‹{8: 0.1}› `lr`: growth.lr sets the rate of all networks: leave optimizers.generator.lr out"
        ],
    ),
    case(
        "an optimizer given twice",
        PLAIN,
        [
            (
                "  optimizer:",
                "  generator_optimizer: {lr: 1}\n  optimizers: {generator: {lr: 2}}\n  optimizer:",
            )
        ],
        [
            "G0602 26:27 ‹{lr: 2}› `generator`: optimizers.generator is given twice: `generator_optimizer` says the same"
        ],
    ),
    case(
        "an average given twice",
        PLAIN,
        [("  optimizer:", "  ema: {decay: 0.9}\n  averages: {generator: {decay: 0.9}}\n  optimizer:")],
        ["G0602 26:25 ‹{decay: 0.9}› `generator`: averages.generator is given twice: `ema` says the same"],
    ),
    case(
        "a slip in an optimizer of a network",
        PLAIN,
        [("  optimizer:", "  optimizers: {generator: {beta: 2}}\n  optimizer:")],
        ["G0008 25:28 ‹beta› the plan has no field `beta` here"],
    ),
    case(
        "an average with two forms",
        PLAIN,
        [("  optimizer:", "  averages: {generator: {decay: 0.9, power: 6.94}}\n  optimizer:")],
        [
            "G0602 25:25 ‹{decay: 0.9, power: 6.94}› `generator`: give `half_life`, `decay` or `power`, one of the three"
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
