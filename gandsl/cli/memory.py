"""`gandsl cost --memory`: what a training run holds at its fullest, and what fits into a given memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from gandsl.diff import ModuleDiff
    from gandsl.frontend.module import ModuleIR
    from gandsl.memory import Proposal, StepMemory
    from gandsl_runtime.peak_memory.figures import PhasePeak, StagePeaks

ON = {"cuda": "a GPU", "cpu": "the CPU"}
_UNITS = {"": 1, **{f"{p}iB": 1024**k for k, p in enumerate("KMGT", 1)}, "B": 1}
_UNITS |= {f"{p}B": 1000**k for k, p in enumerate("KMGT", 1)}
_UNITS |= {p: 1024**k for k, p in enumerate("KMGT", 1)}


def bytes_of(text: str, option: str = "--budget") -> int:
    """`16GiB`, `16 GB`, `16G` (GiB) or a number of bytes. Raises typer.BadParameter."""
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text, re.IGNORECASE)
    units = {unit.lower(): factor for unit, factor in _UNITS.items()}
    size = float(found[1]) * units[found[2].lower()] if found and found[2].lower() in units else 0
    if size < 1:
        raise typer.BadParameter(f"{option}: write a memory such as 16GiB or 800MB, not `{text}`")
    return int(size)


def report(module: ModuleIR, spec: Path, device: str, budget: int | None, terms: bool, as_json: bool) -> int:
    """Print the memory of the module's training, with `terms` that of each term alone, and the micro-batch
    that `budget` bytes hold.

    Raises SpecError where there is nothing to train.
    """
    from gandsl.diagnostics import Diagnostic, SpecError

    if not trains(module):
        what = "no `training` section" if module.plan is None else "no game"
        help = "`gandsl explain training` lists its fields" if module.plan is None else None
        message = f"{spec} has {what}, so there is no training whose memory to tell"
        raise SpecError([Diagnostic("G0009", message, help=help)])
    memory = measured(module, device, terms=terms)
    proposal = proposed(module, budget, device) if budget is not None else None
    if as_json:
        from gandsl.cli.output import print_json

        print_json("memory/1", {"spec": str(spec), "name": module.name, **_json(memory, proposal)})
        return 0
    print(_text(module, memory, proposal, terms))
    return 0


def measured(
    module: ModuleIR, device: str, micro_batch: int | None = None, *, terms: bool = False
) -> StepMemory:
    """The memory of a step on a device (cpu or cuda), from the cache or with a bar. Raises as `memory_of`."""
    from gandsl.memory import known, memory_of

    if (found := known(module, device, micro_batch, terms=terms)) is not None:
        return found
    with _bar(module, micro_batch, terms) as told:
        return memory_of(module, device, micro_batch, told, terms=terms)


def proposed(module: ModuleIR, budget: int, device: str) -> Proposal:
    """The micro-batch that `budget` bytes hold, with a bar for each that has to be measured."""
    from gandsl.memory import propose

    return propose(module, budget, lambda size: measured(module, device, size))


def remembered(diff: ModuleDiff) -> dict[str, Any]:
    """What `diff/1` says of memory: what was measured before, and nothing that would have to be measured."""
    from gandsl.memory import known
    from gandsl_runtime.system.device import likely

    device = likely()
    found = [known(module, device) if trains(module) else None for module in (diff.old, diff.new)]
    peaks = [None if memory is None else memory.worst.penalty for memory in found]
    return {"memory": {"device": device, "peak": peaks}}


def remembered_line(diff: ModuleDiff) -> str:
    """The same as a sentence; empty where one of the two does not train."""
    if not (trains(diff.old) and trains(diff.new)):
        return ""
    (told,) = remembered(diff).values()
    head = f"memory of a step on {ON[told['device']]}: "
    if None in told["peak"]:
        return head + "stands here once `gandsl cost SPEC --memory` has measured both"
    old, new = told["peak"]
    return f"{head}{' → '.join(_bytes(old, new))} ({new / old - 1:+.1%})"


def trains(module: ModuleIR) -> bool:
    """Whether there is a training whose memory can be told."""
    return module.plan is not None and module.game is not None


@contextmanager
def _bar(module: ModuleIR, micro_batch: int | None, terms: bool) -> Iterator[Callable[[int], None]]:
    from gandsl.cli.progress import progress
    from gandsl.memory.measured import phases_of

    of = f" of micro-batches of {micro_batch}" if micro_batch else ""
    total = phases_of(module, terms)
    with progress(f"measuring a step{of}", total) as told:
        yield lambda done: told(min(done, total))


HEAD = ("phase", "images", "weights", "gradients", "moments", "average", "activations", "peak")


def _text(module: ModuleIR, memory: StepMemory, proposal: Proposal | None, terms: bool) -> str:
    from gandsl.cli.output import table

    worst = memory.worst
    parts = []
    if len(memory.levels) > 1:
        rows = [
            [_level(level), str(level.batch), *_bytes(level.plain, level.penalty)] for level in memory.levels
        ]
        parts += [
            table(("level", "batch", "plain step", "with penalties"), rows),
            f"fullest, {_level(worst)}:",
        ]
    parts.append(table(HEAD, [_row(phase) for phase in worst.phases]))
    fullest = [["phase", "fullest at"], *([phase.name, _place(phase)] for phase in worst.phases)]
    width = max(len(name) for name, _ in fullest)
    parts.append("\n".join(f"{name.ljust(width)}  {place}" for name, place in fullest))
    if terms:
        parts.append(_terms(worst))
    plain, penalty = _bytes(worst.plain, worst.penalty)
    lazy = any(phase.every > 1 for phase in worst.phases)
    parts.append(
        f"a plain step: {plain}; one with every penalty: {penalty}" if lazy else f"each step: {plain}"
    )
    if proposal is not None:
        parts.append(_proposed(memory, proposal))
    parts.append("of one process; without workspace of kernels, gaps between tensors, CUDA itself")
    asked = f"batch {worst.batch}" + (
        f" in micro-batches of {worst.micro_batch}" if worst.micro_batch < worst.batch else ""
    )
    precision = _computed(module, memory.device)
    return "\n\n".join([f"{module.name}, {asked}, {precision}, on {ON[memory.device]}", *parts])


def _computed(module: ModuleIR, device: str) -> str:
    """In which numbers a step is computed there."""
    assert module.plan is not None  # a memory is of a training
    precision = module.plan.precision
    return precision.fallback or precision.compute if device == "cpu" else precision.compute


def _level(level: StagePeaks) -> str:
    sides = level.size or (0,)
    size = str(sides[0]) if len({*sides}) == 1 else "×".join(map(str, sides))
    return f"{size} fading in" if level.fading else size


def _bytes(*sizes: int) -> list[str]:
    from gandsl.cli.output import binary

    return [binary(size) for size in sizes]


def _row(phase: PhasePeak) -> list[str]:
    kinds = phase.by_kind
    weights = kinds["parameters"] + kinds["buffers"]
    others = (kinds[name] for name in ("gradients", "optimizer", "average", "activations"))
    return [phase.name, str(phase.images), *_bytes(weights, *others, phase.bytes)]


def _terms(level: StagePeaks) -> str:
    """What each phase would hold with one of its terms alone."""
    from gandsl.cli.output import table

    rows = [
        [f"{phase.name}: {term.name.partition('.')[2]}", *_bytes(term.activations, term.bytes)]
        for phase in level.phases
        for term in phase.terms
    ]
    return table(("term alone", "activations", "peak"), rows)


def _place(phase: PhasePeak) -> str:
    way = "backward" if phase.backward else "forward"
    return f"{way} of {phase.at}" if phase.at else "the optimizer's step"


def _proposed(memory: StepMemory, proposal: Proposal) -> str:
    budget, peak = _bytes(proposal.budget, proposal.peak)
    size = proposal.micro_batch
    if not proposal.fits:
        return f"{budget} hold no micro-batch that the batch can be split into: {size} take {peak}"
    if size >= max(level.batch for level in memory.levels):
        return f"{budget} hold the whole batch: {peak}"
    return f"{budget} hold micro-batches of {size}: {peak}\n    --set training.micro_batch={size}"


def _json(memory: StepMemory, proposal: Proposal | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "device": memory.device,
        "plain": memory.worst.plain,
        "penalty": memory.worst.penalty,
        "levels": [
            {
                "size": level.size,
                "fading": level.fading,
                "batch": level.batch,
                "micro_batch": level.micro_batch,
                "plain": level.plain,
                "penalty": level.penalty,
                "phases": [
                    {
                        "name": phase.name,
                        "every": phase.every,
                        "images": phase.images,
                        "peak": phase.bytes,
                        **phase.by_kind,
                        "at": phase.at,
                        "backward": phase.backward,
                        "terms": [
                            {"name": term.name, "peak": term.bytes, "activations": term.activations}
                            for term in phase.terms
                        ],
                    }
                    for phase in level.phases
                ],
            }
            for level in memory.levels
        ],
    }
    if proposal is not None:
        found["proposal"] = {
            "budget": proposal.budget,
            "fits": proposal.fits,
            "micro_batch": proposal.micro_batch,
            "peak": proposal.peak,
        }
    return found
