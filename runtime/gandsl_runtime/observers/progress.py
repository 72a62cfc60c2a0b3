"""What there is to say of a run's progress: the newest values, how far it is, how long it still takes."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from fractions import Fraction

from ..guard.status import Status
from ..plan import Quantity
from ..plan.schedule import Clock, Size
from .base import Record

HISTORY = 16  # records that a curve shows, and that the time left is judged by
_CURVED = ("loss/D", "loss/G")


class Progress:
    """Filled by the trainer, read by whoever shows it.

    `lazy` are the factors of the lazy correction by rate, such as G and D; `rollback` what rollbacks have
    made of all rates.
    """

    def __init__(
        self,
        name: str,
        length: Quantity,
        sizes: Sequence[Size],
        clock: Clock,
        lazy: Mapping[str, float] | None = None,
    ) -> None:
        self.name, self.length, self.sizes, self.clock = name, length, sizes, clock
        self.lazy, self.rollback = lazy or {}, 1.0
        self.guard: Status | None = None
        self.values: Record = {}
        self.history: dict[str, deque[float]] = {name: deque(maxlen=HISTORY) for name in _CURVED}
        self._marks: deque[tuple[float, float]] = deque(maxlen=HISTORY)  # seconds, done

    def logged(self, record: Record, clock: Clock) -> None:
        """Take over a record of the log; values that it lacks stay."""
        self.clock = clock
        self.values |= record
        for name in self.history.keys() & record.keys():
            self.history[name].append(record[name])
        if "time/seconds" in record:
            self._marks.append((record["time/seconds"], clock.reads(self.length)))

    @property
    def share(self) -> float:
        """How much of the run is done, [0, 1]."""
        return min(self.clock.reads(self.length) / self.length.amount, 1.0)

    def of_length(self) -> str:
        """`41.0 of 100 kimg`."""
        done = self.clock.reads(self.length) / (self.length.amount / self.length.number)
        return f"{done:.{0 if self.length.in_steps else 1}f} of {self.length}"

    def left(self) -> str:
        """The time left at the speed of the last records; nothing before there are two, nor at the end."""
        if len(self._marks) < 2 or self.share == 1:
            return ""
        (began, before), (now, done) = self._marks[0], self._marks[-1]
        if done <= before:
            return ""
        return duration(
            (self.length.amount - self.clock.reads(self.length)) * (now - began) / (done - before)
        )

    def times(self) -> str:
        """`12:31 min so far · 8:43 h left`."""
        passed, left = self.values.get("time/seconds"), self.left()
        parts = ["" if passed is None else f"{duration(passed)} so far", left and f"{left} left"]
        return " · ".join(part for part in parts if part)

    def speed(self) -> list[str]:
        """`812 img/s`, `1.23 s/kimg`."""
        found = {"time/images_per_second": "img/s", "time/seconds_per_kimg": "s/kimg"}
        return [f"{number(self.values[k])} {unit}" for k, unit in found.items() if k in self.values]

    def memory(self) -> list[str]:
        """`1.3 GiB RAM`, and the GPU's where there is one."""
        found = {"memory/gpu": "GPU", "memory/ram": "RAM"}
        return [f"{self.values[k]:.1f} GiB {says}" for k, says in found.items() if k in self.values]

    def level(self) -> str:
        """`16×16, fading in: 0.42`; nothing for a network that does not grow."""
        if "level" not in self.values:
            return ""
        sides, alpha = self.sizes[int(self.values["level"])], self.values["alpha"]
        return "×".join(map(str, sides)) + (f", fading in: {alpha:.2f}" if alpha < 1 else "")

    def named(self, prefix: str) -> list[str]:
        """The values of a group: `D 0.612`, `G 1.23`."""
        found = {k.removeprefix(prefix): v for k, v in self.values.items() if k.startswith(prefix)}
        return [f"{name.replace('_', ' ')} {number(value)}" for name, value in found.items()]

    def rates(self) -> list[str]:
        """The learning rates, and why they are not the spec's: `G 0.002 = 0.0025 × 4/5 (lazy)`."""
        found = {name.removeprefix("lr/"): v for name, v in self.values.items() if name.startswith("lr/")}
        return [f"{name} {self._explained(name, rate)}" for name, rate in found.items()]

    def _explained(self, name: str, rate: float) -> str:
        return corrected(rate, self.lazy.get(name, 1.0), self.rollback)

    def sentence(self) -> str:
        """One line of all that matters."""
        level, p = self.level(), self.values.get("augment/p")
        parts = [
            self.of_length(),
            *self.speed(),
            *self.named("loss/"),
            self.rates() and f"lr {' · '.join(self.rates())}",
            "" if p is None else f"p {p:.3f}",
            level and f"level {level}",
            *self.memory(),
            self.guard and self.guard.signs and f"guard: {self.guard.line}",
            self.left() and f"{self.left()} left",
        ]
        return " · ".join(part for part in parts if part)

    def waiting(self, seconds: float, first: Quantity) -> str:
        """A line between records: how far, for how long in this session, and when the first figures come."""
        parts = [self.of_length(), f"step {self.clock.steps:,}", f"{duration(seconds)} in this session"]
        return " · ".join([*parts, "" if self.values else f"the first figures come after {first}"]).rstrip(
            " ·"
        )


def corrected(rate: float, lazy: float, rollback: float = 1.0) -> str:
    """A learning rate with the factors that make it of the spec's: `0.002 = 0.0025 × 4/5 (lazy)`."""
    factors = f" × {Fraction(lazy).limit_denominator(10_000)} (lazy)" if lazy != 1 else ""
    factors += f" × {rollback:g} (rollback)" if rollback != 1 else ""
    return f"{number(rate)} = {number(rate / lazy / rollback)}{factors}" if factors else number(rate)


def number(value: float) -> str:
    """Three digits that matter: `0.00235`, `1.23`, `812`, `25,000`."""
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.2g}" if value else "0"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """`45 s`, `3:21 min`, `2:05 h`, `3 d 4 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    hours, minutes = whole // 3600, whole % 3600 // 60
    return f"{hours}:{minutes:02} h" if hours < 48 else f"{hours // 24} d {hours % 24} h"
