"""A call of a program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gandsl.ir.graph import Node
from gandsl.ir.op import Call as Use
from gandsl.ir.types import TensorType


@dataclass(eq=False)
class Step:
    """A call: the node's, what rides along, and the id under which its result is read."""

    node: Node
    use: Use
    inputs: dict[str, tuple[str, ...]]
    attrs: dict[str, Any]
    type: TensorType
    result: str
    riders: tuple[Node, ...] = ()
    enlarge: int = 1
    shrink: int = 1
    dead: tuple[str, ...] = ()  # what nobody reads after it

    @property
    def operands(self) -> list[str]:
        return [id_ for ids in self.inputs.values() for id_ in ids]
