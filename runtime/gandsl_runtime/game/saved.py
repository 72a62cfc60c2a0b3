"""What of a game's run a checkpoint holds, and how it is taken over, of older ones too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from ..data import Stream
from ..data.ahead import Ahead
from ..guard.memory import GuardHistory
from ..moved import carried
from ..network import Network
from ..plan.game import GameState
from ..plan.schedule import Clock, Stage
from ..runs.header import Counters
from ..runs.tensors import average_name, check, check_looks, check_moments, check_names, under
from ..training.precision import Scaling
from .optimizers import Optimizers, Owner
from .pools import Pools
from .program import Game
from .states import HEARD, GameStates

STATES = "game/"
BEFORE = ("path_length_mean", "augment/p", "augment/said", "lecam/means")  # states, before games had them
HEARD_BEFORE = {"augment/p": "augment/said"}  # what such a state had heard


class SavedRun(Protocol):
    """What of a run is saved."""

    game: Game
    optimizers: Optimizers
    scaling: Mapping[str, Scaling]
    states: GameStates
    pools: Pools
    seed: int
    clock: Clock
    samples: int
    further: Mapping[str, Stream | Ahead]
    stage: Stage | None
    rollbacks: int
    rate: float
    memory: GuardHistory | None


def parts(run: SavedRun) -> dict[str, Network]:
    """Networks and averages, by the names that their weights have in a checkpoint."""
    averages = {average_name(name): network for name, network in run.game.averages.items()}
    return dict(run.game.networks) | averages


def tensors(run: SavedRun) -> dict[str, Tensor]:
    """Every tensor by name: `NETWORK/ID`, `average/ID`, `game/STATE`, `optimizer.NETWORK/ID/MOMENT`, …"""
    found = {f"{STATES}{name}": tensor for name, tensor in _kept(run).items()}
    if run.memory:
        found |= {f"guard/{name}": tensor for name, tensor in run.memory.tensors().items()}
    for part, network in parts(run).items():
        found |= {f"{part}/{key}": tensor for key, tensor in network.state_dict().items()}
    for owner, optimizer in run.optimizers.by_owner.items():
        for key, weight in run.game.networks[owner.network].named_parameters():
            for moment, tensor in optimizer.state.get(weight, {}).items():
                if tensor is not None:  # as the sum of gradients is without momentum
                    found[f"optimizer.{owner}/{key}/{moment}"] = tensor
    return found


def _kept(run: SavedRun) -> dict[str, Tensor]:
    """What the game itself keeps: its states, and its pools."""
    return run.states.tensors() | run.pools.tensors()


def load(run: SavedRun, given: Mapping[str, Tensor], counters: Counters, whole: bool) -> None:
    """Take over what `tensors` gave, all of it or, with a ValueError that says why, nothing.

    A state that a checkpoint does not have begins here, unless it is of the same game: `whole`. One that the
    game does not have is left out.
    """
    found = _by_new_names(run, given)
    _check(run, found, counters, whole)
    run.states.load(under(found, STATES))
    run.pools.load(under(found, STATES))
    if run.memory:
        run.memory.load(counters.guard, found.get("guard/looks"))
    for part, network in parts(run).items():
        network.load_state_dict(under(found, f"{part}/"))
        network._starts_from = None
    for owner in run.optimizers.by_owner:
        _load_moments(run, owner, under(found, f"optimizer.{owner}/"))


def _by_new_names(run: SavedRun, given: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names that they have now: ids that a spec moved, states of older checkpoints."""
    found = dict(given)
    for name, network in run.game.networks.items():
        averages = [average_name(name)] if name in run.game.averages else []
        owned = [f"optimizer.{owner}" for owner in run.optimizers.by_owner if owner.network == name]
        for part in (name, *averages, *owned):
            found = carried(found, f"{part}/", network.moved)
    return named_now(found, run.game.plan.states)


def named_now(given: Mapping[str, Tensor], states: Iterable[GameState]) -> dict[str, Tensor]:
    """The tensors of a checkpoint, states under the names that they have now; those that nobody has go."""
    found = dict(given)
    before = {name: found.pop(name) for name in BEFORE if name in found}
    for state in states:
        for name in state.moved:
            whole, _, place = name.rpartition("/")
            if name in before:
                found.setdefault(f"{STATES}{state.id}", before[name])
            elif place.isdigit() and whole in before:
                found.setdefault(f"{STATES}{state.id}", before[whole][int(place)])
            elif f"{STATES}{name}" in found:
                found.setdefault(f"{STATES}{state.id}", found.pop(f"{STATES}{name}"))
            if (heard := before.get(HEARD_BEFORE.get(name, ""))) is not None:
                found.setdefault(f"{STATES}{state.id}.{HEARD}", heard[None])
    return found


def _check(run: SavedRun, found: Mapping[str, Tensor], counters: Counters, whole: bool) -> None:
    """Raise ValueError where anything does not fit."""
    owners = [f"optimizer.{owner}/" for owner in run.optimizers.by_owner]
    check_names(
        found,
        [*(f"{part}/" for part in parts(run)), *owners, STATES, "average/", "average."],
        ("guard/looks",),
    )
    states, wanted = under(found, STATES), _kept(run)
    if not whole:
        wanted = {name: tensor for name, tensor in wanted.items() if name in states}
        states = {name: tensor for name, tensor in states.items() if name in wanted}
    check(states, wanted, "states of the game")
    if run.memory:
        check_looks(found.get("guard/looks"), len(counters.guard.images) if counters.guard else 0)
    for part, network in parts(run).items():
        check(under(found, f"{part}/"), network.state_dict(), f"the weights of `{part}`")
    scaled = any(scaling.enabled for scaling in run.scaling.values())  # then a step may be left out
    for owner, optimizer in run.optimizers.by_owner.items():
        weights = set(optimizer.param_groups[0]["params"])
        named = {
            name: weight
            for name, weight in run.game.networks[owner.network].named_parameters()
            if weight in weights
        }
        begun = counters.steps > 0 and not scaled if counters.moved is None else str(owner) in counters.moved
        moments = run.optimizers.moments(owner)
        check_moments(under(found, f"optimizer.{owner}/"), named, str(owner), begun, moments)


def _load_moments(run: SavedRun, owner: Owner, own: Mapping[str, Tensor]) -> None:
    optimizer = run.optimizers.by_owner[owner]
    optimizer.state.clear()
    index = {weight: at for at, weight in enumerate(optimizer.param_groups[0]["params"])}
    names = run.optimizers.moments(owner)
    moments: dict[int, dict[str, Tensor]] = {}
    for name, weight in run.game.networks[owner.network].named_parameters():
        if weight in index and any(f"{name}/{moment}" in own for moment in names):
            found = {moment: own[f"{name}/{moment}"] for moment in names}
            moments[index[weight]] = {  # they lie in memory as their weight does
                m: t if m == "step" else torch.empty_like(weight).copy_(t) for m, t in found.items()
            }
    optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def counters(run: SavedRun) -> dict[str, Any]:
    """The rest of the state, as JSON."""
    last = run.stage and {"level": run.stage.level, "fading": run.stage.fading}
    return {
        "images": run.clock.images,
        "steps": run.clock.steps,
        "samples": run.samples,
        **({"streams": {key: one.position for key, one in run.further.items()}} if run.further else {}),
        "seed": run.seed,
        "stage": last,
        "rollbacks": run.rollbacks,
        "rate": run.rate,
        **({"guard": run.memory.counters()} if run.memory else {}),
        "moved": [str(owner) for owner, optimizer in run.optimizers.by_owner.items() if optimizer.state],
        "scaling": {player: scaling.counters() for player, scaling in run.scaling.items()},
    }


def load_counters(run: SavedRun, given: Counters) -> None:
    """Take over what `counters` gave."""
    run.clock = Clock(given.images, given.steps)
    run.samples, run.seed = given.samples, given.seed
    for key, stream in run.further.items():
        stream.close()
        stream.position = given.streams.get(key, 0)
    run.stage = Stage(given.stage.level, given.stage.fading) if given.stage else None
    run.rollbacks, run.rate = given.rollbacks, given.rate
    for player, scaling in run.scaling.items():
        if player in given.scaling:
            scaling.load(given.scaling[player])
