"""What the guard says of a run: one line, and for as long as an alarm is news its signs."""

from __future__ import annotations

import math

import pytest

from gandsl_runtime.guard.judge import Judgement, Sign, judge
from gandsl_runtime.guard.memory import GuardHistory
from gandsl_runtime.guard.status import Alarm, status
from gandsl_runtime.plan import Guard
from gandsl_runtime.plan.schedule import Stage

PLAN = Guard(warm_up=5, patience=3, window=10)
NAMES = ("diversity/all pairs", "gradient/generator")


def looked(values: list[float]) -> tuple[GuardHistory, Judgement | None]:
    """A memory after looks at diversities, counted as the guard counts, and the last judgement."""
    memory, verdict = GuardHistory(NAMES, PLAN.window + PLAN.patience), None
    for place, value in enumerate(values):
        memory.add(Stage(), 100 * place, {NAMES[0]: value, NAMES[1]: 1.0})
        verdict = judge(PLAN, memory.names, memory.looks)
        memory.calm = memory.calm + 1 if verdict.calm else 0
    return memory, verdict


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ([], "gathers a past: look 0 of 8"),
        ([1.0] * 7, "gathers a past: look 7 of 8"),
        ([1.0] * 8, "calm for 1 look"),
        ([1.0] * 12, "calm for 5 looks"),
        ([*[1.0] * 12, 0.2], "out of bounds; 3 looks in a row alarm"),
        ([*[1.0] * 12, 0.2, 0.2, 0.2], "out of bounds; 3 looks in a row alarm"),
    ],
)
def test_the_line(values, line):
    memory, verdict = looked(values)
    assert status(PLAN, memory, None, 0) == (line, ())
    assert bool(verdict and verdict.signs) is (values[-3:] == [0.2] * 3)


def test_an_alarm_is_news_for_as_long_as_a_past_takes():
    memory, verdict = looked([*[1.0] * 12, 0.2, 0.2, 0.2])
    assert verdict is not None
    alarm = Alarm(41_000, verdict.signs, "the run collapses: …", "warn")
    memory.forget(1)
    found = status(PLAN, memory, alarm, 0)
    assert found.line == "ALARM at 41.0 kimg · gathers a past: look 1 of 8"
    assert found.signs == ("diversity of samples (all pairs, real images = 1) went from 1 to 0.2",)
    assert status(PLAN, memory, alarm, PLAN.warm_up - 1).signs == found.signs
    memory, _ = looked([1.0] * 9)
    assert status(PLAN, memory, alarm, PLAN.warm_up) == ("calm for 2 looks · alarm at 41.0 kimg", ())


def test_what_is_said_of_many_signs_and_of_none():
    many = tuple(Sign(f"sigma/generator.b{place}", 1.0, math.inf) for place in range(5))
    memory, _ = looked([1.0] * 8)
    found = status(PLAN, memory, Alarm(500, many, "", "rollback"), 1)
    assert found.line == "went back at 0.5 kimg · calm for 1 look" and len(found.signs) == 4
    assert (
        found.signs[0].endswith("generator.b0 is not finite")
        and found.signs[3] == "and 2 more, in alarms.jsonl"
    )
    lost = Alarm(500, (), "not finite after 500 images: loss/D", "rollback")
    assert status(PLAN, memory, lost, 1).signs == (lost.message,)
