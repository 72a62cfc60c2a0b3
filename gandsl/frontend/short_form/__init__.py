"""The short form of a game: what `training.loss` and the fields beside it stand for, as trees with spans."""

from __future__ import annotations

from collections.abc import Mapping as Map
from typing import TYPE_CHECKING

from gandsl.frontend.short_form.expansion import expand
from gandsl.frontend.short_form.merged import merged
from gandsl.ir.graph import NetworkIR
from gandsl.spec.document import Document
from gandsl.spec.tree import Entry, Mapping, is_null

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan

__all__ = ["expand", "game_tree"]

SECTIONS = ("data", "game")


def game_tree(document: Document, networks: Map[str, NetworkIR], plan: Plan | None) -> Mapping | None:
    """`data` and `game` of a spec, as written or as its short form stands for them with what is added to it.

    None where there is neither, or where the two networks of a short form could not be unfolded.
    """
    written = {key: entry for key in SECTIONS if (entry := _given(document, key))}
    if plan is None:
        return None
    if not is_short(document):
        return Mapping(written, document.tree.span) if "game" in written else None
    if not {"generator", "discriminator"} <= networks.keys():
        return None
    expanded = expand(document, networks, plan)
    return Mapping(
        {key: merged(entry, written.get(key)) for key, entry in expanded.entries.items()}, expanded.span
    )


def is_short(document: Document) -> bool:
    return document.training is not None and not is_null(document.training.get("loss"))


def _given(document: Document, key: str) -> Entry | None:
    entry = document.tree.entries.get(key)
    return None if entry is None or is_null(entry.value) else entry
