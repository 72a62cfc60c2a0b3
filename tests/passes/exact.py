"""Comparing a program with its optimized form: outputs, two orders of derivatives, running statistics."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from gandsl.ir.graph import NetworkIR, Variant
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.verify import verify_shapes
from gandsl.passes.base import Pass, PassLog
from gandsl.passes.choose_form import ChooseModulatedForm
from gandsl.passes.fold_weights import FoldWeights
from gandsl.passes.manager import Pipeline
from gandsl.passes.pipeline import pipeline
from gandsl.passes.rewrite import nodes_of
from gandsl.passes.target import Target
from gandsl_runtime.layers import set_noise_mode

TARGETS = (Target("cpu"), Target("cuda"), Target("cpu", "inference"), Target("cuda", "inference"))


@dataclass(frozen=True)
class Truth:
    """All numbers of one run, in a fixed order; None where no derivative exists."""

    outputs: list[Tensor]
    first: list[Tensor | None]
    second: list[Tensor | None]
    buffers: dict[str, Tensor]


def shaken(network: LoweredNetwork) -> LoweredNetwork:
    """The network in float64, with every parameter and spread buffer moved off its initial value."""
    network.double()
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in network.parameters():
            size = parameter.square().mean().sqrt().item() or 1.0  # in proportion, so that nothing saturates
            parameter += 0.3 * size * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    return network


def batch_of(graph: fx.Graph, least: int) -> int:
    """A number of samples that every group of a minibatch standard deviation divides."""
    return math.lcm(least, *(n.kwargs["group"] or 1 for n in nodes_of(graph, ["minibatch_stddev"])))


def inputs_of(graph: fx.Graph) -> list[Tensor]:
    """Random arguments for a program, by the types of its placeholders."""
    together = nodes_of(graph, ["minibatch_stddev", "batch_norm"])  # compare samples with one another
    batch = batch_of(graph, 4 if together else 2)
    generator = torch.Generator().manual_seed(6)
    found = []
    for node in graph.nodes:
        if node.op != "placeholder":
            continue
        type_ = node.meta["type"]
        if type_.kind == "Label":
            found.append(torch.randint(type_.shape[0], (batch,), generator=generator))
        elif type_.kind == "Scalar":
            found.append(torch.tensor(0.3, dtype=torch.float64, requires_grad=True))
        else:
            x = torch.randn(batch, *type_.shape, generator=generator, dtype=torch.float64)
            found.append(x.requires_grad_())
    return found


@contextmanager
def in_float64() -> Iterator[None]:
    """What a label alone tells the batch of (a mask, positions) has the default type: float64 here, too."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@in_float64()
def truth(program: fx.GraphModule, network: LoweredNetwork, inputs: Sequence[Tensor]) -> Truth:
    """Run, differentiate, differentiate again. The network's buffers are put back as they were."""
    before = {key: value.clone() for key, value in network.named_buffers()}
    torch.manual_seed(9)  # of noise and dropout
    outputs = program(*inputs)
    outputs = list(outputs) if isinstance(outputs, tuple) else [outputs]
    after = {key: value.clone() for key, value in network.named_buffers()}
    generator = torch.Generator().manual_seed(7)
    wrt = [x for x in inputs if x.requires_grad] + list(network.parameters())
    loss = sum(
        (y * torch.randn(y.shape, generator=generator, dtype=torch.float64)).sum() for y in outputs
    ) + sum(y.square().sum() for y in outputs)
    assert isinstance(loss, Tensor)
    first: tuple[Tensor | None, ...] = (None,) * len(wrt)
    if loss.requires_grad:  # labels alone have no derivative
        first = torch.autograd.grad(loss, wrt, create_graph=True, allow_unused=True)
    penalty = sum((g.square().sum() for g in first if g is not None), torch.zeros(()))
    second: tuple[Tensor | None, ...] = (None,) * len(wrt)
    if penalty.requires_grad:
        second = torch.autograd.grad(penalty, wrt, allow_unused=True)
    for key, value in network.named_buffers():
        value.copy_(before[key])
    detached = [None if g is None else g.detach() for g in first]
    return Truth([y.detach() for y in outputs], detached, list(second), after)


def agree(a: Truth, b: Truth, tolerance: float) -> None:
    """Equal up to `tolerance` of each tensor's largest magnitude, and equally many derivatives.

    Tensors below a thousandth of the largest of their order count as of that size: derivatives that are
    zero but for rounding (of what a norm takes out again) have no digits to compare. Nor do those below
    1e-12.
    """
    for name in ("outputs", "first", "second"):
        ours, theirs = getattr(a, name), getattr(b, name)
        floor = max(1e-3 * max((x.abs().max().item() for x in ours if x is not None), default=0.0), 1e-12)
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            if x is None or y is None:  # a derivative that does not exist is one of zeros
                assert not any(t is not None and t.any() for t in (x, y)), f"{name} {i}"
                continue
            assert x.shape == y.shape and x.dtype == y.dtype
            error, size = (x - y).abs().max().item(), x.abs().max().item()
            assert error <= tolerance * max(size, floor), f"{name} {i}: {error:.2e} of {size:.2e}"
    assert a.buffers.keys() == b.buffers.keys()
    for key, x in a.buffers.items():
        torch.testing.assert_close(x, b.buffers[key], rtol=1e-9, atol=1e-12)


class ForceForm(ChooseModulatedForm):
    """Sets one form on every modulated convolution, so that both are tried everywhere."""

    def __init__(self, form: str) -> None:
        object.__setattr__(self, "form", form)

    def apply(self, module: fx.GraphModule, log: Any, target: Target) -> None:
        for node in nodes_of(module.graph, ["modulated_conv"]):
            node.update_kwarg("form", self.form)  # type: ignore[attr-defined]
            log.fire(node, self.form)  # type: ignore[attr-defined]


def run_passes(
    network: LoweredNetwork, passes: Sequence[Pass], target: Target, **which: Any
) -> tuple[fx.GraphModule, PassLog]:
    """A freshly lowered program through some passes."""
    module = network.lowered(**which)
    return module, Pipeline(tuple(passes)).run(module, target)


@dataclass(frozen=True)
class Way:
    """One form of a program: what was done to it, and whether it is for training."""

    name: str
    training: bool
    module: fx.GraphModule


def ways(network: LoweredNetwork, **which: Any) -> Iterator[Way]:
    """Every target's default pipeline, each of its passes alone, and both forms fused and unfused."""
    train, cuda, inference, _ = TARGETS
    for target in TARGETS:
        module, _ = run_passes(network, pipeline(target).passes, target, **which)
        if target.device == "cuda":  # where most passes fire
            verify_shapes(module, network._meta_twin())
        yield Way(str(target), target.mode == "train", module)
    for pass_ in dict.fromkeys(pipeline(cuda).passes):
        target = inference if isinstance(pass_, FoldWeights) else cuda
        module, log = run_passes(network, [pass_], target, **which)
        if log.records[0].fired:
            yield Way(f"{pass_.name} alone", target.mode == "train", module)
    module, log = run_passes(network, [ForceForm("grouped")], train, **which)
    if log.records[0].fired:
        yield Way("unfused grouped", True, module)
        for form in ("grouped", "scaled"):
            module, _ = run_passes(network, [*pipeline(train).passes, ForceForm(form)], train, **which)
            yield Way(f"fused {form}", True, module)


def which_programs(ir: NetworkIR) -> list[dict[str, Any]]:
    """All entries of the full program; of a family, also the lowest level and the last fade."""
    main = max(v for v in ir.programs if not v.fading)
    found: list[dict[str, Any]] = [{"entry": "forward"}]
    if ir.main.styles is not None:
        found += [{"entry": "mapping"}, {"entry": "synthesis"}]
    if ir.levels:
        found += [{"level": 0}]
        if Variant(main.level, True) in ir.programs:
            found += [{"level": main.level, "fading": True}]
    return found


def check_exact(ir: NetworkIR) -> list[str]:
    """Compare every program of a network, in every way, with its plain lowering. Gives the ways' names."""
    torch.manual_seed(0)
    network = shaken(LoweredNetwork(ir))
    keys = list(network.state_dict())
    seen = []
    for which in which_programs(ir):
        plain = network.lowered(**which)
        inputs = inputs_of(plain.graph)
        forms = list(ways(network, **which))
        for training in (True, False):
            network.train(training)
            set_noise_mode(network, "random" if training else "constant")
            reference = truth(plain, network, inputs)
            assert any(g is not None and g.any() for g in reference.first)
            for way in forms:
                if way.training != training:
                    continue
                try:
                    agree(reference, truth(way.module, network, inputs), 1e-9)
                except AssertionError as error:
                    raise AssertionError(f"{ir.name} {which}, {way.name}: {error}") from error
                seen.append(way.name)
    assert list(network.state_dict()) == keys
    return seen
