"""What the `next` of a state reads: states and numbers as they stand, everything else as its mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum

from gandsl.diagnostics.errors import Fault
from gandsl.frontend.game.builder import GameBuilder
from gandsl.frontend.values import TensorValue
from gandsl.ir.graph import Node


class When(Enum):
    """When a node is known."""

    STANDING = 0  # throughout the step: states, numbers of the clock, what is made of them
    LATE = 1  # when the step ends: what is heard
    PASS = 2  # in a pass


_SOURCES = {"state": When.STANDING, "clock": When.STANDING, "fade": When.STANDING, "heard": When.LATE}


def when(id_: str, nodes: Mapping[str, Node], known: dict[str, When]) -> When:
    """When a node is known; `known` keeps what was found out."""
    waiting = [id_]
    while waiting:
        node = nodes[waiting[-1]]
        unknown = [one for one in node.operands if one not in known]
        if unknown:
            waiting += unknown
            continue
        waiting.pop()
        own = _SOURCES.get(node.op, When.STANDING if node.operands else When.PASS)
        known[node.id] = max((own, *(known[one] for one in node.operands)), key=lambda one: one.value)
    return known[id_]


class Hearing:
    """Around the `next` of one state.

    A Scalar of a pass stands for its mean over all samples heard. What has samples is computed in the pass
    itself, up to the Scalar that is made of it.
    """

    def __init__(self, builder: GameBuilder) -> None:
        self._builder = builder
        self._heard: dict[str, str] = {}  # node of a pass → the `heard` node that stands for it

    def operands(self, inputs: Mapping[str, Sequence[TensorValue]]) -> Mapping[str, Sequence[TensorValue]]:
        """The operands of a node of `next`, with those that are heard replaced. Raises Fault."""
        given = [one for tensors in inputs.values() for one in tensors]
        if not any(one.type.sampled for one in given):
            return {port: [self.now(one) for one in tensors] for port, tensors in inputs.items()}
        if any(self._when(one) is When.LATE for one in given):
            raise Fault(
                "G0331",
                "`next` joins a tensor of the pass and what is known when the step ends",
                "take the mean of the tensor in a node of the body, and name that",
            )
        return inputs

    def now(self, tensor: TensorValue) -> TensorValue:
        """A Scalar as it is known when the step ends."""
        if self._when(tensor) is not When.PASS:
            return tensor
        if tensor.id not in self._heard:
            self._heard[tensor.id] = self._builder.make("heard", {}, node=tensor.id).id
        return self._builder.tensor(self._builder.nodes[self._heard[tensor.id]])

    def _when(self, tensor: TensorValue) -> When:
        return when(tensor.id, self._builder.nodes, {})
