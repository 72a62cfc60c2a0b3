"""The optimizer steps of the phases: gradients of all parts of a batch, of all processes, then the update."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from ..augment import Augment, View, as_they_are
from ..data import Stream
from ..data.ahead import Ahead
from ..distributed.group import ProcessGroup, parts, synchronized
from ..plan import Adaptive, schedule
from ..plan.schedule import Side, Step
from ..rng import Draws, Key, Part, seeded
from . import spectrum
from .game import Batch, TwoPlayerGame
from .metrics import MetricSums
from .phases import FAKE_SCORE, REAL_SCORE, SIGN, PlanPhase, Task, Work
from .state import State
from .statistics import running, together


class Updates:
    """Takes phases: moves the state, reads the stream, and adds up what it measures."""

    def __init__(
        self, game: TwoPlayerGame, state: State, stream: Stream | Ahead, group: ProcessGroup, sums: MetricSums
    ) -> None:
        self.game, self.state, self.stream, self.group, self.metrics = game, state, stream, group, sums
        plan = game.plan
        self.augment = Augment(plan.augment, plan.data.range) if plan.augment else None

    def take(self, phase: PlanPhase, step: Step) -> None:
        """The optimizer steps of one phase: gradients add up over tasks and average over the batch."""
        optimizer = self.state.optimizers[phase.side]
        with self._frozen("discriminator" if phase.side == "generator" else None), synchronized(self.group):
            for repeat in range(phase.repeat):
                if phase.fresh_real:
                    self._real = self._next_real(step.batch)
                optimizer.zero_grad(set_to_none=True)
                for task in phase.tasks:
                    count = min(task.batch or step.batch, step.batch)
                    key = self._key(phase, step, repeat, count if task.apart else None)
                    dealt = list(self._parts(count))
                    for part, real in together(dealt, self._moving() if len(dealt) > 1 else ()):
                        self._add_gradients(phase, task, step, part, real, key)
                self.group.sum_gradients(optimizer.param_groups[0]["params"])
                self.state.scaling[phase.side].step(optimizer)
                if (bound := self.game.plan.top_singular_value) and phase.side in bound.networks:
                    spectrum.bound(self.state.network(phase.side), bound)

    def _key(self, phase: PlanPhase, step: Step, repeat: int, batch: int | None) -> Key:
        state = self.state
        return Key(state.seed, step.clock.steps, phase.id, repeat, state.rollbacks, batch)

    def _add_gradients(
        self, phase: PlanPhase, task: Task, step: Step, part: Part, real: Batch, key: Key
    ) -> None:
        """The gradients of a task's loss on one part of the batch, as its share of the mean."""
        draws, scaling = self.game.draws(part, key), self.state.scaling[phase.side]
        with seeded(draws), scaling.losses():
            anchors = self.state.anchors.at(step) if self.state.anchors else None
            view = self._view(draws)
            work = Work(self.game, draws, step.clock, real, self.state.path_length_mean, view, anchors)
            loss, metrics = task.loss(work)
            share = phase.every * part.count / part.total
            scaling.backward(loss if share == 1 else loss * share)
        self.metrics.add(metrics, part.count)
        if self.state.control and SIGN in metrics:
            self.state.control.observe(metrics[SIGN], part.count)
        if self.state.anchors and REAL_SCORE in metrics:
            self.state.anchors.observe(metrics[REAL_SCORE], metrics[FAKE_SCORE], part.count)

    def _moving(self) -> list[Tensor]:
        """What a phase moves beside weights and what belongs to the step's end."""
        return [*running(self.game.generator, self.game.discriminator), self.state.path_length_mean]

    def _parts(self, count: int) -> Iterator[tuple[Part, Batch]]:
        """This process's parts of a batch of `count`, one after the other, with as many real images."""
        dealt = parts(self.group, count, self.game.plan.micro_batch)
        for turn, part in enumerate(dealt):
            if part.count:
                yield part, self._real[turn : turn + part.count * len(dealt) : len(dealt)]

    def _view(self, draws: Draws) -> View:
        """What D sees of the images of a micro-batch."""
        return self.augment.view(self.augment_probability(), draws) if self.augment else as_they_are

    def augment_probability(self) -> float | Tensor:
        """p of augmentation now."""
        if self.state.control:
            return self.state.control.p
        assert self.game.plan.augment and not isinstance(self.game.plan.augment.p, Adaptive)
        return schedule.value(self.game.plan.augment.p, self.state.clock)

    @contextmanager
    def _frozen(self, side: Side | None) -> Iterator[None]:
        """Inside the block one side's weights want no gradients, and none are computed for them."""
        weights = self.state.optimizers[side].param_groups[0]["params"] if side else []
        for weight in weights:
            weight.requires_grad_(False)
        try:
            yield
        finally:
            for weight in weights:
                weight.requires_grad_(True)

    def _next_real(self, count: int) -> Batch:
        """The next real images, scaled to the plan's range and to D's inputs at this stage."""
        images, labels = self.stream.take(count)
        self.state.samples = self.stream.position
        low, high = self.game.plan.data.range
        floats = (
            images.to(self.game.device, non_blocking=True)
            .to(self.game.dtype)
            .mul_((high - low) / 255)
            .add_(low)
        )
        moved = None if labels is None else labels.to(self.game.device, non_blocking=True)
        return Batch(self.game.scales(floats), moved)
