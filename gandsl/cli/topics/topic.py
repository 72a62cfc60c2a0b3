"""One explanation, and the lines it is made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any


@dataclass(frozen=True)
class Topic:
    """`text` for the terminal, `facts` for programs."""

    kind: str  # code, op, block, plan
    name: str
    text: str
    facts: dict[str, Any] = field(default_factory=dict)


def paragraph(text: str, width: int, indent: str = "") -> str:
    """Running text within a width."""
    lines = wrap(" ".join(text.split()), width, initial_indent=indent, subsequent_indent=indent)
    return "\n".join(lines)


def definitions(rows: Iterable[tuple[str, str]], width: int, indent: str = "  ") -> Iterator[str]:
    """Terms with what they mean beside them, or below where a term is long."""
    found = list(rows)
    column = min(max((len(term) for term, _ in found), default=0), 30)
    for term, meaning in found:
        below = indent + " " * (column + 2)
        lines = wrap(" ".join(meaning.split()), width, initial_indent=below, subsequent_indent=below)
        head = indent + term
        if not lines:
            yield head
        elif len(term) > column:
            yield "\n".join([head, *lines])
        else:
            yield "\n".join([head + lines[0][len(head) :], *lines[1:]])
