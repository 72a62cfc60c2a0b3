"""Trees that the compiler makes: each token has the place of the words that it stands for."""

from __future__ import annotations

from typing import Any

from gandsl.diagnostics import Span
from gandsl.spec.scalars import resolve
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree
from gandsl.spec.write import flow


def tree(value: Any, span: Span) -> Tree:
    """Plain data as a tree at one place. What is in it of trees stays as it is; a text is an expression."""
    if isinstance(value, Scalar | Mapping | Sequence):
        return value
    if isinstance(value, dict):
        return mapping(value, span)
    if isinstance(value, list | tuple):
        return Sequence(tuple(tree(item, span) for item in value), span)
    if isinstance(value, str):
        return Scalar(resolve(value), value, True, span)
    return Scalar(value, flow(value), True, span)


def mapping(fields: dict[str, Any], span: Span) -> Mapping:
    """A mapping at one place; an entry keeps its own, and fields that are None are left out."""
    return Mapping(
        {
            key: value if isinstance(value, Entry) else Entry(key, span, tree(value, span))
            for key, value in fields.items()
            if value is not None
        },
        span,
    )


def number(value: float) -> str:
    """A number as one writes it in an expression."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)
