"""Every rule about a game as a whole, as a table; and the one place that runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gandsl.analysis.facts import RuleInput
from gandsl.analysis.game import batches, lints, rules
from gandsl.analysis.game.played import Played
from gandsl.diagnostics import Diagnostic, Diagnostics, Span
from gandsl.ir.game import GameIR

Rule = Callable[[Played], Iterator[Diagnostic]]

ERRORS: tuple[tuple[str, Rule], ...] = (
    ("G0670", rules.terms_reach_weights),
    ("G0671", rules.networks_have_weights),
    ("G0672", rules.gradients_have_a_way),
    ("G0673", rules.twice_differentiable),
    ("G0674", rules.trained_parts_learn),
    ("G0676", rules.logs_are_computed),
    ("G0677", rules.logits_are_said),
    ("G0678", rules.averages_are_kept),
    ("G0611", batches.groups_fit),
    ("G0640", batches.norms_have_several),
    ("G0623", batches.shown_stand_alone),
)
WARNINGS: tuple[tuple[str, Rule], ...] = (
    ("W0770", lints.unwanted),
    ("W0771", lints.needless_stops),
    ("W0772", lints.coupled_terms),
    ("W0773", lints.ignored_images),
    ("W0774", lints.split_batches),
    ("W0775", batches.norms_under_gradients),
    ("W0776", lints.idle_parts),
    ("W0727", lints.squashed_logits),
)


def played(facts: RuleInput, game: GameIR | None) -> list[Played]:
    """The variants of the last level, in which rules are run; none of a game that failed to unfold."""
    if game is None:
        return []
    last = max(variant.level for variant in game.graphs)
    return [Played(facts, game, variant) for variant in sorted(game.graphs) if variant.level == last]


def run(table: tuple[tuple[str, Rule], ...], variants: list[Played], diagnostics: Diagnostics) -> None:
    """Run the rules of a table; what holds in several variants is said once."""
    said: set[tuple[str, Span | None]] = set()
    for _, rule in table:
        for found in (one for variant in variants for one in rule(variant)):
            if (found.code, found.span) not in said:
                said.add((found.code, found.span))
                diagnostics.extend([found])
