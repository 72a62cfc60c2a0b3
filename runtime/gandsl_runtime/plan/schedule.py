"""What the plan says at one moment of training: pure functions of images shown and steps taken; no torch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from . import Curve, Ema, Growth, LengthCurve, Number, Plan, Quantity, Stairs

Size = tuple[int, ...]


@dataclass(frozen=True)
class Clock:
    """How far training is."""

    images: int = 0
    steps: int = 0

    def reads(self, like: Quantity | LengthCurve) -> int:
        """Images shown or steps taken, whichever `like` counts."""
        return self.steps if like.in_steps else self.images

    def after(self, batch: int) -> Clock:
        """The clock one step later."""
        return Clock(self.images + batch, self.steps + 1)


@dataclass(frozen=True)
class Stage:
    """The program that trains: its level (None: the network does not grow) and its fade."""

    level: int | None = None
    fading: bool = False
    alpha: float = 1.0  # weight of the new level while it fades in, [0, 1]


@dataclass(frozen=True)
class Step:
    """One step of training, before it is taken."""

    clock: Clock
    stage: Stage
    batch: int


def reached(quantity: Quantity, clock: Clock) -> bool:
    """Whether training is `quantity` long by now."""
    return clock.reads(quantity) >= quantity.amount


def due(every: Quantity, before: Clock, after: Clock) -> bool:
    """Whether a multiple of `every` lies in (before, after]."""
    return math.floor(after.reads(every) / every.amount) > math.floor(before.reads(every) / every.amount)


def value(number: Number, clock: Clock) -> float:
    """The value of a number, a curve or stairs now."""
    if isinstance(number, Curve):
        return _along(number, clock)
    if isinstance(number, Stairs):
        return number.values[sum(reached(place, clock) for place in number.at)]
    return float(number)


def length(quantity: Quantity | LengthCurve, clock: Clock) -> float:
    """The images, or steps, that a length counts now."""
    return quantity.amount if isinstance(quantity, Quantity) else _along(quantity, clock)


def _along(way: Curve | LengthCurve, clock: Clock) -> float:
    share = min(max((clock.reads(way.over) - way.after.amount) / way.over.amount, 0.0), 1.0)
    return _SHAPES[way.shape](*way.ends, share)


_SHAPES = {
    "linear": lambda start, end, share: start + (end - start) * share,
    "cosine": lambda start, end, share: end + (start - end) * (1 + math.cos(math.pi * share)) / 2,
    "exponential": lambda start, end, share: start * (end / start) ** share,
}


def stage(growth: Growth | None, sizes: Sequence[Size], clock: Clock) -> Stage:
    """The level that trains now: stable for `growth.stable`, then the next fades in (arXiv:1710.10196)."""
    if growth is None:
        return Stage()
    round_length = growth.stable.amount + growth.fade.amount
    rounds, into = divmod(clock.images, round_length)
    level = growth.first_level(sizes) + int(rounds)
    if level >= len(sizes) - 1:
        return Stage(level=len(sizes) - 1)
    if into > growth.stable.amount:
        return Stage(level + 1, fading=True, alpha=(into - growth.stable.amount) / growth.fade.amount)
    return Stage(level)


def stages(growth: Growth | None, sizes: Sequence[Size]) -> list[Stage]:
    """Every stage that trains, in order: each level fades in, halfway here, and is stable then.

    Without growth, or without fades, these have none.
    """
    if growth is None:
        return [Stage()]
    first = growth.first_level(sizes)
    fades = [True, False] if growth.fade.amount else [False]
    later = [(level, fading) for level in range(first + 1, len(sizes)) for fading in fades]
    return [Stage(level, fading, 0.5 if fading else 1.0) for level, fading in [(first, False), *later]]


def step(plan: Plan, sizes: Sequence[Size], clock: Clock) -> Step:
    """The step that follows at this moment; `sizes` are the levels of a grown family, or empty."""
    now = stage(plan.growth, sizes, clock)
    return Step(clock, now, batch(plan, sizes, now))


def batch(plan: Plan, sizes: Sequence[Size], now: Stage) -> int:
    """The images of a step at this stage."""
    if plan.growth and now.level is not None:
        return plan.growth.batch.get(max(sizes[now.level]), plan.batch)
    return plan.batch


def ema_decay(ema: Ema, now: Step) -> float:
    """β of average ← lerp(weights, average, β) at this step; 0 copies the weights."""
    if not reached(ema.start, now.clock):
        return 0.0
    if ema.decay is not None:
        return ema.decay
    if ema.power is not None:
        shown = now.clock.images
        return float((shown / (shown + now.batch)) ** (ema.power + 1))
    assert ema.half_life is not None  # the plan has one of the three
    half_life = length(ema.half_life, now.clock)
    if ema.ramp_up is not None:
        half_life = min(half_life, now.clock.reads(ema.half_life) * ema.ramp_up)
    grown = 1 if ema.half_life.in_steps else now.batch
    return 0.5 ** (grown / max(half_life, 1e-8))
