"""Whether a run collapses: what is measured now against the run's own past. Pure functions of its series."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from ..plan import Guard

SMALLEST = 1e-12  # what counts as nothing, before a logarithm
MAD_TO_SIGMA = 1.4826  # of a normal distribution


@dataclass(frozen=True)
class Kind:
    """What a series measures, and in which direction it is bad."""

    said: str
    sign: int = 1  # it is bad to rise (1), or to fall (-1)


KINDS = {
    "sigma": Kind("top singular value of {of}"),
    "gradient": Kind("gradient norm of {of}"),
    "logits": Kind("{of} of D's logits"),
    "diversity": Kind("diversity of samples ({of}, real images = 1)", -1),
}
"""By the first part of a series' name, `kind/of`."""


@dataclass(frozen=True)
class Sign:
    """One series out of bounds: the median of its past, and its last value."""

    name: str
    before: float
    now: float

    def __str__(self) -> str:
        kind, _, of = self.name.partition("/")
        moved = (
            f"went from {self.before:.3g} to {self.now:.3g}" if math.isfinite(self.now) else "is not finite"
        )
        return f"{KINDS[kind].said.format(of=of)} {moved}"

    def facts(self) -> dict[str, Any]:
        """As JSON, which has no numbers that are not finite."""
        return {k: v if k == "name" or math.isfinite(v) else None for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Judgement:
    """`signs` alarm, worst first; `calm`: there is a past to judge by, and the last look shows nothing."""

    signs: tuple[Sign, ...]
    calm: bool


def judge(plan: Guard, names: Sequence[str], looks: Tensor) -> Judgement:
    """Judge the last looks: a series alarms that is out of bounds in each of the last `patience`, or lost.

    `looks` [n, len(names)] has a row a look, the newest last; NaN where a series was not measured, ∞ where it
    was not finite. The past is what lies before the last `patience` looks, so that a collapse is not measured
    against itself.
    """
    lost = looks[-1].isinf() & ~looks[-2:-1].isinf().any(0)
    past, now = looks[: -plan.patience][-plan.window :], looks[-plan.patience :]
    judged = len(past) >= plan.warm_up
    distance = beyond(plan, names, past, now) if judged else now.new_full(now.shape, -math.inf)
    worst = torch.where(lost, math.inf, distance.amin(0))
    median = past.nanquantile(0.5, 0) if len(past) else now[-1]
    order = [i for i in worst.argsort(descending=True).tolist() if worst[i] > 0]
    signs = tuple(Sign(names[i], float(median[i]), float(now[-1, i])) for i in order)
    return Judgement(signs, judged and not bool((distance[-1] > 0).any() | lost.any()))


def beyond(plan: Guard, names: Sequence[str], past: Tensor, now: Tensor) -> Tensor:
    """[rows of `now`, len(names)]: how far out of bounds each is, in powers of e; at most 0 inside.

    A series whose past has fewer than `warm_up` values is inside.
    """
    kinds = [name.partition("/")[0] for name in names]
    way = torch.tensor([float(KINDS[kind].sign) for kind in kinds], dtype=past.dtype)
    before, after = _log(past), _log(now)
    median = before.nanquantile(0.5, 0)
    spread = MAD_TO_SIGMA * (before - median).abs().nanquantile(0.5, 0)
    of_sigma = torch.tensor([kind == "sigma" for kind in kinds])
    factor = torch.where(of_sigma, plan.sigma_factor, plan.factor)
    limit = torch.maximum(
        torch.where(of_sigma, plan.sigma_deviations, plan.deviations) * spread, factor.log()
    )
    distance = (after - median) * way - limit
    if plan.diversity:
        least = math.log(plan.diversity)
        fell = torch.tensor([kind == "diversity" for kind in kinds]) & (median > least)
        distance = torch.where(fell, torch.maximum(distance, least - after), distance)
    # a network without any gradient learns nothing more
    stuck = torch.tensor([kind == "gradient" for kind in kinds]) & (now == 0) & (median > math.log(SMALLEST))
    distance = torch.where(stuck, math.inf, distance)
    known = (~before.isnan()).sum(0) >= plan.warm_up
    return torch.where(known & ~after.isnan(), distance, -math.inf)


def _log(x: Tensor) -> Tensor:
    return x.abs().clamp(min=SMALLEST).log()  # NaN stays NaN
