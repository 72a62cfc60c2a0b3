"""What a run is, said before its first step: networks, images, device, plan, rates, cadence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import TYPE_CHECKING

import torch

from ..data.table import FieldTable
from ..network import Network, Port
from ..plan import Plan, Precision, Quantity
from ..plan.schedule import Size
from ..runs.record import MachineOptions
from ..training.precision import made_for
from .progress import corrected

if TYPE_CHECKING:
    from ..data.identity import ItemSet
    from ..data.readers import Readers
    from .base import Run

LABEL = 15  # columns before what is said
Fact = tuple[str, str]


def opening(run: Run) -> list[str]:
    """The facts as lines of the terminal's width; 80 columns where there is none."""
    return laid_out(facts(run))


def laid_out(found: Iterable[Fact]) -> list[str]:
    """Each label with what is said beside it; lines break between words."""
    width = max(get_terminal_size((80, 24)).columns - LABEL, 20)
    return [
        f"{'' if place else label.ljust(LABEL - 1) + ' ':{LABEL}}{line}".rstrip()
        for label, said in found
        for place, line in enumerate(
            wrap(said, width, break_on_hyphens=False, break_long_words=False) or [""]
        )
    ]


def facts(run: Run) -> Iterator[Fact]:
    """By label."""
    plan, state = run.plan, run.state
    where = str(run.run_dir) if run.run_dir else "no folder: nothing is written"
    began = f", goes on from {state.clock.images:,} images" if state.clock.steps else ""
    yield "run", f"{where}{began}, seed {state.seed}"
    for name, one in state.networks.items():
        yield name, network(one)
    yield from (
        ("data" if isinstance(one, FieldTable) else "images", images(one)) for one in run.sets.values()
    )
    yield "device", device(run.device, run.group.size, run.readers, run.machine)
    levels = state.levels
    yield "plan", length(plan, levels, computed(run.precision, plan.precision, run.device))
    yield "loss", losses(plan, [phase.label for phase in run.phases])
    yield "rates", rates(state.rates(state.now()), state.rate)
    yield "cadence", cadence(plan)


def network(of: Network) -> str:
    """`24.8 million parameters; z 512, y 10 classes → image 3×256×256`."""
    count = sum(parameter.numel() for parameter in of.parameters())
    ports = [", ".join(map(_port, side)) for side in (of.inputs, of.outputs)]
    return f"{_millions(count)} parameters; {' → '.join(ports)}"


def _port(port: Port) -> str:
    if port.kind == "Label":
        return f"{port.name} of {port.shape[0]} classes"
    return f"{port.name} {'×'.join(map(str, port.shape))}".rstrip()


def _millions(count: int) -> str:
    return f"{count / 1e6:.3g} million" if count >= 1e6 else f"{count:,}"


def images(data: ItemSet) -> str:
    """`70,000 of faces.zip, a zip; as 3×256×256`; of several fields each with its shape."""
    classes = "" if data.labels is None else f", {len(set(data.labels.tolist()))} classes"
    if isinstance(data, FieldTable):
        return f"{len(data):,} of {data.name}, {data.kind}{classes}; {data.said()}"
    return f"{len(data):,} of {data.name}, {data.source.kind}{classes}; as {'×'.join(map(str, data.shape))}"


def device(where: torch.device, processes: int, readers: Readers, machine: MachineOptions) -> str:
    """`cuda:0, NVIDIA H100 80GB HBM3, 79 GiB`, or the CPU's threads; processes, workers, compiled steps."""
    if where.type == "cuda":
        properties = torch.cuda.get_device_properties(where)
        said = f"{where}, {properties.name}, {properties.total_memory / 2**30:.0f} GiB"
    else:
        threads = torch.get_num_threads()
        said = f"{where}, {threads} {'thread' if threads == 1 else 'threads'} of {os.cpu_count()} processors"
    parts = [f"{processes} processes"] if processes > 1 else []
    parts.append(str(readers))
    parts += ["compiled steps: the first ones take minutes"] if machine.compile else []
    return "; ".join([said, *parts])


def computed(here: Precision, planned: Precision, where: torch.device) -> str:
    """`fp16 in the 4 largest stages`; `fp32 (the plan's fp16 is for GPUs with units for it)`."""
    if here != planned:
        return f"{here.compute}, since {where.type} is not made for the plan's {planned.compute}"
    if here.stages is not None:
        return f"{here.compute} in the stages of the {here.stages} largest resolutions"
    if here.compute == "tf32" and not made_for("tf32", where):
        return f"tf32, which {where.type} computes as fp32"
    if here.compute == "fp32" and where.type == "cuda" and made_for("tf32", where):
        return "fp32 (training.precision.compute: tf32 is faster on this GPU)"
    return here.compute


def length(plan: Plan, levels: Sequence[Size], numbers: str) -> str:
    """`25000 kimg in steps of 32 images, 8 at a time; fp32; grows from 4×4 to 256×256`."""
    parts = [f"{plan.length} in steps of {plan.batch} images"]
    if plan.micro_batch is not None and plan.micro_batch < plan.batch:
        parts[0] += f", {plan.micro_batch} at a time"
    parts.append(numbers)
    if plan.growth:
        ends = (levels[plan.growth.first_level(levels)], levels[-1])
        parts.append("grows from {} to {}".format(*("×".join(map(str, sides)) for sides in ends)))
    return "; ".join(parts)


def losses(plan: Plan, phases: Sequence[str]) -> str:
    """`logistic with r1, path length; optimizer steps: D, D/16, G, G/4`."""
    penalties = [name.replace("_", " ") for name, penalty in plan.regularizers if penalty]
    kind = "a game of its own" if plan.loss is None else plan.loss.kind.replace("_", " ")
    said = f"{kind}{' with ' * bool(penalties)}{', '.join(penalties)}"
    return f"{said}; optimizer steps: {', '.join(phases)}"


def rates(found: Mapping[str, tuple[float, float]], rollback: float = 1.0) -> str:
    """`G 0.002 = 0.0025 × 4/5 (lazy) …`; with a word on what that means. `found`: rate and correction."""
    said = [f"{name} {corrected(rate, lazy, rollback)}" for name, (rate, lazy) in found.items()]
    why = "; lazy correction: a lazy penalty's optimizer steps come on top, so each is smaller"
    return ", ".join(said) + why * any(lazy != 1.0 for _, lazy in found.values())


def cadence(plan: Plan) -> str:
    """`log every 50 steps (1.6 kimg), image grid every 20 kimg, checkpoint every 100 kimg`."""
    of = plan.cadence
    pairs = {"log": of.log, "image grid": of.grid, "checkpoint": of.checkpoint}
    return ", ".join(f"{name} every {every}{_in_images(every, plan)}" for name, every in pairs.items())


def _in_images(every: Quantity, plan: Plan) -> str:
    grown = plan.growth is not None and plan.growth.batch
    return f" ({every.amount * plan.batch / 1000:.3g} kimg)" if every.in_steps and not grown else ""


def written(folder: Path, plan: Plan, tensorboard: bool) -> str:
    """What a run puts into its folder."""
    names = ["spec.yaml", "plan.json", "run.json", "log.jsonl", "grids/", "checkpoints/"]
    names += ["alarms.jsonl and guard/ (the guard's)"] if plan.guard else []
    names += ["tensorboard/"] if tensorboard else []
    return f"{folder}: {', '.join(names)}"
