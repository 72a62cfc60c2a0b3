"""The training loop: one trainer for every plan and every pair of networks."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from . import __version__, checkpoint, ema, fit, observers, schedule
from .augment import Augment, Part, View, as_they_are
from .data import Dataset, Stream, open_dataset
from .data.sources import Source
from .errors import CheckpointError, Diverged, Interrupted, room_for
from .game import Batch, Game, classes_of
from .meter import Meter
from .network import Network
from .phases import SIGN, Phase, Work, phases
from .plan import Adaptive, Plan
from .schedule import Step
from .signals import Signals
from .state import State


class Trainer:
    """Trains a generator and a discriminator by a plan.

    `data` is a folder, a zip, the name of a built-in set, or a source or dataset already open. Without a
    `run_dir` nothing is written. `seed` decides every draw; `workers` processes read images ahead.
    Raises PlanError, DataError, MissingExtra; CheckpointError when `run_dir` holds a run already.
    """

    def __init__(
        self,
        plan: Plan,
        generator: Network,
        discriminator: Network,
        *,
        data: str | Path | Source | Dataset,
        run_dir: str | Path | None = None,
        seed: int = 0,
        device: str | torch.device | None = None,
        workers: int = 0,
        observing: Sequence[observers.Observer] | None = None,
        resuming: bool = False,
    ) -> None:
        self.plan = plan
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.run_dir = None if run_dir is None else Path(run_dir)
        if self.run_dir and not resuming and checkpoint.found_in(self.run_dir / "checkpoints"):
            raise CheckpointError(
                f"{self.run_dir} holds a run already", "resume it, or choose another folder"
            )
        fit.check(plan, generator, discriminator)
        self.game = Game(plan, generator, discriminator, self.device)
        self.data = _dataset(data, self.game)
        self.game.label_distribution = _distribution(self.data, self.game)
        self.state = State.new(plan, generator, discriminator, seed, self.device)
        self.stream = Stream(self.data, seed, plan.data.flip, workers, pinned=self.device.type == "cuda")
        self.phases = phases(plan)
        self.augment = Augment(plan.augment, plan.data.range) if plan.augment else None
        self.meter = Meter()
        self.observers = observers.standard(self.run_dir) if observing is None else tuple(observing)
        self._where = str(data) if isinstance(data, str | Path) else self.data.name

    @classmethod
    def resume(
        cls,
        run_dir: str | Path,
        generator: Network,
        discriminator: Network,
        *,
        plan: Plan | None = None,
        data: str | Path | Source | Dataset | None = None,
        device: str | torch.device | None = None,
        workers: int = 0,
        observing: Sequence[observers.Observer] | None = None,
    ) -> Trainer:
        """Go on from the newest whole checkpoint of a run, exactly as if it had not stopped.

        Plan and data are the run's own unless others are given. Raises CheckpointError and the constructor's.
        """
        path, tensors, facts, refused = checkpoint.newest(Path(run_dir) / "checkpoints")
        trainer = cls(
            plan or Plan.model_validate(facts["plan"]),
            generator,
            discriminator,
            data=facts["data"]["where"] if data is None else data,
            run_dir=run_dir,
            seed=facts["counters"]["seed"],
            device=device,
            workers=workers,
            observing=observing,
            resuming=True,
        )
        if len(trainer.data) != facts["data"]["images"]:
            raise CheckpointError(
                f"the run was trained on {facts['data']['images']} images, "
                f"{trainer.data.name} has {len(trainer.data)}",
                "resume with the same images, or start a new run",
            )
        try:
            trainer.state.load_tensors(tensors)
        except ValueError as error:
            raise CheckpointError(
                f"{path}: {error}", "resume with the spec that the run was started with"
            ) from error
        trainer.state.load_counters(facts["counters"])
        trainer.stream.position = trainer.state.samples
        for observer in trainer.observers:
            for reason in refused:
                observer.warn(f"{reason}; resuming from {path.name}")
        return trainer

    def run(self) -> None:
        """Train to the plan's length. Raises Interrupted after a signal (saved), Diverged, OutOfSpace."""
        with self._session() as signals:
            while not schedule.reached(self.plan.length, self.state.clock):
                step = self.step()
                if schedule.due(self.plan.cadence.log, step.clock, self.state.clock):
                    self.log(step)
                for observer in self.observers:
                    observer.after(step, self)
                if signals.received:
                    self.save()
                    raise Interrupted(
                        signals.received,
                        f"stopped by {signals.name} after {self.state.clock.images} images",
                        f"resume the run in {self.run_dir}" if self.run_dir else "",
                    )
            self.save()

    def step(self) -> Step:
        """One step: every phase that is due, then the average, then the clock."""
        state = self.state
        step = schedule.step(self.plan, state.generator.levels, state.clock)
        self.game.stage = step.stage
        state.enter(self.plan, step)
        for phase in self.phases:
            if phase.due(step.clock):
                self._take(phase, step)
        if state.average is not None and self.plan.ema is not None:
            decay = schedule.ema_decay(self.plan.ema, step)
            ema.update(state.average, state.generator, decay, self.plan.ema.buffers)
        if state.control:
            state.control.after(step)
        state.clock = state.clock.after(step.batch)
        return step

    def _take(self, phase: Phase, step: Step) -> None:
        """The optimizer steps of one phase: gradients add up over tasks, and average over micro-batches."""
        optimizer = self.state.optimizers[phase.side]
        if phase.side == "generator":
            self._judge_moves(False)
        for repeat in range(phase.repeat):
            if phase.fresh_real:
                self._real = self._next_real(step.batch)
            optimizer.zero_grad(set_to_none=True)
            for index, task in enumerate(phase.tasks):
                count = min(task.batch or step.batch, step.batch)
                for begin, end in _parts(count, self.plan.micro_batch):
                    key = (self.state.seed, step.clock.steps, phase.name, repeat, index)
                    draw, view = self.game.draw(*key, begin), self._view(Part(begin, end, count), key)
                    real, mean = self._real[begin:end], self.state.path_length_mean
                    work = Work(self.game, draw, step.clock, end - begin, real, mean, view)
                    loss, metrics = task.loss(work)
                    (loss * (phase.every * (end - begin) / count)).backward()
                    self.meter.add(metrics)
                    if self.state.control and SIGN in metrics:
                        self.state.control.heard(metrics[SIGN], end - begin)
            optimizer.step()
        if phase.side == "generator":
            self._judge_moves(True)

    def _view(self, part: Part, key: tuple[object, ...]) -> View:
        """What D sees of the images of a micro-batch."""
        return self.augment.view(self._chance(), part, "augment", *key) if self.augment else as_they_are

    def _chance(self) -> float | torch.Tensor:
        """p of augmentation now."""
        if self.state.control:
            return self.state.control.p
        assert self.plan.augment and not isinstance(self.plan.augment.p, Adaptive)
        return schedule.value(self.plan.augment.p, self.state.clock)

    def _judge_moves(self, moves: bool) -> None:
        """Whether D's weights get gradients; in G's phases none are wanted, and none are computed."""
        for parameter in self.state.optimizers["discriminator"].param_groups[0]["params"]:
            parameter.requires_grad_(moves)

    def _next_real(self, count: int) -> Batch:
        """The next real images, scaled to the plan's range and to D's inputs at this stage."""
        images, labels = self.stream.take(count)
        self.state.samples = self.stream.position
        low, high = self.plan.data.range
        floats = (
            images.to(self.device, non_blocking=True).to(self.game.dtype).mul_((high - low) / 255).add_(low)
        )
        moved = None if labels is None else labels.to(self.device, non_blocking=True)
        return Batch(self.game.scales(floats), moved)

    def log(self, step: Step) -> None:
        """Average what was measured since the last record and give it to the observers. Raises Diverged."""
        measured = self.measured()
        sizes = self.state.generator.levels
        facts: dict[str, float] = {
            "images": self.state.clock.images,
            "steps": self.state.clock.steps,
            "batch": step.batch,
            "lr/G": schedule.adam(self.plan, "generator", sizes, step).lr,
            "lr/D": schedule.adam(self.plan, "discriminator", sizes, step).lr,
        }
        if self.plan.growth and step.stage.level is not None:
            facts |= {"level": step.stage.level, "alpha": step.stage.alpha}
        if self.augment:
            facts["augment/p"] = float(self._chance())
        record = facts | measured
        self.meter.clear()
        for observer in self.observers:
            observer.logged(record, self)

    def measured(self) -> dict[str, float]:
        """Means since the last record. Raises Diverged when one is not finite."""
        means = self.meter.means()
        if lost := [name for name, mean in means.items() if not abs(mean) < float("inf")]:
            raise self._diverged(lost)
        return means

    def save(self) -> None:
        """Write a checkpoint, if there is a run folder, once at a moment. Raises Diverged, OutOfSpace."""
        if self.run_dir is None:
            return
        if self._saved_at == self.state.clock:
            return
        self.measured()
        self._refuse_lost_tensors()
        facts = {
            "plan": self.plan.model_dump(mode="json"),
            "data": {"where": self._where, "images": len(self.data)},
            "gandsl_runtime": __version__,
        }
        checkpoint.save(self.run_dir / "checkpoints", self.state, facts, self.plan.cadence.keep)
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
            "resume from the last checkpoint with a lower learning rate or more regularization",
        )

    @contextmanager
    def _session(self) -> Iterator[Signals]:
        """Signals caught, observers told of beginning and end, a full disk named."""
        where = self.run_dir or Path.cwd()
        with room_for("the run", where), Signals() as signals:
            if self.run_dir:
                _describe(self)
            try:
                for observer in self.observers:
                    observer.begin(self)
                yield signals
            finally:
                for observer in self.observers:
                    observer.end(self)
                self.stream.close()


def _describe(trainer: Trainer) -> None:
    """Write what the run is: its plan, and where it runs."""
    assert trainer.run_dir is not None
    trainer.run_dir.mkdir(parents=True, exist_ok=True)
    (trainer.run_dir / "plan.json").write_text(trainer.plan.model_dump_json(indent=2) + "\n")
    facts = {
        "seed": trainer.state.seed,
        "data": trainer.data.name,
        "images": len(trainer.data),
        "device": str(trainer.device),
        "gandsl_runtime": __version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
    (trainer.run_dir / "run.json").write_text(json.dumps(facts, indent=2) + "\n")


def _dataset(data: str | Path | Source | Dataset, game: Game) -> Dataset:
    if isinstance(data, Dataset):
        return data
    shapes = [port.shape for port in game.discriminator.inputs if port.kind == "Image"]
    channels, h, w = max(shapes, key=lambda shape: shape[1] * shape[2])
    return open_dataset(data, (channels, h, w), classes_of(game.generator))


def _distribution(data: Dataset, game: Game) -> torch.Tensor | None:
    """Cumulative shares of the classes in the data, where the networks take labels."""
    classes = classes_of(game.generator)
    if not classes:
        return None
    counts = data.class_counts()
    assert counts is not None  # a dataset opened with classes has labels
    shares = torch.zeros(classes, dtype=torch.float64)
    shares[: len(counts)] = torch.from_numpy(counts) / len(data)
    return shares.cumsum(0).to(game.device, game.dtype)


def _parts(count: int, at_a_time: int | None) -> list[tuple[int, int]]:
    """The micro-batches of a batch, as bounds."""
    size = at_a_time or count
    return [(begin, min(begin + size, count)) for begin in range(0, count, size)]
