"""Compares two modules: parameters, plan, game, each network's graph, cost and weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from gandsl.analysis.cost import ModuleCost, module_cost
from gandsl.diff.game import GameDiff, compare_games, is_told
from gandsl.diff.nodes import GraphDiff, diff_graphs
from gandsl.diff.values import ValueChange, changes, flat
from gandsl.diff.weights import Compatibility, compatibility
from gandsl.records import dataclass

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl.ir.graph import NetworkIR


@dataclass(frozen=True)
class NetworkDiff:
    """A network that both specs have."""

    graph: GraphDiff  # of the main programs
    weights: Compatibility
    levels: tuple[tuple[tuple[int, ...], ...], tuple[tuple[int, ...], ...]]  # old, new
    declared: tuple[ValueChange, ...] = ()  # what the network says of itself: its file of weights, precision

    def __bool__(self) -> bool:
        """Whether anything but names differs."""
        return bool(self.graph or self.levels[0] != self.levels[1] or self.declared)


@dataclass(frozen=True)
class ModuleDiff:
    """All that differs. Networks that one side lacks are named in `added` and `removed`."""

    old: ModuleIR
    new: ModuleIR
    params: tuple[ValueChange, ...]
    plan: tuple[ValueChange, ...]  # all of it, what the game tells in its own words too
    game: GameDiff | None  # None where one side has no game
    networks: Mapping[str, NetworkDiff]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    old_cost: ModuleCost
    new_cost: ModuleCost

    def __bool__(self) -> bool:
        """Whether anything differs but names and docs."""
        inside = any(self.networks.values())
        return bool(self.params or self.untold or self.game or self.added or self.removed or inside)

    @property
    def untold(self) -> tuple[ValueChange, ...]:
        """Fields of the plan that no line of the game tells."""
        return self.plan if self.game is None else tuple(one for one in self.plan if not is_told(one.path))


def compare(old: ModuleIR, new: ModuleIR) -> ModuleDiff:
    """What has to change in `old` to make it `new`; the `moved` of `new` is honoured."""
    networks = {}
    for name, network in new.networks.items():
        if name in old.networks:
            before, moved = old.networks[name], network.moved
            networks[name] = NetworkDiff(
                diff_graphs(before.main, network.main, moved),
                compatibility(before, network, moved),
                (before.levels, network.levels),
                changes(_declared(before), _declared(network)),
            )
    return ModuleDiff(
        old,
        new,
        changes(old.params, new.params),
        changes(_plan(old), _plan(new)),
        compare_games(old, new),
        networks,
        tuple(name for name in new.networks if name not in old.networks),
        tuple(name for name in old.networks if name not in new.networks),
        module_cost(old),
        module_cost(new),
    )


def _declared(network: NetworkIR) -> dict[str, object]:
    start = {} if network.start is None else asdict(network.start)
    said = {f"weights.{name}": value for name, value in start.items() if value and name != "beside"}
    return said | ({"precision": network.precision} if network.precision else {})


def _plan(module: ModuleIR) -> dict[str, object]:
    return flat(module.plan.model_dump(mode="json")) if module.plan else {}
