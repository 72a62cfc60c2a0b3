"""What a measured figure carries, and which figures may stand beside each other.

A figure without its conditions is no evidence: another extractor, another filter that brings images to its
size, other real images or fewer samples give other numbers for the same generator. So a `Figure` has all of
them, and `differences` says why two can't be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

from ..errors import RuntimeFault

Over = Literal["images", "training seeds"]


class EvaluationError(RuntimeFault):
    """What is asked for can't be measured, or not of these images."""

    exit_code = 2


@dataclass(frozen=True)
class Interval:
    """Where a figure lies in 95 of 100 cases, if only this were drawn again.

    `over` images: other samples of the same generator and other real images. `over` training seeds: other
    runs of the same spec, which moves figures several times more.
    """

    low: float
    high: float
    over: Over
    level: float = 0.95


@dataclass(frozen=True)
class Conditions:
    """What a figure depends on beside the generator. Figures that differ in one of these don't compare."""

    extractor: str  # its name; "" where none is asked
    weights: str  # SHA-256 of its file, shortened; "" where there is none
    filter: str  # that brings images to the extractor's size
    real: str  # digest of the prepared real images
    shape: tuple[int, ...]  # (c, h, w) of the images compared
    made_images: int
    real_images: int
    settings: Mapping[str, Any] = field(default_factory=dict)  # of the metric, such as k


WORDS = {
    "extractor": "extractor",
    "weights": "weights of the extractor",
    "filter": "filter that resizes",
    "real": "real images",
    "shape": "size of the images",
    "made_images": "number of samples",
    "real_images": "number of real images",
    "settings": "settings",
}


@dataclass(frozen=True)
class Figure:
    """A number that was measured, and all that it depends on.

    `floor`: the same metric of held-out real images against the others, as many on each side as
    `floor_images` says: what a perfect generator would get. `better`: which way is better; "" where neither
    is by itself. `about`: how the samples were made, and with what versions; it does not bear on whether
    figures compare.
    """

    metric: str  # as users name it: `kid`
    label: str  # as a table prints it: `KID (lite0)`
    value: float
    better: Literal["lower", "higher", ""]
    conditions: Conditions
    interval: Interval | None = None
    floor: float | None = None
    floor_images: int = 0
    note: str = ""  # what a reader must know before he reads the number
    pairs: tuple[tuple[int, int], ...] = ()  # samples and the real images that they resemble, by places
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data: what `of_json` reads."""
        return asdict(self)

    @classmethod
    def of_json(cls, told: Mapping[str, Any]) -> Figure:
        """What was written. Raises KeyError, TypeError, ValueError where it is none."""
        conditions = dict(told["conditions"])
        interval = told.get("interval")
        known = {one.name for one in fields(cls)}
        plain = {name: value for name, value in told.items() if name in known}
        return cls(
            **{
                **plain,
                "conditions": Conditions(**{**conditions, "shape": tuple(conditions["shape"])}),
                "pairs": tuple((int(a), int(b)) for a, b in plain.get("pairs", ())),
                "interval": None if interval is None else Interval(**interval),
            }
        )


def differences(a: Figure, b: Figure) -> list[str]:
    """Why two figures of a metric can't be compared: `extractor: lite0 and dinov2`. Nothing: they can be."""
    return list(_differences(a, b))


def _differences(a: Figure, b: Figure) -> Iterator[str]:
    if a.metric != b.metric:
        yield f"metric: {a.metric} and {b.metric}"
    for name, word in WORDS.items():
        one, other = getattr(a.conditions, name), getattr(b.conditions, name)
        if name == "settings":
            for key in sorted({*one, *other}):
                if one.get(key) != other.get(key):
                    yield f"{key}: {_said(one.get(key))} and {_said(other.get(key))}"
        elif one != other:
            yield f"{word}: {_said(one)} and {_said(other)}"


def check_comparable(tables: Iterable[Iterable[Figure]]) -> None:
    """Raises EvaluationError where figures of one metric, of several subjects, do not compare."""
    first: dict[str, Figure] = {}
    for figures in tables:
        for figure in figures:
            known = first.setdefault(figure.metric, figure)
            if why := differences(known, figure):
                raise EvaluationError(
                    f"two figures of {figure.metric} can't stand in one table: {'; '.join(why)}",
                    "measure both in the same way, or show them apart",
                )


def _said(value: Any) -> str:
    if isinstance(value, tuple):
        return "×".join(map(str, value))
    return "none" if value in ("", None) else str(value)
