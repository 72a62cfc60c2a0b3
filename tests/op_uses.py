"""Small uses of every op, made of its row alone: each choice, switch and kind of its first input once."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from gandsl.ir.graph import Graph, Node
from gandsl.ir.op import Op, Param, ShapeError
from gandsl.ir.types import KINDS, TensorType, is_a
from gandsl.lowering.network import LoweredNetwork
from gandsl.spec.values import Size
from gandsl_runtime.layers.base import ONLY_AT_FIRST
from gandsl_runtime.port import INDICES, sample_shape
from tests.graphs import Builder

SHAPES = {3: (8, 6, 6), 2: (16, 8), 1: (8,), 0: ()}
"""Of an input, by rank; a row's `example` says where they do not fit."""

SIZES = {1: Size(16), 3: Size(2, 4, 2)}  # of as many pixels as that of two sides

ID = "inner.node"


@dataclass(frozen=True)
class Use:
    """A network of one op. `what` says how it differs from the first use."""

    op: Op
    what: str
    built: Builder

    def __str__(self) -> str:
        return f"{self.op.name}{self.what}"

    @property
    def graph(self) -> Graph:
        return self.built.graph(ID)

    @property
    def node(self) -> Node:
        return self.built.nodes[ID]

    def network(self) -> LoweredNetwork:
        """In training, in float64, its weights moved off their initial values; one, brought back to that."""
        network, at_first = self._made
        network.double().train().requires_grad_(True)
        network.zero_grad()
        network.load_state_dict(at_first)
        return network

    @cached_property
    def _made(self) -> tuple[LoweredNetwork, dict[str, Tensor]]:
        torch.default_generator.manual_seed(0)
        network = LoweredNetwork(self.built.ir(ID)).double()
        with torch.no_grad():
            for parameter in network.parameters():
                parameter += 0.3 * torch.randn_like(parameter)
        return network, copy.deepcopy(network.state_dict())

    def inputs(self, samples: int, seed: int = 0) -> list[Tensor]:
        """Distinct numbers apart from each other and from 0, so that no kink is near; float64."""
        generator = torch.Generator().manual_seed(seed)
        made = [_input(node.type, samples, generator, i) for i, node in enumerate(self.graph.inputs)]
        above = {
            id_ for port in self.op.ports if port.positive for id_ in self.node.inputs.get(port.name, ())
        }
        return [
            (x.detach() - x.min().detach() + 0.1).requires_grad_() if node.id in above else x
            for node, x in zip(self.graph.inputs, made, strict=True)
        ]


def _input(type_: TensorType, samples: int, generator: torch.Generator, place: int) -> Tensor:
    shape = () if type_.kind == "Scalar" else (samples, *sample_shape(type_.kind, type_.shape))
    if type_.kind in INDICES:
        return torch.arange(torch.Size(shape).numel()).reshape(shape) % type_.shape[0]
    count = max(1, torch.Size(shape).numel())
    order = torch.randperm(count, generator=generator).double()
    return ((order - count / 2 + 0.25 + 0.15 * place % 0.6) / count * 3).reshape(shape).requires_grad_()


def uses(op: Op) -> Iterator[Use]:
    """All uses of an op: the plainest first."""
    values = {param.name: op.example.get(param.name, _value(param)) for param in op.params}
    yield _use(op, "", values)
    kinds = op.ports[0].everywhere if op.ports else ()
    for kind in kinds[1:]:
        yield next(_fitting(op, f" of {kind}", values, [kind]))
    for param in op.params:
        if param.name in ONLY_AT_FIRST:
            continue
        others = param.choices if param.type == "enum" else (True, False) if param.type == "bool" else ()
        for other in others:
            if other != values[param.name]:
                what, changed = f" {param.name}={other}", values | {param.name: other}
                yield next(_fitting(op, what, changed, ["", *kinds[1:]], param.name))
    for sides in (1, 3):
        yield from uses_of(op, sides)
    for port in op.ports:
        if port.optional:
            constants = {param.name: 0.4 for param in op.params if param.instead}
            yield _use(op, f" without {port.name}", values | constants, without=port.name)


def _fitting(
    op: Op, what: str, values: dict[str, Any], kinds: Sequence[str], fixed: str = ""
) -> Iterator[Use]:
    """Uses that the row takes: of the values, else of kinds or of another choice that goes with them.

    The row's own complaint where there are none.
    """
    choices = [(param.name, one) for param in op.params if param.name != fixed for one in param.choices]
    refused: ShapeError | None = None
    for kind in kinds:
        for changed in ({}, *({name: one} for name, one in choices)):
            try:
                yield _use(op, what, values | changed, kind)
            except ShapeError as error:
                refused = refused or error
    if refused:
        raise refused


def uses_of(op: Op, sides: int) -> Iterator[Use]:
    """Uses on features of one or three sides: the plainest, and each mode.

    None where it is of two alone, or works entry by entry: then it takes Numbers too, in a game.
    """
    features = [port for port in op.ports if "Feature" in port.kinds]
    spatial = not any(port.sides or "Number" in port.everywhere for port in features) and features
    sized = [param for param in op.params if param.type == "size"]
    if not spatial and not sized:
        return
    values = {param.name: op.example.get(param.name, _value(param)) for param in op.params}
    values |= {param.name: SIZES[sides] for param in sized}
    if any(values.get("pad", ())):
        values["pad"] = (*values["pad"], 1, 1)[: 2 * sides]
    ways = [("", values)]
    for param in op.params:
        if param.name in ("mode", "padding_mode"):
            ways += [(f" {param.name}={one}", values | {param.name: one}) for one in param.choices]
    for what, given in ways:
        try:
            yield _use(op, f" of {sides} side{'s' * (sides > 1)}{what}", given, sides=sides)
        except ShapeError as error:  # it says itself that it is of two sides
            if error.code not in ("G0223", "G0225"):
                raise


def _value(param: Param) -> Any:
    if not param.required:
        return param.default
    if param.type == "size":
        return Size(4, 4)
    return param.choices[0] if param.choices else max(1, param.minimum or 0)


def _use(
    op: Op, what: str, values: dict[str, Any], first: str = "", without: str = "", sides: int = 2
) -> Use:
    built = Builder()
    inputs: dict[str, Any] = {}
    for port in op.ports:
        if port.name == without:
            continue
        kind = first if first in port.everywhere else port.kinds[0]
        shape = op.example.get(port.name) if not first else None
        shape = shape or SHAPES[KINDS[kind][0][0]]
        if sides != 2 and is_a(kind, "Feature"):
            channels = sides if port.name == "grid" else shape[0]  # one for each side
            shape = (channels, shape[1] * shape[2]) if sides == 1 else (channels, 4, 4, 4)
        names = [f"{port.name}{i}" for i in range(2 if port.variadic else 1)]
        inputs[port.name] = [built.input(name, kind, *shape) for name in names]
    built(ID, op.name, inputs, **values)
    return Use(op, what, built)
