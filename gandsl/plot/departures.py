"""Where a run leaves a recorded curve: where another run of the same spec would hardly come."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from gandsl.plot.log import LoggedCurve
from gandsl.plot.reference import Recorded, Reference
from gandsl.plot.run import LoggedRun

IN_A_ROW = 3  # windows: fewer are no departure, as a single value is now and then
LEVEL = 0.99  # of runs like those recorded lie within, in each window


class Departure(NamedTuple):
    """A stretch of images in which a run lies beyond what others came to."""

    name: str  # of the curve
    begin: float
    end: float  # images shown
    above: bool


def departures(curves: Mapping[str, LoggedCurve], reference: Reference) -> list[Departure]:
    """All of a run's curves that the reference has. Nothing is said of a curve of a single run.

    A window's bounds are those in which one more run would lie: mean ± t s √(1 + 1/n) of the n runs recorded
    (a prediction interval), never narrower than the runs themselves. Raises MissingExtra.
    """
    return [
        one
        for name, recorded in reference.curves.items()
        if name in curves and recorded.deviation and recorded.runs > 1
        for one in _of(name, curves[name], recorded)
    ]


def told(run: LoggedRun, reference: Reference) -> list[str]:
    """A sentence for each stretch in which a run leaves a recorded curve; that it leaves none; or nothing.

    Raises MissingExtra.
    """
    if not any(one.deviation for one in reference.curves.values()):
        return []
    found = departures(run.log.curves, reference)
    if not found:
        return [f"{run.name} lies where runs of {reference.name} lie"]
    return [
        f"{run.name}: {one.name} is {'above' if one.above else 'below'} what {reference.name} came to, from "
        f"{one.begin:,.0f} to {one.end:,.0f} images"
        for one in found
    ]


def _of(name: str, curve: LoggedCurve, recorded: Recorded) -> Iterator[Departure]:
    from gandsl_runtime.evaluation.student import quantile

    reach = quantile(recorded.runs - 1, LEVEL) * (1 + 1 / recorded.runs) ** 0.5
    places = recorded.images
    half = (places[-1] - places[0]) / max(len(places) - 1, 1) / 2
    sides: list[int] = []
    for place, at in enumerate(places):
        values = curve.values[bisect_left(curve.images, at - half) : bisect_left(curve.images, at + half)]
        value = sum(values) / len(values) if values else recorded.mean[place]
        wide = reach * (recorded.deviation or ())[place]
        high = max(recorded.high[place], recorded.mean[place] + wide)
        low = min(recorded.low[place], recorded.mean[place] - wide)
        sides.append((value > high) - (value < low))
    for side, found in groupby(enumerate(sides), key=lambda pair: pair[1]):
        stretch = [place for place, _ in found]
        if side and len(stretch) >= IN_A_ROW:
            yield Departure(name, places[stretch[0]] - half, places[stretch[-1]] + half, side > 0)
