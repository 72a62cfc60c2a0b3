"""The passes of a game as steps that cost something: how often, on how many images, how far back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gandsl.analysis.facts import RuleInput
from gandsl.analysis.game.batches import batch_of
from gandsl.analysis.game.cost import pass_cost
from gandsl.analysis.game.merging import merged
from gandsl.analysis.game.played import Played
from gandsl.analysis.phases import StepPhase
from gandsl.frontend.module import ModuleIR
from gandsl.ir.game import GameIR


def game_phases(module: ModuleIR, game: GameIR) -> tuple[StepPhase, ...]:
    """Every pass of the last level, with all terms of all players, whenever they are there."""
    variant = max(one for one in game.graphs if not one.fading)
    played = Played(RuleInput(module), game, variant)
    found: list[StepPhase] = []
    for one in played.passes:
        phase, cost = one.one.phase, pass_cost(replace(one, one=merged(game, one.one)))
        batch = batch_of(played, one) if one.one.part.sampled else 1
        micro = (module.plan.micro_batch if module.plan else None) or batch
        again = any(other.name == phase.label for other in found)
        found.append(
            StepPhase(
                f"{phase.label} of {batch}" if again else phase.label,
                phase.every,
                phase.repeat,
                batch,
                micro,
                _of_all(module, cost.macs),
                _of_all(module, cost.kept),
                phase.every > 1,
                cost.terms,
            )
        )
    return tuple(found)


def _of_all(module: ModuleIR, found: Mapping[str, Mapping[str, int]]) -> dict[str, Mapping[str, int]]:
    """By network, of all that the spec has."""
    return {name: found.get(name, {}) for name in module.networks}
