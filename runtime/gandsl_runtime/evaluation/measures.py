"""What computes each metric of `rows.METRICS`: functions of samples, real images and what was asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from .intervals import jackknife_error
from .sources import ImageSet
from .student import quantile

if TYPE_CHECKING:
    from ..sample import Sampler
    from .extractors import Extractor

Array = np.ndarray
GROUPS = 10  # that a jackknife leaves out one at a time
AT_ONCE = 64  # images in memory, where pixels are compared
SPLITS = 10  # of samples, for IS
LEAST = 10  # images of a class on either side, to be judged apart
SUSPECTS = 24  # samples that a page of copies shows
PATHS = 5000  # at most, for PPL


@dataclass(frozen=True)
class Compared:
    """Samples, or real images: their pixels, and what an extractor made of them."""

    images: ImageSet
    features: Array | None = None  # float32 (N, f)
    logits: Array | None = None  # float32 (N, classes)
    content: str = ""  # digest of the pixels, where features were taken

    @property
    def seen(self) -> Array:
        """The features, which were taken for whatever needs them."""
        assert self.features is not None
        return self.features

    @property
    def classes(self) -> Array:
        """int64 (N,), of whatever has some."""
        assert self.images.labels is not None
        return self.images.labels


@dataclass(frozen=True)
class MetricOptions:
    """What metrics depend on beside images: numbers of theirs, and the generator for those of its inside."""

    neighbours: int = 5  # k of precision, recall, density, coverage
    seed: int = 0  # of whatever a metric draws
    extractor: Extractor | None = None
    sampler: Sampler | None = None
    range: tuple[float, float] = (-1.0, 1.0)  # black and white, of what the sampler makes
    held_out: Compared | None = None  # real images that were not trained on


@dataclass(frozen=True)
class MetricValue:
    """A number, between which bounds it lies over images (95 %), and what it depends on.

    `pairs`: samples with the real images that they are told to resemble, by their places.
    """

    value: float
    bounds: tuple[float, float] | None = None
    note: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    pairs: tuple[tuple[int, int], ...] = ()


Found = dict[str, MetricValue]


LEVEL = 0.95
NORMAL = 1.959963984540054  # within ± it lies so much of the standard normal distribution


def _within(value: float, half: float | None, **more: Any) -> MetricValue:
    """A number, and half of the interval around it."""
    bounds = None if half is None else (value - half, value + half)
    return MetricValue(float(value), bounds, **more)


def _mean(values: Array, **more: Any) -> MetricValue:
    """Of independent numbers, such as one an image."""
    half = NORMAL * float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else None
    return _within(float(values.mean()), half, **more)


def _jackknifed(left_out: Sequence[float], *more: Sequence[float]) -> float:
    """Half of the interval of a figure, by what it is with each group of images left out: of each side."""
    errors = [jackknife_error(one) for one in (left_out, *more)]
    return quantile(GROUPS - 1, LEVEL) * float(np.hypot.reduce(errors))


def _share(value: float, count: int, **more: Any) -> MetricValue:
    """A share of so many images, the other side held fixed: Wilson's interval (1927, JASA 22)."""
    z = NORMAL**2 / count
    middle = (value + z / 2) / (1 + z)
    half = np.sqrt(value * (1 - value) * z + z**2 / 4) / (1 + z)
    return MetricValue(value, (float(middle - half), float(middle + half)), **more)


def _pieces(*sets: ImageSet) -> Iterator[tuple[Array, ...]]:
    """Images of several sets side by side, an even number at a time, as far as all have some."""
    count = min(map(len, sets))
    for begin in range(0, count, AT_ONCE):
        end = min(begin + AT_ONCE, count)
        yield tuple(one.batch(begin, end) for one in sets)


# ---- distributions of features ----------


def kernel(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """KID; its interval leaves out groups of both sides together."""
    from .kernel import KernelSums

    few = min(len(made.seen), len(real.seen))
    groups = GROUPS if few >= 2 * GROUPS else 1
    sums = KernelSums.of(made.seen, real.seen, groups)
    every = set(range(groups))
    half = _jackknifed([sums.distance(every - {one}) for one in every]) if groups > 1 else None
    return {"kid": _within(sums.distance(), half)}


def frechet(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """FD; its interval leaves out groups of samples, and then groups of real images."""
    from .moments import Moments, RealMoments

    ours, theirs = ([Moments.of(one.seen[group::GROUPS]) for group in range(GROUPS)] for one in (made, real))
    samples, images = (sum(parts[1:], parts[0]) for parts in (ours, theirs))
    reference, turned = RealMoments(images), RealMoments(samples)
    by_made = [reference.distance(samples - part) for part in ours]
    by_real = [turned.distance(images - part) for part in theirs]
    return {"fd": _within(reference.distance(samples), _jackknifed(by_made, by_real))}


def frechet_infinity(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """FD∞."""
    from .moments import Moments, RealMoments, frechet_infinity

    value = frechet_infinity(made.seen, RealMoments(Moments.of(real.seen)), seed=asked.seed)
    return {"fd_infinity": MetricValue(value)}


def manifold(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """Precision, recall, density, coverage."""
    from .manifold import manifold

    k = asked.neighbours
    found, settings = manifold(made.seen, real.seen, k), {"k": k}
    ours, theirs = len(made.seen), len(real.seen)
    return {
        "precision": _share(found.precision, ours, settings=settings),
        "recall": _share(found.recall, theirs, settings=settings),
        "density": MetricValue(found.density, settings=settings),
        "coverage": _share(found.coverage, theirs, settings=settings),
    }


def diversity(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """The mean distance of two samples."""
    from .similarity import diversity

    return {"diversity": MetricValue(diversity(made.seen))}


def copies(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """Whether samples come nearer to training images than held-out images do."""
    from .copies import copying

    assert asked.held_out is not None
    found = copying(made.seen, real.seen, asked.held_out.seen)
    said = "ALARM: samples are copies" if found.alarm else "no alarm"
    suspects = tuple((int(one), int(found.partners[one])) for one in found.suspects[:SUSPECTS])
    note = (
        f"{said}; p = {found.p:.2g}, {found.near} of {len(made.seen):,} nearer than 1 of 100 held-out images"
    )
    return {"copies": MetricValue(found.share, note=note, pairs=suspects)}


# ---- classes ----------


def inception_score(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """IS; its interval is that of the mean over splits."""
    from .classes import inception_score

    assert made.logits is not None
    mean, deviation = inception_score(made.logits, SPLITS)
    half = quantile(SPLITS - 1, LEVEL) * deviation / np.sqrt(SPLITS - 1)
    return {"is": _within(mean, half, settings={"splits": SPLITS})}


def by_class(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """KID within each class."""
    from .classes import by_class

    found = by_class(made.seen, made.classes, real.seen, real.classes, least=LEAST)
    note = f"left out, with fewer than {LEAST} images: {found.left_out}" if found.left_out else ""
    return {
        "kid_by_class": MetricValue(found.mean, note=note),
        "kid_worst_class": MetricValue(found.values[found.worst], note=f"class {found.worst}"),
    }


def within_class(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """The mean distance of two samples of a class."""
    from .classes import within_class
    from .similarity import diversity

    return {"diversity_within_class": MetricValue(within_class(made.seen, made.classes, diversity).mean)}


def agreement(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """The share of samples whose nearest real images are of the class that was asked for."""
    from .classes import agreement, named_class

    k = asked.neighbours
    named = named_class(made.seen, real.seen, real.classes, k)
    value = agreement(named, made.classes)
    return {"agreement": _share(value, len(named), settings={"k": k})}


# ---- pixels ----------


def sliced(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """SWD of each level, by its side, and their mean."""
    from .pyramid import Patches, sliced_wasserstein

    ours, theirs = Patches(seed=asked.seed), Patches(seed=asked.seed)
    for samples, images in _pieces(made.images, real.images):
        ours.add(samples)
        theirs.add(images)
    found = sliced_wasserstein(ours, theirs, seed=asked.seed)
    levels = {f"swd/{side}": MetricValue(value) for side, value in found.items()}
    return levels | {"swd": MetricValue(float(np.mean([*found.values()])), note="the mean of its levels")}


def likeness(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """MS-SSIM of pairs of samples, each with the next: both sides come in random order."""
    from .similarity import ms_ssim

    found = [ms_ssim(one[: len(one) // 2 * 2 : 2], one[1::2]) for (one,) in _pieces(made.images)]
    return {"ms_ssim": _mean(np.concatenate(found))}


def psnr(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """The mean over images; of equal ones 100 dB."""
    from .similarity import psnr

    found = [np.minimum(psnr(one, other), 100.0) for one, other in _pieces(made.images, real.images)]
    return {"psnr": _mean(np.concatenate(found))}


def ssim(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """The mean over images."""
    from .similarity import ssim

    found = [ssim(one, other) for one, other in _pieces(made.images, real.images)]
    return {"ssim": _mean(np.concatenate(found))}


def feature_distance(made: Compared, real: Compared, asked: MetricOptions) -> Found:
    """The mean over images."""
    from .similarity import feature_distance

    count = min(len(made.seen), len(real.seen))
    return {"feature_distance": _mean(feature_distance(made.seen[:count], real.seen[:count]))}


# ---- the generator's inside ----------


def _path(space: Literal["z", "w"], where: Literal["full", "end"]) -> Measure:
    name = f"ppl_{space}{'_end' if where == 'end' else ''}"

    def path_length(made: Compared, real: Compared, asked: MetricOptions) -> Found:
        from .path_length import path_lengths, perceptual_path_length
        from .walked import walked

        assert asked.sampler is not None and asked.extractor is not None
        pairs = min(len(made.images), PATHS)
        with asked.sampler.ready(asked.seed), torch.inference_mode():
            through = walked(asked.sampler, asked.extractor, asked.range)
            lengths = path_lengths(through, pairs, space, where, seed=asked.seed)
        half = NORMAL * float(lengths.std(ddof=1) / np.sqrt(pairs))
        value = perceptual_path_length(lengths)
        return {name: _within(value, half, settings={"paths": pairs, "step": 1e-4})}

    return path_length


Measure = Callable[[Compared, Compared, MetricOptions], Found]
MEASURES: dict[str, Measure] = {
    **{
        one.__name__: one
        for one in (
            *(kernel, frechet, frechet_infinity, manifold, diversity, copies, inception_score, by_class),
            *(within_class, agreement, sliced, likeness, psnr, ssim, feature_distance),
        )
    },
    "path_length_z": _path("z", "full"),
    "path_length_z_end": _path("z", "end"),
    "path_length_w": _path("w", "full"),
    "path_length_w_end": _path("w", "end"),
}
"""By the names that the rows give."""
