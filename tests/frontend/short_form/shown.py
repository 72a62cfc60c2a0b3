"""Specs as short forms, expanded: what the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.frontend.elaborate import elaborate
from gandsl.frontend.module import ModuleIR
from gandsl.frontend.short_form.game_tree import game_tree
from gandsl.spec.fill import filled
from gandsl.spec.loader import load
from gandsl.spec.reader import read_text
from gandsl.spec.tree import Mapping, Sequence, Tree, to_plain
from tests.specs.reduced import SPECS, sizes

BLOCKS = ("data", "game", "body", "players")
NOWHERE = Span.point("nowhere")


def module_of(name: str, **overrides: Any) -> ModuleIR:
    """A spec of the repository at a small size, with these values at paths (`__` for a dot)."""
    found = sizes(name) | {key.replace("__", "."): value for key, value in overrides.items()}
    diagnostics = Diagnostics()
    document = load(SPECS / f"{name}.yaml", found, diagnostics=diagnostics)
    assert document is not None, list(diagnostics)
    module = elaborate(document, diagnostics)
    assert module is not None and (module.game is not None) > diagnostics.has_errors, list(diagnostics)
    return module


def expanded(module: ModuleIR) -> Mapping:
    """`data` and `game`."""
    tree = game_tree(module.document, module.networks, module.plan)
    assert tree is not None
    return tree


def game_of(name: str, **overrides: Any) -> dict[str, Any]:
    """The game of a spec as plain data."""
    found: dict[str, Any] = to_plain(expanded(module_of(name, **overrides)))["game"]
    return found


def spans(tree: Tree) -> Iterator[Span]:
    """Of each token."""
    yield tree.span
    for inside in tree.items if isinstance(tree, Sequence) else ():
        yield from spans(inside)
    for entry in tree if isinstance(tree, Mapping) else ():
        yield entry.key_span
        yield from spans(entry.value)


def texts(tree: Tree) -> Any:
    """Data of what is written: every number as its text."""
    if isinstance(tree, Mapping):
        return {entry.key: texts(entry.value) for entry in tree}
    return [texts(item) for item in tree.items] if isinstance(tree, Sequence) else tree.text


def read_back(tree: Mapping) -> Mapping:
    """What the reader makes of the printed text."""
    diagnostics = Diagnostics()
    again = read_text(filled(tree, BLOCKS), "shown", diagnostics)
    assert isinstance(again, Mapping) and not list(diagnostics), list(diagnostics)
    return again


__all__ = ["expanded", "game_of", "module_of", "read_back", "spans", "texts"]
