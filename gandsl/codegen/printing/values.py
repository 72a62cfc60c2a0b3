"""A plan's parts as source: constructors with what differs from their defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from pydantic import BaseModel

from gandsl.codegen.printing.layout import Bracketed, Expr, call, collection, keyword, literal, quoted
from gandsl_runtime.plan.quantity import Quantity


def value_of(value: Any) -> Expr:
    """Source that evaluates to an equal value."""
    if isinstance(value, Quantity):
        return call("Quantity", [literal(value.number), quoted(value.unit)])
    if is_dataclass(value) or isinstance(value, BaseModel):
        return call(type(value).__name__, [keyword(name, value_of(one)) for name, one in told(value).items()])
    if isinstance(value, Mapping):
        return collection([entry(key, value_of(one)) for key, one in value.items()], "{}")
    if isinstance(value, tuple | list):
        return collection([value_of(one) for one in value], "()" if isinstance(value, tuple) else "[]")
    return literal(value)


def entry(key: Any, value: Expr) -> Expr:
    """`"key": value`, in a dict."""
    before = f"{on_key(key)}: "
    if isinstance(value, str):
        return before + value
    return Bracketed(before + value.head, value.items, value.brackets, value.tail, value.collection)


def on_key(key: Any) -> str:
    """A key of a dict: a text, None, or a tuple of simple values."""
    if isinstance(key, tuple):
        return f"({', '.join(map(str, key))})"
    return quoted(key) if isinstance(key, str) else repr(key)


def told(value: Any) -> dict[str, Any]:
    """The fields of a part that are not at their defaults, by name."""
    return {name: one for name, one, default in _fields(value) if default is MISSING or one != default}


def names_in(value: Any) -> set[str]:
    """The classes that `value_of` names."""
    if isinstance(value, Mapping):
        return set().union(*map(names_in, value.values()))
    if isinstance(value, tuple | list):
        return set().union(*map(names_in, value))
    if is_dataclass(value) or isinstance(value, BaseModel):
        inner = [] if isinstance(value, Quantity) else list(told(value).values())
        return {type(value).__name__}.union(*map(names_in, inner))
    return set()


def _fields(value: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            yield name, getattr(value, name), MISSING if info.is_required() else info.get_default()
        return
    for one in fields(value):
        made = one.default_factory() if one.default_factory is not MISSING else one.default
        yield one.name, getattr(value, one.name), made
