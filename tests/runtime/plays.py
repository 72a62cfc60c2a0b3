"""Looking at a game that is played: what a network is asked, what a state is, and one pass by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from gandsl_runtime.game.calls import taking
from gandsl_runtime.game.program import Game
from gandsl_runtime.game.sources import Sources
from gandsl_runtime.network import Network
from gandsl_runtime.plan.game import PassPlan, PhasePlan
from gandsl_runtime.plan.schedule import Clock, Stage, Step
from gandsl_runtime.training.trainer import Trainer

CPU = torch.device("cpu")


def asked(network: Network, answers: list[Any] | None = None) -> list[tuple[Tensor, ...]]:
    """What a network that was written by hand is given from here on in training, call by call.

    `answers` is filled with what it says.
    """
    given: list[tuple[Tensor, ...]] = []
    plain = network.program

    def program(*at: Any, **how: Any) -> Any:
        run = plain(*at, **how)

        def noted(*inputs: Tensor) -> Any:
            made = run(*inputs)
            if network.training:
                given.append(inputs)
                if answers is not None:
                    answers.append(made)
            return made

        return noted

    network.program = program  # type: ignore[method-assign]
    return given


def state_of(trainer: Trainer, name: str) -> Tensor:
    """A state [] of the game, by the name that it had in older checkpoints."""
    states = trainer.state.game.plan.states
    (found,) = (state.id for state in states if name in state.moved)
    return trainer.state.states.values[found]


def phase_of(game: Game, player: str, every: int = 1) -> PhasePlan:
    """A player's main phase, or the lazy one of an interval."""
    (found,) = (one for one in game.plan.phases(Clock()) if (one.players, one.every) == ((player,), every))
    return found


def pass_of(
    game: Game,
    phase: PhasePlan,
    part: PassPlan,
    given: Mapping[str, Tensor],
    draws: Any,
    dtype: torch.dtype = torch.float64,
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss [] of a pass of one player when training begins, and its values [] by node and by log name.

    `given` are sources by id; the others, and what layers draw, are of `draws`. Weights that the player
    doesn't train are constants.
    """
    trained = game.plan.players[phase.players[0]].networks
    constants = [
        weight
        for name, network in game.networks.items()
        for weight in network.parameters()
        if name not in trained and weight.requires_grad
    ]
    program = game.pass_program(phase, part, Stage())
    sources = Sources(Step(Clock(), Stage(), 1), {}, CPU, dtype, draws=draws)
    found = [given[one.id] if one.id in given else sources.tensor(one) for one in program.sources]
    for weight in constants:
        weight.requires_grad_(False)
    with taking(draws):
        loss, *values = program.run(*found)
    for weight in constants:
        weight.requires_grad_(True)
    by_node = dict(zip(program.values, values, strict=True))
    named = {**game.plan.logs, **{name: node for term in part.terms for name, node in term.logs.items()}}
    return loss, by_node | {name: by_node[node] for name, node in named.items() if node in by_node}
