"""The names that an expression speaks of, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.expressions import Call, Expr, Name, Node, parse
from gandsl.spec.tree import Scalar


@lru_cache(maxsize=4096)
def names_of(scalar: Scalar) -> tuple[tuple[str, Span], ...]:
    """Names of values (not of functions), each with its place; none where the text is no expression."""
    expr = parse(scalar.text, scalar.span, Diagnostics())
    if expr is None:
        return ()
    return tuple((node.name, expr.span_of(node)) for node in _walk(expr.root) if isinstance(node, Name))


@lru_cache(maxsize=4096)
def mentioned(scalar: Scalar) -> frozenset[str]:
    """Names of values and of functions that a text speaks of; none where it is no expression."""
    expr = parse(scalar.text, scalar.span, Diagnostics())
    return frozenset(names_in(expr)) if expr else frozenset()


def names_in(expr: Expr) -> set[str]:
    """Names of values and of functions in an expression."""
    nodes = list(_walk(expr.root))
    names = {node.name for node in nodes if isinstance(node, Name)}
    return names | {node.function for node in nodes if isinstance(node, Call)}


def _walk(node: Node) -> Iterator[Node]:
    waiting: list[object] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Node):
            yield item
            waiting.extend(getattr(item, field.name) for field in fields(item))
        elif isinstance(item, tuple):
            waiting.extend(item)
