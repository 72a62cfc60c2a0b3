"""A slip that YAML makes easy: `{channels: min(a, b)}`, where the comma ends the value."""

from __future__ import annotations

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.tree import Entry, Scalar, Tree

_LONGEST = 1000  # characters of a value worth mending


def _torn(tree: Tree | None) -> bool:
    """Whether a plain scalar has an open parenthesis."""
    return (
        isinstance(tree, Scalar)
        and tree.plain
        and len(tree.text) <= _LONGEST
        and tree.text.count("(") > tree.text.count(")")
    )


def rejoin_items(items: list[Tree], diagnostics: Diagnostics) -> list[Tree]:
    """`[min(a, b), c]` read as `min(a`, `b)`, `c`: two items once reported, not three."""
    joined: list[Tree] = []
    for item in items:
        last = joined[-1] if joined else None
        if isinstance(last, Scalar) and _torn(last) and isinstance(item, Scalar):
            joined[-1] = _join(last, item)
        else:
            joined.append(item)
    whole = {id(item) for item in items}
    return [item if id(item) in whole else _reported(item, diagnostics) for item in joined]


def rejoin_entries(entries: list[Entry], diagnostics: Diagnostics) -> list[Entry]:
    """`{channels: min(a, b), kernel: 3}` read as `channels: min(a`, `b):`, `kernel: 3`."""
    joined: list[Entry] = []
    for entry in entries:
        last = joined[-1].value if joined else None
        if isinstance(last, Scalar) and _torn(last) and _is_bare(entry):
            tail = Scalar(None, entry.key, True, entry.key_span)
            joined[-1] = Entry(joined[-1].key, joined[-1].key_span, _join(last, tail))
        else:
            joined.append(entry)
    whole = {id(entry) for entry in entries}
    return [
        entry if id(entry) in whole else Entry(entry.key, entry.key_span, _reported(entry.value, diagnostics))
        for entry in joined
    ]


def _is_bare(entry: Entry) -> bool:
    return isinstance(entry.value, Scalar) and entry.value.text == "" and entry.value.plain


def _join(head: Scalar, tail: Scalar) -> Scalar:
    gap = max(tail.span.column - head.span.end_column - 1, 0) if head.span.end_line == tail.span.line else 1
    text = f"{head.text},{' ' * gap}{tail.text}"
    return Scalar(text, text, True, head.span.to(tail.span))


def _reported(value: Tree, diagnostics: Diagnostics) -> Tree:
    assert isinstance(value, Scalar)
    span: Span = value.span
    diagnostics.add(
        "G0003",
        "the comma ends the value here, inside the parentheses",
        span,
        help=f'inside {{…}} and […] a value with a comma needs quotes: "{value.text}"',
    )
    return value
