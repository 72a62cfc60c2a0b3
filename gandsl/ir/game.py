"""A game in the IR: a graph for each variant of a growing family, and what players and states make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING

from gandsl.diagnostics.span import Span
from gandsl.ir.graph import Graph, Variant
from gandsl.records import dataclass

if TYPE_CHECKING:
    from gandsl_runtime.plan.game import GamePlan

GAME = "game"  # the name of its graphs, as of a network


@dataclass(frozen=True)
class GameIR:
    """A training step. The graph of a variant holds all terms, states' next values, logs and pictures.

    Its sources are what a pass takes from outside: `item`, `draw`, `state`, `heard`, `clock`. What a phase
    computes is a slice of it (`gandsl.analysis.game.slices`).
    """

    graphs: Mapping[Variant, Graph]
    plan: GamePlan
    places: Mapping[str, Span] = field(default_factory=dict)  # terms, players, states, logs by id → key
    plans: Mapping[Variant, GamePlan] = field(default_factory=dict)  # of each variant: a term may be absent

    def plan_at(self, variant: Variant) -> GamePlan:
        """The plan at a variant: numbers that are computed of the level, terms that it has."""
        return self.plans.get(variant, self.plan)

    @property
    def main(self) -> Graph:
        """The graph of the last level."""
        return self.graphs[max(variant for variant in self.graphs if not variant.fading)]
