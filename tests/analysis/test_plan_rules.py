"""The plan against the networks: each rule where it fires and where it must not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from gandsl import codegen
from gandsl.analysis import analyze, checks
from gandsl.diagnostics import SpecError
from tests.analysis.small import BN, PLAIN, STDDEV, STYLED, VECTOR_BN, Edit, case, edited, found


def heads(classes: int) -> Edit:
    return (
        "    logit: {op: linear, features: 1}\n",
        "    logit: {op: linear, features: 1}\n"
        f"    label: {{op: linear, x: flat, features: {classes}}}\n"
        "  outputs: {logit: logit, label: label}\n",
    )


CLASSIFIED = [
    ('inputs: {z: "Latent[16]"}', 'inputs: {z: "Latent[16]", y: "Label[5]"}'),
    (
        "    dense: {op: linear, features: 128}\n",
        "    hot: {op: one_hot, y: y}\n    both: {op: concat, terms: [z, hot]}\n    dense: {op: linear, features: 128}\n",
    ),
    heads(5),
    ("  loss: logistic", "  loss: logistic\n  auxiliary: {output: label}"),
]

ADAPTED = "\n  augment: {pipe: bgc, p: {target: 0.6}}"
NO_LINE = (
    "G0628 25:27 ‹{target: 0.6}› `augment.p` can't adapt: the loss has no boundary between real and generated"
)
SAID = "  outputs: {logit: {of: logit, kind: Logits}, label: {of: label, kind: Logits}}\n"
SOUND: list[Edit] = [("channels: 8, size: 4", "channels: 32, size: [4]"), ("Image[", "Signal[")]
AUGMENTED: Edit = (
    "  loss: logistic",
    "  loss: logistic\n  augment: {pipe: bgc, p: 0.2}\n  regularizers: {r1: {gamma: 1}}",
)
CASES = [
    case("plain: nothing is wrong", PLAIN, [], []),
    case("sounds: nothing is wrong", PLAIN, SOUND, []),
    case(
        "sounds that are augmented as images are",
        PLAIN,
        [*SOUND, AUGMENTED],
        [
            "G0211 25:3 ‹augment› port `x` of `augment` takes an Image or Mask or Classes, but this is a Signal[3, 8]"
        ],
    ),
    case("p that adapts", PLAIN, [("  loss: logistic", f"  loss: logistic{ADAPTED}")], []),
    *(
        case(f"p that adapts to {loss}", PLAIN, [("  loss: logistic", f"  loss: {loss}{ADAPTED}")], [NO_LINE])
        for loss in ("relativistic_logistic", "{kind: least_squares, a: 2}")
    ),
    case(
        "two outputs, of which either may be a logit",
        PLAIN,
        [heads(5)],
        [
            "G0626 22:20 ‹logit› of 2 outputs of the discriminator, nothing says whether `logit` is a logit",
        ],
    ),
    case(
        "an output for each class that nothing names",
        PLAIN,
        [
            *CLASSIFIED[:2],
            (heads(5)[0], heads(5)[1].replace("logit: logit", "logit: {of: logit, kind: Logits}")),
        ],
        [
            "G0626 24:54 ‹label› of 2 outputs of the discriminator, nothing says whether `label` is a logit",
        ],
    ),
    case(
        "two logits",
        PLAIN,
        [(heads(5)[0], heads(5)[1].replace("  outputs: {logit: logit, label: label}\n", SAID))],
        [],
    ),
    case(
        "a logit that no gradient passes",
        PLAIN,
        [
            (
                "    logit: {op: linear, features: 1}\n",
                "    score: {op: linear, features: 1}\n    logit: {op: stop_gradient}\n",
            )
        ],
        [
            "G0670 25:3 ‹loss› the term `adversarial` depends on no weight of `discriminator`, all that `discriminator` trains"
        ],
    ),
    case(
        "an image that no gradient passes",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: sign}")],
        [
            "G0670 24:3 ‹loss› the term `adversarial` depends on no weight of `generator`, all that `generator` trains"
        ],
    ),
    case("styled: nothing is wrong", STYLED, [], []),
    case(
        "networks of the plan that there are not",
        PLAIN,
        [
            (
                "  loss: logistic",
                "  loss: logistic\n  optimizers: {generator: {lr: 1}, discriminatr: {lr: 1}}\n  averages: {judge: {decay: 0.9}}",
            )
        ],
        [
            "G0602 25:36 ‹discriminatr› there is no network `discriminatr`",
            "G0602 26:14 ‹judge› there is no network `judge`",
        ],
    ),
    *(
        case(
            f"{written} beside a loss",
            PLAIN,
            [
                (
                    "  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}",
                    f"  optimizer: {{kind: sgd, lr: 1e-3}}\n  {written}",
                )
            ],
            [],
        )
        for written in (
            "optimizers: {generator: {kind: rmsprop}}",
            "discriminator_optimizer: {clip: 1, weight_decay: 0.1}",
            "freeze: [{network: generator, nodes: [dense]}]",
            "averages: {generator: {decay: 0.9}, discriminator: {decay: 0.9}}",
        )
    ),
    case(
        "frozen weights that there are not",
        PLAIN,
        [
            (
                "  loss: logistic",
                "  loss: logistic\n  freeze: [{network: generatr, nodes: [dense]}, {network: generator, nodes: [dens, start.b, 'de*']}]",
            )
        ],
        [
            "G0602 25:3 ‹freeze› there is no network `generatr`",
            "G0602 25:11 ‹[{network: generatr, nodes: [dense]}, {network: generator, nodes: [dens, start.b, 'de*']}]› `dens` names no weights of `generator`, so nothing is frozen",
            "G0602 25:11 ‹[{network: generatr, nodes: [dense]}, {network: generator, nodes: [dens, start.b, 'de*']}]› `start.b` names no weights of `generator`, so nothing is frozen",
        ],
    ),
    case(
        "an auxiliary classifier, and what it needs",
        PLAIN,
        CLASSIFIED,
        [],
    ),
    case(
        "classes for an auxiliary classifier",
        PLAIN,
        [edit for edit in CLASSIFIED if "Latent" not in edit[0] and "dense" not in edit[0]],
        [
            "G0604 27:3 ‹auxiliary› an auxiliary classifier needs classes, but the generator has no input of kind Label"
        ],
    ),
    case(
        "an output that is not there",
        PLAIN,
        [*CLASSIFIED[:-1], ("  loss: logistic", "  loss: logistic\n  auxiliary: {output: lable}")],
        ["G0620 29:23 ‹lable› the discriminator has no output `lable`"],
    ),
    case(
        "the only output",
        PLAIN,
        [*CLASSIFIED[:2], ("  loss: logistic", "  loss: logistic\n  auxiliary: {output: logit}")],
        [
            "G0620 27:23 ‹logit› `logit` is the discriminator's only output: nothing tells real from generated images"
        ],
    ),
    case(
        "another number of classes",
        PLAIN,
        [*CLASSIFIED[:2], heads(6), CLASSIFIED[-1]],
        ["G0620 29:23 ‹label› `label` is a Vector[6], but there are 5 classes"],
    ),
    case(
        "mixing without styles",
        PLAIN,
        [("  batch: 32", "  batch: 32\n  style_mixing: {}")],
        [
            "G0607 24:3 ‹style_mixing› style mixing needs a style space of two layers or more, and the generator has none"
        ],
    ),
    case("mixing with styles", STYLED, [("  batch: 32", "  batch: 32\n  style_mixing: {}")], []),
    case(
        "mixing of one style",
        STYLED,
        [("  batch: 32", "  batch: 32\n  style_mixing: {}"), ("count: 2", "count: 1"), ("ws[1]", "ws[0]")],
        [
            "G0607 25:3 ‹style_mixing› style mixing needs a style space of two layers or more, and the generator has one layer"
        ],
    ),
    case(
        "batch and group",
        PLAIN,
        [STDDEV, ("  batch: 32", "  batch: 30")],
        ["G0611 24:10 ‹30› `dev` cannot split 30 images into groups of 4"],
    ),
    case("batch smaller than the group", PLAIN, [STDDEV, ("  batch: 32", "  batch: 3")], []),
    case(
        "small micro-batch and group", PLAIN, [STDDEV, ("  batch: 32", "  batch: 32\n  micro_batch: 2")], []
    ),
    case(
        "micro-batch and group",
        PLAIN,
        [STDDEV, ("  batch: 32", "  batch: 60\n  micro_batch: 6")],
        ["G0611 25:16 ‹6› `dev` cannot split 6 images into groups of 4"],
    ),
    case(
        "joint passes and group",
        PLAIN,
        [STDDEV, ("  batch: 32", "  batch: 3\n  discriminator_passes: joint")],
        ["G0611 24:10 ‹3› `dev` cannot split 6 images into groups of 4"],
    ),
    case(
        "batch and micro-batch",
        PLAIN,
        [("  batch: 32", "  batch: 32\n  micro_batch: 5")],
        ["G0618 24:16 ‹5› a batch of 32 cannot be split into micro-batches of 5"],
    ),
    case("micro-batch above the batch", PLAIN, [("  batch: 32", "  batch: 32\n  micro_batch: 50")], []),
    case(
        "batch norm of a vector, one image at a time",
        PLAIN,
        [VECTOR_BN, ("  batch: 32", "  batch: 32\n  micro_batch: 1")],
        [
            "G0640 25:16 ‹1› `norm` normalizes over the batch, and is given one number for each channel at a time"
        ],
    ),
    case(
        "batch norm of a vector, a batch of one",
        PLAIN,
        [VECTOR_BN, ("  batch: 32", "  batch: 1")],
        [
            "G0640 24:10 ‹1› `norm` normalizes over the batch, and is given one number for each channel at a time"
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_plan_rules(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said


def test_a_game_that_is_asked_for_late_says_why_it_does_not_unfold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no rule asks for it: whoever needs it fails with its message, and writes nothing without it."""
    monkeypatch.setattr(checks, "takes_no_images", lambda facts: False)
    (tmp_path / "spec.yaml").write_text(edited(PLAIN, *SOUND, AUGMENTED))
    for ask in (lambda module: module.game, lambda module: codegen.write(module, tmp_path / "there")):
        module, diagnostics = analyze(tmp_path / "spec.yaml")
        assert module is not None and not diagnostics.has_errors
        with pytest.raises(SpecError, match="port `x` of `augment` takes an Image"):
            ask(module)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize(
    "edits",
    [
        [VECTOR_BN, ("  batch: 32", "  batch: 32\n  micro_batch: 2")],
        [BN, ("  batch: 32", "  batch: 32\n  micro_batch: 1")],
    ],
    ids=["two images at a time", "several pixels"],
)
def test_batch_norm_of_several_numbers(edits: list[Edit], tmp_path: Path) -> None:
    assert not [line for line in found(tmp_path, edited(PLAIN, *edits)) if line.startswith("G")]


def test_a_run_that_was_begun_without_kinds_goes_on(tmp_path: Path) -> None:
    """Two outputs of which nothing is said were logits once: in the folder of such a run they are."""
    text = edited(PLAIN, heads(1))
    assert [line.split()[0] for line in found(tmp_path, text)] == ["G0626"]
    (tmp_path / "run.json").write_text("{}")
    assert found(tmp_path, text) == []
    module, _ = analyze(tmp_path / "spec.yaml")
    assert module is not None and module.game is not None
    calls = [node for node in module.game.main if node.op == "output" and node.operands[0] == "real"]
    assert [node.id for node in calls] == ["real.logit", "real.label"]
    assert len([node for node in module.game.main if node.op == "average"]) >= 2  # of both, in each loss
