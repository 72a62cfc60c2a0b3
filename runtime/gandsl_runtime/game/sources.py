"""What a pass takes from outside, made for the samples of a micro-batch: items, draws, states, the clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import torch
from torch import Tensor

from ..distribution import DISTRIBUTIONS
from ..plan import schedule
from ..plan.schedule import Step
from ..rng import Draws
from ..rng.distributions import drawn
from .pools import Pools
from .program import ClockValue, Drawn, Item, Kept, Per, Source, StateValue

Items = Mapping[str, Tensor]  # by field of the data
NO_ITEMS: Items = MappingProxyType({})


@dataclass(frozen=True)
class Sources:
    """All that the sources of one micro-batch, or of the end of a step, are made of."""

    step: Step
    states: Mapping[str, Tensor]
    device: torch.device
    dtype: torch.dtype
    items: Items = field(default_factory=dict)
    draws: Draws | None = None
    shares: Tensor | None = None  # of classes in the data, added up
    pools: Pools | None = None

    def tensor(self, source: Source) -> Tensor:
        """The value of a source."""
        match source:
            case Item():
                return self.items[source.field]
            case Drawn():
                return self._drawn(source)
            case Kept():
                assert self.pools is not None and self.draws is not None
                return self.pools.tensor(source, self.draws)
            case StateValue():
                return self.states[source.id].clone()  # it stays as it stood
            case ClockValue():
                return torch.full((), now(source, self.step), device=self.device, dtype=self.dtype)

    def _drawn(self, source: Drawn) -> Tensor:
        assert self.draws is not None  # only passes draw
        rows = _rows(self.draws, source, self.shares)
        return rows[0] if source.scalar else rows


def now(source: ClockValue, step: Step) -> float:
    """What a clock value is in a step."""
    if source.number == "fade":
        return step.stage.alpha
    return schedule.value(source.number, step.clock)


def _rows(draws: Draws, of: Drawn, shares: Tensor | None) -> Tensor:
    """[n, *shape], or one row of what is not drawn for each sample."""
    match of.distribution:
        case "integers":
            whole = draws.integers(of.id, int(of.low), int(of.high), of.per, *of.shape)
            return whole.to(draws.dtype)  # expressions compute with them
        case "labels":
            if of.numbers:
                shares = torch.tensor(of.numbers, device=draws.device, dtype=draws.dtype).cumsum(0)
                shares = shares / shares[-1]
            if of.even or shares is None or len(shares) != int(of.high):  # those of other classes
                return draws.integers(of.id, 0, int(of.high) - 1, of.per)
            return draws.labels(of.id, shares, of.per)
        case "uniform":
            found = draws.uniform(of.id, *of.shape, per=of.per)
            return found if (of.low, of.high) == (0, 1) else found * (of.high - of.low) + of.low
    numbers = DISTRIBUTIONS[of.distribution].whole(of.numbers)
    return drawn(of.distribution, _Own(draws, of.id, of.per), of.shape, numbers).to(draws.dtype)


@dataclass(frozen=True)
class _Own:
    """The words of one draw."""

    draws: Draws
    id: str
    per: Per

    def words(self, *shape: int) -> Tensor:
        return self.draws.words(self.id, *shape, per=self.per)

    def normal(self, *shape: int) -> Tensor:
        return self.draws.normal(self.id, *shape, per=self.per)
