"""The source of a game beside its graphs: every pass at every stage, to the bit; what a reader finds."""

from __future__ import annotations

import copy
import itertools
import linecache
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from gandsl.analysis import analyze
from gandsl.codegen.analysis.game.nesting import OF_SEVERAL
from gandsl.codegen.identifiers import class_name
from gandsl.codegen.package import render
from gandsl.codegen.printing.game import game_source
from gandsl.frontend.module import ModuleIR
from gandsl.ir.game import GameIR
from gandsl.ir.graph import NetworkIR
from gandsl.lowering.game import LoweredGame
from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.game.calls import taking
from gandsl_runtime.game.program import (
    ClockValue,
    Drawn,
    Game,
    Item,
    PassProgram,
    Source,
    StateProgram,
    StateValue,
)
from gandsl_runtime.network import Network
from gandsl_runtime.plan.schedule import Clock, Stage
from gandsl_runtime.port import INDICES, sample_shape
from gandsl_runtime.rng import Draws, Key, Part, name_layers, seeded
from tests.analysis.random_games import random_game
from tests.codegen.twins import loaded
from tests.documents import blocks_of
from tests.specs.reduced import ALL, SPECS, reduced

COUNT = 4
GAMES = Path(__file__).parents[1] / "games"
LATE = Clock(10**9, 10**9)
_count = itertools.count()
NAME = "tests/codegen/test_game_source.py"

SHOWN = ("stylegan2", "pggan", "biggan", "acgan")
"""Joined passes, growth and fades, classes, states, gradients, mixing: one each is quick."""


def game_of(source: str, networks: dict[str, Any]) -> Any:
    """The game of a printed source over these networks."""
    file = f"<game {next(_count)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    space: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, file, "exec"), space)  # noqa: S102 - what was printed, to be run
    return space["Game"](networks)


def module_of(name: str) -> ModuleIR:
    module, found = analyze(SPECS / f"{name}.yaml", reduced(name))
    assert module is not None and not found.errors, list(found)
    return module


class AsWritten(LoweredNetwork):
    """Its programs before any pass: what is printed."""

    def graph_module(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> torch.fx.GraphModule:
        return self.lowered(entry, level, fading)


def lowered(
    networks: Mapping[str, NetworkIR], kind: type[LoweredNetwork] = LoweredNetwork
) -> dict[str, LoweredNetwork]:
    torch.manual_seed(0)
    made = {name: kind(ir).train() for name, ir in networks.items()}
    for network in made.values():
        name_layers(network)
    return made


def stages(game: GameIR) -> list[Stage]:
    if len(game.graphs) == 1:
        return [Stage()]
    return [Stage(v.level, v.fading, 0.3 if v.fading else 1.0) for v in sorted(game.graphs)]


def tensor(source: Source, stage: Stage, game: GameIR) -> Tensor:
    """Something of the right shape and kind for a source, always the same."""
    generator = torch.Generator().manual_seed(len(source.id))
    match source:
        case Item(field=field):
            type_ = next(
                node.type for node in game.main if node.op == "item" and node.attrs["field"] == field
            )
            shape = (COUNT, *sample_shape(type_.kind, type_.shape))
            if type_.kind in INDICES:
                return torch.arange(math.prod(shape)).view(shape) % type_.shape[0]
            return torch.rand(shape, generator=generator) * 2 - 1
        case Drawn(distribution="labels", high=high):
            return torch.randint(int(high), (COUNT,), generator=generator)
        case Drawn(distribution="integers", low=low, high=high):
            return torch.randint(int(low), int(high) + 1, (COUNT,), generator=generator)
        case Drawn(shape=shape, scalar=scalar):
            return torch.rand((*(() if scalar else (COUNT,)), *shape), generator=generator)
        case ClockValue(number=number):
            return torch.tensor(stage.alpha if number == "fade" else 0.3)
        case StateValue():
            return torch.tensor(0.7)


def passes(game: Game, stage: Stage) -> Iterator[tuple[str, PassProgram]]:
    for phase in game.plan_at(stage).phases(LATE):
        for part in phase.passes:
            yield phase.name, game.pass_program(phase, part, stage)


def outcome(
    program: PassProgram, given: dict[Source, Tensor], networks: Mapping[str, Network]
) -> list[Tensor | None]:
    """Losses and values, gradients of all weights, and what became of the buffers."""
    before = {name: copy.deepcopy(network.state_dict()) for name, network in networks.items()}
    draws = Draws(torch.device("cpu"), torch.float32, Part(0, 1, COUNT), Key(0, 3, "phase", 0, 0, None))
    for network in networks.values():
        network.zero_grad(set_to_none=True)
    with seeded(draws), taking(draws):
        found = program.run(*(given[source].clone() for source in program.sources))
    losses = [x for x in found if x is not None and x.requires_grad]
    if losses:
        sum(losses).backward()  # type: ignore[union-attr]
    weights = [w.grad for network in networks.values() for _, w in sorted(network.named_parameters())]
    buffers = [b.clone() for network in networks.values() for _, b in sorted(network.named_buffers())]
    for name, network in networks.items():
        network.load_state_dict(before[name])
    return [*(x if x is None else x.detach() for x in found), *weights, *buffers]


def assert_equal(one: list[Tensor | None], other: list[Tensor | None]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None and b is not None:
            assert torch.equal(a.isnan(), b.isnan()) and torch.equal(a.nan_to_num(), b.nan_to_num())


def assert_twins(game: GameIR, networks: Mapping[str, NetworkIR], source: str) -> None:
    """Each pass and state of the source is that of the lowered graphs: what it takes, gives and leaves."""
    layers = lowered(networks)
    theirs: Game = LoweredGame(game, layers)
    own: Game = game_of(source, layers)
    averages = lowered(networks)  # of other moments in training
    for one in (own, theirs):
        one.averages.update(averages)
    assert own.plan == theirs.plan
    for stage in stages(game):
        assert own.plan_at(stage) == theirs.plan_at(stage)
        for (name, made), (_, wanted) in zip(passes(own, stage), passes(theirs, stage), strict=True):
            for one in fields(PassProgram):
                if one.name not in ("run", "used"):
                    assert getattr(made, one.name) == getattr(wanted, one.name), (name, stage, one.name)
            assert {k: set(v) for k, v in made.used.items()} == {k: set(v) for k, v in wanted.used.items()}
            given = {source: tensor(source, stage, game) for source in made.sources}
            results = [outcome(program, given, layers) for program in (made, wanted)]
            assert_equal(*results)
        assert_views(own, theirs, stage, game, layers)
        due = tuple(state.id for state in theirs.plan.states if state.every is not None)
        if due:
            assert_moved(own.state_program(due, stage), theirs.state_program(due, stage), stage, game)


def assert_views(
    own: Game, theirs: Game, stage: Stage, game: GameIR, layers: Mapping[str, LoweredNetwork]
) -> None:
    """What is shown and watched: the same values, which move nothing, of weights and of averages."""
    plan = own.plan_at(stage)
    for nodes in (plan.shows, tuple(plan.watches.values())):
        for average in (False, True) if nodes else ():
            made, wanted = (one.view_program(nodes, stage, average) for one in (own, theirs))
            assert made.sources == wanted.sources and made.values == wanted.values == nodes
            given = {source: tensor(source, stage, game) for source in made.sources}
            before = [b.clone() for network in layers.values() for b in network.buffers()]
            draws = Draws(torch.device("cpu"), torch.float32, Part(0, 1, COUNT), Key(0, 3, "view"))
            found = []
            for program in (made, wanted):
                with taking(draws), seeded(draws):
                    found.append([x.detach() for x in program.run(*map(given.__getitem__, made.sources))])
            assert_equal(*found)
            after = [b for network in layers.values() for b in network.buffers()]
            assert_equal(list(before), list(after))


def assert_moved(made: StateProgram, wanted: StateProgram, stage: Stage, game: GameIR) -> None:
    assert set(made.sources) == set(wanted.sources) and set(made.heard) == set(wanted.heard)
    told: dict[Any, Tensor] = {source: tensor(source, stage, game) for source in made.sources}
    told |= {node: torch.tensor(float(len(node))) for node in made.heard}
    results = [
        program.run(*(told[key] for key in (*program.sources, *program.heard))) for program in (made, wanted)
    ]
    assert_equal(list(results[0]), list(results[1]))


def assert_spec(name: str) -> None:
    module = module_of(name)
    assert module.game is not None
    assert_twins(module.game, module.networks, render(module)["game.py"])


@pytest.mark.parametrize("name", SHOWN)
def test_source_is_the_graph_to_the_bit(name: str) -> None:
    assert_spec(name)


@pytest.mark.thorough
@pytest.mark.parametrize("name", [name for name in ALL if name not in SHOWN])
def test_source_of_every_spec_is_the_graph_to_the_bit(name: str) -> None:
    assert_spec(name)


@pytest.mark.parametrize("name", ["began", "unet_gan", "vqgan"])
def test_source_of_games_of_their_own(name: str) -> None:
    """Networks of any names, states, masks, slopes by weights; unread outputs run, and move nothing."""
    module, found = analyze(GAMES / f"{name}.yaml")
    assert module is not None and module.game is not None, list(found)
    assert_twins(module.game, module.networks, render(module)["game.py"])


def nameless(game: GameIR) -> GameIR:
    """The same game, whose nodes have the names of what an expression unfolds to: all that can nests."""

    def of(id_: str) -> str:
        return re.sub(r"^n(\d+)$", r"n.sub\1", id_) if graph[id_].op not in OF_SEVERAL else id_

    graphs = {}
    for variant, graph in game.graphs.items():
        nodes = {
            of(node.id): replace(
                node,
                id=of(node.id),
                inputs={port: tuple(of(one) for one in ids) for port, ids in node.inputs.items()},
            )
            for node in graph
        }
        graphs[variant] = replace(graph, nodes=nodes)
    return replace(game, graphs=graphs)


@pytest.mark.parametrize(
    "seeds", [range(12), pytest.param(range(12, 300), marks=pytest.mark.thorough)], ids=str
)
def test_source_of_random_games(seeds: range) -> None:
    """Several players at once, averages, parts of networks, gradients of gradients, in any order."""
    lines: list[int] = []
    for seed in seeds:
        game, networks = random_game(seed)
        for one in (game, nameless(game)):
            source = game_source(one, networks, "Game", "A game.", lambda node: "", (-1.0, 1.0))
            assert_twins(one, networks, source)
            lines.append(source.count("\n"))
    assert sum(lines[1::2]) < sum(lines[::2]), "nothing nests"


@pytest.mark.parametrize("name", ["stylegan2", pytest.param("stylegan", marks=pytest.mark.thorough)])
def test_the_package_needs_no_compiler(name: str) -> None:
    """Printed game over printed networks: mixing, noise, growth, path lengths, as the lowered ones do it."""
    module = module_of(name)
    assert module.game is not None
    files = render(module)
    theirs = lowered(module.networks, AsWritten)
    own = {net: loaded(files[f"{net}.py"], class_name(net)).train() for net in theirs}
    for net, network in own.items():
        network.load_state_dict(theirs[net].state_dict())
        name_layers(network)
    written, graphs = game_of(files["game.py"], own), LoweredGame(module.game, theirs)
    for stage in stages(module.game)[-2:]:
        for (_, made), (_, wanted) in zip(passes(written, stage), passes(graphs, stage), strict=True):
            given = {source: tensor(source, stage, module.game) for source in made.sources}
            assert_equal(outcome(made, given, own), outcome(wanted, given, theirs))


def test_the_page_shows_the_source(root: Path) -> None:
    """What docs/architecture.md quotes is what is printed."""
    notes = {
        block.text for block in blocks_of("docs/architecture.md") if block.note and block.note[1] == NAME
    }
    printed = (root / "generated" / "stylegan2" / "game.py").read_text(encoding="utf-8")
    assert len(notes) == 1 and notes.pop().strip() in printed
