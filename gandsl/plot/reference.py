"""A recorded curve with its band, as a JSON file: `gandsl plot` draws it beside runs (docs/cli.md)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import stdev
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from gandsl.plot.log import LoggedCurve
from gandsl.plot.words import MACHINE
from gandsl_runtime.errors import RuntimeFault
from gandsl_runtime.runs.header import Name, StrictDocument, Text
from gandsl_runtime.system.files import read, write

FORM = "reference/1"
POINTS = 200  # of a curve at most
MOST = 100_000  # … in a file that another program wrote

Numbers = Annotated[tuple[float, ...], Field(min_length=1, max_length=MOST)]


class NoReference(RuntimeFault):
    """A file is no recorded curve."""


class Recorded(StrictDocument):
    """One name: by images shown the mean of the runs, the lowest, the highest, their standard deviation."""

    runs: int = Field(ge=1, le=1000)
    images: Numbers
    mean: Numbers
    low: Numbers
    high: Numbers
    deviation: Numbers | None = None  # of the runs, n − 1; older files have none, nor have those of one run

    @model_validator(mode="after")
    def _consistent(self) -> Recorded:
        lists = (self.images, self.mean, self.low, self.high, self.deviation or self.images)
        if len({*map(len, lists)}) > 1:
            raise ValueError("images, mean, low, high and deviation are not equally many")
        if any(before >= after for before, after in pairwise(self.images)):
            raise ValueError("images don't rise")
        for place, (low, mean, high) in enumerate(zip(self.low, self.mean, self.high, strict=True)):
            if not low <= mean <= high:
                raise ValueError(f"low ≤ mean ≤ high does not hold at place {place}")
        return self


class Reference(StrictDocument):
    """The file."""

    gandsl: Literal["reference/1"] = "reference/1"
    name: Text
    runs: tuple[Text, ...] = Field(min_length=1, max_length=1000)  # names of those it was made of
    curves: dict[Name, Recorded] = Field(min_length=1, max_length=10_000)


def read_reference(path: Path) -> Reference:
    """Raises NoReference with what is wrong, OSError."""
    try:
        return Reference.model_validate_json(read(path))
    except (ValidationError, RecursionError) as error:
        raise NoReference(
            f"{path} is no recorded curve: {_why(error)}",
            "give a run's folder, or a file that `gandsl plot RUN… --write-reference FILE` wrote",
        ) from error


def _why(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"`{place}`: {first['msg']}" if place else first["msg"]


def write_reference(path: Path, reference: Reference) -> None:
    """Raises Unwritable, OSError."""
    write(path, reference.model_dump_json(indent=1, exclude_none=True) + "\n")


def recorded(name: str, runs: Mapping[str, Mapping[str, LoggedCurve]]) -> Reference:
    """Of runs by name, which have curves by name; what tells of the machine alone is left out.

    Raises NoReference where nothing is left, or the log is nothing that a file can hold.
    """
    names = dict.fromkeys(one for curves in runs.values() for one in curves if not one.startswith(MACHINE))
    found = {one: band([curves[one] for curves in runs.values() if one in curves]) for one in names}
    try:
        return Reference(name=name, runs=tuple(runs), curves=found)
    except ValidationError as error:
        raise NoReference(f"no curve to record: {_why(error)}", "give runs whose logs have values") from error


def band(curves: Sequence[LoggedCurve], points: int = POINTS) -> Recorded:
    """Mean, lowest and highest of curves over what all of them cover.

    That is cut into equal windows, as many as the shortest curve has records, at most `points`. A curve's
    value in a window is the mean of its records there; without any, what lies on the line between its
    neighbours at the window's middle, which is where the point stands.
    """
    begin, end = max(c.images[0] for c in curves), min(c.images[-1] for c in curves)
    count = min(points, *(max(sum(begin <= at <= end for at in c.images), 1) for c in curves))
    if end <= begin:  # they share a moment, or none: there is no window
        begin, end, count = min(begin, end), max(begin, end), 1
    width = (end - begin) / count
    middles = [begin + (place + 0.5) * width for place in range(count)]
    columns = list(zip(*(_windows(curve, begin, width, middles) for curve in curves), strict=True))
    low, high = [min(column) for column in columns], [max(column) for column in columns]
    means = [sum(column) / len(column) for column in columns]
    return Recorded(
        runs=len(curves),
        images=tuple(middles),
        mean=tuple(min(max(m, a), b) for m, a, b in zip(means, low, high, strict=True)),  # rounding
        low=tuple(low),
        high=tuple(high),
        deviation=tuple(map(stdev, columns)) if len(curves) > 1 else None,
    )


def _windows(curve: LoggedCurve, begin: float, width: float, middles: Sequence[float]) -> list[float]:
    count, end = len(middles), begin + width * len(middles)
    sums, counts = [0.0] * count, [0] * count
    for at, value in zip(curve.images, curve.values, strict=True):
        if begin <= at <= end:
            place = min(int((at - begin) / width), count - 1) if width else 0  # the end is in the last one
            sums[place] += value
            counts[place] += 1
    return [
        total / many if many else between(curve, middle)
        for total, many, middle in zip(sums, counts, middles, strict=True)
    ]


def between(curve: LoggedCurve, images: float) -> float:
    """The value on the line between the records before and after; beyond the ends, the end's."""
    place = bisect_left(curve.images, images)
    if place == 0 or place == len(curve):
        return curve.values[min(place, len(curve) - 1)]
    x0, x1 = curve.images[place - 1], curve.images[place]
    share = (images - x0) / (x1 - x0)
    return curve.values[place - 1] * (1 - share) + curve.values[place] * share
