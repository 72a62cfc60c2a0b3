"""What the guard says of a run at this moment: one line, and after an alarm its signs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ..plan import Guard as Plan
from .judge import Sign
from .memory import GuardHistory


class Alarm(NamedTuple):
    """The last one of this session."""

    images: int  # shown by then
    signs: tuple[Sign, ...]  # worst first; none where a loss was not finite
    message: str
    action: str  # warn, rollback or stop


class Status(NamedTuple):
    """One line; where the alarm is news, its signs in words."""

    line: str
    signs: tuple[str, ...] = ()


def status(plan: Plan, memory: GuardHistory, alarm: Alarm | None, looks_since: int) -> Status:
    """Of the last looks and the last alarm, which is news for as many looks as a past takes."""
    line = _line(plan, memory)
    if alarm is None:
        return Status(line)
    at = f"{'went back' if alarm.action == 'rollback' else 'alarm'} at {alarm.images / 1000:,.1f} kimg"
    if looks_since >= plan.warm_up:
        return Status(f"{line} · {at}")
    return Status(f"{at.replace('alarm', 'ALARM')} · {line}", _told(alarm))


def _line(plan: Plan, memory: GuardHistory) -> str:
    looks, needed = len(memory.images), plan.warm_up + plan.patience
    if looks < needed:
        return f"gathers a past: look {looks} of {needed}"
    if memory.calm:
        return f"calm for {memory.calm} look{'s' * (memory.calm > 1)}"
    return f"out of bounds; {plan.patience} looks in a row alarm"


def _told(alarm: Alarm) -> tuple[str, ...]:
    said: Sequence[str] = [str(sign) for sign in alarm.signs[:3]] or [alarm.message]
    more = len(alarm.signs) - 3
    return (*said, *([f"and {more} more, in alarms.jsonl"] if more > 0 else []))
