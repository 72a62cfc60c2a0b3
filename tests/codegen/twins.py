"""Generated source beside the lowered network: the same weights, and every program compared to the bit."""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from gandsl.ir.graph import NetworkIR
from gandsl.ir.op import Trait
from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.network import Network, Port
from gandsl_runtime.port import INDICES, sample_shape
from gandsl_runtime.training.precision import switch_casts
from tests.passes.exact import batch_of

_count = itertools.count()


def loaded(source: str, name: str) -> Network:
    """The network of a printed module, with random weights."""
    file = f"<generated {next(_count)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)  # so that tracebacks quote it
    space: dict[str, Any] = {"__name__": "generated"}
    exec(compile(source, file, "exec"), space)  # noqa: S102 - what was printed, to be run
    return space[name]()


def twins(ir: NetworkIR, source: str, name: str) -> tuple[LoweredNetwork, Network]:
    """The lowered network and the printed one, with equal weights that are not the initial ones."""
    torch.manual_seed(0)
    lowered = LoweredNetwork(ir)
    printed = loaded(source, name)
    state = {
        key: value + 0.1 * torch.randn_like(value) if value.is_floating_point() else value
        for key, value in lowered.state_dict().items()
    }
    lowered.load_state_dict(state)
    printed.load_state_dict(state)
    return lowered, printed


def programs(ir: NetworkIR) -> Iterator[tuple[str, int, bool]]:
    entries = ("forward", "mapping", "synthesis") if ir.main.styles is not None else ("forward",)
    for variant in sorted(ir.programs):
        for entry in entries:
            yield entry, variant.level, variant.fading


def arguments(module: torch.fx.GraphModule, batch: int = 4) -> list[Tensor]:
    """Random inputs for a program; those in floats want gradients."""
    batch = batch_of(module.graph, batch)
    found = []
    for node in module.graph.nodes:
        if node.op == "placeholder":
            type_ = node.meta["type"]
            shape = () if type_.kind == "Scalar" else (batch, *sample_shape(type_.kind, type_.shape))
            if type_.kind in INDICES:
                found.append(torch.randint(type_.shape[0], shape))
            else:
                found.append(torch.rand(shape).requires_grad_())
    return found


def run(program: Any, network: torch.nn.Module, inputs: list[Tensor], training: bool) -> list[Tensor | None]:
    """Outputs, gradients of inputs and parameters, then buffers; random numbers start from one seed."""
    network.train(training)
    network.zero_grad()
    given = [x.detach().clone().requires_grad_(x.requires_grad) for x in inputs]
    torch.manual_seed(7)
    outputs = program(*given)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    (
        sum((output * torch.linspace(0.5, 1.5, output.numel()).view_as(output)).sum() for output in outputs)
    ).backward()
    gradients = [x.grad for x in given] + [p.grad for _, p in sorted(network.named_parameters())]
    return [
        *(output.detach() for output in outputs),
        *gradients,
        *(value.clone() for _, value in sorted(network.state_dict().items())),
    ]


def remove_dead_code(module: torch.fx.GraphModule) -> None:
    """As the pass of that name does in training: what nobody reads goes, unless it keeps statistics."""
    for node in reversed(list(module.graph.nodes)):
        kept = node.op in ("placeholder", "output") or node.meta["node"].spec.has(Trait.STATEFUL)
        if not (node.users or kept):
            module.graph.erase_node(node)
    module.recompile()


def same(a: Tensor, b: Tensor) -> bool:
    """Equal to the bit; what is undefined in one (float16 overflows) is undefined in the other."""
    return (
        a.dtype == b.dtype
        and torch.equal(a.isnan(), b.isnan())
        and torch.equal(a.nan_to_num(), b.nan_to_num())
    )


def assert_equal_programs(ir: NetworkIR, source: str, name: str) -> int:
    """Compare every program, in training and evaluation, with casts on; returns how many were compared."""
    lowered, printed = twins(ir, source, name)
    switch_casts(lowered, True)
    switch_casts(printed, True)
    assert list(dict(printed.named_parameters())) == list(dict(lowered.named_parameters()))
    assert printed.state_dict().keys() == lowered.state_dict().keys()
    assert (printed.inputs, printed.outputs) == (lowered.inputs, lowered.outputs)
    assert (printed.levels, printed.has_styles) == (lowered.levels, lowered.has_styles)
    assert all(isinstance(port, Port) for port in printed.inputs)
    count = 0
    for entry, level, fading in programs(ir):
        reference = lowered.lowered(entry, level, fading)
        remove_dead_code(reference)
        inputs = arguments(reference)
        for training in (True, False):
            state = {key: value.clone() for key, value in lowered.state_dict().items()}
            ours = run(printed.program(entry, level, fading), printed, inputs, training)
            theirs = run(reference, lowered, inputs, training)
            for mine, other in zip(ours, theirs, strict=True):
                assert (mine is None) == (other is None), (entry, level, fading)
                assert mine is None or same(mine, other), (entry, level, fading)
            lowered.load_state_dict(state)
            printed.load_state_dict(state)
            count += 1
    return count
