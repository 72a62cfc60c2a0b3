"""Overrides: `--set a.b=c`, or `overrides={"a.b": c}` in Python. Each is one more patch."""

from __future__ import annotations

from collections.abc import Mapping as Values
from collections.abc import Sequence as Items
from typing import Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.spec.game_changes import is_late, late_set
from gandsl.spec.patches import assign, assign_all
from gandsl.spec.paths import Path
from gandsl.spec.patterns import is_pattern
from gandsl.spec.reader import read_text
from gandsl.spec.shapes import SPEC
from gandsl.spec.tree import Entry, Mapping, Tree
from gandsl.spec.write import flow


def as_texts(overrides: Values[str, Any] | Items[str]) -> list[str]:
    """Overrides as the command line has them, `path=value`; a text is one of them."""
    if isinstance(overrides, str):
        return [overrides]
    if isinstance(overrides, Values):
        return [f"{path}={as_yaml(value)}" for path, value in overrides.items()]
    return list(overrides)


def as_yaml(value: Any) -> str:
    """A Python value as YAML on one line. A str stands as it is: it may be an expression."""
    return value if isinstance(value, str) else flow(value)


def apply_overrides(
    tree: Mapping, overrides: list[str], diagnostics: Diagnostics
) -> tuple[Mapping, list[Tree]]:
    """All of them, in order, but those of the game, which wait; these as steps of a patch.

    Each is a pseudo file of its own, `--set a.b=c`, whose text is `a.b=c`.
    """
    late: list[Tree] = []
    for text in overrides:
        changed = _apply(tree, text, late, diagnostics)
        tree = tree if changed is None else changed
    return tree, late


def _apply(tree: Mapping, text: str, late: list[Tree], diagnostics: Diagnostics) -> Mapping | None:
    file = f"--set {text}"
    diagnostics.sources[file] = text
    written, equals, value_text = text.partition("=")
    path = Path(written.rstrip(), Span(file, 1, 1, 1, max(len(written.rstrip()), 1) + 1))
    if not equals or not path.text:
        help = "write `--set NAME=VALUE`, such as `--set resolution=64`"
        diagnostics.add("G0507", f"`{text}` is no override", Span(file, 1, 1, 1, len(text) + 1), help=help)
        return None
    # blanks in place of the name, so that places in the value are places in the whole text
    value = read_text(" " * (len(written) + 1) + value_text, file, diagnostics)
    if value is None:
        return None
    if is_late(path.text):
        late += late_set(Mapping({path.text: Entry(path.text, path.span, value)}, path.span))[1]
        return None
    if is_pattern(path.text):
        return assign_all(tree, path, value, diagnostics, code="G0501")
    params = tree.get("params")
    names = list(params.entries) if isinstance(params, Mapping) else []
    first = path.text.split(".")[0]
    if first in names and first not in tree:
        return assign(tree, Path(f"params.{path.text}", path.span), value, diagnostics, code="G0501")
    if first not in tree and SPEC.field(first) is None:
        what = "parameter " if first == path.text else ""
        message, near = f"the spec has no {what}`{first}`", did_you_mean(first, [*names, *tree.entries])
        diagnostics.add("G0501", message, path.steps[0][1], help=near)
        return None
    return assign(tree, path, value, diagnostics, code="G0501")
