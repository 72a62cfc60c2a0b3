"""What is executed of a graph: its steps, what is let go after each, and stages that are computed again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from gandsl.analysis.memory.rewriting import Rewriting
from gandsl.analysis.memory.step import Step
from gandsl.ir.graph import Graph


@dataclass(eq=False)
class Region:
    """The steps of a stage that is computed again in the backward: as one step."""

    stage: str
    steps: Sequence[Step]
    operands: list[str]
    results: list[str]
    dead: tuple[str, ...] = ()


@dataclass
class Program:
    """Steps in order, over the inputs' ids; `cut` is the style space where it is called in two parts."""

    graph: Graph
    steps: Sequence[Step | Region]  # from the style space on, where it is cut
    outputs: list[str]
    cut: str | None = None
    mapping: Sequence[Step | Region] = ()  # up to the style space


def program(graph: Graph, cut: bool = False, checkpointed: Collection[str] = ()) -> Program:
    """The program of a graph; `cut` where mapping and synthesis are called apart.

    `checkpointed`: ids of stages whose features are not kept.
    """
    at = graph.styles if cut else None
    live = graph.live()
    steps = [
        Step(
            node,
            graph.call(node),
            {port: tuple(ids) for port, ids in node.inputs.items() if ids},
            dict(node.attrs),
            node.type,
            node.id,
        )
        for node in graph
        if node.id in live and node.op != "input"
    ]
    built = Rewriting(steps, list(graph.outputs.values()), at)
    for rewrite in (built.simplify, built.factors, built.resampling, built.epilogues):
        rewrite()
    if at is None:
        return Program(graph, _parts(built.steps, built.outputs, checkpointed), built.outputs)
    before = _upstream(built.by_result, at)
    mapping = [step for step in built.steps if step.result in before]
    synthesis = [step for step in built.steps if step.result not in before]
    later, first = _parts(synthesis, built.outputs, checkpointed), _parts(mapping, [at], checkpointed)
    return Program(graph, later, built.outputs, at, first)


def _upstream(steps: Mapping[str, Step], id_: str) -> set[str]:
    found: set[str] = set()
    waiting = [id_]
    while waiting:
        current = waiting.pop()
        if current in steps and current not in found:
            found.add(current)
            waiting.extend(steps[current].operands)
    return found


def _parts(steps: list[Step], outputs: Sequence[str], stages: Collection[str]) -> Sequence[Step | Region]:
    """The steps, those of each of these stages as one, and what each lets go."""
    found: list[Step | Region] = list(steps)
    for stage in stages:
        inside = [s for s in found if isinstance(s, Step) and s.node.id.startswith(f"{stage}.")]
        if inside and not _interrupted(found, inside):
            found = _enclosed(found, inside, stage, outputs)
    _let_go(found, outputs)
    return found


def _results(step: Step | Region) -> list[str]:
    return step.results if isinstance(step, Region) else [step.result]


def _interrupted(steps: Sequence[Step | Region], inside: Sequence[Step]) -> bool:
    """Whether something outside reads what is made inside, and is read there again."""
    among, made = set(map(id, inside)), {step.result for step in inside}
    behind: set[str] = set()
    for step in steps:
        if id(step) in among:
            if behind.intersection(step.operands):
                return True
        elif (made | behind).intersection(step.operands):
            behind.update(_results(step))
    return False


def _enclosed(
    steps: Sequence[Step | Region], inside: list[Step], stage: str, outputs: Sequence[str]
) -> list[Step | Region]:
    """One region in the place of the first of them; what it reads comes before it."""
    among, made = set(map(id, inside)), {step.result for step in inside}
    outside = [step for step in steps if id(step) not in among]
    read = {*outputs, *(id_ for step in outside for id_ in step.operands)}
    given = dict.fromkeys(id_ for step in inside for id_ in step.operands if id_ not in made)
    results = [step.result for step in inside if step.result in read]
    _let_go(inside, results)
    region = Region(stage, inside, list(given), results)
    at = next(place for place, step in enumerate(steps) if id(step) in among)
    waiting = [*(s for s in steps[:at]), region, *(s for s in steps[at:] if id(s) not in among)]
    return _sorted(waiting)


def _sorted(steps: Sequence[Step | Region]) -> list[Step | Region]:
    """Each after what it reads, and else as they stand."""
    maker = {id_: step for step in steps for id_ in _results(step)}
    placed: dict[int, Step | Region] = {}

    def place(step: Step | Region) -> None:
        if id(step) not in placed:
            for id_ in step.operands:
                if id_ in maker:
                    place(maker[id_])
            placed[id(step)] = step

    for step in steps:
        place(step)
    return list(placed.values())


def _let_go(steps: Sequence[Step | Region], outputs: Sequence[str]) -> None:
    """Say of each step what nobody reads after it."""
    kept = set(outputs)
    for step in reversed(steps):
        fresh = [id_ for id_ in dict.fromkeys((*step.operands, *_results(step))) if id_ not in kept]
        step.dead = tuple(fresh)
        kept.update(fresh)
