"""Arithmetic of a game's expressions: that of networks, and what the `next` of a state hears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gandsl.frontend.algebra import TensorAlgebra, is_tensor
from gandsl.frontend.game.builder import GameBuilder
from gandsl.frontend.game.hearing import Hearing
from gandsl.frontend.values import TensorValue
from gandsl.spec.operators import number


class GameAlgebra(TensorAlgebra):
    """Computes with tensors by making nodes of them.

    What it makes for the `next` of a state reads states, numbers and what is heard: see `Hearing`.
    """

    def __init__(self, builder: GameBuilder) -> None:
        super().__init__(builder)
        self.hearing: Hearing | None = None

    def make(self, name: str, inputs: Mapping[str, Any], **attrs: Any) -> TensorValue:
        """A node of the expression that is read. Ports hold one tensor, or a list of them. Raises Fault."""
        lists: Mapping[str, Sequence[TensorValue]]
        lists = {port: one if isinstance(one, list) else [one] for port, one in inputs.items()}
        if self.hearing is not None:
            lists = self.hearing.operands(lists)
        return self.builder.make(name, lists, **attrs)

    def lerp(self, a: Any, b: Any, weight: Any) -> Any:
        """`a + weight (b - a)`, one op whatever the weight of two tensors is. Raises Fault."""
        if is_tensor(a) and is_tensor(b) and not is_tensor(weight):
            weight = self.make("clock", {}, number=float(number(weight, "the weight of `lerp`")))
        return super().lerp(a, b, weight)
