"""The names that an expression refers to, and where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from functools import lru_cache

from gandsl.diagnostics import Span, Unheard
from gandsl.ir.ops import GAME_OPS, known_op
from gandsl.spec import tree as trees
from gandsl.spec.expressions import CallExpr, Expr, ExprNode, Name
from gandsl.spec.parse import parse
from gandsl.spec.tree import Scalar, Tree

# what a node may be; `reuse` in a network alone, those behind it in a game
FORMS = ("op", "block", "topology", "slot", "fold", "value", "reuse", "draw", "state", "network")


@lru_cache(maxsize=4096)
def names_of(scalar: Scalar) -> tuple[tuple[str, Span], ...]:
    """Names of values (not of functions), each with its place; none where the text is no expression."""
    expr = parse(scalar.text, scalar.span, Unheard())
    if expr is None:
        return ()
    return tuple((node.name, expr.span_of(node)) for node in _walk(expr.root) if isinstance(node, Name))


@lru_cache(maxsize=4096)
def calls_of(scalar: Scalar) -> tuple[tuple[str, Span], ...]:
    """Names of functions that are called, each with its place."""
    expr = parse(scalar.text, scalar.span, Unheard())
    calls = [node for node in _walk(expr.root) if isinstance(node, CallExpr)] if expr else []
    return tuple((node.function, expr.part(node.start, node.name_end)) for node in calls if expr)


@lru_cache(maxsize=4096)
def mentioned(scalar: Scalar) -> frozenset[str]:
    """Names of values and of functions that a text speaks of; none where it is no expression."""
    expr = parse(scalar.text, scalar.span, Unheard())
    return frozenset(names_in(expr)) if expr else frozenset()


# keys of a node whose text is a name or a choice rather than an expression
_NAME_KEYS = {"op", "block", "topology", "slot", "use", "doc", "defaults"}
_NAME_KEYS_OF_FORM = {
    "draw": {"draw", "distribution", "per", "draws"},
    "state": {"state", "every", "in", "next", "moved"},  # `next` names nodes below, too
    "network": {"network", "weights", "mode", "holds", "draws", "outputs"},
}


def expressions_of(node: Tree) -> list[Scalar]:
    """The scalars of a node that may refer to names of the body around it; none of what is no node."""
    if not isinstance(node, trees.Mapping):
        return scalars_of(node)
    if not any(form in node.entries for form in FORMS):
        return []
    # a fold's inside has names of its own, an op's enum parameters hold names of choices
    keep = {"fold", "carry", "when", "unless"} if "fold" in node.entries else set(node.entries) - _NAME_KEYS
    for form, keys in _NAME_KEYS_OF_FORM.items():
        if form in node.entries:
            keep -= keys
    op = node.get("op")
    if isinstance(op, Scalar) and (known := known_op(op.text) or GAME_OPS.get(op.text)):
        keep -= {param.name for param in known.params if param.type in ("enum", "str")}
    return [scalar for entry in node if entry.key in keep for scalar in scalars_of(entry.value)]


def scalars_of(tree: Tree) -> list[Scalar]:
    """The texts of a value; none of what fills a slot: its names may be handed in by the slot's user."""
    if isinstance(tree, Scalar):
        return [tree] if isinstance(tree.value, str) else []
    if isinstance(tree, trees.Sequence):
        return [scalar for item in tree.items for scalar in scalars_of(item)]
    if "use" in tree.entries:
        return []
    return [scalar for entry in tree for scalar in scalars_of(entry.value)]


def names_in(expr: Expr) -> set[str]:
    """Names of values and of functions in an expression."""
    nodes = list(_walk(expr.root))
    names = {node.name for node in nodes if isinstance(node, Name)}
    return names | {node.function for node in nodes if isinstance(node, CallExpr)}


def _walk(node: ExprNode) -> Iterator[ExprNode]:
    waiting: list[object] = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, Expr):
            waiting.append(item.root)
        elif isinstance(item, ExprNode):
            yield item
            waiting.extend(getattr(item, field.name) for field in fields(item))
        elif isinstance(item, tuple):
            waiting.extend(item)
