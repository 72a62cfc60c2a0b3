"""The picture of a game: calls of networks as boxes, expressions as groups that show their text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from textwrap import shorten

from gandsl.diagnostics import Span
from gandsl.frontend.module import ModuleIR
from gandsl.graph.tree import Picture, picture
from gandsl.ir.game import GameIR
from gandsl_runtime.plan import Curve, Number
from gandsl_runtime.plan.game import Term

LONGEST = 72  # characters of an expression


def game_picture(module: ModuleIR) -> Picture:
    """The game of a module, which has one, at its last level."""
    assert module.game is not None
    made = picture(module.game.main, {}, words(module.game, module.sources))
    terms = [term for player in module.game.plan.players.values() for term in player.terms]
    weights = {term.id: term.weight for term in terms if isinstance(term.weight, str)}
    return replace(made, said={term.id: counted(term) for term in terms}, weights=weights)


def counted(term: Term) -> tuple[str, ...]:
    """How a term counts, and when."""
    parts = [] if isinstance(term.weight, str) or term.weight == 1 else [f"weight {_number(term.weight)}"]
    parts += [f"every {term.every} steps"] if term.every > 1 else []
    parts += [f"from {term.start}"] if term.start.number else []
    parts += [f"until {term.until}"] if term.until else []
    return ("term", *parts)


def _number(weight: Number) -> str:
    return (
        f"{weight:g}"
        if isinstance(weight, int | float)
        else "of a curve"
        if isinstance(weight, Curve)
        else "in stairs"
    )


def words(game: GameIR, sources: Mapping[str, str]) -> dict[str, str]:
    """What the groups are: players, their terms, and expressions of several nodes."""
    graph, players = game.main, game.plan.players.values()
    found = {player.name: "player" for player in players}
    found |= {term.id: "term" for player in players for term in player.terms}
    for node in graph:
        term = ".".join(node.id.split(".")[:2])
        if found.get(term) == "term" and node.provenance.frames:
            found[term] = f"term, {node.provenance.frames[-1].what}"
    above = {node.id.rpartition(".")[0] for node in graph}
    for node in graph:
        if node.id in above and (text := _written(node.provenance.span, sources)):
            found[node.id] = f"= {shorten(text, LONGEST, placeholder=' …')}"
    return found


def _written(span: Span, sources: Mapping[str, str]) -> str:
    """The words at a place, of one line."""
    lines = sources.get(span.file, "").split("\n")
    if span.line != span.end_line or span.line > len(lines):
        return ""
    return lines[span.line - 1][span.column - 1 : span.end_column - 1].strip("\"'")
