"""Rules of a game's batches (analysis/game/batches.py): each where it fires, and where it must not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.game_text import GAME, R1
from tests.analysis.small import Edit, case, found

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

CASES = [
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


@pytest.mark.parametrize(("text", "said"), CASES)
def test_game_batches(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
