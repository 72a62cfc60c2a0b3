"""Ways to spoil a game: each finds places in one that is fine, and tells what is then said, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from gandsl.diagnostics import Span
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree
from tests.frontend.game.spoiled_bases import Base

OF_A_CALL = ("network", "holds", "weights", "mode", "draws", "outputs")  # its other keys are inputs


@dataclass(frozen=True)
class Spoiled:
    """A text with one fault, and the place of the token that is wrong."""

    text: str
    line: int
    column: int


Ways = Callable[[Base], Iterator[Spoiled]]


@dataclass(frozen=True)
class Way:
    name: str
    code: str
    find: Ways


WAYS: list[Way] = []


def way(code: str) -> Callable[[Ways], Ways]:
    """What is said of games that are spoiled so."""

    def add(find: Ways) -> Ways:
        WAYS.append(Way(find.__name__, code, find))
        return find

    return add


# ---- edits


def put(base: Base, span: Span, text: str, at: Span | None = None, shift: int = 0) -> Spoiled:
    """A stretch of a line replaced; what is wrong is told there, or at a place before it."""
    lines = base.text.split("\n")
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + text + line[span.end_column - 1 :]
    told = at or span
    return Spoiled("\n".join(lines), told.line, told.column + shift)


def insert(base: Base, before: Span, text: str, column: int = 0) -> Spoiled:
    """A line put in before another, as deep as that; it is wrong from a column of it on."""
    lines = base.text.split("\n")
    lines.insert(before.line - 1, " " * (before.column - 1) + text)
    return Spoiled("\n".join(lines), before.line, before.column + column)


def without(base: Base, of: Mapping, key: str, at: Span) -> Spoiled:
    """A field left out of what is written in one line."""
    line = base.text.split("\n")[of.span.line - 1]
    entry = of.entries[key]
    start, end = entry.key_span.column - 1, entry.value.span.end_column - 1
    before, after = line[:start], line[end:]
    if after.startswith(", "):
        after = after[2:]
    else:
        before = before.removesuffix(", ")
    return put(base, Span("", of.span.line, 1, of.span.line, len(line) + 1), before + after, at)


# ---- what stands in a base


def value(of: Mapping, key: str) -> Scalar | None:
    found = of.get(key)
    return found if isinstance(found, Scalar) else None


def scalars(tree: Tree | None) -> Iterator[Scalar]:
    """All values below that stand on one line."""
    if isinstance(tree, Scalar) and tree.span.line == tree.span.end_line:
        yield tree
    for inside in tree.items if isinstance(tree, Sequence) else ():
        yield from scalars(inside)
    for entry in tree if isinstance(tree, Mapping) else ():
        yield from scalars(entry.value)


def within(entry: Entry) -> Mapping:
    return entry.value if isinstance(entry.value, Mapping) else Mapping({}, entry.key_span)


def misspelt(base: Base, scalar: Scalar) -> Spoiled:
    """Of `generator.z` the part before the dot."""
    first, dot, rest = scalar.text.partition(".")
    return put(base, scalar.span, f"{first}x{dot}{rest}")


def inputs(base: Base) -> Iterator[tuple[Entry, Mapping, Entry]]:
    """Calls, and what each of their inputs is given."""
    for call, node in base.nodes_with("network"):
        yield from ((call, node, entry) for entry in node if entry.key not in OF_A_CALL)


def named(base: Base, tree: Tree | None) -> Iterator[Spoiled]:
    """Each name in an expression misspelt."""
    for span, name in base.names_in(tree):
        yield put(base, span, f"{name}x")


def values_of_terms(base: Base) -> Iterator[Scalar]:
    for term in base.terms:
        found = term.value if isinstance(term.value, Scalar) else within(term).get("value")
        if isinstance(found, Scalar):
            yield found


def an_image(base: Base) -> str:
    kinds = {
        entry.key: entry.value if isinstance(entry.value, Scalar) else within(entry).get("type")
        for entry in base.mapping("data")
    }
    return next(
        name for name, kind in kinds.items() if isinstance(kind, Scalar) and kind.text.startswith("Image")
    )


def turns(base: Base, names: str, wrong: str) -> Spoiled:
    """`order` of these players, put in or in place of what stands there; `wrong` among them is told."""
    game = base.mapping("game")
    column = f"[{names}]".index(wrong)
    if "order" not in game:
        return insert(base, next(iter(game)).key_span, f"order: [{names}]", len("order: ") + column)
    return put(base, game.entries["order"].value.span, f"[{names}]", shift=column)


def further(base: Base, of: Mapping, text: str, wrong: str) -> Iterator[Spoiled]:
    """A field put in behind the first of a mapping in braces; `wrong` in it is told."""
    first = next(iter(of))
    value = first.value
    line = base.text.split("\n")[of.span.line - 1]
    in_braces = line[of.span.column - 1] == "{"
    if in_braces and isinstance(value, Scalar) and value.span.line == of.span.line == value.span.end_line:
        whole = line[value.span.column - 1 : value.span.end_column - 1]
        shift = len(whole) + 2 + text.index(wrong)
        yield put(base, value.span, f"{whole}, {text}", shift=shift)
