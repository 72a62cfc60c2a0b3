"""From samples and real images to figures: what is compared with what, the floor, and the conditions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .extractors import ExtractorFacts
from .features import FeatureSet
from .figure import Conditions, EvaluationError, Figure, Interval
from .measures import MEASURES, Compared, MetricOptions, MetricValue
from .pieces import content_of, digest_of, pieces_of
from .rows import FEW, METRICS, Metric, Need, checked
from .sources import ImageSet, chosen, order_of

DIGITS = 16  # of a digest, in figures

FeaturesOf = Callable[[ImageSet], FeatureSet]


@dataclass(frozen=True)
class RealImages:
    """Real images in a fixed order, and which of them are compared with what.

    `reference`: those that samples are compared with. `floor`: two sets that share no image, of as many each;
    None where there are too few. `floors`: those that were measured, by their measure.
    """

    reference: Compared
    floor: tuple[Compared, Compared] | None
    content: str  # digest of the reference's pixels
    floors: dict[str, Mapping[str, MetricValue]] = field(default_factory=dict)


def real_images(
    images: ImageSet,
    wanted: int,
    held_out: ImageSet | None,
    features: FeaturesOf | None,
    *,
    with_floor: bool = True,
    least: int = 16,
) -> RealImages:
    """So many real images of a set, drawn by a fixed order, and the floor's, if they are wanted.

    The floor compares the first with images behind them, as many on both sides; with `held_out` with the
    first of those. Raises DataError, and EvaluationError where the set has fewer than that, or than `least`.
    """
    total = len(images)
    if wanted > total or wanted < least:
        raise EvaluationError(
            f"{wanted:,} real images are wanted, and {images.name} has {total:,}"
            if wanted > total
            else f"{images.name} has {total:,} images, and metrics want at least {least}",
            f"ask for fewer: --real-images {total}, or --real-images all" if total >= least else "give more",
        )
    order = order_of(total)
    reference = side(chosen(images, order[:wanted]), features)
    content = reference.content or unseen_content(reference.images)
    if not with_floor:
        return RealImages(reference, None, content)
    if held_out is not None:
        half = min(wanted, len(held_out))
        others = side(chosen(held_out, order_of(len(held_out))[:half]), features)
    else:
        half = min(wanted, total // 2)
        more = side(chosen(images, order[wanted : 2 * half]), features) if 2 * half > wanted else None
        others = _joined(part(reference, slice(half, 2 * half)), more, images, order[half : 2 * half])
    floor = (part(reference, slice(0, half)), others) if half >= least else None
    return RealImages(reference, floor, content)


def part(whole: Compared, rows: slice) -> Compared:
    """Some of the images of a side."""
    places = np.arange(len(whole.images))[rows]
    features, logits = (None if one is None else one[rows] for one in (whole.features, whole.logits))
    return Compared(chosen(whole.images, places), features, logits)


def side(images: ImageSet, features: FeaturesOf | None) -> Compared:
    """Images with their features, where a metric wants any."""
    if features is None:
        return Compared(images)
    found = features(images)
    return Compared(images, found.features, found.logits, found.content)


def _joined(one: Compared, more: Compared | None, images: ImageSet, places: np.ndarray) -> Compared:
    """Two sides behind each other, of a set's images at these places."""
    if more is None:
        return one
    pairs = ((one.features, more.features), (one.logits, more.logits))
    features, logits = (None if a is None or b is None else np.concatenate([a, b]) for a, b in pairs)
    return Compared(chosen(images, places), features, logits)


def unseen_content(images: ImageSet) -> str:
    """A set's content where no extractor looked at it: the same digest."""
    return content_of(digest_of(images.batch(one.start, one.stop)) for one in pieces_of(images))


def evaluate(
    names: Collection[str],
    made: Compared,
    real: RealImages,
    asked: MetricOptions,
    extractor: ExtractorFacts | None,
    about: Mapping[str, Any],
    left_out: Callable[[str], None] | None = None,
) -> list[Figure]:
    """The figures of these metrics, in the table's order.

    A metric that can't be taken, of too few or too small images, is an EvaluationError; or `left_out` is told
    why, and it is.
    """
    wanted = checked(names)
    found: list[Figure] = []
    for measure in dict.fromkeys(METRICS[name].measure for name in wanted):
        mine = [name for name in wanted if METRICS[name].measure == measure]
        try:
            values = MEASURES[measure](made, real.reference, asked)
            floors = _floors(measure, METRICS[mine[0]], real, asked)
        except ValueError as error:
            if left_out is None:
                raise EvaluationError(
                    str(error), f"leave {', '.join(mine)} out, or give other images"
                ) from error
            left_out(f"left out: {error}")
            continue
        found += [
            _figure(name, value, floors.get(name), made, real, extractor, about)
            for name, value in values.items()
            if name.partition("/")[0] in mine
        ]
    return found


NO_FLOOR: frozenset[Need] = frozenset({"generator", "pairs", "held_out"})


def _floors(measure: str, row: Metric, real: RealImages, asked: MetricOptions) -> Mapping[str, MetricValue]:
    """What held-out images come to; nothing for what is not of two distributions, or wants their classes."""
    if real.floor is None or row.needs & NO_FLOOR:
        return {}
    reference, others = real.floor
    if "labels" in row.needs and others.images.labels is None:
        return {}
    if measure not in real.floors:
        real.floors[measure] = {}
        with suppress(ValueError):  # there may be too few for it, as there are only half as many
            real.floors[measure] = MEASURES[measure](others, reference, asked)
    return real.floors[measure]


def _figure(
    name: str,
    value: MetricValue,
    floor: MetricValue | None,
    made: Compared,
    real: RealImages,
    extractor: ExtractorFacts | None,
    about: Mapping[str, Any],
) -> Figure:
    base, _, part = name.partition("/")
    row = METRICS[base]
    uses = extractor if row.of_extractor else None
    count = len(made.images)
    return Figure(
        metric=name,
        label=" ".join(filter(None, (row.named(uses.name, uses.inception) if uses else row.label, part))),
        value=value.value,
        better=row.better,
        conditions=Conditions(
            extractor=uses.name if uses else "",
            weights=uses.weights[:DIGITS] if uses else "",
            filter=uses.filter if uses else "",
            real=real.content[:DIGITS],
            shape=(3, *made.images.size),
            made_images=count,
            real_images=len(real.reference.images),
            settings=dict(value.settings),
        ),
        interval=None if value.bounds is None else Interval(*value.bounds, "images"),
        floor=None if floor is None else floor.value,
        floor_images=0 if floor is None or real.floor is None else len(real.floor[0].images),
        note=value.note or (_few(count) if base == "fd" else ""),
        pairs=value.pairs,
        about=dict(about),
    )


def _few(count: int) -> str:
    """What a reader of FD of few images must know."""
    if count < FEW:
        return f"of {count:,} samples, fewer than {FEW:,}: FD falls with their number alone; see FD∞"
    return ""
