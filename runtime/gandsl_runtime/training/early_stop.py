"""Whether a run goes on: `cadence.stop` ends it when a value of its log no longer gets better."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..plan.cadence import Stop


@dataclass
class EarlyStop:
    """The best value so far, and how many in a row were no better since. A value that is no number is not."""

    stop: Stop | None
    best: float | None = None
    worse: int = 0

    def hear(self, record: Mapping[str, float]) -> None:
        """Take a record of the log, which has the value or not."""
        if self.stop is None or (value := record.get(self.stop.metric)) is None:
            return
        sign = 1 if self.stop.mode == "min" else -1
        if math.isfinite(value) and (self.best is None or sign * value < sign * self.best):
            self.best, self.worse = float(value), 0
        else:
            self.worse += 1

    @property
    def over(self) -> bool:
        """Whether the run has waited long enough."""
        return self.stop is not None and self.worse >= self.stop.patience

    @property
    def said(self) -> str:
        """Why the run ends."""
        assert self.stop is not None
        best = "no number so far" if self.best is None else f"{self.best:.4g}"
        return (
            f"cadence.stop: {self.stop.metric} came to nothing better than {best} "
            f"in {self.worse} values, so the run ends here"
        )

    def facts(self) -> dict[str, float | int | None]:
        """What a checkpoint has of it."""
        return {"best": self.best, "worse": self.worse}
