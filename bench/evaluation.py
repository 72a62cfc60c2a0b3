"""Which metric sees what: real images spoiled in six ways, each in three strengths, and every metric of them.

    python -m bench.evaluation mnist                    # the built-in digits
    python -m bench.evaluation FOLDER --images 2400     # class folders of images

Of the images, `REAL` of 8 stand for the training set, the others for samples and held-out images; each split
draws anew who is what. Samples that nothing has spoiled are held-out images: what a perfect generator makes.
A cell says which strengths a metric told from those, in all splits: `1–3` all of them and in order, `2–3` not
the weakest, `3` the strongest alone, `–` none; `better` where in all splits it liked the strongest more.
Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import torch
from scipy.ndimage import gaussian_filter

from bench.figures import figure
from gandsl_runtime.evaluation.classes import agreement, by_class, inception_score, named_class
from gandsl_runtime.evaluation.copies import copying
from gandsl_runtime.evaluation.extractors import Extractor, open_extractor
from gandsl_runtime.evaluation.kernel import kid
from gandsl_runtime.evaluation.manifold import Manifold, manifold
from gandsl_runtime.evaluation.moments import Moments, RealMoments
from gandsl_runtime.evaluation.pyramid import Patches, sliced_wasserstein
from gandsl_runtime.evaluation.similarity import diversity, ms_ssim_pairs
from gandsl_runtime.evaluation.sources import drawn, open_images

REAL = 4  # of 8 images
PAIRS = 200  # of MS-SSIM
PATCHES, DIRECTIONS = 32, 128  # of SWD
NEIGHBOURS = 5

Array = np.ndarray
Judged = dict[str, float]


@dataclass(frozen=True)
class Shown:
    """Images with their features: uint8 (N, 3, h, w), (N, f), logits (N, classes), and classes (N)."""

    images: Array
    features: Array
    logits: Array
    labels: Array

    def of(self, places: Array) -> Shown:
        return Shown(*(part[places] for part in (self.images, self.features, self.logits, self.labels)))

    def and_(self, other: Shown) -> Shown:
        parts = ("images", "features", "logits", "labels")
        return Shown(*(np.concatenate([getattr(self, part), getattr(other, part)]) for part in parts))


@dataclass(frozen=True)
class Real:
    """The training images of one split, and as many held-out ones as samples."""

    training: Shown
    held_out: Shown

    @cached_property
    def moments(self) -> RealMoments:
        return RealMoments(Moments.of(self.training.features))

    @cached_property
    def patches(self) -> Patches:
        return _patches(self.training.images[: len(self.held_out.images)])

    @cached_property
    def likeness(self) -> float:
        return float(ms_ssim_pairs(self.training.images, PAIRS).mean())

    @cached_property
    def diversity(self) -> float:
        return diversity(self.training.features)


@dataclass(frozen=True)
class Case:
    """Samples, against the real images of their split."""

    made: Shown
    real: Real

    @cached_property
    def near(self) -> Manifold:
        return manifold(self.made.features, self.real.training.features, NEIGHBOURS)

    @cached_property
    def levels(self) -> list[float]:
        return list(sliced_wasserstein(_patches(self.made.images), self.real.patches, DIRECTIONS).values())

    @cached_property
    def classes(self) -> tuple[float, float]:
        real = self.real.training
        found = by_class(self.made.features, self.made.labels, real.features, real.labels, least=5)
        return found.mean, found.values[found.worst]

    def agreement(self) -> float:
        real = self.real.training
        return agreement(named_class(self.made.features, real.features, real.labels), self.made.labels)


def _copied(case: Case, rows: Callable[[Shown], Array]) -> float:
    """The share of samples that are copies, beyond what is so near among held-out images."""
    return copying(rows(case.made), rows(case.real.training), rows(case.real.held_out)).share


def _patches(images: Array) -> Patches:
    patches = Patches(PATCHES)
    patches.add(images)
    return patches


BADNESS: Mapping[str, Callable[[Case], float]] = {
    "FD": lambda case: case.real.moments.distance(Moments.of(case.made.features)),
    "KID": lambda case: kid(case.made.features, case.real.training.features),
    "precision": lambda case: -case.near.precision,
    "recall": lambda case: -case.near.recall,
    "density": lambda case: -case.near.density,
    "coverage": lambda case: -case.near.coverage,
    "IS": lambda case: -inception_score(case.made.logits, 1)[0],
    "SWD, finest": lambda case: case.levels[0],
    "SWD, coarsest": lambda case: case.levels[-1],
    "MS-SSIM": lambda case: abs(float(ms_ssim_pairs(case.made.images, PAIRS).mean()) - case.real.likeness),
    "diversity": lambda case: abs(diversity(case.made.features) - case.real.diversity),
    "KID by class": lambda case: case.classes[0],
    "KID of the worst class": lambda case: case.classes[1],
    "agreement": lambda case: -case.agreement(),
    "copies, by features": lambda case: _copied(case, lambda shown: shown.features),
    "copies, by pixels": lambda case: _copied(
        case, lambda shown: shown.images.reshape(len(shown.images), -1)
    ),
}
"""What grows as a metric judges worse; of MS-SSIM and diversity, how far from real images they are."""

# ---- the ways to spoil ----------

NOISE, BLUR = (4.0, 12.0, 36.0), (0.4, 0.7, 1.2)  # of 255; pixels of 28
SHARES = {
    "classes dropped": (0.1, 0.3, 0.6),
    "samples repeated": (0.5, 0.8, 0.95),
    "training images": (0.05, 0.2, 0.6),
    "wrong classes": (0.05, 0.2, 0.6),
}


@dataclass(frozen=True)
class Split:
    """Places of images: samples of all that may be samples, and others that stand in for them."""

    made: Array
    spare: Array
    training: Array
    draws: np.random.Generator


def dropped(clean: Shown, split: Split, share: float) -> Shown:
    """Without some classes; as many images of the others in their place."""
    labels = clean.labels[np.concatenate([split.made, split.spare])]
    classes = split.draws.permutation(np.unique(labels))
    gone = classes[: max(1, round(share * len(classes)))]
    places = np.concatenate([split.made, split.spare])[~np.isin(labels, gone)]
    kept = places[: len(split.made)]
    return clean.of(kept if len(kept) == len(split.made) else split.draws.choice(kept, len(split.made)))


def repeated(clean: Shown, split: Split, share: float) -> Shown:
    few = max(1, round((1 - share) * len(split.made)))
    return clean.of(np.resize(split.made[:few], len(split.made)))


def copied(clean: Shown, split: Split, share: float) -> Shown:
    many = round(share * len(split.made))
    return clean.of(
        np.concatenate([split.draws.choice(split.training, many, replace=False), split.made[many:]])
    )


def renamed(clean: Shown, split: Split, share: float) -> Shown:
    """Asked for as some other class than they are of."""
    made = clean.of(split.made)
    classes = np.unique(clean.labels)
    wrong = split.draws.random(len(made.labels)) < share
    place = np.searchsorted(classes, made.labels)
    others = classes[(place + split.draws.integers(1, len(classes), len(place))) % len(classes)]
    return replace(made, labels=np.where(wrong, others, made.labels))


SPOILT: Mapping[str, Callable[[Shown, Split, float], Shown]] = {
    "classes dropped": dropped,
    "samples repeated": repeated,
    "training images": copied,
    "wrong classes": renamed,
}

# ---- measuring ----------


def seen(extractor: Extractor, images: Array, labels: Array) -> Shown:
    features, logits = [], []
    for some in np.array_split(images, -(-len(images) // 32)):
        found = extractor(torch.from_numpy(np.ascontiguousarray(some)))
        assert found.logits is not None
        features.append(found.features.cpu().numpy())
        logits.append(found.logits.cpu().numpy())
    return Shown(images, np.concatenate(features), np.concatenate(logits), labels)


def pixel_cases(extractor: Extractor, clean: Shown) -> dict[str, list[Shown]]:
    """Noise and blur of the images that may be samples, in each strength."""
    draws, size = np.random.default_rng(0), clean.images.shape[-1] / 28
    found: dict[str, list[Shown]] = {"noise": [], "blur": []}
    for sigma in NOISE:
        noisy = clean.images + sigma * draws.standard_normal(clean.images.shape)
        found["noise"].append(seen(extractor, np.clip(noisy, 0, 255).astype(np.uint8), clean.labels))
    for sigma in BLUR:
        blurred = gaussian_filter(clean.images.astype(float), (0, 0, sigma * size, sigma * size))
        found["blur"].append(seen(extractor, np.rint(blurred).astype(np.uint8), clean.labels))
    return found


def judged(case: Case) -> Judged:
    return {name: figure(name, badness(case), above=-np.inf) for name, badness in BADNESS.items()}


def one_split(clean: Shown, pixels: Mapping[str, Sequence[Shown]], seed: int) -> dict[str, list[Judged]]:
    """For each way to spoil, what all metrics say of clean samples and of the three strengths."""
    draws, count = np.random.default_rng(seed), len(clean.labels)
    fixed = count * REAL // 8  # images from here on may be samples
    training = draws.permutation(fixed)[: fixed * 4 // 5]
    order = draws.permutation(np.arange(fixed, count))
    half = len(order) // 2
    split = Split(order[:half], order[half:], training, draws)
    real = Real(clean.of(training), clean.of(split.spare))
    at_best = judged(Case(clean.of(split.made), real))
    found = {
        name: [at_best, *(judged(Case(one.of(split.made - fixed), real)) for one in strengths)]
        for name, strengths in pixels.items()
    }
    for name, spoil in SPOILT.items():
        worse = [judged(Case(spoil(clean, split, share), real)) for share in SHARES[name]]
        found[name] = [at_best, *worse]
    return found


def verdict(splits: Sequence[Sequence[float]]) -> str:
    """A cell, of badness in each split: of clean samples, then of each strength."""
    rows = np.array(splits)
    if (rows[:, -1] < rows[:, 0]).all():
        return "better"
    told = [bool((strength > rows[:, 0]).all()) for strength in rows.T[1:]]
    if not told[-1]:
        return "–"
    first = next(place for place in range(len(told)) if all(told[place:]))
    ordered = (np.diff(rows[:, first + 1 :], axis=1) > 0).all()
    span = f"{first + 1}–{len(told)}" if first + 1 < len(told) else str(len(told))
    return span if ordered else f"{span}, not in order"


def table(found: Sequence[Mapping[str, Sequence[Judged]]]) -> str:
    ways = list(found[0])
    lines = [f"| metric | {' | '.join(ways)} |", "|---" * (len(ways) + 1) + "|"]
    for name in BADNESS:
        cells = [verdict([[one[name] for one in split[way]] for split in found]) for way in ways]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    options = argparse.ArgumentParser(description="Which metric sees what, as a Markdown table.")
    options.add_argument("data", help="what training reads: `mnist`, a folder or zip with classes")
    options.add_argument("--images", type=int, default=4000)
    options.add_argument("--splits", type=int, default=5)
    options.add_argument("--extractor", default="lite0", help="NAME or NAME:FILE")
    asked = options.parse_args()
    every = open_images(asked.data)
    some = drawn(every, min(asked.images, len(every)))
    if some.labels is None:
        raise SystemExit(f"{asked.data} has no classes")
    extractor = open_extractor(asked.extractor)
    order = np.random.default_rng(0).permutation(len(some))
    clean = seen(extractor, some.batch(0, len(some))[order], some.labels[order])
    pixels = pixel_cases(extractor, clean.of(np.arange(len(order) * REAL // 8, len(order))))
    found = [one_split(clean, pixels, seed) for seed in range(asked.splits)]
    print(table(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
