"""What names stand for while a spec unfolds: tensors, and the outputs of blocks and folds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from math import prod
from typing import Any

from gandsl.diagnostics import Span
from gandsl.diagnostics.errors import Fault
from gandsl.ir.types import TensorType, is_a
from gandsl.records import dataclass
from gandsl.spec.values import ABSENT, POISON, Algebra, Opaque, Size, algebra_of

# attribute → (kinds that have it, how it is read off the shape)
_ATTRIBUTES: dict[str, tuple[tuple[str, ...], Callable[[tuple[int, ...]], Any]]] = {
    "channels": (("Feature",), lambda shape: shape[0]),
    "length": (("Feature",), lambda shape: shape[1]),
    "depth": (("Feature",), lambda shape: shape[1]),
    "height": (("Feature",), lambda shape: shape[-2]),
    "pixels": (("Feature",), lambda shape: prod(shape[1:])),
    "width": (("Feature",), lambda shape: shape[-1]),
    "sides": (("Feature",), lambda shape: len(shape) - 1),
    "size": (("Feature",), lambda shape: Size(*shape[1:])),
    "dim": (("Vector", "Styles", "Tokens"), lambda shape: shape[-1]),
    "count": (("Styles", "Tokens", "Label"), lambda shape: shape[0]),
}


# attribute → how many sides a tensor has that has it; the others: any number
_OF_SIDES = {"length": (1,), "depth": (3,), "height": (2, 3), "width": (2, 3)}


@dataclass(frozen=True)
class TensorValue(Opaque):
    """A node's output: expressions compute with it, and make nodes.

    Indexing a list of vectors makes `select` nodes, through `select`; all other arithmetic is `computes`.
    """

    id: str
    type: TensorType
    select: Callable[[TensorValue, int], TensorValue] = field(compare=False, repr=False)
    computes: Algebra | None = field(default=None, compare=False, repr=False)

    @property
    def kind_name(self) -> str:
        return str(self.type)

    @property
    def algebra(self) -> Algebra | None:
        return self.computes

    @property
    def attributes(self) -> tuple[str, ...]:
        return tuple(name for name in _ATTRIBUTES if self._has(name))

    def _has(self, name: str) -> bool:
        kinds, _ = _ATTRIBUTES[name]
        sides = len(self.type.sides)
        return any(is_a(self.type.kind, kind) for kind in kinds) and sides in _OF_SIDES.get(name, (sides,))

    def attribute(self, name: str) -> Any:
        if name not in _ATTRIBUTES or not self._has(name):
            raise KeyError(name)
        return _ATTRIBUTES[name][1](self.type.shape)

    def item(self, index: int) -> TensorValue:
        if self.type.kind not in ("Styles", "Tokens"):
            raise TypeError
        count = self.type.shape[0]
        if not -count <= index < count:
            raise IndexError
        return self.select(self, index % count)

    def slice(self, low: int | None, high: int | None) -> Any:
        if self.type.kind == "Styles":
            return [self.select(self, index) for index in range(self.type.shape[0])[low:high]]
        if self.computes is None:
            raise TypeError
        return self.computes.slice(self, low, high)


@dataclass(frozen=True)
class NodeOutputs(Opaque):
    """The outputs of a block or a fold. On its own it stands for the first of them."""

    outputs: Mapping[str, Any]
    attribute_code = "G0217"

    @property
    def kind_name(self) -> str:
        return f"a node with the outputs {', '.join(f'`{name}`' for name in self.outputs)}"

    @property
    def first(self) -> Any:
        return next(iter(self.outputs.values()), ABSENT)

    @property
    def algebra(self) -> Algebra | None:
        return algebra_of(self.first)

    @property
    def attributes(self) -> tuple[str, ...]:
        own = tuple(self.outputs)
        return own + (self.first.attributes if isinstance(self.first, Opaque) else ())

    def attribute(self, name: str) -> Any:
        if name in self.outputs:
            return self.outputs[name]
        if self.first is POISON:
            return POISON
        if isinstance(self.first, Opaque):
            return self.first.attribute(name)
        raise KeyError(name)

    def item(self, index: int) -> Any:
        if isinstance(self.first, list | tuple):
            return self.first[index]
        if isinstance(self.first, Opaque):
            return self.first.item(index)
        raise TypeError

    def slice(self, low: int | None, high: int | None) -> Any:
        if isinstance(self.first, list | tuple):
            return list(self.first[low:high])
        if isinstance(self.first, Opaque):
            return self.first.slice(low, high)
        raise TypeError


@dataclass(frozen=True)
class Above:
    """What a node reads where it names nothing: the nearest tensor above, with its name and place."""

    value: Any = ABSENT
    name: str = ""
    span: Span | None = None


def first_output(value: Any) -> Any:
    """Of several outputs the first; any other value as it is."""
    while isinstance(value, NodeOutputs):
        value = value.first
    return value


def flows(value: Any) -> bool:
    """Whether a node below reads this where it names nothing: not numbers, words, sizes, lists of them."""
    value = first_output(value)
    if isinstance(value, list | tuple):
        return any(map(flows, value))
    return value is POISON or isinstance(value, Opaque)


def leaves(value: Any) -> Iterator[Any]:
    """The entries of a list of lists, in order; a value that is no list is its own."""
    if isinstance(value, list | tuple):
        for entry in value:
            yield from leaves(entry)
    else:
        yield value


def mapped(rule: Callable[[Any], Any], value: Any) -> Any:
    """A list of lists with each entry replaced."""
    return [mapped(rule, entry) for entry in value] if isinstance(value, list | tuple) else rule(value)


def entry_by_entry(rule: Callable[..., Any], *values: Any) -> Any:
    """`rule` of the values, or, of lists of one length among them, of their entries. Raises Fault."""
    values = tuple(first_output(value) for value in values)
    lengths = {len(value) for value in values if isinstance(value, list | tuple)}
    if not lengths:
        return rule(*values)
    if len(lengths) > 1:
        few, many = sorted(lengths)[:2]
        message = f"lists of {few} and of {many} entries cannot be computed with, entry by entry"
        raise Fault("G0330", message, "`entries(a, b)` is one list of what is in both")
    (length,) = lengths
    return [
        entry_by_entry(rule, *(value[i] if isinstance(value, list | tuple) else value for value in values))
        for i in range(length)
    ]
