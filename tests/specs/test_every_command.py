"""Every op, block, topology and kind of field through check, cost, memory, graph, diff and compile."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from gandsl import codegen
from gandsl.analysis import analyze
from gandsl.analysis.cost import module_cost
from gandsl.api import Program
from gandsl.codegen.identifiers import class_name
from gandsl.diff import compare
from gandsl.diff.text import render as diff_text
from gandsl.frontend.module import ModuleIR
from gandsl.graph import html, svg
from gandsl.graph.game import game_picture
from gandsl.graph.model import model
from gandsl.graph.tree import picture
from gandsl.ir.graph import Graph
from gandsl.ir.ops import GAME_OPS
from gandsl.ir.text import network_text
from gandsl.memory import memory_of
from gandsl_runtime.game.optimizers import sizes_of
from gandsl_runtime.peak_memory.moments import stage_begins
from tests.codegen import twins
from tests.codegen.test_game_source import assert_twins
from tests.memory.allocations import allocated, game_of
from tests.specs import swept
from tests.specs.swept import Swept

CLOSE, FEW = 0.01, 128  # a share of what a step holds, and bytes


def module_of(path: Path, changes: dict[str, object] | None = None) -> ModuleIR:
    module, found = analyze(path, changes or {})
    assert module is not None, [(one.code, one.message) for one in found]
    return module


# ---- the commands


def is_costed(case: Swept, module: ModuleIR, path: Path) -> None:
    """As many parameters as the layers hold; a phase for each that a step has."""
    cost = module_cost(module)
    program = Program(module)
    for name in module.networks:
        held = sum(weight.numel() for weight in program.network(name).parameters())
        assert sum(one.parameters for one in cost.networks[name].nodes.values()) == held, name
    assert module.game is None or cost.phases


def is_measured(case: Swept, module: ModuleIR, path: Path) -> None:
    """What a step holds at each stage is what the allocator sees of it."""
    program, levels = Program(module), memory_of(module).levels
    assert program.plan is not None
    sizes = sizes_of(game_of(program).networks)
    begun = sorted((one.level, one.fading, one) for one, _ in stage_begins(program.plan, sizes))
    assert len(begun) == len(levels)
    for (_, fading, stage), level in zip(begun, levels, strict=True):
        true = allocated(program.plan, lambda: game_of(Program(module)), stage)
        assert level.fading == fading and [phase.name for phase in level.phases] == list(true)
        for phase in level.phases:
            told = f"{phase.name}: {phase.bytes} B measured, {true[phase.name].tensors} allocated"
            assert phase.bytes == pytest.approx(true[phase.name].tensors, rel=CLOSE, abs=FEW), told


def is_drawn(case: Swept, module: ModuleIR, path: Path) -> None:
    """Every node that is no pick of a list has a box, every operand its line."""
    cost = module_cost(module)
    graphs = {name: network.main for name, network in module.networks.items()}
    pictures = [(name, picture(graph, cost.networks[name].nodes)) for name, graph in graphs.items()]
    for drawn, graph in zip(model(pictures), graphs.values(), strict=True):
        boxes = {box["id"] for box in drawn["boxes"]}
        assert boxes >= {id_ for id_ in graph.nodes if id_ not in picks(graph)}
        assert len(drawn["edges"]) == lines_of(graph)
    if module.game is not None:
        pictures.append(("game", game_picture(module)))
    assert html.render(module.name, pictures).startswith("<!DOCTYPE html>")
    assert svg.render(pictures).startswith("<svg")


def picks(graph: Graph) -> set[str]:
    """Nodes that take one of a list for others to read: they are told at their lines."""
    read = {id_ for node in graph for id_ in node.operands} - set(graph.outputs.values())
    return {node.id for node in graph if node.op == "select" and node.id in read}


def lines_of(graph: Graph) -> int:
    hidden = picks(graph)
    return sum(len(node.operands) for node in graph if node.id not in hidden) + len(graph.outputs)


def is_compared(case: Swept, module: ModuleIR, path: Path) -> None:
    """With itself nothing differs; with one thing changed that is told, and which weights still fit."""
    assert not compare(module, module_of(path))
    for at, value in case.changes:
        other, _ = analyze(path, {at: value})
        if other is not None and texts(other) != texts(module):
            break
    else:
        raise AssertionError(f"{case}: no change goes, or none makes a difference")
    diff = compare(module, other)
    assert diff and len(diff_text(diff).splitlines()) > 2
    for name, network in diff.networks.items():
        assert bool(network.graph) == (
            network_text(module.networks[name]) != network_text(other.networks[name])
        )
        old, new = (
            {key: tuple(value.shape) for key, value in Program(one).network(name).state_dict().items()}
            for one in (module, other)
        )
        weights = network.weights
        alike = {key for key in new if old.get(key) == new[key]}
        assert {*weights.fits, *weights.reread} == alike
        assert set(weights.lost) == old.keys() - new.keys() and set(weights.new) == new.keys() - old.keys()


def texts(module: ModuleIR) -> list[object]:
    """All that a spec unfolds to."""
    game = module.game
    graphs = [] if game is None else [str(list(graph)) for graph in game.graphs.values()]
    plan = [] if module.plan is None else [module.plan.model_dump_json()]
    return [*map(network_text, module.networks.values()), *graphs, *plan]


def is_compiled(case: Swept, module: ModuleIR, path: Path) -> None:
    """Every program goes through the passes; the source is the graphs to the bit, that of the game too."""
    program = Program(module)
    with torch.device("meta"):
        for name, ir in module.networks.items():
            for entry, level, fading in twins.programs(ir):
                program.network(name).graph_module(entry, level, fading)
    folder = path.parent / "generated"
    codegen.write(module, folder)
    assert not codegen.stale(module, folder)
    for name, ir in module.networks.items():
        source = (folder / f"{name}.py").read_text("utf-8")
        assert twins.assert_equal_programs(ir, source, class_name(name))
    if module.game is not None:
        assert_twins(module.game, module.networks, (folder / "game.py").read_text("utf-8"))


COMMANDS: tuple[Callable[[Swept, ModuleIR, Path], None], ...] = (
    is_costed,
    is_measured,
    is_drawn,
    is_compared,
    is_compiled,
)


def sweep(case: Swept, folder: Path) -> None:
    path = case.written(folder)
    if case.refused:
        module, found = analyze(path)
        assert module is None and [one.code for one in found.errors] == [case.refused]
        return
    module = module_of(path)
    wrong = []
    for command in COMMANDS:
        try:
            command(case, module, path)
        except Exception as error:  # noqa: BLE001 - all that is wrong with a case is told at once
            wrong.append(f"{command.__name__}: {type(error).__name__}: {error}")
    assert not wrong, "\n".join([*wrong, case.text])


# ---- what is swept

FEW_OF_EACH = {
    "conv": "conv",
    "attention": "attention",
    "sequence_mask": "sequence_mask",
    "tokens.swin": "tokens.swin 1 of 1 sides",
    "space.warp": "space.warp 0 of 3 sides",
    "style.stage": "style.stage 0 of 3 sides",  # which is of two alone
    "topology.unet": "topology.unet of 3",
    "penalty.zero_centred": "penalty.zero_centred 0 of 2",
}


@pytest.mark.parametrize("part", FEW_OF_EACH)
def test_few_of_each_kind(part: str, tmp_path: Path) -> None:
    (case,) = (case for case in swept.about(part) if str(case) == FEW_OF_EACH[part])
    sweep(case, tmp_path)


def test_fields_of_every_kind(tmp_path: Path) -> None:
    sweep(swept.whole_games()[0], tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("part", swept.PARTS)
def test_every_part(part: str, tmp_path: Path) -> None:
    """Each use of an op or a block, over one, two and three sides."""
    cases = swept.about(part)
    assert cases, f"no spec is about {part}"
    for case in cases:
        sweep(case, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("place", range(1, len(swept.whole_games())))
def test_every_game(place: int, tmp_path: Path) -> None:
    sweep(swept.whole_games()[place], tmp_path)


@pytest.mark.thorough
def test_every_op_of_games_is_among_them(tmp_path: Path) -> None:
    seen: set[str] = set()
    for case in (*swept.of_games(), *swept.whole_games()):
        game = module_of(case.written(tmp_path)).game
        assert game is not None
        seen |= {node.op for graph in game.graphs.values() for node in graph}
    assert not GAME_OPS.keys() - seen
