"""The syntax tree of the expression language; its nodes know their place in the text."""

from __future__ import annotations

from typing import TypeAlias

from gandsl.diagnostics import Span
from gandsl.records import dataclass

KEYWORDS = frozenset({"and", "or", "not", "if", "else", "true", "false", "null", "absent"})
UNITS = ("img", "kimg", "Mimg", "step", "steps")  # of the training plan's quantities
CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExprNode:
    """`start` and `end` are offsets in the expression's text, `end` exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Literal(ExprNode):
    """A number, a text in quotes, `true`, `false` or `null`."""

    value: int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class AbsentLiteral(ExprNode):
    """`absent`."""


@dataclass(frozen=True, slots=True)
class Measure(ExprNode):
    """A number with a unit: `10 kimg`."""

    number: Ast
    unit: str


@dataclass(frozen=True, slots=True)
class Name(ExprNode):
    """A name on its own."""

    name: str


@dataclass(frozen=True, slots=True)
class Attribute(ExprNode):
    """`value.name`; the name starts at `name_start`."""

    value: Ast
    name: str
    name_start: int


@dataclass(frozen=True, slots=True)
class IndexExpr(ExprNode):
    """`value[index]`."""

    value: Ast
    index: Ast


@dataclass(frozen=True, slots=True)
class Slice(ExprNode):
    """`value[low:high]`."""

    value: Ast
    low: Ast | None
    high: Ast | None


@dataclass(frozen=True, slots=True)
class CallExpr(ExprNode):
    """`function(args)`; the function's name ends at `name_end`."""

    function: str
    name_end: int
    args: tuple[Ast, ...]


@dataclass(frozen=True, slots=True)
class Unary(ExprNode):
    """`-x`, `+x`, `not x`."""

    operator: str
    operand: Ast


@dataclass(frozen=True, slots=True)
class Binary(ExprNode):
    """`left + right`, and the other arithmetic."""

    operator: str
    left: Ast
    right: Ast


@dataclass(frozen=True, slots=True)
class Compare(ExprNode):
    """`a < b <= c`: operators[i] stands between operands[i] and operands[i + 1]."""

    operands: tuple[Ast, ...]
    operators: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Logic(ExprNode):
    """`a and b and c`, or the same with `or`."""

    operator: str
    operands: tuple[Ast, ...]


@dataclass(frozen=True, slots=True)
class IfExpr(ExprNode):
    """`then if condition else otherwise`."""

    condition: Ast
    then: Ast
    otherwise: Ast


@dataclass(frozen=True, slots=True)
class ListOf(ExprNode):
    """`[a, b]`."""

    items: tuple[Ast, ...]


@dataclass(frozen=True, slots=True)
class TableOf(ExprNode):
    """What a `let` with a mapping is: a value for each key. The values stand at places of their own."""

    entries: tuple[tuple[int | float | str, Expr], ...]


Ast: TypeAlias = (
    Literal
    | AbsentLiteral
    | Measure
    | Name
    | Attribute
    | IndexExpr
    | Slice
    | CallExpr
    | Unary
    | Binary
    | Compare
    | Logic
    | IfExpr
    | ListOf
    | TableOf
)


@dataclass(frozen=True, slots=True)
class Expr:
    """An expression and where it stands. `span` is the whole scalar's, quotes included."""

    root: Ast
    text: str
    span: Span

    def span_of(self, node: ExprNode) -> Span:
        """The place of one part of it."""
        return part_of(self.text, self.span, node.start, node.end)

    def part(self, start: int, end: int) -> Span:
        """The place of the characters `start` to `end` of the text."""
        return part_of(self.text, self.span, start, end)

    def __str__(self) -> str:
        return self.text


def part_of(text: str, span: Span, start: int, end: int) -> Span:
    """The place of text[start:end] in a scalar at `span`: exact on one line without escapes, else `span`."""
    quotes = (span.end_column - span.column - len(text)) / 2 if span.line == span.end_line else -1
    return span.part(start + int(quotes), end + int(quotes)) if quotes in (0, 1) else span


@dataclass(frozen=True, slots=True)
class TypeExpr:
    """`Image[channels, resolution]`: a kind and its shape; dims is None without brackets."""

    kind: str
    kind_span: Span
    dims: tuple[Expr, ...] | None
