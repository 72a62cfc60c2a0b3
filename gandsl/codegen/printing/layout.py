"""Expressions over lines, laid out as `ruff format` does, so that printed source needs no formatter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gandsl.codegen.identifiers import is_identifier
from gandsl.codegen.printing.text import WIDTH, columns


@dataclass(frozen=True)
class Bracketed:
    """Something in brackets: arguments, a signature, a tuple, a list. Items may be groups themselves."""

    head: str  # before the bracket: the function, a keyword's `name=`, or nothing
    items: tuple[Expr, ...]
    brackets: str = "()"
    tail: str = ""  # behind the bracket
    collection: bool = False  # a tuple or list: breaks into one item a line at once


Expr = str | Bracketed


def call(function: str, arguments: Sequence[Expr]) -> Bracketed:
    """`function(argument, …)`."""
    return Bracketed(function, tuple(arguments))


def keyword(name: str, value: Expr) -> Expr:
    """`name=value`, an argument."""
    if isinstance(value, str):
        return f"{name}={value}"
    return Bracketed(f"{name}={value.head}", value.items, value.brackets, value.tail, value.collection)


def attribute(path: Sequence[str]) -> str:
    """`self.s8.conv`; names that are no identifiers are spelled out: `getattr(self.blocks, "0")`."""
    expr = "self"
    for name in path:
        expr = f"{expr}.{name}" if is_identifier(name) else f"getattr({expr}, {quoted(name)})"
    return expr


def assigned(path: Sequence[str], value: Expr) -> tuple[str, Expr]:
    """The statement that registers a module: what comes before an expression, and the expression."""
    *outer, name = path
    if is_identifier(name):
        return f"{attribute(path)} = ", value
    return "", call(f"{attribute(outer)}.add_module", [quoted(name), value])


def collection(items: Sequence[Expr], brackets: str = "()") -> Bracketed:
    """A tuple, or with other brackets a list."""
    return Bracketed("", tuple(items), brackets, collection=True)


def mapping(names: Mapping[str, str]) -> Bracketed:
    """A dict of strings."""
    return collection([f"{quoted(key)}: {quoted(value)}" for key, value in names.items()], "{}")


def literal(value: Any) -> Expr:
    """A compile-time value as source that evaluates to the very same value."""
    if isinstance(value, tuple | list):
        return collection([literal(item) for item in value])
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float) and (root := _root(value)):
        return root
    if value is None or isinstance(value, bool | int | float):
        return repr(value).replace("e+", "e")  # 1e16, as the formatter spells it
    raise TypeError(f"{value!r} cannot be printed as a literal")


LONG = 12  # digits that nobody recognizes
ROOTS = range(2, 65)


def _root(value: float) -> str | None:
    """`math.sqrt(2)`, `1 / 3` and the like for a long number that is it to the bit, on every machine.

    IEEE 754 rounds roots and quotients correctly, so that the source evaluates to the very number.
    """
    if len(repr(abs(value))) < LONG:
        return None
    for n in ROOTS:
        for text, root in (
            (f"math.sqrt({n})", math.sqrt(n)),
            (f"math.sqrt(1 / {n})", math.sqrt(1 / n)),
            (f"1 / math.sqrt({n})", 1 / math.sqrt(n)),
            (f"1 / {n}", 1 / n),
        ):
            if abs(value) == root:
                return f"-{text}" if value < 0 else text
    return None


def quoted(text: str) -> str:
    """A string literal in double quotes (as the formatter wants it), ASCII only."""
    plain = ascii(text)
    body = plain[1:-1]
    if plain[0] == "'":
        body = body.replace("\\'", "'")
        if '"' not in body:
            return f'"{body}"'
        return plain if "'" not in text else '"' + body.replace('"', '\\"') + '"'
    return plain


def on_one_line(expr: Expr) -> str:
    """The expression on one line."""
    if isinstance(expr, str):
        return expr
    inner = ", ".join(map(on_one_line, expr.items))
    if expr.collection and expr.brackets == "()" and len(expr.items) == 1:
        inner += ","
    return f"{expr.head}{expr.brackets[0]}{inner}{expr.brackets[1]}{expr.tail}"


def lay(expr: Expr, indent: int, before: str = "", behind: str = "") -> list[str]:
    """The expression between `before` and `behind`, on as few lines as it takes, each within the width."""
    margin = " " * indent
    line = f"{margin}{before}{on_one_line(expr)}{behind}"
    if columns(line) <= WIDTH or isinstance(expr, str) or not expr.items:
        return [line]
    opening = f"{margin}{before}{expr.head}{expr.brackets[0]}"
    closing = f"{margin}{expr.brackets[1]}{expr.tail}{behind}"
    inner = ", ".join(map(on_one_line, expr.items))
    if not expr.collection and indent + 4 + columns(inner) <= WIDTH:
        return [opening, f"{margin}    {inner}", closing]
    lines = [opening]
    for item in expr.items:
        lines += lay(item, indent + 4, behind=",")
    return [*lines, closing]
