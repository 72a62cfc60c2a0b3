"""Every rule about a game as a whole, as a table; and the one place that runs them.

A game that is unfolded to be asked takes longer than all else in a check. So of a short form alone, whose
plan and networks have rules of their own, it is asked what these don't know, and that only where the
networks hold something which the answer could be about (`sought.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gandsl.analysis.facts import RuleInput
from gandsl.analysis.game import batches, gradients, lints, rules
from gandsl.analysis.game.played import Played
from gandsl.analysis.game.sought import is_sought
from gandsl.diagnostics import Diagnostic, Diagnostics, Span
from gandsl.frontend.module import ModuleIR
from gandsl.ir.game import GameIR
from gandsl.records import dataclass


@dataclass(frozen=True)
class Query:
    """A rule, and the code that it gives."""

    code: str
    rule: Callable[[Played], Iterator[Diagnostic]]
    levels: bool = False  # of each level of a growing family; else of the last


OF_BATCHES: tuple[Query, ...] = (  # wrong with one micro-batch, and right with another
    Query("G0611", batches.groups_fit, levels=True),
    Query("G0640", batches.norms_have_several, levels=True),
)
ERRORS: tuple[Query, ...] = (
    Query("G0670", rules.terms_reach_weights),
    Query("G0671", rules.networks_have_weights),
    Query("G0672", gradients.gradients_have_a_way),
    Query("G0608", gradients.twice_differentiable),
    Query("G0605", gradients.penalties_are_valid),
    Query("G0674", rules.trained_parts_learn),
    Query("G0676", rules.logs_are_computed),
    Query("G0677", rules.logits_are_said),
    Query("G0628", rules.augmentation_has_a_boundary),
    Query("G0678", rules.averages_are_kept),
    *OF_BATCHES,
    Query("G0623", batches.shown_stand_alone, levels=True),
)
WARNINGS: tuple[Query, ...] = (
    Query("W0720", gradients.norms_under_gradients),
    Query("W0721", lints.unbounded_terms),
    Query("W0727", lints.squashed_logits),
    Query("W0770", lints.unwanted),
    Query("W0771", lints.needless_stops),
    Query("W0772", lints.coupled_terms),
    Query("W0772", lints.coupled_states),
    Query("W0773", lints.ignored_images),
    Query("W0774", lints.split_batches),
    Query("W0776", lints.idle_parts),
)


def ask(table: tuple[Query, ...], facts: RuleInput, module: ModuleIR, diagnostics: Diagnostics) -> None:
    """Run the rules of a table that are asked of a spec; what holds in several variants is said once.

    `module` is the spec as it was unfolded, with its game.
    """
    whole = facts.document.tells_game
    asked = [query for query in table if whole or is_sought(query.code, facts)]
    variants = _played(facts, module.game) if asked else []
    said: set[tuple[str, Span | None]] = set()
    for query in asked:
        last = max((played.variant.level for played in variants), default=0)
        for played in variants if query.levels else [one for one in variants if one.variant.level == last]:
            for found in query.rule(played):
                if (found.code, found.span) not in said:
                    said.add((found.code, found.span))
                    diagnostics.extend([found])


def _played(facts: RuleInput, game: GameIR | None) -> list[Played]:
    """The variants, in which rules are run; none of a game that failed to unfold."""
    return [Played(facts, game, variant) for variant in sorted(game.graphs)] if game else []
