"""The passes that a game may ever have: those of each set of terms that `from` and `until` allow."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from gandsl_runtime.plan.game import GamePlan, PassPlan, PhasePlan, Player, Term
from gandsl_runtime.plan.quantity import Quantity
from gandsl_runtime.plan.schedule import Clock

Key = tuple[str, tuple[str, ...]]  # a phase, and the terms of a pass


def passes_of(plan: GamePlan) -> dict[Key, tuple[PhasePlan, PassPlan]]:
    """Every pass by its phase and terms, in the order of a step."""
    found: dict[Key, tuple[PhasePlan, PassPlan]] = {}
    for clock in _moments(plan):
        for phase in plan.phases(clock):
            for part in phase.passes:
                found.setdefault((phase.name, tuple(term.id for term in part.terms)), (phase, part))
    order = [player for turn in plan.order for player in turn]
    return dict(sorted(found.items(), key=lambda item: _place(item[1][0], order)))


def _place(phase: PhasePlan, order: list[str]) -> tuple[int, int]:
    return min(order.index(name) for name in phase.players), phase.every


def _moments(plan: GamePlan) -> Iterable[Clock]:
    """Clocks between which no term or player comes or goes: images by steps."""
    ends = [
        end
        for player in plan.players.values()
        for end in (*_ends(player), *(end for term in player.terms for end in _ends(term)))
        if end is not None
    ]
    return (Clock(images, steps) for images, steps in product(_places(ends, False), _places(ends, True)))


def _ends(one: Player | Term) -> tuple[Quantity, Quantity | None]:
    return one.start, one.until


def _places(ends: Iterable[Quantity], in_steps: bool) -> list[int]:
    return sorted({0, *(int(-(-end.amount // 1)) for end in ends if end.in_steps == in_steps)})
