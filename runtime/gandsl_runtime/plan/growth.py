"""Progressive growing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, model_validator

from .number import Rate
from .part import Flag, Int, PlanPart
from .quantity import Images


class Growth(PlanPart):
    """Progressive growing (arXiv:1710.10196): a level trains, then the next fades in; the last stays."""

    start: Int | None = Field(
        default=None,
        ge=1,
        description="longer side of the first level's images, pixels; null: the smallest level",
    )
    stable: Images = Field(description="how long a level trains before the next fades in (img, kimg or Mimg)")
    fade: Images = Field(description="how long a fade takes, 0 img for a jump (img, kimg or Mimg)")
    batch: dict[int, Annotated[Int, Field(ge=1)]] = Field(
        default={}, description="batch at a level, keyed by its longer side in pixels; others: `batch`"
    )
    lr: dict[int, Rate] = Field(
        default={},
        description="learning rate of both networks at a level, keyed by its longer side; others: "
        "`optimizer.lr`",
    )
    reset_optimizer: Flag = Field(
        default=True, description="forget the optimizers' moments where a fade starts and where it ends"
    )

    @model_validator(mode="after")
    def _advances(self) -> Growth:
        if self.stable.number + self.fade.number <= 0:
            raise ValueError("`stable` and `fade` can't both be 0")
        return self

    def first_level(self, sizes: Sequence[tuple[int, ...]]) -> int:
        """The level that trains first, of levels (h, w). Raises ValueError when none is of size `start`."""
        longer = [max(size) for size in sizes]
        if self.start is None:
            return 0
        if self.start not in longer:
            raise ValueError(
                f"growth.start is {self.start}, and the levels are {', '.join(map(str, longer))}"
            )
        return longer.index(self.start)

    def strangers(self, sizes: Sequence[tuple[int, ...]]) -> list[tuple[str, int]]:
        """Fields (`batch`, `lr`) and their keys that are no level of (h, w).

        Not among them are sizes that the family would reach by doubling on: a spec that is cut to a smaller
        final size keeps its schedule.
        """
        longer = [max(size) for size in sizes]
        known = {*longer, *(longer[-1] << k for k in range(1, 24))}
        return [(field, key) for field in ("batch", "lr") for key in getattr(self, field) if key not in known]

    def full_size_at(self, sizes: Sequence[tuple[int, ...]]) -> float:
        """Images shown when the last of the levels (h, w) has faded in."""
        return (len(sizes) - 1 - self.first_level(sizes)) * (self.stable.amount + self.fade.amount)
