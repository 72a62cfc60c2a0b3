"""Nodes of a game as expressions of Python: operators, methods and functions of the runtime."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gandsl.codegen.analysis.game.written import GameFunction
from gandsl.codegen.printing.expressions import ATOM, Text, has_form, written
from gandsl.codegen.printing.layout import literal, on_one_line, quoted
from gandsl.ir.graph import Node
from gandsl.lowering.table import literal as plain


@dataclass
class Arithmetic:
    """Expressions of one function. `names`: variables by node; `functions`: of the runtime, as needed."""

    of: GameFunction
    names: Mapping[str, str]
    inside: frozenset[str]
    means: frozenset[str]  # over all processes
    functions: set[str]

    def of_node(self, id_: str) -> Text:
        """What stands for a node where it is read."""
        return self.made(self.of.graph[id_]) if id_ in self.inside else Text(self.names[id_])

    def made(self, node: Node) -> Text:
        """The expression that a node is made by."""
        if has_form(node.op) and (found := self._plain(node)) is not None:
            return found
        for ops, write in _FORMS:
            if node.op in ops and (found := write(self, node)) is not None:
                return found
        return self._function(node)

    def number(self, node: Node, param: str) -> str:
        """A parameter as a literal, or the name of what it is at this stage."""
        if (name := self.of.slots.get((node.id, param))) is not None:
            return name
        return on_one_line(literal(plain(node.attrs[param])))

    def call(self, function: str, arguments: Sequence[str]) -> Text:
        """A call of one of the runtime's functions."""
        self.functions.add(function)
        return Text(f"{function}({', '.join(arguments)})")

    def _plain(self, node: Node) -> Text | None:
        operands = {port: self.of_node(ids[0]) for port, ids in node.inputs.items()}
        types = {port: self.of.graph[ids[0]].type for port, ids in node.inputs.items()}
        shapes = {port: type_.shape for port, type_ in types.items() if type_.kind != "Scalar"}

        def number(param: str) -> str | None:
            differs = (node.id, param) in self.of.slots and param == "exponent"
            return None if differs else self.number(node, param)

        return written(node, operands, shapes, number)

    def _mean(self, node: Node) -> Text:
        if node.id in self.means:
            return self.call("mean", [self._x(node).text])
        return Text(f"{self._x(node).within(ATOM)}.mean()")

    def _x(self, node: Node) -> Text:
        return self.of_node(node.operands[0])

    def _weights(self, node: Node) -> Text:
        """What a network learns: the runtime looks it up."""
        attrs = node.attrs
        given = ["net", quoted(attrs["network"])]
        given += [f"path={quoted(attrs['path'])}"] if attrs["path"] else []
        given += [f"skip={on_one_line(literal(tuple(attrs['skip'])))}"] if attrs["skip"] else []
        return self.call("weights", given)

    def _function(self, node: Node) -> Text:
        positional, by_name = node.arguments
        arguments = [
            f"[{', '.join(self.of_node(one).text for one in ids)}]"
            if isinstance(ids, tuple)
            else self.of_node(ids).text
            for ids in positional
        ]
        arguments += [f"{port}={self.of_node(id_).text}" for port, id_ in by_name.items()]
        arguments += [
            f"{param.name}={self.number(node, param.name)}"
            for param in node.spec.params
            if (node.id, param.name) in self.of.slots or _differs(node.attrs[param.name], param.default)
        ]
        derived = {key: rule(self.of.graph.call(node)) for key, rule in node.spec.derived.items()}
        arguments += [f"{key}={literal(plain(value))}" for key, value in derived.items() if value]
        return self.call(node.op, arguments)


def _differs(value: Any, default: Any) -> bool:
    return bool(plain(value) != plain(default))


Write = Callable[[Arithmetic, Node], Text | None]
_FORMS: tuple[tuple[frozenset[str], Write], ...] = (
    (frozenset({"mean"}), Arithmetic._mean),
    (frozenset({"weights"}), Arithmetic._weights),
)
