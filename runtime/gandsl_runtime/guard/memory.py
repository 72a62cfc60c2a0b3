"""What the guard remembers of a run: its last looks. Part of the state, and of its checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import torch
from torch import Tensor

from ..network import Network
from ..plan import Guard
from ..plan.schedule import Stage
from ..runs.header import GuardFacts
from .measure import weights

DIVERSITY = ("all pairs", "nearest pairs", "within a class")
LOGITS = ("gap", "size on real images", "size on samples")


def series(networks: Mapping[str, Network]) -> tuple[str, ...]:
    """The names `kind/of` of all that a look may measure, of networks that learn."""
    return (
        *(f"sigma/{name}.{weight}" for name, network in networks.items() for weight in weights(network)),
        *(f"gradient/{name}" for name in networks),
        *(f"logits/{name}" for name in LOGITS),
        *(f"diversity/{name}" for name in DIVERSITY),
    )


@dataclass
class GuardHistory:
    """The last looks at the stage that trains: at most `length` of them, one column a series."""

    names: tuple[str, ...]
    length: int
    looks: Tensor = field(init=False)  # float64 [n, series], the newest last; NaN: not measured
    images: list[int] = field(init=False)  # shown at each look
    calm: int = 0  # looks in a row without a sign
    where: tuple[int | None, bool] | None = None  # level and fading

    @classmethod
    def new(cls, plan: Guard, networks: Mapping[str, Network]) -> GuardHistory:
        """Before the first look; `networks` are those that learn."""
        return cls(series(networks), plan.window + plan.patience)

    def __post_init__(self) -> None:
        self.looks = torch.empty(0, len(self.names), dtype=torch.float64)
        self.images = []

    def add(self, stage: Stage, images: int, values: Mapping[str, float]) -> None:
        """Remember a look; the first one of another stage begins a new past. What is not finite becomes ∞."""
        if self.where != (stage.level, stage.fading):
            self.forget(0)
            self.where = stage.level, stage.fading
        row = torch.tensor([values.get(name, 0.0) for name in self.names], dtype=torch.float64)
        row = row.nan_to_num(nan=torch.inf)
        row[[name not in values for name in self.names]] = torch.nan
        self.looks = torch.cat([self.looks, row[None]])[-self.length :]
        self.images = [*self.images, images][-self.length :]

    def medians(self) -> dict[str, float]:
        """The median of each series' looks; NaN where it was never measured."""
        return dict(zip(self.names, self.looks.nanquantile(0.5, 0).tolist(), strict=True))

    def forget(self, all_but: int) -> None:
        """Begin a new past with the newest looks."""
        first = len(self.images) - all_but
        self.looks, self.images, self.calm = self.looks[first:], self.images[first:], 0

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds as tensors: the bits of the looks, in which NaN has a meaning."""
        return {"looks": self.looks.view(torch.int64)} if self.images else {}

    def counters(self) -> dict[str, Any]:
        """What a checkpoint holds as JSON."""
        return {"images": self.images, "calm": self.calm, "where": self.where, "series": self.series}

    @property
    def series(self) -> str:
        """What tells these columns from others, or from the same in another order."""
        return blake2b("\0".join(self.names).encode(), digest_size=8).hexdigest()

    def load(self, facts: GuardFacts | None, looks: Tensor | None) -> None:
        """Take over what `counters` and `tensors` gave (as many looks); those at other series go."""
        self.forget(0)
        if facts is None or (looks is not None and looks.shape[1] != len(self.names)):
            return
        if facts.series not in (None, self.series):  # an older version says nothing
            return
        if looks is not None:
            self.looks = looks.clone().view(torch.float64)[-self.length :]
            self.images = list(facts.images)[-self.length :]
        self.calm, self.where = facts.calm, facts.where
