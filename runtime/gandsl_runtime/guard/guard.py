"""The guard at work: it looks after records of the log, and answers what it finds as the plan says."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from ..errors import Diverged
from ..plan import Guard as Plan
from . import measure
from .judge import SMALLEST, Sign, judge
from .keep import KeptCheckpoints
from .memory import GuardHistory
from .probe import Probe
from .status import Alarm, Status, status

if TYPE_CHECKING:
    from ..data.looked_at import Sets
    from ..game.run import GameRun
    from ..observers.base import Run
    from ..plan.schedule import Step

PAGE = "docs/troubleshooting.md has a paragraph for each sign"
REMEDY = f"lower the learning rates or add regularization; {PAGE}"


class Collapsed(Diverged):
    """A run that collapses; `signs` say how."""

    def __init__(self, message: str, remedy: str, found: Sequence[Sign]) -> None:
        super().__init__(message, remedy)
        self.signs = found


@dataclass
class Guard:
    """Watches a run; `memory` is the part of it that the run's state holds."""

    plan: Plan
    memory: GuardHistory
    probe: Probe
    alarm: Alarm | None = None  # the last one of this session
    looks_since: int = 0  # that alarm

    @classmethod
    def of(cls, run: GameRun, data: Sets) -> Guard | None:
        """The guard that the plan wants, if it wants one."""
        plan = run.plan.guard
        if plan is None or run.memory is None:
            return None
        return cls(plan, run.memory, Probe(run, data, plan.samples))

    def begin(self, run: Run) -> None:
        """Before the first step: there has to be a state to go back to."""
        keep = _keep(run)
        if keep and run.group.leads and (others := keep.set_aside(run.id)):
            run.warn(f"guard/ held states that are not of this run, or damaged: they are in {others} now")
        if keep is None or run.group.all_max(int(run.group.leads and keep.good is not None)):
            return
        if self.plan.on_alarm == "rollback" and run.state.clock.steps == 0:
            run.save()
        if run.group.leads:
            keep.drop()
            keep.propose()
            keep.prove()  # the untrained state, or one that somebody has chosen to resume

    def look(self, step: Step, run: Run) -> dict[str, float] | None:
        """Measure, if a look is due at this record, and remember it; gives scalars for the log, or None."""
        log = run.plan.cadence.log
        if math.floor(run.state.clock.reads(log) / log.amount) % self.plan.every:
            return None
        measured = self._measured(step, run)
        values = torch.stack([value.float() for value in measured.values()])
        run.group.share([values])  # rounding differs between processes, what follows may not
        found = dict(zip(measured, values.tolist(), strict=True))
        if run.precision.scales:  # an overflow's step was left out, and says nothing
            found = {k: v for k, v in found.items() if not k.startswith("gradient/") or math.isfinite(v)}
        self.memory.add(step.stage, run.state.clock.images, found)
        self.looks_since += 1
        return summary(found, self.memory.medians())

    def judge(self, run: Run) -> None:
        """Judge the last look. Raises Collapsed where the plan does not only warn."""
        verdict, memory = judge(self.plan, self.memory.names, self.memory.looks), self.memory
        memory.calm = memory.calm + 1 if verdict.calm else 0
        if not verdict.signs:
            self._vet(run)
            return
        since = memory.images[-min(self.plan.patience, len(memory.images))]
        message = f"the run collapses: {said(verdict.signs)} (first seen at {since} images)"
        if self.plan.on_alarm != "warn":
            raise Collapsed(message, REMEDY, verdict.signs)
        keep = _keep(run)
        kept = keep.keep_before() if keep and run.group.leads else None
        memory.forget(1)
        self._alarmed(run, message, verdict.signs, "warn", kept)

    @property
    def status(self) -> Status:
        """What it says at this moment."""
        return status(self.plan, self.memory, self.alarm, self.looks_since)

    def answer(self, fault: Diverged, run: Run) -> None:
        """Go back where the plan says so and can, else raise the fault as the run ends with it."""
        found = fault.signs if isinstance(fault, Collapsed) else ()
        keep, state = _keep(run), run.state
        good = keep.good if keep and self.plan.on_alarm != "warn" else None
        can = self.plan.on_alarm == "rollback" and state.rollbacks < self.plan.most
        goes_back = run.group.all_max(int(can and run.group.leads and good is not None))
        self._alarmed(run, fault.message, found, "rollback" if goes_back else "stop", good)
        if keep and good and run.group.leads:
            keep.go_back()
        if not goes_back:
            raise _last(fault, run, good) from fault
        rollbacks, rate = state.rollbacks + 1, state.rate * self.plan.lr_factor
        run.group.all_max(0)  # the others wait for the files
        run.restore()
        state.rollbacks, state.rate = rollbacks, rate
        run.save()  # what is resumed after this knows of it
        run.warn(
            f"rollback {rollbacks} of at most {self.plan.most}: on from {state.clock.images} images, "
            f"learning rates × {rate:g}"
        )

    def _measured(self, step: Step, run: Run) -> dict[str, torch.Tensor]:
        found: dict[str, torch.Tensor] = {}
        # a lazy penalty's gradients stand where those of the main phase did
        lazy = {
            network
            for phase in run.phases
            if phase.every > 1 and phase.due(step.clock)
            for network in run.state.moved_in(phase)
        }
        for name, network in run.state.learning.items():
            values = measure.singular_values(network)
            found |= {f"sigma/{name}.{weight}": value for weight, value in values.items()}
            norm = None if name in lazy else measure.gradient_norm(network.parameters())
            if norm is not None:
                found[f"gradient/{name}"] = norm
        return found | self.probe.measured(step)

    def _alarmed(self, run: Run, message: str, found: Sequence[Sign], action: str, good: Path | None) -> None:
        self.alarm, self.looks_since = Alarm(run.state.clock.images, tuple(found), message, action), 0
        _report(run, message, found, action, good)

    def _vet(self, run: Run) -> None:
        """A checkpoint that a calm look and `patience` more have followed is good."""
        keep, memory = _keep(run), self.memory
        if keep is None or not run.group.leads:
            return
        if not memory.calm:
            keep.drop()
            return
        followed = self.plan.patience + 1
        if memory.calm >= followed and keep.unproven_at <= memory.images[-followed]:
            keep.prove()
        keep.propose()


def _keep(run: Run) -> KeptCheckpoints | None:
    return KeptCheckpoints(run.run_dir) if run.run_dir else None


def _report(run: Run, message: str, found: Sequence[Sign], action: str, good: Path | None) -> None:
    """A line in alarms.jsonl; a warning too, unless the run ends: then the fault says it."""
    if action != "stop":
        kept = f"; the last good state is {good}" if good else ""
        run.warn(f"{message}{kept}; {PAGE}")
    if run.run_dir is None or not run.group.leads:
        return
    facts = {
        "images": run.state.clock.images,
        "steps": run.state.clock.steps,
        "message": message,
        "signs": [sign.facts() for sign in found],
        "action": action,
        "rollbacks": run.state.rollbacks,
        "good": int(good.stem) if good else None,
    }
    run.run_dir.mkdir(parents=True, exist_ok=True)
    with (run.run_dir / "alarms.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(facts) + "\n")


def _last(fault: Diverged, run: Run, good: Path | None) -> Diverged:
    """The fault that ends the run."""
    rollbacks = run.state.rollbacks
    tried = f"; the plan has no more than {rollbacks} rollbacks" if rollbacks else ""
    return Diverged(f"{fault.message}{tried}", REMEDY if good else fault.remedy)


def said(found: Sequence[Sign]) -> str:
    """The three worst signs in words."""
    more = f"; and {len(found) - 3} more" if len(found) > 3 else ""
    return "; ".join(str(sign) for sign in found[:3]) + more


def summary(found: dict[str, float], medians: dict[str, float]) -> dict[str, float]:
    """Scalars for the log; of a network's singular values the largest, as a multiple of its past's median."""
    scalars: dict[str, float] = {}
    for name, value in found.items():
        kind, _, of = name.partition("/")
        if kind == "sigma":
            of, value = of.partition(".")[0], value / max(medians[name], SMALLEST)
        short = f"guard/{kind}/{of}".replace(" ", "_")
        scalars[short] = max(scalars.get(short, value), value)
    return {name: value for name, value in scalars.items() if math.isfinite(value)}
