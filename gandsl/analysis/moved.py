"""`moved:` maps old ids to new ones; both sides are checked against the graphs."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.facts import RuleInput
from gandsl.diagnostics import Diagnostic, Label
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.spec.tree import Entry, Mapping


def moved_ids(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0408: a new place that is no node, an old one that still is, two ids to one place."""
    written = facts.document.tree.get("moved")
    if not isinstance(written, Mapping) or set(facts.module.networks) != set(facts.document.networks):
        return
    ids = _ids(facts)
    taken: dict[str, Entry] = {}
    for entry in written:
        target = facts.document.moved.get(entry.key, "")
        if target not in ids:
            help = did_you_mean(target, sorted(ids))
            yield Diagnostic("G0408", f"there is no node `{target}` to move to", entry.value.span, help=help)
        if entry.key in ids:
            yield Diagnostic(
                "G0408",
                f"`{entry.key}` is still a node of this spec, so it has not moved",
                entry.key_span,
                help="delete this line",
            )
        if other := taken.get(target):
            where = (Label(other.key_span, f"`{other.key}` moves there too"),)
            message = f"two ids move to `{target}`"
            yield Diagnostic("G0408", message, entry.value.span, secondary=where, help="keep one of the two")
        taken.setdefault(target, entry)


def _ids(facts: RuleInput) -> set[str]:
    """Every id and every beginning of one, with its network: `generator.synthesis`, and all inside."""
    found: set[str] = set()
    for name in facts.module.networks:
        for _, node in facts.nodes(name):
            path = name
            for step in node.id.split("."):
                path = f"{path}.{step}"
                found.add(path)
    return found
