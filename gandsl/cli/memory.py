"""`gandsl cost --memory`: what a training run holds at its fullest, and what fits into a given memory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from gandsl.analysis.memory import LevelMemory, Memory, Proposal
    from gandsl.frontend.module import ModuleIR

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


def report(module: ModuleIR, spec: Path, budget: int | None, as_json: bool) -> int:
    """Print the memory of the module's training, and the micro-batch that `budget` bytes hold.

    Raises SpecError where there is nothing to train.
    """
    from gandsl.analysis.memory import memory_of, propose
    from gandsl.diagnostics import Diagnostic, SpecError

    missing = [name for name in ("generator", "discriminator") if name not in module.networks]
    if module.plan is None or missing:
        what = f"no {missing[0]}" if missing else "no `training` section"
        help = "`gandsl explain training` lists its fields" if not missing else None
        message = f"{spec} has {what}, so there is no training whose memory to tell"
        raise SpecError([Diagnostic("G0009", message, help=help)])
    module, stages = as_trained(module)
    memory = memory_of(module, checkpointed=stages)
    proposal = propose(module, budget, stages) if budget is not None else None
    if as_json:
        from gandsl.cli.output import print_json

        print_json("memory/1", {"spec": str(spec), "name": module.name, **_json(memory, proposal)})
        return 0
    print(_text(module, memory, proposal))
    return 0


def as_trained(module: ModuleIR) -> tuple[ModuleIR, dict[str, tuple[str, ...]]]:
    """The module with its networks as the plan trains them, and the stages checkpointed, by network."""
    from dataclasses import replace

    from gandsl.lowering.planned import checkpointed, planned

    plan, networks = module.plan, module.networks
    stages = {name: checkpointed(network, plan) for name, network in networks.items()}
    return replace(module, networks={name: planned(n, plan) for name, n in networks.items()}), stages


HEAD = ("phase", "images", "weights", "gradients", "moments", "average", "activations", "peak")


def _text(module: ModuleIR, memory: Memory, proposal: Proposal | None) -> str:
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
    plain, penalty = _bytes(worst.plain, worst.penalty)
    lazy = any(phase.every > 1 for phase in worst.phases)
    parts.append(
        f"a plain step: {plain}; one with every penalty: {penalty}" if lazy else f"each step: {plain}"
    )
    if proposal is not None:
        parts.append(_proposed(proposal))
    parts.append("of one process; without workspace of kernels, gaps between tensors, CUDA itself")
    asked = f"batch {worst.batch}" + (
        f" in micro-batches of {worst.micro_batch}" if worst.micro_batch < worst.batch else ""
    )
    precision = module.plan.precision.compute if module.plan else ""
    return "\n\n".join([f"{module.name}, {asked}, {precision}", *parts])


def _level(level: LevelMemory) -> str:
    height, width = level.size or (0, 0)
    size = str(height) if height == width else f"{height}×{width}"
    return f"{size} fading in" if level.fading else size


def _bytes(*sizes: int) -> list[str]:
    from gandsl.cli.output import binary

    return [binary(size) for size in sizes]


def _row(phase: Any) -> list[str]:
    kinds = phase.peak.by_kind
    weights = kinds["parameters"] + kinds["buffers"]
    others = (kinds[name] for name in ("gradients", "optimizer", "average", "activations"))
    return [phase.name, str(phase.images), *_bytes(weights, *others, phase.peak.bytes)]


def _place(phase: Any) -> str:
    way = "backward" if phase.peak.backward else "forward"
    return f"{way} of {phase.peak.place}" if phase.peak.place else "the optimizer's step"


def _proposed(proposal: Proposal) -> str:
    budget, peak = _bytes(proposal.budget, proposal.memory.worst.penalty)
    size = proposal.micro_batch
    if not proposal.fits:
        return f"{budget} hold no micro-batch that the batch can be split into: {size} take {peak}"
    if size >= max(level.batch for level in proposal.memory.levels):
        return f"{budget} hold the whole batch: {peak}"
    return f"{budget} hold micro-batches of {size}: {peak}\n    --set training.micro_batch={size}"


def _json(memory: Memory, proposal: Proposal | None) -> dict[str, Any]:
    found: dict[str, Any] = {
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
                        "peak": phase.peak.bytes,
                        **phase.peak.by_kind,
                        "at": phase.peak.place,
                        "backward": phase.peak.backward,
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
            "peak": proposal.memory.worst.penalty,
        }
    return found
