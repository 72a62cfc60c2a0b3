"""Primitives stay primitive: blocks and topologies are written in the language, so no op may swallow one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
import torch

from gandsl.ir.op import Call, Op, Port, Trait
from gandsl.ir.ops import OPS, PRIMITIVES
from gandsl.ir.types import KINDS, TensorType
from gandsl.lowering.table import found, target_of
from gandsl.spec.values import Size

SHAPES = {3: (8, 4, 4), 2: (16, 8), 1: (8,), 0: ()}
GIVEN: dict[str, Any] = {"channels": 6, "features": 6, "kernel": (3, 5), "size": Size(4, 4), "groups": 2}
GIVEN |= {"length": 4, "cutoff": 1.0, "half_width": 1.0, "rate": 8.0, "bandwidth": 1.0}
"""Values for required parameters and for defaults that do not fit the example."""
WEIGHTS, BIASES = {"weight", "strength"}, {"bias"}


def example_inputs(op: Op, port: Port) -> tuple[TensorType, ...]:
    kind = port.kinds[0]
    return (TensorType(kind, SHAPES[KINDS[kind][0][0]]),) * (2 if port.variadic else 1)


def calls(op: Op) -> Iterator[Call]:
    """The op with every choice of its switches and enums, and every kind at its first port."""
    inputs = {port.name: example_inputs(op, port) for port in op.ports}
    firsts = op.ports[0].kinds if op.ports else ("",)
    given = op.example | GIVEN
    attrs = {param.name: given.get(param.name, 1 if param.required else param.default) for param in op.params}
    choices = {p.name: p.choices for p in op.params if p.type == "enum"} | {
        p.name: (False, True) for p in op.params if p.type == "bool"
    }
    for kind in firsts:
        first = {op.ports[0].name: (TensorType(kind, SHAPES[KINDS[kind][0][0]]),)} if op.ports else {}
        for values in product(*choices.values()):
            yield Call(inputs | first, attrs | dict(zip(choices, values, strict=True)))


@pytest.mark.parametrize("name", [name for name in OPS if name != "input"])
def test_at_most_one_weight_and_one_bias(name: str) -> None:
    op = OPS[name]
    stateful = set()
    for call in calls(op):
        learned = set(op.weights(call))
        assert len(learned & WEIGHTS) <= 1 and learned <= WEIGHTS | BIASES, (name, learned)
        assert not learned & set(op.buffers(call))
        stateful |= learned
    assert not op.has(Trait.WEIGHTED) or "weight" in stateful
    if stateful:
        assert op.layer, f"{name} has weights but is lowered to a function"


@pytest.mark.parametrize("name", [name for name, op in PRIMITIVES.items() if op.layer])
def test_the_layer_holds_what_its_op_declares(name: str) -> None:
    """Keys and shapes of the state_dict are the op's, for every choice of its parameters."""
    op = PRIMITIVES[name]
    for call in calls(op):
        target = target_of(op, call)
        with torch.device("meta"):
            layer = found(target)(**target.kwargs)
        declared = op.weights(call) | op.buffers(call)
        held = {key: tuple(tensor.shape) for key, tensor in layer.state_dict().items()}
        assert held == {key: tuple(shape) for key, shape in declared.items()}, call.attrs
        assert {key for key, _ in layer.named_parameters()} == set(op.weights(call))
