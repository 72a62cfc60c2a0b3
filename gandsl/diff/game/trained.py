"""How two games move the weights of networks, and average them: the plan's part, by player and network."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gandsl.diff.game.change import GameChange
from gandsl.diff.game.side import GameSide
from gandsl.diff.values import MISSING, ValueChange, changes, flat
from gandsl.spec.game import SHORT
from gandsl_runtime.plan import Optimizer
from gandsl_runtime.plan.game import Player

_TOLD = (
    *("loss", *SHORT),
    *("optimizer", "optimizers", "generator_optimizer", "discriminator_optimizer", "averages", "ema"),
)

Fields = Mapping[str, Any]


def is_told(path: str) -> bool:
    """Whether the game of a plan tells this field of it, in its own words."""
    return any(path == told or path.startswith(f"{told}.") for told in _TOLD)


def trained_changes(old: GameSide, new: GameSide) -> Iterator[GameChange]:
    """Optimizers by player and network, told once where several have the same news; then averages."""
    before, after = _optimizers(old), _optimizers(new)
    usual = [_fields(side.plan.optimizer) for side in (old, new)]
    news: dict[str, tuple[ValueChange, dict[str, list[str]]]] = {}
    for player, network in dict.fromkeys((*before, *after)):
        one, other = before.get((player, network)), after.get((player, network))
        if one is None or other is None:  # the player is told as a whole: of this what is unusual
            one, other = (_beside(fields, plain) for fields, plain in zip((one, other), usual, strict=True))
        for change in _changes(one, other) if one or other else ():
            _, whose = news.setdefault(repr(change), (change, {}))
            whose.setdefault(player, []).append(network)
    for change, whose in news.values():
        groups: dict[str, list[str]] = {}
        for player, networks in whose.items():
            all_ = {network for owner, network in (*before, *after) if owner == player}
            what = "optimizer" if all_ == set(networks) else f"optimizer of {', '.join(networks)}"
            groups.setdefault(what, []).append(player)
        for what, players in groups.items():
            yield GameChange(tuple(players), what, change)
    yield from _averages(old, new)


def _optimizers(side: GameSide) -> dict[tuple[str, str], Fields]:
    """Player and network → what moves it."""
    return {
        (player.name, network): _fields(player.optimizer or side.plan.optimizer_of(network), player)
        for player in side.game.plan.players.values()
        for network in player.networks
    }


def _fields(optimizer: Optimizer, player: Player | None = None) -> Fields:
    own = player is not None and player.optimizer is not None
    return flat(optimizer.model_dump(mode="json")) | {"moments": "its own" if own else "the network's"}


def _beside(fields: Fields | None, usual: Fields) -> Fields | None:
    """The fields that have another value than usually."""
    return fields and {path: value for path, value in fields.items() if usual.get(path) != value}


def _averages(old: GameSide, new: GameSide) -> Iterator[GameChange]:
    before, after = (
        {name: flat(one.model_dump(mode="json")) for name, one in side.plan.averaged.items()}
        for side in (old, new)
    )
    for network in dict.fromkeys((*before, *after)):
        players = [
            player.name
            for player in {**old.game.plan.players, **new.game.plan.players}.values()
            if network in player.networks
        ]
        for change in _changes(before.get(network), after.get(network)):
            yield GameChange(tuple(players), f"average of {network}", change)


def _changes(old: Fields | None, new: Fields | None) -> list[ValueChange]:
    """Fields that differ. All of them as one where one side lacks them; of another kind what both have."""
    if old is None or new is None:
        return [ValueChange("", MISSING if old is None else old, MISSING if new is None else new)]
    found = list(changes(old, new))
    if old.get("kind") == new.get("kind"):
        return found
    return [change for change in found if MISSING not in (change.old, change.new)]
