"""What a program makes of the items of a set: translations, reconstructions, codes."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from gandsl_runtime.errors import SamplingError
from gandsl_runtime.game.optimizers import sizes_of
from gandsl_runtime.game.program import Item
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Data, schedule
from gandsl_runtime.plan.game import GamePlan
from gandsl_runtime.plan.schedule import Clock, Stage, Step
from gandsl_runtime.sample import NoiseMode
from gandsl_runtime.sample.feed import Fed, Feed, of_network
from gandsl_runtime.training.training_set import ItemSet, Where, sets_of

if TYPE_CHECKING:
    from gandsl.lowering.game import LoweredGame
    from gandsl.lowering.network import LoweredNetwork
    from gandsl_runtime.plan import Plan


class Feedable(Protocol):
    """What makes something of items: a `Program`."""

    @property
    def name(self) -> str:
        """The spec's name."""

    @property
    def plan(self) -> Plan | None:
        """The training plan."""

    @property
    def game(self) -> LoweredGame | None:
        """The game over its networks."""

    @property
    def clock(self) -> Clock | None:
        """Where the run was whose weights these are."""

    def sampled(self, name: str) -> LoweredNetwork:
        """A network with its weights."""


def feed(program: Feedable, network: str | None = None) -> Feed:
    """What is made of an item: by a network, or, by default, the last that the game shows of items.

    Raises SamplingError where nothing is, or there is no such network.
    """
    if network is not None:
        one = program.sampled(network)
        return of_network(one, network, _step(program, {network: one}))
    game = program.game
    if game is None:
        raise SamplingError(
            f"{program.name} has no game that shows something of items", "name a network: --network NAME"
        )
    for name in program.plan.averaged if program.plan else ():  # a loaded network has its average
        game.averages.setdefault(name, game.networks[name])
    return of_game(game, _step(program, game.networks))


def fed(
    program: Feedable,
    where: Where,
    network: str | None = None,
    *,
    batch: int = 32,
    noise: NoiseMode = "constant",
) -> Fed:
    """What is made of all items of a set. Raises SamplingError, DataError, MissingExtra."""
    found = feed(program, network)
    values = program.plan.data.range if program.plan else (-1.0, 1.0)
    return Fed(found, items_of(where, found, program.plan), values, batch, noise)


def items_of(where: Where, of: Feed, plan: Plan | None) -> ItemSet:
    """The set that a user names, with the fields that something is made of."""
    fields = {name: replace(field, set="", stream="") for name, field in of.fields.items()}
    return sets_of(where, GamePlan({}, (), data=fields), plan.data if plan else Data())[""]


def of_game(game: LoweredGame, step: Step) -> Feed:
    """The last of what a game shows that a network makes of items, with averages where there are any."""
    graph = game.ir.graphs[game.variant(step.stage)]
    for node in reversed(game.plan_at(step.stage).shows):
        ops = {graph[id_].op for id_ in graph.needed([node])}
        if {"item", "call"} <= ops:
            program = game.view_program((node,), step.stage, True)
            items = [source.field for source in program.sources if isinstance(source, Item)]
            fields = {name: game.plan.data[name] for name in items}
            networks: Mapping[str, Network] = ChainMap(game.averages, dict(game.networks))
            shapes = (graph[node].type.shape,)
            return Feed(program, networks, fields, step, node, shapes)
    raise SamplingError(
        "nothing that the game shows is made of items of the data",
        "name a network that takes them: --network NAME; without --data images are drawn by seed",
    )


def _step(program: Feedable, networks: Mapping[str, Network]) -> Step:
    """Where the run was whose weights these are; without a run, the end of growth."""
    plan, clock = program.plan, program.clock
    if plan is None or clock is None:
        return Step(Clock(), Stage(), 1)
    return schedule.step(plan, sizes_of(networks), clock)
