"""`data` and `game` of a spec as trees: as written, or as its short form says."""

from __future__ import annotations

from collections.abc import Mapping as Map
from typing import TYPE_CHECKING

from gandsl.diagnostics import Diagnostics
from gandsl.frontend.short_form.expansion import expand
from gandsl.frontend.short_form.table import places
from gandsl.ir.graph import NetworkIR
from gandsl.spec.document import Document
from gandsl.spec.game_changes import completed
from gandsl.spec.tree import Entry, Mapping

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan

SECTIONS = ("data", "game")


def game_tree(
    document: Document,
    networks: Map[str, NetworkIR],
    plan: Plan | None,
    diagnostics: Diagnostics | None = None,
) -> Mapping | None:
    """`data` and `game` of a spec: as written, or what its short form stands for with what is added to that.

    None where there is neither, or where the two networks of a short form could not be unfolded.
    """
    written = {entry.key: entry for entry in document.tree if entry.key in SECTIONS}
    if plan is None:
        return None
    if not document.is_short:
        return Mapping(written, document.tree.span) if document.game else None
    if not {"generator", "discriminator"} <= networks.keys():
        return None
    expanded = expand(document, networks, plan)
    if isinstance(own := document.tree.get("data"), Mapping):
        expanded = _with_data(expanded, own)
    sink = Diagnostics() if diagnostics is None else diagnostics  # an empty one is false
    return completed(expanded, document.tree, sink, places())


def _with_data(expanded: Mapping, own: Mapping) -> Mapping:
    """The expansion with fields of the data that are declared beside it."""
    made = expanded.entries["data"]
    assert isinstance(made.value, Mapping)
    data = Mapping({**made.value.entries, **own.entries}, own.span)
    return Mapping({**expanded.entries, "data": Entry("data", made.key_span, data)}, expanded.span)
