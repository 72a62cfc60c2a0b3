"""Rules of games (analysis/game: rules, gradients, logits): each where it fires, and where it must not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.game_text import (
    ADDED_HEAD,
    FEATURES,
    GAME,
    JUDGED,
    R1,
    SAID_HEAD,
    SPLIT,
    TWO_HEADS,
    body,
    generator_term,
    logs,
    network,
    watches,
)
from tests.analysis.small import case, found

CASES = [
    case("nothing is wrong", GAME, [], []),
    case(
        "a term of real images for the generator",
        GAME,
        [generator_term("real: mean(softplus(-real))")],
        [
            "G0670 35:9 ‹real› the term `real` depends on no weight of `generator`, all that `generator` trains"
        ],
    ),
    case(
        "a term behind stop_gradient",
        GAME,
        [generator_term("still: mean(softplus(stop_gradient(said)))")],
        [
            "G0670 35:9 ‹still› the term `still` depends on no weight of `generator`, all that `generator` trains"
        ],
    ),
    case(
        "a term that counts, as a comparison does",
        GAME,
        [generator_term("still: mean(sign(said))")],
        [
            "G0670 35:9 ‹still› the term `still` depends on no weight of `generator`, all that `generator` trains"
        ],
    ),
    case(
        "a term that its weight alone ties to the player",
        GAME,
        [SPLIT, generator_term("tied: {value: mean(real), weight: mean(said)}")],
        [
            "W0772 35:9 ‹tied› the term `tied` couples the samples of a micro-batch: it is not linear in the mean `generator.tied`"
        ],
    ),
    case(
        "a network that nobody trains",
        GAME,
        [
            network(FEATURES),
            body("seen: {network: features, image: fake}"),
            generator_term("own: mean(seen)"),
        ],
        ["G0671 18:3 ‹features› no player trains `features`, and nothing says where its weights come from"],
    ),
    case(
        "one whose weights are random",
        GAME,
        [
            network(FEATURES + "\n    weights: {random: true}"),
            body("seen: {network: features, image: fake}"),
            generator_term("own: mean(seen)"),
        ],
        [],
    ),
    case(
        "one that learns nothing",
        GAME,
        [
            network('small: {inputs: {image: "Image[3, 8]"}, body: {less: {op: pool}}}'),
            body("seen: {network: small, image: fake}"),
            generator_term("own: mean(seen)"),
        ],
        [],
    ),
    case(
        "a gradient by what is not read",
        GAME,
        [(R1, R1.replace("by: image", "by: fake"))],
        [
            "G0672 30:21 ‹penalty.zero_centred› `discriminator.r1.score` does not depend on `fake.image`: its gradient by that is 0"
        ],
    ),
    case(
        "a gradient by what lies behind stop_gradient",
        GAME,
        [
            body("still: stop_gradient(image)\n    seen: {network: discriminator, image: still}"),
            (R1, R1.replace("of: real", "of: seen")),
        ],
        [
            "G0672 32:21 ‹penalty.zero_centred› `discriminator.r1.score` does not depend on `image`: its gradient by that is 0"
        ],
    ),
    case(
        "a second derivative that is none",
        GAME,
        [("      act: {op: relu}\n", "      act: {op: relu}\n      q: {op: quantize, levels: 4}\n")],
        [
            "G0608 31:21 ‹penalty.zero_centred› `r1` differentiates `discriminator` twice, and `q` (quantize) has no second derivative"
        ],
    ),
    case(
        "a gradient that is a weight, through which nothing is differentiated",
        GAME,
        [
            SPLIT,
            ("      act: {op: relu}\n", "      act: {op: relu}\n      q: {op: quantize, levels: 4}\n"),
            (R1, "        slow: {value: mean(real), weight: stop_gradient(mean(sample_sum(slope)))}\n"),
            body("score: sample_mean(real)\n    slope: {op: gradient, of: score, by: image}"),
        ],
        [
            "W0772 33:9 ‹slow› the term `slow` couples the samples of a micro-batch: it is not linear in the mean `discriminator.slow`"
        ],
    ),
    case(
        "an average that is not kept",
        GAME,
        [
            body("smooth: {network: generator, z: z, weights: average}"),
            generator_term("smooth: mean(smooth - fake)"),
        ],
        [
            "G0678 25:23 ‹generator› `smooth` runs with the average of `generator`'s weights, and none is kept",
        ],
    ),
    case(
        "an average that is kept",
        GAME,
        [
            body("smooth: {network: generator, z: z, weights: average}"),
            generator_term("smooth: mean(smooth - fake)"),
            ("  batch: 32\n", "  batch: 32\n  ema: {half_life: 1 kimg}\n"),
        ],
        [],
    ),
    case(
        "a part without weights",
        GAME,
        [
            (
                "      trains: [discriminator]\n",
                "      trains: [discriminator.conv, discriminator.logit, discriminator.act]\n",
            )
        ],
        ["G0674 26:5 ‹discriminator› `discriminator` trains `discriminator.act`, where there are no weights"],
    ),
    case(
        "a log of what no phase has together",
        GAME,
        [
            (JUDGED, "    judged: {block: loss.logistic, fake: said}\n    only: mean(softplus(-real))\n"),
            ("adversarial: judged.discriminator", "adversarial: only"),
            logs("gap: mean(real) - mean(said)"),
        ],
        [
            "G0676 36:15 ‹mean(real) - mean(said)› no phase computes all that the log `gap` needs, and it makes nothing be computed"
        ],
    ),
    case("a log that a phase has", GAME, [logs("gap: mean(real) - mean(said)")], []),
    case("a boundary of the loss", GAME, [watches("real: real, boundary: judged.boundary")], []),
    case("a boundary that is none", GAME, [watches("real: real, boundary: absent")], []),
    case(
        "a boundary of tensors",
        GAME,
        [watches("real: real, boundary: mean(real)")],
        ["G0105 35:35 ‹mean(real)› `mean` computes a tensor, and what stands here is known before any is"],
    ),
    case(
        "one of several outputs that is used as a logit",
        GAME,
        TWO_HEADS,
        ["W0770 27:5 ‹more› nothing wants `more`, a node of the game: it is not computed"],
    ),
    case(
        "two of them",
        GAME,
        [*TWO_HEADS, ADDED_HEAD],
        [
            "G0677 26:21 ‹loss.logistic› a logit is wanted, and nothing says that `logit` of `discriminator` is one",
            "G0677 27:19 ‹loss.hinge› a logit is wanted, and nothing says that `rebuilt` of `discriminator` is one",
        ],
    ),
    case(
        "two of them, one of which is said to be one",
        GAME,
        [SAID_HEAD, *TWO_HEADS[1:], ADDED_HEAD],
        [],
    ),
    case(
        "an image",
        GAME,
        [
            (
                TWO_HEADS[0][0],
                TWO_HEADS[0][1].replace(
                    "{op: linear, x: flat, features: 4}", "{op: conv, x: act, channels: 3}"
                ),
            ),
            (JUDGED, "    judged: {block: loss.logistic, real: real.rebuilt, fake: said.rebuilt}\n"),
            (R1, ""),
        ],
        [
            "G0677 26:21 ‹loss.logistic› a logit is wanted, and nothing says that `rebuilt` of `discriminator` is one"
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_game_rules(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
