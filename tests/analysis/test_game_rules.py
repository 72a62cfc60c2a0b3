"""Checks of games as queries: each where it fires, at its token, and where it must not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import Edit, case, found

GAME = """\
gandsl: 1
name: small
data: {image: "Image[3, 8]"}
networks:
  generator:
    inputs: {z: "Latent[16]"}
    body:
      dense: {op: linear, features: 192}
      start: {op: reshape, channels: 3, size: 8}
      image: {op: tanh}
  discriminator:
    inputs: {image: "Image[3, 8]"}
    body:
      conv: {op: conv, channels: 8, stride: 2}
      act: {op: relu}
      flat: {op: flatten}
      logit: {op: linear, features: 1}
game:
  body:
    z: {draw: generator.z}
    fake: {network: generator, z: z}
    real: {network: discriminator, image: image}
    said: {network: discriminator, image: fake}
    judged: {block: loss.logistic, real: real, fake: said}
  players:
    discriminator:
      trains: [discriminator]
      terms:
        adversarial: judged.discriminator
        r1: {block: penalty.zero_centred, of: real, by: image, gamma: 1, every: 16 steps}
    generator:
      trains: [generator]
      terms:
        adversarial: judged.generator
  shows: [fake]
training:
  length: 10 kimg
  batch: 32
  optimizer: {lr: 1e-3, betas: [0.0, 0.99]}
"""

G_TERM = "        adversarial: judged.generator\n"
R1 = "        r1: {block: penalty.zero_centred, of: real, by: image, gamma: 1, every: 16 steps}\n"
JUDGED = "    judged: {block: loss.logistic, real: real, fake: said}\n"


def body(node: str) -> Edit:
    """One more node, behind `judged`."""
    return (JUDGED, f"{JUDGED}    {node}\n")


def network(text: str) -> Edit:
    return ("game:\n  body:\n", f"  {text}\ngame:\n  body:\n")


def generator_term(text: str) -> Edit:
    return (G_TERM, f"{G_TERM}        {text}\n")


def logs(text: str) -> Edit:
    return ("  shows: [fake]\n", f"  logs: {{{text}}}\n  shows: [fake]\n")


def watches(text: str) -> Edit:
    return ("  shows: [fake]\n", f"  watches: {{{text}}}\n  shows: [fake]\n")


OWN_GRADIENT = """\
  gradient:
    ports: {of: Logits, by: Tensor}
    body:
      score: average(sample_mean(of))
      slope: {op: gradient, of: score, by: by}
      penalty: mean(total(sample_sum(slope ** 2)))
    outputs: {penalty: penalty}
"""
VARIANCE = [body("middle: mean(fake)"), generator_term("spread: mean((fake - middle) ** 2)")]
SPLIT: Edit = ("  batch: 32\n", "  batch: 32\n  micro_batch: 8\n")
FEATURES = """features:
    inputs: {image: "Image[3, 8]"}
    body: {conv: {op: conv, channels: 4}, act: {op: relu}}"""
TWO_HEADS: list[Edit] = [
    (
        "      logit: {op: linear, features: 1}\n",
        "      logit: {op: linear, features: 1}\n      rebuilt: {op: linear, x: flat, features: 4}\n    outputs: {logit: logit, rebuilt: rebuilt}\n",
    ),
    (
        JUDGED,
        "    judged: {block: loss.logistic, real: real.logit, fake: said.logit}\n"
        "    more: {block: loss.hinge, real: real.rebuilt, fake: said.rebuilt}\n",
    ),
    (R1, ""),
]

ADDED_HEAD: Edit = (
    "        adversarial: judged.discriminator\n",
    "        adversarial: judged.discriminator + more.discriminator\n",
)
SAID_HEAD: Edit = (
    TWO_HEADS[0][0],
    TWO_HEADS[0][1].replace("logit: logit", "logit: {of: logit, kind: Logits}"),
)

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
STDDEV = (
    "      flat: {op: flatten}\n",
    "      dev: {op: minibatch_stddev, group: 4}\n      flat: {op: flatten}\n",
)
NORM = ("      flat: {op: flatten}\n", "      norm: {op: batch_norm}\n      flat: {op: flatten}\n")
FLAT_NORM = ("      flat: {op: flatten}\n", "      flat: {op: flatten}\n      norm: {op: batch_norm}\n")
BATCH = "  batch: 32\n"
SMALL_R1 = (R1, R1.replace("every: 16 steps", "batch: 6"))
JOINED: list[Edit] = [
    (
        "    real: {network: discriminator, image: image}\n    said: {network: discriminator, image: fake}\n",
        "    both: {network: discriminator, image: images}\n    halves: {op: split, x: both, as: images}\n",
    ),
    (
        "    fake: {network: generator, z: z}\n",
        "    fake: {network: generator, z: z}\n    images: {op: join, terms: [fake, image]}\n",
    ),
    ("real: real, fake: said", 'real: "halves[1]", fake: "halves[0]"'),
    (R1, ""),
]

BATCHES = [
    case("groups that fit", GAME, [STDDEV], []),
    case(
        "groups of a micro-batch",
        GAME,
        [STDDEV, (BATCH, f"{BATCH}  micro_batch: 6\n")],
        ["G0618 40:16 ‹6› a batch of 32 cannot be split into micro-batches of 6"],
    ),
    case(
        "groups of another micro-batch",
        GAME,
        [STDDEV, ("  batch: 32\n", "  batch: 36\n  micro_batch: 6\n")],
        ["G0611 40:16 ‹6› `dev` cannot split 6 images into groups of 4"],
    ),
    case(
        "groups of a term's batch",
        GAME,
        [STDDEV, SMALL_R1],
        ["G0611 31:81 ‹6› `dev` cannot split 6 images into groups of 4"],
    ),
    case(
        "groups of joined batches",
        GAME,
        [STDDEV, *JOINED, ("  batch: 32\n", "  batch: 36\n  micro_batch: 6\n")],
        [],
    ),
    case(
        "batch normalization of one number",
        GAME,
        [FLAT_NORM, (BATCH, f"{BATCH}  micro_batch: 1\n"), (R1, "")],
        [
            "G0640 39:16 ‹1› `norm` normalizes over the batch, and is given one number for each channel at a time"
        ],
    ),
    case(
        "that of joined batches",
        GAME,
        [FLAT_NORM, *JOINED, (BATCH, f"{BATCH}  micro_batch: 1\n")],
        ["W0722 40:16 ‹1› batch normalization over 1 images is noisy"],
    ),
    case(
        "a gradient of each image through batch normalization",
        GAME,
        [NORM],
        [
            "W0720 31:21 ‹penalty.zero_centred› `r1` is taken for each sample alone, but `norm` normalizes over the batch"
        ],
    ),
    case(
        "statistics of a batch in what is shown",
        GAME,
        [
            (
                "      image: {op: tanh}\n",
                "      dev: {op: minibatch_stddev}\n      rgb: {op: conv, channels: 3}\n      image: {op: tanh}\n",
            )
        ],
        [
            "G0623 10:17 ‹minibatch_stddev› `dev` (minibatch_stddev) makes an image depend on those that are generated beside it"
        ],
    ),
    case(
        "a logit that is squashed",
        GAME,
        [
            (
                "      logit: {op: linear, features: 1}\n",
                "      score: {op: linear, features: 1}\n      logit: {op: sigmoid}\n",
            )
        ],
        [
            "W0727 18:19 ‹sigmoid› `logit` of `discriminator` is squashed by a sigmoid, and the loss squashes it again"
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), [*CASES, *BATCHES])
def test_rules_of_games(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
