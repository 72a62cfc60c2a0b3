"""What must hold of a spec that passes `check`: one function a promise, which raises where it is broken."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx

from gandsl.analysis import analyze
from gandsl.analysis.resolved import resolved, resolved_text
from gandsl.api import Program
from gandsl.cli.commands import sample
from gandsl.codegen import render
from gandsl.codegen.identifiers import class_name
from gandsl.frontend.module import ModuleIR
from gandsl.ir.graph import Graph, NetworkIR, Node
from gandsl.ir.text import network_text
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.planned import planned
from gandsl.passes.target import Target
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.errors import Diverged
from gandsl_runtime.layers import set_noise_mode
from gandsl_runtime.observers import standard
from gandsl_runtime.plan import Plan
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.runs.run_dir import RunDir
from gandsl_runtime.training.precision import switch_casts
from tests.codegen import twins
from tests.passes import exact
from tests.runtime import nets

PRECISIONS: tuple[dict[str, Any], ...] = (
    {"compute": "fp32"},
    {"compute": "bf16"},
    {"compute": "fp16", "stages": 2},
)


@dataclass(frozen=True)
class Case:
    """A spec that passed `check`, and a folder of its own.

    `whole`: every program of a family, every target, source in every precision; else the full program and its
    fade, training here and inference on a GPU, and one precision beside the spec's own.
    """

    module: ModuleIR
    path: Path
    folder: Path
    whole: bool = False

    @property
    def plan(self) -> Plan:
        assert self.module.plan is not None
        return self.module.plan

    @property
    def targets(self) -> tuple[Target, ...]:
        return exact.TARGETS if self.whole else (exact.TARGETS[0], exact.TARGETS[-1])

    def programs(self, ir: NetworkIR) -> list[tuple[str, int, bool]]:
        found = list(twins.programs(ir))
        return found if self.whole else [one for one in found if one[0] == "forward"][-2:]


def checked(path: Path) -> ModuleIR | tuple[str, ...]:
    """The module, or the codes with which it is refused."""
    module, diagnostics = analyze(path)
    return module if module is not None else tuple(d.code for d in diagnostics if d.code[0] == "G")


def compiles(case: Case) -> None:
    """Every program, as the plan trains it, goes through all passes for training and inference."""
    for target in case.targets:
        for ir in case.module.networks.values():
            with torch.device("meta"):
                network = LoweredNetwork(planned(ir, case.plan), target)
            for entry, level, fading in case.programs(ir):
                network.graph_module(entry, level, fading)


def equals_its_passes_off_form(case: Case) -> None:
    """In float64: outputs, running statistics, first and second derivatives of every program."""
    for ir in case.module.networks.values():
        torch.manual_seed(0)
        network = exact.shaken(LoweredNetwork(ir))
        for entry, level, fading in case.programs(ir):
            plain = network.lowered(entry, level, fading)
            inputs = exact.inputs_of(plain.graph)
            for mode in ("train", "inference"):
                network.train(mode == "train")
                set_noise_mode(network, "random" if mode == "train" else "constant")
                reference = exact.truth(plain, network, inputs)
                for name, form in _forms(network, mode, case, entry, level, fading):
                    found = exact.truth(form, network, inputs)
                    try:
                        exact.agree(*(_of_what_is_read(one, ir, entry) for one in (reference, found)), 1e-8)
                    except AssertionError as error:
                        truths = (reference, found, _nearby(plain, network, inputs))
                        if is_rounding(*(_of_what_is_read(one, ir, entry) for one in truths)):
                            continue
                        raise AssertionError(f"{ir.name} {entry} {level} {fading} {name}: {error}") from error


def _nearby(program: fx.GraphModule, network: LoweredNetwork, inputs: list[Tensor]) -> exact.Truth:
    """The truth with the last digits of inputs and weights moved."""

    def moved(x: Tensor) -> Tensor:
        return x * (1 + 1e-13 * torch.randn_like(x)) if x.is_floating_point() else x

    weights = [(weight, weight.detach().clone()) for weight in network.parameters()]
    with torch.no_grad():
        for weight, before in weights:
            weight.copy_(moved(before))
        given = [moved(x).detach().requires_grad_(x.requires_grad) for x in inputs]
    found = exact.truth(program, network, given)
    with torch.no_grad():
        for weight, before in weights:
            weight.copy_(before)
    return found


def is_rounding(reference: exact.Truth, found: exact.Truth, nearby: exact.Truth) -> bool:
    """Whether last digits of inputs and weights move the numbers as far, or there are none to compare.

    A norm of what is all but constant multiplies rounding by the square root of 1 / eps each time. Chains of
    products end beyond float64's largest number; a number that the reference has, the other must have.
    """
    for name in ("outputs", "first", "second", "buffers"):
        truths = [_numbers(getattr(one, name)) for one in (reference, found, nearby)]
        assert len({len(one) for one in truths}) == 1
        sizes = [x[x.isfinite()].abs().max().item() for x in truths[0] if x.isfinite().any()]
        floor = 1e-3 * max([1.0, *sizes])  # as `agree` has it; weights are about 1
        for x, y, z in zip(*truths, strict=True):
            kept = x.isfinite() & z.isfinite()
            if not kept.any():
                continue
            x, gap, moved = x[kept], (x - y)[kept].abs().max().item(), (x - z)[kept].abs().max().item()
            if not gap <= max(1e-8 * max(x.abs().max().item(), floor), 1e2 * moved):
                return False
    return True


def _numbers(some: Iterable[torch.Tensor | None] | dict[str, torch.Tensor]) -> list[torch.Tensor]:
    """A derivative that does not exist is one of zeros."""
    values = some.values() if isinstance(some, dict) else some
    return [torch.zeros(()) if one is None else one.double() for one in values]


def _of_what_is_read(truth: exact.Truth, ir: NetworkIR, entry: str) -> exact.Truth:
    """Without the buffers of nodes that no output depends on, as a style of a stack that nobody selects.

    Programs that begin or end at the style space have all of its styles at their border.
    """
    read: set[str] = set()
    for graph in ir.programs.values():
        waiting, seen = list(graph.outputs.values()), set()
        while waiting:
            if (id_ := waiting.pop()) not in seen:
                seen.add(id_)
                waiting.extend(
                    _selected(graph, graph[id_]) if entry == "forward" else graph.reads(graph[id_])
                )
        read |= {graph[id_].layer for id_ in seen}
    kept = {key: value for key, value in truth.buffers.items() if key.rpartition(".")[0] in read}
    return replace(truth, buffers=kept)


def _selected(graph: Graph, node: Node) -> tuple[str, ...]:
    if node.op == "select" and (styles := graph[node.operands[0]]).op == "stack":
        return (styles.operands[node.attrs["index"]],)
    return graph.reads(node)


def _forms(
    network: LoweredNetwork, mode: str, case: Case, entry: str, level: int, fading: bool
) -> Iterator[tuple[str, fx.GraphModule]]:
    """The program under each target of this mode, each form once."""
    known: set[str] = set()
    for target in case.targets:
        if target.mode == mode:
            form = network.for_target(target).graph_module(entry, level, fading)
            if str(form.graph) not in known:
                known.add(str(form.graph))
                yield f"{target.device} {mode}", form


def equals_its_source(case: Case) -> None:
    """Printed source against the graph, to the bit: every program and precision, training and evaluation."""
    turn = sum(map(ord, case.module.name)) % len(PRECISIONS)
    for precision in ({}, *(PRECISIONS if case.whole else PRECISIONS[turn : turn + 1])):
        plan = Plan.model_validate(
            {**case.plan.model_dump(mode="json"), **({"precision": precision} if precision else {})}
        )
        module = replace(case.module, plan=plan)
        files = render(module)
        for name, ir in module.networks.items():
            _same_as_printed(case, planned(ir, plan), files[f"{name}.py"], name, plan.precision.compute)


def _same_as_printed(case: Case, ir: NetworkIR, source: str, name: str, numbers: str) -> None:
    lowered, printed = twins.twins(ir, source, class_name(name))
    assert list(printed.state_dict()) == list(lowered.state_dict())
    for network in (lowered, printed):
        switch_casts(network, True)
    start = {key: value.clone() for key, value in lowered.state_dict().items()}
    for entry, level, fading in case.programs(ir):
        reference = lowered.lowered(entry, level, fading)
        twins.remove_dead_code(reference)
        inputs = twins.arguments(reference)
        for training in (True, False):
            ours = twins.run(printed.program(entry, level, fading), printed, inputs, training)
            theirs = twins.run(reference, lowered, inputs, training)
            where = f"{ir.name} {entry} {level} {fading} {numbers} training={training}"
            # backward adds gradients of a value in the order of its readers, which may be another one
            slack = 0.1 if numbers in ("bf16", "fp16") else 1e-5
            _alike(ours, theirs, _outputs(reference), len(start), slack, where)
            lowered.load_state_dict(start)
            printed.load_state_dict(start)


def _outputs(program: fx.GraphModule) -> int:
    given = next(node for node in program.graph.nodes if node.op == "output").args[0]
    return len(given) if isinstance(given, tuple) else 1


Run = list[torch.Tensor | None]


def _alike(ours: Run, theirs: Run, outputs: int, buffers: int, slack: float, where: str) -> None:
    """Outputs and buffers to the bit; gradients up to a share of the largest."""
    finite = [
        x.nan_to_num(posinf=0, neginf=0).abs().max().item() for x in theirs if x is not None and x.numel()
    ]
    largest = max(finite, default=0.0)
    for index, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        assert (mine is None) == (other is None), f"{where}: {index}"
        if mine is None or other is None:
            continue
        exactly = index < outputs or index >= len(ours) - buffers
        assert mine.shape == other.shape and mine.dtype == other.dtype, f"{where}: {index}"
        gap = (mine.nan_to_num() - other.nan_to_num()).abs().max().item() if mine.numel() else 0.0
        assert gap <= (0.0 if exactly else slack * largest), (
            f"{where}: {index} is {gap:.2g} away of {largest:.2g}"
        )


def trains(case: Case) -> None:
    """The steps of its plan, with log, grids and checkpoints, as `gandsl train` takes them."""
    torch.manual_seed(0)
    program = Program(case.module, Target("cpu"))
    trainer = nets.trainer_of(
        case.plan,
        program.game,
        data=_images(case.module),
        run_dir=RunDir(case.folder, resolved_text(case.module)),
        machine=MachineOptions(device="cpu"),
        observing=standard(case.folder, terminal=False),
    )
    assert trainer.run()
    assert len(list((case.folder / "grids").glob("*.png"))) >= 2


def _images(module: ModuleIR) -> Arrays:
    main = module.networks["discriminator"].main
    shapes = [node.type.shape for node in main.inputs if node.type.kind == "Image"]
    channels, height, width = max(shapes, key=lambda shape: shape[1] * shape[2])
    labels = [n.type.shape[0] for n in module.networks["generator"].main.inputs if n.type.kind == "Label"]
    pixels = np.random.default_rng(0).integers(0, 256, (24, height, width, channels), dtype=np.uint8)
    return Arrays(pixels[..., 0] if channels == 1 else pixels, np.arange(24) % (labels or [2])[0])


def samples(case: Case) -> None:
    """`gandsl sample RUN`."""
    sample.run(case.folder, seeds="0-2", device="cpu", output=case.folder / "samples.png")
    assert (case.folder / "samples.png").stat().st_size


def reads_back(case: Case) -> None:
    """The run folder's spec is the spec: it checks, unfolds to the same graphs and has the same plan."""
    module, diagnostics = analyze(case.folder / "spec.yaml")
    assert module is not None, [d.message for d in diagnostics]
    assert resolved(module) == resolved(case.module)
    for name, ir in case.module.networks.items():
        assert network_text(ir, full=False) == network_text(module.networks[name], full=False)


PROMISES: tuple[Callable[[Case], None], ...] = (
    compiles,
    equals_its_passes_off_form,
    equals_its_source,
    trains,
    samples,
    reads_back,
)


@dataclass(frozen=True)
class Found:
    """`outcome`: held, refused (with codes), diverged, or the promise that is broken (with the error)."""

    outcome: str
    module: ModuleIR | None = None
    codes: tuple[str, ...] = ()
    error: Exception | None = None


def examined(path: Path, folder: Path, whole: bool = False) -> Found:
    """All promises, in order, up to the first that is broken."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            module = checked(path)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            return Found("check", error=error)
        if isinstance(module, tuple):
            return Found("refused", codes=module)
        for promise in PROMISES:
            try:
                promise(Case(module, path, folder, whole))
            except Diverged as error:  # legal: a sine of nothing, a rate too high; the tests bound how many
                return Found("diverged", module, error=error)
            except Exception as error:  # noqa: BLE001 - as above
                return Found(promise.__name__, module, error=error)
        return Found("held", module)
