"""Warnings and notes on games (analysis/game/lints.py): each where it fires, and where it must not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.game_text import (
    FEATURES,
    GAME,
    JUDGED,
    OWN_GRADIENT,
    R1,
    SPLIT,
    VARIANCE,
    body,
    generator_term,
    logs,
    network,
)
from tests.analysis.small import case, found

HEARD = [
    body(
        "middle: mean(fake)\n    k: {state: Scalar, start: 0, in: generator, next: mean((fake - middle) ** 2)}"
    ),
    generator_term("more: k * mean(fake)"),
]
CASES = [
    case(
        "a draw and a node that nobody reads",
        GAME,
        [body("u: {draw: Number}"), body("twice: 2 * mean(fake)")],
        [
            "W0770 25:5 ‹twice› nothing wants `twice`, a node of the game: it is not computed",
            "W0770 26:5 ‹u› nothing wants `u`, a node of the game: it is not computed",
        ],
    ),
    case(
        "a field that nobody reads",
        GAME,
        [('data: {image: "Image[3, 8]"}', 'data: {image: "Image[3, 8]", y: "Label[5]"}')],
        ["W0770 3:30 ‹y› nothing wants `y`, a field of the data: it is not computed"],
    ),
    case(
        "a network that nobody calls",
        GAME,
        [network(FEATURES)],
        ["W0770 18:3 ‹features› nothing wants `features`, a network: no call of it is computed"],
    ),
    case(
        "a network that a player trains for nothing",
        GAME,
        [
            network(FEATURES),
            body("seen: {network: features, image: image}"),
            generator_term("own: {value: mean(seen), weight: 0.5}"),
            ("      trains: [generator]\n", "      trains: [generator, features]\n"),
        ],
        [],
    ),
    case(
        "a network that another player's terms depend on",
        GAME,
        [
            SPLIT,
            network(FEATURES),
            body("seen: {network: features, image: image}"),
            (
                "        adversarial: judged.discriminator\n",
                "        adversarial: judged.discriminator\n        own: mean(seen) * mean(real)\n",
            ),
            ("      trains: [generator]\n", "      trains: [generator, features]\n"),
        ],
        [
            "W0772 34:9 ‹own› the term `own` couples the samples of a micro-batch: it is not linear in the mean `discriminator.own.sub`",
            "W0776 36:5 ‹generator› `generator` trains `features`, and none of its terms depends on that",
        ],
    ),
    case(
        "a state that nobody reads, and what it alone hears",
        GAME,
        [body("k: {state: Scalar, start: 0, in: discriminator, next: sure}"), body("sure: mean(sign(real))")],
        [
            "W0770 25:5 ‹sure› nothing wants `sure`, a node of the game: it is not computed",
            "W0770 26:5 ‹k› nothing wants `k`, a node of the game: it is not computed",
        ],
    ),
    case(
        "a state that is logged",
        GAME,
        [
            body("k: {state: Scalar, start: 0, in: discriminator, next: sure}"),
            body("sure: mean(sign(real))"),
            logs("k: k"),
        ],
        [],
    ),
    case(
        "a gradient stopped where none passes",
        GAME,
        [body("still: stop_gradient(image)"), generator_term("near: mean(abs(fake - still))")],
        [
            "W0771 25:12 ‹stop_gradient(image)› no gradient passes `image` in any phase: there is nothing to stop"
        ],
    ),
    case(
        "a gradient stopped where one passes",
        GAME,
        [body("still: stop_gradient(fake)"), generator_term("near: mean(abs(fake - still))")],
        [],
    ),
    case(
        "a variance",
        GAME,
        [SPLIT, *VARIANCE],
        [
            "W0772 36:9 ‹spread› the term `spread` couples the samples of a micro-batch: it is not linear in the mean `middle`"
        ],
    ),
    case("a variance of a batch that nothing splits", GAME, VARIANCE, []),
    case(
        "a state that hears a variance",
        GAME,
        [SPLIT, *HEARD],
        [
            "W0772 26:16 ‹Scalar› the state `k` couples the samples of a micro-batch: it is not linear in the mean `middle`",
        ],
    ),
    case("a state that hears one of a batch that nothing splits", GAME, HEARD, []),
    case(
        "a gradient penalty across batch normalization, and one of the user's under that name",
        GAME,
        [
            ("game:\n  body:\n", f"blocks:\n{OWN_GRADIENT}game:\n  body:\n"),
            ("    flat: {op: flatten}\n", "    norm: {op: batch_norm}\n      flat: {op: flatten}\n"),
            (
                R1,
                "        gp: {block: penalty.gradient, of: real, by: image}\n"
                "        own: {block: gradient, of: real, by: image}\n",
            ),
        ],
        [
            "G0605 39:21 ‹penalty.gradient› `gp` is not valid across `norm`, which normalizes over the batch",
        ],
    ),
    case(
        "a judge of nothing",
        GAME,
        [
            ('data: {image: "Image[3, 8]"}', 'data: {image: "Image[3, 8]", y: "Label[5]"}'),
            network(
                'judge: {inputs: {image: "Image[3, 8]", y: "Label[5]"}, body: {conv: {op: conv, channels: 1}, logit: {op: embedding, y: y, features: 1}}}'
            ),
            body("blind: {network: judge, image: fake, y: y}"),
            ("      trains: [discriminator]\n", "      trains: [discriminator, judge]\n"),
            (R1, "        blind: mean(softplus(blind))\n"),
        ],
        [
            "W0703 18:65 ‹conv› `conv` has no effect: no output depends on it",
            "W0773 26:22 ‹judge› `logit` of `judge` depends on no image that it is given",
        ],
    ),
    case(
        "a head of the discriminator that ignores the image, in a game of its own",
        GAME,
        [
            (
                "      logit: {op: linear, features: 1}\ngame:",
                "      logit: {op: linear, features: 1}\n"
                "      grid: {op: coordinates, like: image, size: 4}\n"
                "      even: {op: flatten}\n"
                "      prior: {op: linear, features: 1}\n"
                "    outputs: {logit: {of: logit, kind: Logits}, prior: {of: prior, kind: Logits}}\ngame:",
            ),
            (
                JUDGED,
                '    judged: {block: loss.logistic, real: "[real.logit, real.prior]", fake: "[said.logit, said.prior]"}\n',
            ),
            ("penalty.zero_centred, of: real, by", "penalty.zero_centred, of: real.logit, by"),
        ],
        ["W0773 26:21 ‹discriminator› `prior` of `discriminator` depends on no image that it is given"],
    ),
    case(
        "a critic that nothing bounds",
        GAME,
        [("loss.logistic", "loss.wasserstein"), (R1, "")],
        [
            "W0721 24:21 ‹loss.wasserstein› nothing keeps the critic Lipschitz: no gradient penalty, no spectral normalization"
        ],
    ),
    *(
        case(f"{what}, {where}", GAME, [*split, *edits], [said] * told)
        for what, edits, said in (
            (
                "draws of a micro-batch",
                [
                    body("coin: {draw: Scalar, per: micro_batch, distribution: uniform}"),
                    generator_term("some: {value: coin * mean(fake)}"),
                ],
                "W0774 25:18 ‹Scalar› `coin` is drawn once for each micro-batch",
            ),
            (
                "a state of a micro-batch",
                [
                    body("k: {state: Scalar, start: 0, every: micro_batch, in: generator, next: mean(fake)}"),
                    generator_term("some: {value: mean(fake), weight: k}"),
                ],
                "W0774 25:16 ‹Scalar› `k` is moved once for each micro-batch",
            ),
            (
                "partners of a micro-batch",
                [
                    body("order: {draw: Number}\n    other: {op: shuffle, x: fake, by: order}"),
                    generator_term("some: {value: mean((fake - other) ** 2)}"),
                ],
                "W0774 26:17 ‹shuffle› `other` is shuffled within each micro-batch",
            ),
        )
        for where, split, told in (
            ("of which there are several", [SPLIT], 1),
            ("which is the whole batch", [], 0),
            ("as large as the batch", [(SPLIT[0], SPLIT[1].replace("8", "32"))], 0),
        )
    ),
    case(
        "draws of a term whose batch alone is not split",
        GAME,
        [
            SPLIT,
            body("coin: {draw: Scalar, per: micro_batch, distribution: uniform}"),
            generator_term("some: {value: coin * mean(fake), batch: 8}"),
        ],
        [],
    ),
    case(
        "a state that a phase moves whose batch is not split",
        GAME,
        [
            SPLIT,
            body("k: {state: Scalar, start: 0, every: micro_batch, in: generator, next: mean(fake)}"),
            (
                "        adversarial: judged.generator\n",
                "        adversarial: {value: judged.generator, weight: k, batch: 8}\n",
            ),
        ],
        [],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_game_lints(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
