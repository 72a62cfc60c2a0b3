"""Which checkpoints of a run stay: the newest, the best by a value of the log, and milestones.

A pure function of what the files say of themselves: there is no list beside them that a kill could cut short.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..plan.cadence import Best, Cadence


class Saved(NamedTuple):
    """A checkpoint file."""

    path: Path
    images: int  # shown when it was written
    value: float | None = None  # of the metric that the plan names; None: none was known


def staying(saved: Iterable[Saved], cadence: Cadence) -> set[Path]:
    """The checkpoints that the plan keeps, out of those of a run."""
    in_order = sorted(saved, key=lambda one: one.images)
    kept = {one.path for one in in_order[-cadence.keep :]}
    if cadence.best:
        kept |= {one.path for one in best(in_order, cadence.best)}
    if cadence.milestone:
        kept |= {one.path for one in _milestones(in_order, cadence.milestone.amount)}
    return kept


def best(in_order: Sequence[Saved], by: Best) -> list[Saved]:
    """The best ones, the very best first; of equals the earlier."""
    sign = 1 if by.mode == "min" else -1
    known = [
        (sign * one.value, one) for one in in_order if one.value is not None and math.isfinite(one.value)
    ]
    return [one for _, one in sorted(known, key=lambda pair: (pair[0], pair[1].images))[: by.keep]]


def _milestones(in_order: Sequence[Saved], every: float) -> Iterable[Saved]:
    """The first checkpoint in each [k·every, (k + 1)·every), from k = 1 on.

    It stays the first, whatever is deleted later: nothing is written before it any more.
    """
    firsts: dict[int, Saved] = {}
    for one in in_order:
        firsts.setdefault(math.floor(one.images / every), one)
    return [one for k, one in firsts.items() if k > 0]
