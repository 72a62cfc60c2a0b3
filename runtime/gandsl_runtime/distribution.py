"""What a game draws from: distributions by name, with the numbers that each takes. No torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class DistributionNumber:
    """A number of a distribution, as a draw writes it; it is not below `least`, or is `above` it."""

    name: str
    doc: str
    default: float | None = None  # None: it has to be written
    least: float | None = None
    most: float | None = None
    above: bool = False

    def wrong(self, value: float) -> str:
        """What is wrong with a value; empty: nothing."""
        if self.least is not None and (value < self.least or (self.above and value == self.least)):
            how = "above" if self.above else "at least"
            return f"`{self.name}` is {value:g}, and has to be {how} {self.least:g}"
        if self.most is not None and value > self.most:
            return f"`{self.name}` is {value:g}, and has to be at most {self.most:g}"
        return ""


MEAN = DistributionNumber("mean", "of the normal numbers that it is made of", 0.0)
STD = DistributionNumber("std", "their standard deviation", 1.0, least=0.0)
SHARES = "shares"  # of the classes: a list of as many numbers as there are classes


@dataclass(frozen=True)
class Distribution:
    """`listed`: its numbers are one list, `shares`. `axes`: a sample has so many at least, and at most."""

    doc: str
    numbers: tuple[DistributionNumber, ...] = ()
    listed: bool = False
    axes: tuple[int, int] = (0, 4)

    @property
    def names(self) -> tuple[str, ...]:
        """What a draw may write of it."""
        return (SHARES,) if self.listed else tuple(one.name for one in self.numbers)

    def wrong(self, numbers: Sequence[float]) -> str:
        """What is wrong with its numbers, all of them or none; empty: nothing."""
        if self.listed:
            if not numbers:
                return "its classes have no `shares`"
            if min(numbers) < 0 or not sum(numbers) > 0:
                return "`shares` are not below 0, and one of them is above"
            return ""
        if len(numbers) != len(self.numbers) and (
            numbers or any(one.default is None for one in self.numbers)
        ):
            return f"it takes {len(self.numbers)} numbers, not {len(numbers)}"
        found = (one.wrong(value) for one, value in zip(self.numbers, numbers, strict=False))
        return next(filter(None, found), "")

    def whole(self, numbers: Sequence[float]) -> tuple[float, ...]:
        """Its numbers, or the defaults where none are given."""
        return tuple(numbers) or self._defaults

    @cached_property
    def _defaults(self) -> tuple[float, ...]:
        return tuple(one.default or 0.0 for one in self.numbers)


def _shape_of_beta(name: str, end: int) -> DistributionNumber:
    return DistributionNumber(name, f"the larger, the further from {end}", least=0.0, above=True)


DISTRIBUTIONS: Mapping[str, Distribution] = {
    "normal": Distribution("N(mean, std²)", (MEAN, STD)),
    "uniform": Distribution("from `low` up to `high`, which it stays below"),
    "truncated_normal": Distribution("normal within two standard deviations", (MEAN, STD)),
    "log_normal": Distribution("e to the power of a normal number", (MEAN, STD)),
    "logit_normal": Distribution("the sigmoid of a normal number: between 0 and 1", (MEAN, STD)),
    "laplace": Distribution("density ½·e^−|x|"),
    "gumbel": Distribution("−log(−log u): what makes a softmax's largest logit a draw of its class"),
    "exponential": Distribution("−log u: density e^−x above 0"),
    "beta": Distribution(
        "density ∝ x^(alpha − 1)·(1 − x)^(beta − 1) between 0 and 1: mixup's weights",
        (_shape_of_beta("alpha", 0), _shape_of_beta("beta", 1)),
    ),
    "bernoulli": Distribution(
        "1 by chance, else 0", (DistributionNumber("p", "the chance of a 1", 0.5, least=0.0, most=1.0),)
    ),
    "integers": Distribution("whole numbers from `low` to `high`, both included"),
    "categorical": Distribution(
        "whole numbers from 0, by their `shares`; of a Label its classes", listed=True
    ),
    "permutation": Distribution("all places of a vector, from 0, in some order: for `take`", axes=(1, 1)),
    "unit": Distribution("a direction: on the unit sphere of all of a sample's numbers", axes=(1, 4)),
    "labels": Distribution("classes, by their shares in the data"),
}
"""Name → what is drawn."""
