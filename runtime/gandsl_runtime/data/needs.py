"""What training a spec's networks on a surveyed set of images would do to the images, and what it lacks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..plan import Data
from .labels import unfit
from .levels import said
from .survey import Survey

UNEVEN = 2  # times the smallest class


class Need(NamedTuple):
    """One finding; where it is an error, training would refuse the set."""

    level: str  # fits, note, error
    text: str


def needs(found: Survey, shape: tuple[int, int, int], classes: int, plan: Data | None = None) -> list[Need]:
    """What networks for images (c, h, w) of so many classes (0: no labels), and a plan, need of the set."""
    plan = plan or Data()
    return [
        *_readable(found, plan),
        *_sizes(found, shape[1:]),
        *_channels(found, shape[0]),
        *_levels(found, plan),
        *_classes(found, classes, plan),
    ]


def _readable(found: Survey, plan: Data) -> Iterator[Need]:
    if not found.sizes:
        yield Need("error", "no image can be read")
    elif found.broken:
        count = f"broken: {len(found.broken)} of {len(found.source.images)} images"
        if plan.broken == "skip":
            yield Need("note", f"{count}: the next ones take their places")
        else:
            yield Need("error", f"{count}; repair them, or set training.data.broken: skip")


def _sizes(found: Survey, size: tuple[int, int]) -> Iterator[Need]:
    h, w = size
    wanted, total = f"{h}×{w}", found.sizes.total()
    if not total or set(found.sizes) == {size}:
        yield from [Need("fits", f"size: every image is {wanted}")] * bool(total)
        return
    # the crop has the wanted aspect, so that one factor tells of both sides
    factors = {(a, b): min(a / h, b / w) for a, b in found.sizes}
    kept = {(a, b): h * w * factor**2 / (a * b) for (a, b), factor in factors.items()}
    up = sum(count for side, count in found.sizes.items() if factors[side] < 1)
    down = sum(count for side, count in found.sizes.items() if factors[side] > 1)
    if down:
        yield Need(
            "note",
            f"size: shrunk to {wanted} at each reading: {down} of {total} images; packing does it once",
        )
    if up:
        yield Need("note", f"size: enlarged to {wanted}, and blurred: {up} of {total} images")
    lost = sum(count for side, count in found.sizes.items() if kept[side] < 0.99)
    if lost:
        most = 100 * (1 - min(kept.values()))
        yield Need("note", f"aspect: cut to the middle: {lost} of {total} images lose up to {most:.0f} %")


def _channels(found: Survey, wanted: int) -> Iterator[Need]:
    names = {1: "gray", 2: "gray with alpha", 3: "colour", 4: "colour with alpha"}
    if wanted not in names:
        yield Need("error", f"channels: image files have 1 to 4, the networks want {wanted}")
        return
    others = [f"{count} {names[have]}" for have, count in sorted(found.channels.items()) if have != wanted]
    if others:
        yield Need("note", f"channels: {', '.join(others)} become {names[wanted]}")
    elif found.channels:
        yield Need("fits", f"channels: every image is {names[wanted]}")


def _levels(found: Survey, plan: Data) -> Iterator[Need]:
    odd = list(said(found.peaks, plan.white))
    yield from (Need("note", f"levels: {text}") for text in odd)
    if 16 in found.peaks and not odd:
        yield Need("fits", f"levels: 16-bit images go to {found.peaks[16]:,}, and white is {plan.white:,}")


def _classes(found: Survey, wanted: int, plan: Data) -> Iterator[Need]:
    counts = found.classes.values()
    if found.labels_fault is None and counts and max(counts) >= UNEVEN * min(counts) and wanted:
        ratio = f"{max(counts) / min(counts):.3g}:1 between the largest and the smallest"
        how = "drawn evenly" if plan.balance else "training.data.balance: true draws them evenly"
        yield Need("note", f"classes: {ratio}; {how}")
    if plan.balance and not wanted and found.labels is None:
        yield Need("error", "classes: training.data.balance draws them evenly, and the set has no labels")
    if not wanted:
        if found.labels is not None:
            yield Need("note", "classes: the networks take no labels, the set's are not used")
        return
    if found.labels_fault is not None:
        yield Need("error", f"classes: {found.labels_fault.message}; {found.labels_fault.remedy}")
    elif found.labels is None:
        yield Need("error", f"classes: the networks know {wanted}, and the set has no labels")
    elif complaint := unfit(found.labels, found.source.images, wanted):
        yield Need("error", f"classes: {complaint[0]}")
    elif missing := [str(number) for number in range(wanted) if number not in found.classes]:
        more = f" and {len(missing) - 8} more" if len(missing) > 8 else ""
        yield Need("note", f"classes: no image of {', '.join(missing[:8])}{more}")
    else:
        yield Need("fits", f"classes: images of all {wanted}")
