"""Paths with wildcards: `**.norm`, `generator.*.conv?.gain` and the places of a spec that they stand for."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from gandsl.diagnostics import Diagnostics, Span
from gandsl.diagnostics.suggest import nearest
from gandsl.spec.paths import declares
from gandsl.spec.tree import Entry, Mapping

ANY_DEPTH = "**"

# what says what a thing is rather than what is done with it: only a path that names it leads there
_DECLARATIONS = frozenset(
    {
        *("gandsl", "name", "doc", "source", "extends", "set", "patch", "moved", "imports", "requires"),
        *("params", "let", "interfaces", "ports", "slots", "inputs", "outputs", "data", "training", "game"),
    }
)


def is_pattern(path: str) -> bool:
    """Whether a path has wildcards: `*` and `?` in a step, or `**` for any number of steps."""
    return "*" in path or "?" in path


def places(tree: Mapping, path: str) -> list[str]:
    """The paths of what a pattern stands for, in the order of the spec, none of them inside another.

    Wildcards match what is there: nodes and what they are given, no declarations.
    """
    found: list[str] = []
    for keys in _matching(tree, tuple(path.split(".")), ()):
        place = ".".join(keys)
        if place not in found and not any(place.startswith(f"{other}.") for other in found):
            found.append(place)
    return found


def expanded(tree: Mapping, path: str, span: Span, diagnostics: Diagnostics, code: str) -> list[str]:
    """The places of a pattern written at `span`, reported where there are none; of a plain path itself."""
    if not is_pattern(path):
        return [path]
    found = places(tree, path)
    if not found:
        known = sorted(set(_names(tree)))
        strange = (step for step in path.split(".") if not is_pattern(step) and step not in known)
        near = nearest(next(strange, ""), known)
        help = f"did you mean `{near}`?" if near else None
        diagnostics.add(code, f"nothing in the spec is at `{path}`", span, help=help)
    return found


def _matching(
    here: Mapping, steps: tuple[str, ...], above: tuple[str, ...], deep: bool = False
) -> Iterator[tuple[str, ...]]:
    """Keys from the top to what the steps stand for, beginning here. `deep`: below a `**`."""
    step, rest = steps[0], steps[1:]
    if step == ANY_DEPTH:
        if rest:
            yield from _matching(here, rest, above, deep=True)
        for keys, entry in _children(here, above):
            if _is_declaration(keys):
                continue
            if not rest:
                yield keys
            elif isinstance(entry.value, Mapping):
                yield from _matching(entry.value, steps, keys, deep=True)
        return
    for keys, entry in _children(here, above):
        wild = is_pattern(step) or deep
        if not fnmatchcase(entry.key, step) or (wild and _is_declaration(keys)):
            continue
        if not rest:
            yield keys
        elif isinstance(entry.value, Mapping):
            yield from _matching(entry.value, rest, keys)


def _is_declaration(keys: tuple[str, ...]) -> bool:
    """Whether a place is one that wildcards pass over; a node may be called `inputs` all the same."""
    return keys[-1] in _DECLARATIONS and not declares([*keys[:-1]])


def _children(here: Mapping, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """Each entry, and each of a body as if it stood beside it, with the keys that lead there."""
    for entry in here:
        yield (*above, entry.key), entry
        if entry.key == "body" and isinstance(entry.value, Mapping):
            for node in entry.value:
                yield (*above, "body", node.key), node


def _names(here: Mapping) -> Iterator[str]:
    for entry in here:
        yield entry.key
        if isinstance(entry.value, Mapping):
            yield from _names(entry.value)
