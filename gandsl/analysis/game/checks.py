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
    ("W0727", lints.squashed_logits),
)


def check_game(facts: RuleInput, game: GameIR, diagnostics: Diagnostics) -> None:
    """Run every rule in the variants of the last level; the short form's own rules speak of its words.

    Warnings are given only for a game without errors.
    """
    last = max(variant.level for variant in game.graphs)
    variants = [Played(facts, game, variant) for variant in sorted(game.graphs) if variant.level == last]
    said: set[tuple[str, Span | None]] = set()
    for table in (ERRORS, WARNINGS):
        for _, rule in () if diagnostics.has_errors and table is WARNINGS else table:
            for found in (one for played in variants for one in rule(played)):
                if (found.code, found.span) not in said:
                    said.add((found.code, found.span))
                    diagnostics.extend([found])
