"""What the plan asks of a run's log has to be in it."""

from __future__ import annotations

from collections.abc import Iterator

from gandsl.analysis.facts import RuleInput
from gandsl.diagnostics import Diagnostic
from gandsl.diagnostics.suggest import did_you_mean

METRIC = "metric/"


def names_are_logged(facts: RuleInput) -> Iterator[Diagnostic]:
    """G0629: checkpoints are kept, or the run ends, by a value that no record has."""
    cadence = facts.plan.cadence if facts.plan else None
    for path, asked in (("best", cadence and cadence.best), ("stop", cadence and cadence.stop)):
        if asked and (known := _unlike(facts, asked.metric)) is not None:
            message = f"nothing writes `{asked.metric}` into the log"
            help = did_you_mean(asked.metric, known)
            if asked.metric.startswith(METRIC):
                help = f"have it measured: `metrics: {{{asked.metric.removeprefix(METRIC)}: {{}}}}`"
            yield Diagnostic("G0629", message, facts.value(f"cadence.{path}.metric"), help=help)


def _unlike(facts: RuleInput, name: str) -> list[str] | None:
    """What is logged, where `name` is none of it."""
    assert facts.plan is not None
    measured = [f"{METRIC}{one}" for one in facts.plan.metrics]
    if name.startswith(METRIC):
        return None if name in measured else measured
    # the short form's names are known when it is unfolded, and few specs ask
    from gandsl.frontend.game.logs import TRAINERS, TRAINERS_GROUPS

    if name in TRAINERS or name.partition("/")[0] in TRAINERS_GROUPS or facts.module.game is None:
        return None
    game = facts.module.game
    logged: set[str] = set()
    for plan in (game.plan, *game.plans.values()):
        logged.update(plan.logs, *(term.logs for player in plan.players.values() for term in player.terms))
    return None if name in logged else [*measured, *sorted(logged)]
