"""The training loop: one trainer for every plan and every game."""

from __future__ import annotations

import secrets
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cached_property
from pathlib import Path

import torch

from .. import __version__, observers
from ..data import Stream
from ..data.ahead import Ahead
from ..data.identity import again, identities
from ..distributed.group import ProcessGroup, check_batches
from ..errors import CheckpointError, Diverged, Interrupted, Unwritable
from ..game.compiled import Compiler
from ..game.optimizers import sizes_of
from ..game.program import Game
from ..game.run import GameRun
from ..game.step import step as played
from ..guard.guard import Guard
from ..plan import Plan, schedule
from ..plan.game import PhasePlan, short
from ..plan.schedule import Step
from ..runs import checkpoint, resuming
from ..runs.description import said
from ..runs.header import DRAWS, DataFacts, Facts, digest_of
from ..runs.home import Home
from ..runs.record import MachineOptions
from ..runs.run_dir import RunDir, folder_of
from ..runs.session import look_for_home, session
from ..runs.start import check_started
from ..system.allocator import keep_freed_memory
from ..system.device import device_named
from ..system.shortage import memory_for
from ..system.signals import held
from . import validate
from .early_stop import EarlyStop
from .measuring import Measuring
from .metrics import MetricSums
from .precision import in_force
from .throughput import Throughput
from .training_set import ItemSet, Where, distribution_of, readers_of, sets_of, stream_of

# Why a run stops before its end, as processes vote: the highest counts. A signal is SIGNAL plus its number.
WAITED, OUT_OF_TIME, MOVED, SIGNAL = 1, 2, 3, 4


class Trainer:
    """Plays a game by a plan: its networks, of any names, are trained.

    `data` is a folder, a zip, the name of a built-in set, or a source or dataset already open; of a game that
    reads several sets a mapping of their names to these. Without a `run_dir` nothing is written. `seed`
    decides every draw. `machine` says on what the run trains, never what: device, processes that read images
    ahead, compiled steps; whether cuDNN tries its algorithms is set for the whole process. `observing`: who
    is told of each step (None: the log and the grids in `run_dir`).
    Each of the processes of a `group` has a trainer and a share of every batch; the first alone observes and
    writes.
    Raises PlanError, DataError, MissingExtra, NoSuchDevice; CheckpointError when `run_dir` holds a run.
    """

    def __init__(
        self,
        plan: Plan,
        game: Game,
        *,
        data: Where | Mapping[str, Where],
        run_dir: str | Path | RunDir | None = None,
        seed: int = 0,
        machine: MachineOptions | None = None,
        observing: Sequence[observers.Observer] | None = None,
        group: ProcessGroup | None = None,
    ) -> None:
        machine = machine or MachineOptions()
        self.plan, self.group, self.machine = plan, group or ProcessGroup(), machine
        self.device = torch.device(device_named(machine.device))
        torch.backends.cudnn.benchmark = machine.cudnn_benchmark
        if self.device.type == "cpu":
            keep_freed_memory()
        self.home: Home | None = None  # of the process that writes, while it trains
        self.moved: tuple[str, str] | None = None  # what became of the folder, and what to do about it
        self.id, self.fresh, self.changed = secrets.token_hex(16), True, False
        self._write_in(None if run_dir is None else folder_of(run_dir))
        if self.found:
            raise CheckpointError(
                f"{self.run_dir} holds a run already", "resume it, or choose another folder"
            )
        check_batches(self.group, plan)
        self.game = game
        validate.check(plan, game.networks)
        self.sets: Mapping[str, ItemSet] = sets_of(data, game.plan, plan.data)
        self.data = next(iter(self.sets.values()))
        self.precision = in_force(plan.precision, self.device)
        self.readers = readers_of(machine.workers, self.data, plan, self.group, self.device)
        # other processes than the first have no observers
        warn = self.warn if self.group.leads else warnings.warn
        each = -(-self.readers.count // len(self.sets))
        self.streams: Sequence[Stream | Ahead] = [
            stream_of(one, plan, seed, each, self.group, self.device, warn, key)
            for key, one in self.sets.items()
        ]
        self.stream = self.streams[0]
        self.metrics, self.throughput = MetricSums(), Throughput(self.device)
        self.state = self._new_run(seed)
        self.guard = Guard.of(self.state, self.sets)
        self.measuring = Measuring(self.state, self.sets)
        self.latest: dict[str, float] = {}  # the newest value of each name in the log
        self.waiting = EarlyStop(plan.cadence.stop)
        self._where = data
        if observing is None:
            observing = observers.standard(self.run_dir, tensorboard=machine.tensorboard)
        self.observers = tuple(observing) if self.group.leads else ()

    @property
    def phases(self) -> tuple[PhasePlan, ...]:
        """The optimizer steps that there are now, whether due or not."""
        return self.state.phases()

    def _new_run(self, seed: int) -> GameRun:
        shares = distribution_of(self.sets, self.game.plan)
        further = dict(list(zip(self.sets, self.streams, strict=True))[1:])
        run = GameRun.new(
            self.plan, self.game, self.stream, seed, self.device, self.group, shares, self.metrics, further
        )
        run.compiler = Compiler("inductor", self.warn) if self.machine.compile else None
        return run

    @classmethod
    def resume(
        cls,
        run_dir: str | Path | RunDir,
        game: Game,
        *,
        plan: Plan | None = None,
        data: Where | Mapping[str, Where] | None = None,
        change: bool = False,
        machine: MachineOptions | None = None,
        observing: Sequence[observers.Observer] | None = None,
        group: ProcessGroup | None = None,
    ) -> Trainer:
        """Go on from the newest whole checkpoint of a run, exactly as if it had not stopped.

        The seed is the run's own, and so are plan and data: others are refused. With `change` another plan
        (as far as the state still means something under it) and other data are taken from here on. Raises
        CheckpointError and the constructor's.
        """
        files, machine = folder_of(run_dir), machine or MachineOptions()
        where = files.path
        if observing is None:
            observing = observers.standard(where, tensorboard=machine.tensorboard)
        path, tensors, facts, refused = resuming.latest(files)
        redrawn = resuming.check_draws(where, facts, change)
        levels = sizes_of(game.networks)
        changed = plan is not None and resuming.check_plan(where, facts, plan, levels, change)
        resuming.check_spec(files, facts, change)
        trainer = cls(
            plan or facts.plan,
            game,
            data=again(facts.data) if data is None else data,
            seed=facts.counters.seed,
            machine=machine,
            observing=observing,
            group=group,
        )
        trainer.id, trainer.fresh = facts.run, False
        trainer._write_in(files, facts.spec)
        changed |= resuming.check_data(where, facts.data, trainer.images, trainer.sets, change)
        trainer._load(path, tensors, facts, refused)
        renewed = change and files.resolved is not None and not said(files.spec, files.resolved)
        # all alike, though the first process may write its spec before another has read the old one
        trainer.changed = bool(trainer.group.all_max(int(changed or renewed or redrawn)))
        if changed and trainer.state.memory:
            trainer.state.memory.forget(0)  # the guard's past is another plan's
        return trainer

    def _write_in(self, files: RunDir | None, spec: str | None = None) -> None:
        """Take a folder; `spec` is the digest of the one that the run in it was trained with."""
        self.files, self.run_dir = files, None if files is None else files.path
        self._kept = files is not None  # of all processes alike
        self.found = checkpoint.newest_path(files.checkpoints) if files else None
        self._digest = digest_of(files.resolved) if files and files.resolved is not None else spec

    @cached_property
    def images(self) -> DataFacts:
        """What the run records of its images."""
        return identities(self.sets, self._where)

    def restore(self) -> None:
        """Go back to the newest whole checkpoint, and go on from there. Raises CheckpointError."""
        assert self.files is not None
        self._load(*checkpoint.newest(self.files.checkpoints))
        self._saved_at = None
        self.throughput.begin(self.state.clock)
        for observer in self.observers:  # they drop what they wrote past that checkpoint, as in a resume
            observer.end(self)
            observer.begin(self)

    def _load(self, path: Path, tensors: dict[str, torch.Tensor], found: Facts, refused: list[str]) -> None:
        facts = checkpoint.run_facts(path, found)
        begun = self.plan.averaged.keys() - facts.plan.averaged.keys()
        tensors = self.state.with_averages(tensors, begun)  # those that the plan has now begin here
        try:
            same = facts.plan == self.plan and facts.spec in (None, self._digest)
            self.state.load_tensors(tensors, facts.counters, whole=same)
        except ValueError as error:
            raise CheckpointError(
                f"{path}: {error}", "resume with the spec that the run was started with"
            ) from error
        self.state.load_counters(facts.counters)
        self.stream.close()
        self.stream.position = self.state.samples  # those of the others are among the counters
        like = torch.zeros((), device=self.device, dtype=self.state.dtype)
        self.metrics.resume(facts.log.sums, like, self.group)
        self.latest = dict(facts.log.latest)
        waited = facts.log.waiting
        self.waiting = EarlyStop(self.plan.cadence.stop, *((waited.best, waited.worse) if waited else ()))
        self.throughput.resume(facts.log.seconds)
        for reason in refused:
            self.warn(f"{reason}; resuming from {path.name}")

    def run(self, minutes: float | None = None) -> bool:
        """Train to the plan's length, or for so many minutes; whether the plan's end was reached.

        That is its length, or `cadence.stop`. The state is saved at the end. Raises Interrupted after a
        signal, Diverged, OutOfSpace, and PlanError where a network lacks the weights that it starts from.
        """
        check_started(self.state.networks)
        until = float("inf") if minutes is None else time.monotonic() + 60 * minutes
        began = self.state.clock
        with session(self) as signals:
            if self.changed:
                self.save()
                self.changed = False
            while not schedule.reached(self.plan.length, self.state.clock):
                late = self.state.clock != began and time.monotonic() >= until
                stop = OUT_OF_TIME if late else WAITED if self.waiting.over else 0
                stop = SIGNAL + signals.received if signals.received else MOVED if self.moved else stop
                if stop := self.group.all_max(stop):
                    with self._guarded():
                        self.save()
                    return self._stopped(stop)
                with self._guarded():
                    step = self.step()
                    signals.at_stake = True
                    self._tell(step)
                    if schedule.due(self.plan.cadence.checkpoint, step.clock, self.state.clock) or (
                        schedule.reached(self.plan.length, self.state.clock)
                    ):
                        self.save()
            self.save()
        return True

    def _stopped(self, stop: int) -> bool:
        """End as voted, now that the state is saved."""
        self.group.all_max(0)  # whoever ends has the others ended by torchrun: the first one has to be done
        if stop > SIGNAL:
            raise Interrupted(stop - SIGNAL, self.state.clock.images, self.run_dir)
        if stop == MOVED:
            raise Unwritable(*(self.moved or ("the run's folder was moved", "")))
        if stop == WAITED:
            self.warn(self.waiting.said)
        return stop == WAITED

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """The guard answers what diverges inside the block. Raises Diverged where it does not go back."""
        try:
            yield
        except Diverged as fault:
            if self.guard is None:
                raise
            self.guard.answer(fault, self)

    def step(self) -> Step:
        """One step: every phase that is due, then what follows from it, then the clock."""
        return played(self.state, self._memory)

    def _memory(self, what: str) -> AbstractContextManager[None]:
        spec = self.files.spec if self.files and self.files.resolved is not None else "SPEC"
        return memory_for(what, spec, **self.state.networks)

    def warn(self, message: str) -> None:
        """Tell the observers what the user should know though the run goes on."""
        for observer in self.observers:
            observer.warn(message)

    def _tell(self, step: Step) -> None:
        """What the plan and the observers want to know of a step."""
        look_for_home(self)
        if schedule.due(self.plan.cadence.log, step.clock, self.state.clock):
            self.log(step)
        if self.measuring.due(step):
            with self.throughput.paused():
                if figures := self.measuring.after(step, self.warn):
                    self.report(figures)
        for observer in self.observers:
            look_for_home(self)
            if not self.moved:  # grids would go by their old path
                observer.after(step, self)

    def log(self, step: Step) -> None:
        """Average what was measured since the last record and give it to the observers. Raises Diverged."""
        measured = self.measured()
        facts: dict[str, float] = {
            "images": self.state.clock.images,
            "steps": self.state.clock.steps,
            "batch": step.batch,
            **{f"lr/{name}": rate for name, (rate, _) in self.state.rates(step).items()},
        }
        if self.plan.growth and step.stage.level is not None:
            facts |= {"level": step.stage.level, "alpha": step.stage.alpha}
        measured |= self.state.told()  # states as they are, not as they were on the way
        if self.precision.scales:
            facts |= {f"scale/{short(player)}": one.scale for player, one in self.state.scaling.items()}
        looked = self.guard.look(step, self) if self.guard else None
        self.metrics.clear()
        self._record(facts | measured | (looked or {}) | self.throughput.record(self.state.clock))
        if self.guard and looked is not None:
            self.guard.judge(self)

    def report(self, values: dict[str, float]) -> None:
        """Give the log what was measured beside training at this moment, such as a metric."""
        self._record({"images": self.state.clock.images, "steps": self.state.clock.steps, **values})

    def _record(self, record: dict[str, float]) -> None:
        self.latest |= record
        self.waiting.hear(record)
        for observer in self.observers:
            observer.logged(record, self)

    def measured(self) -> dict[str, float]:
        """Means since the last record. Raises Diverged when one is not finite."""
        means = self.metrics.means(self.group)
        lost = [name for name, mean in means.items() if not abs(mean) < float("inf")]
        lost += [f"gradients of the {player}" for player, one in self.state.scaling.items() if one.hopeless]
        if lost:
            raise self._diverged(lost)
        return means

    def save(self) -> None:
        """Write a checkpoint, if there is a run folder, once at a moment. Raises Diverged, OutOfSpace."""
        if self._saved_at == self.state.clock or not self._kept:
            return
        self.measured()
        self._refuse_lost_tensors()
        facts = {
            "run": self.id,
            "spec": self._digest,
            "plan": self.plan.model_dump(mode="json"),
            "data": self.images.model_dump(mode="json"),
            "gandsl_runtime": __version__,
            "draws": DRAWS,
            "log": {
                "sums": self.metrics.sums(self.group),
                "latest": self.latest,
                "seconds": self.throughput.seconds,
                **({"waiting": self.waiting.facts()} if self.plan.cadence.stop else {}),
            },
        }
        look_for_home(self)
        if self.group.leads and self.files:
            best = self.plan.cadence.best
            if best and best.metric not in self.latest and self._saved_at is None:
                self.warn(f"cadence.best: no {best.metric} in the log so far, but {', '.join(self.latest)}")
            for observer in self.observers:
                observer.saving(self)
            with held():  # a run's state is never half lost to impatience
                self.found = checkpoint.save(self.files.checkpoints, self.state, facts, self.plan.cadence)
        self._saved_at = self.state.clock

    _saved_at: schedule.Clock | None = None

    def _refuse_lost_tensors(self) -> None:
        """A state that has diverged must not push a good checkpoint out."""
        tensors = {
            name: tensor for name, tensor in self.state.tensors().items() if tensor.is_floating_point()
        }
        finite = torch.stack([tensor.isfinite().all() for tensor in tensors.values()]).tolist()
        if lost := [name for name, fine in zip(tensors, finite, strict=True) if not fine]:
            raise self._diverged(lost)

    def _diverged(self, lost: list[str]) -> Diverged:
        more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
        return Diverged(
            f"not finite after {self.state.clock.images} images: {', '.join(lost[:3])}{more}",
            "go on, or begin again, with a lower learning rate or more regularization",
        )
