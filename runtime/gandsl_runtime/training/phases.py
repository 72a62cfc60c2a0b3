"""The phases of a step: what each optimizer step of the two players minimizes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from ..augment import View, as_they_are
from ..distributed import group
from ..plan import Number, Plan, schedule
from ..plan.schedule import Clock, Side
from ..rng import CallDraws, Draws, drawing, ids
from . import consistency, objectives, penalties, spectrum
from .game import Batch, TwoPlayerGame
from .penalties import PENALTIES
from .verdict import Verdict, verdict

Metrics = dict[str, Tensor]
Loss = tuple[Tensor, Metrics]
SIGN = "sign/real"
REAL_SCORE, FAKE_SCORE = "score/real", "score/fake"


@dataclass(frozen=True)
class Work:
    """One part of a phase's batch: draws for the images to generate, as many real ones."""

    game: TwoPlayerGame
    draws: Draws
    clock: Clock
    real: Batch
    path_length_mean: Tensor
    view: View = as_they_are  # what D sees of images
    anchors: Tensor | None = None  # running means of D's scores, from when they are a penalty's


@dataclass(frozen=True)
class Task:
    """A loss of a phase, with the images a step it wants at most (None: the step's batch).

    `apart`: it draws images of its own, whatever the other losses of the phase draw.
    """

    loss: Callable[[Work], Loss]
    batch: int | None = None
    apart: bool = False


@dataclass(frozen=True)
class PlanPhase:
    """One optimizer step, or `repeat` of them, taken every `every` steps with its losses times `every`."""

    name: str
    side: Side
    every: int
    tasks: tuple[Task, ...]
    repeat: int = 1
    fresh_real: bool = False  # takes real images of its own; else it sees those that D saw last

    @property
    def id(self) -> str:
        """What its draws have in their key."""
        return ids.phase(self.side, self.every)

    @property
    def players(self) -> tuple[Side, ...]:
        """Whose step it is."""
        return (self.side,)

    @property
    def label(self) -> str:
        """Its name as users are told it."""
        return self.name

    def due(self, clock: Clock) -> bool:
        return clock.steps % self.every == 0


def phases(plan: Plan) -> tuple[PlanPhase, ...]:
    """The phases of the plan in their order: D, its lazy penalties, G, its lazy penalty.

    A penalty of weight 0 is left out; its interval stays in the optimizer's lazy correction.
    """
    apart = {"consistency", "lecam"}  # in the main steps, and of more than one place
    active: dict[str, Any] = {
        name: p for name, p in plan.regularizers if p and name not in apart and _weight(p) != 0
    }
    path, orthogonality = active.pop("path_length", None), active.pop("orthogonal", None)
    on_d: dict[int, dict[str, Any]] = {}
    for name, parameters in active.items():
        on_d.setdefault(getattr(parameters, "interval", 1), {})[name] = parameters

    main = PlanPhase(
        "D",
        "discriminator",
        1,
        (Task(partial(discriminator, joined=on_d.pop(1, {}))),),
        repeat=plan.discriminator_steps,
        fresh_real=True,
    )
    lazy = [
        PlanPhase(f"D/{every}", "discriminator", every, (Task(partial(discriminator_penalty, lazy=wanted)),))
        for every, wanted in sorted(on_d.items())
    ]
    relativistic = objectives.OBJECTIVES[plan.loss.kind].relativistic
    tasks = [Task(generator)]
    if orthogonality:
        tasks.append(Task(orthogonal, batch=1))  # of weights alone: once, whatever the micro-batch
    if path:
        lengths = Task(path_length, path.batch, apart=True)
        if path.interval == 1:
            tasks.append(lengths)
    found = [main, *lazy, PlanPhase("G", "generator", 1, tuple(tasks), fresh_real=relativistic)]
    if path and path.interval > 1:
        found.append(PlanPhase(f"G/{path.interval}", "generator", path.interval, (lengths,)))
    return tuple(found)


def _weight(parameters: Any) -> Any:
    return parameters.gamma if hasattr(parameters, "gamma") else parameters.weight


class Judged:
    """D's scores of one micro-batch, each place (real, fake, between) computed at most once."""

    def __init__(self, work: Work, differentiated: set[str]) -> None:
        self.work, self.real = work, work.real
        self._differentiated = differentiated
        self._images: dict[str, Batch] = {}
        self._seen: dict[str, tuple[Tensor, ...]] = {}
        self.verdicts: dict[str, Verdict] = {}

    def batch(self, place: str) -> Batch:
        if place not in self._images:
            batch = getattr(self, f"_{place}")()
            if place in self._differentiated:
                images = tuple(image.detach().requires_grad_() for image in batch.images)
                batch = Batch(images, batch.labels)
            self._images[place] = batch
        return self._images[place]

    def verdict(self, place: str) -> Verdict:
        if place not in self.verdicts:
            self.verdicts[place] = _judge(
                self.work, ids.JUDGED[place], self.seen(place), self.batch(place).labels
            )
        return self.verdicts[place]

    def seen(self, place: str) -> tuple[Tensor, ...]:
        """The images as D sees them."""
        if place not in self._seen:
            self._seen[place] = self.work.view(self.batch(place).images, ids.SEEN[place])
        return self._seen[place]

    def both(self) -> tuple[Verdict, Verdict]:
        """On real and on fake images: in two passes of D, or concatenated in one as the plan says."""
        if self.work.game.plan.discriminator_passes == "joint":
            fake, real = self.batch("fake"), self.batch("real")
            images = tuple(torch.cat(pair) for pair in zip(self.seen("fake"), self.seen("real"), strict=True))
            labels = (
                None if real.labels is None or fake.labels is None else torch.cat((fake.labels, real.labels))
            )
            joined = _judge(self.work, ids.BOTH, images, labels)
            self.verdicts["fake"], self.verdicts["real"] = joined.split(len(fake), len(real))
        return self.verdict("real"), self.verdict("fake")

    def _real(self) -> Batch:
        return self.real

    def _fake(self) -> Batch:
        with torch.no_grad():
            return self.work.game.generate(self.work.draws)

    def _between(self) -> Batch:
        real, fake = self.batch("real"), self.batch("fake")
        weight = self.work.draws.uniform(ids.MIX)
        return Batch(penalties.interpolate(real.images, fake.images, weight), real.labels)


def discriminator(work: Work, joined: dict[str, Any]) -> Loss:
    """D's loss on real and generated images, with the penalties of each step."""
    judged = Judged(work, _differentiated(joined))
    real, fake = judged.both()
    real_score, fake_score = penalties.score(real.heads), penalties.score(fake.heads)
    loss = objectives.discriminator_loss(work.game.plan.loss, real.heads, fake.heads)
    metrics = {
        "loss/D": loss.detach(),
        REAL_SCORE: real_score.detach().mean(),
        FAKE_SCORE: fake_score.detach().mean(),
    }
    metrics |= _sign(judged)
    if auxiliary := work.game.plan.auxiliary:
        for place, weight in (("real", auxiliary.real), ("fake", auxiliary.fake)):
            term, found = _classified(work, judged.verdict(place), judged.batch(place), weight, place)
            loss, metrics = loss + term, metrics | found
    if work.anchors is not None:
        lecam = work.game.plan.regularizers.lecam
        assert lecam is not None
        penalty = penalties.lecam(lecam, real_score, fake_score, work.anchors)
        loss = loss + schedule.value(lecam.weight, work.clock) * penalty
        metrics["penalty/lecam"] = penalty.detach()
    if work.game.plan.regularizers.consistency:
        term, found = _consistent(judged)
        loss, metrics = loss + term, metrics | found
    extra, found = _penalties(judged, joined)
    return (loss + extra if joined else loss), metrics | found


def discriminator_penalty(work: Work, lazy: dict[str, Any]) -> Loss:
    """D's lazy penalties alone; parameters they don't reach get a gradient of 0: Adam moves them on."""
    judged = Judged(work, _differentiated(lazy))
    total, metrics = _penalties(judged, lazy)
    touched = sum(0 * output.sum() for said in judged.verdicts.values() for output in said.outputs)
    return total + touched, metrics | _sign(judged)


def _judge(work: Work, call: str, images: tuple[Tensor, ...], labels: Tensor | None) -> Verdict:
    game = work.game
    with drawing(CallDraws(work.draws, call)):
        return verdict(game.plan, game.discriminator, game.judge(images, labels))


def _classified(work: Work, said: Verdict, batch: Batch, weight: Number, place: str) -> Loss:
    """The auxiliary classifier's loss, weighted."""
    assert said.classes is not None and batch.labels is not None  # the plan has a classifier: fit checks both
    entropy = objectives.classification(said.classes, batch.labels)
    return schedule.value(weight, work.clock) * entropy, {f"class/{place}": entropy.detach()}


def _consistent(judged: Judged) -> Loss:
    """D's consistency: under transforms of images, and in the latent."""
    work, parameters = judged.work, judged.work.game.plan.regularizers.consistency
    assert parameters is not None
    total, metrics = torch.zeros((), device=work.game.device), {}
    for name in parameters.extra_discriminator_passes:
        if name == "latent":
            assert parameters.latent is not None
            place, weight = "fake", parameters.latent.discriminator
            with torch.no_grad():
                near = work.game.generate_near(work.draws, parameters.latent.sigma, "discriminator")
            images = work.view(near.images, ids.SEEN[place])
        else:
            place, weight = name, getattr(parameters, name)
            images = consistency.transformed(
                judged.seen(place), parameters, work.game.plan, work.draws, place
            )
        call = ids.consistency("discriminator", name, "again")
        again = _judge(work, call, images, judged.batch(place).labels)
        difference = consistency.difference(judged.verdict(place).heads, again.heads)
        metrics[f"consistency/{name}"] = difference.detach()
        total = total + schedule.value(weight, work.clock) * difference
    return total, metrics


def _sign(judged: Judged) -> Metrics:
    """How sure D is of real images, E sign(D(x) − boundary), where adaptive augmentation asks for it."""
    plan, real = judged.work.game.plan, judged.verdicts.get("real")
    if not plan.adapts or plan.loss.boundary is None or real is None:
        return {}
    signs = [(head.detach() - plan.loss.boundary).sign().mean() for head in real.heads]
    return {SIGN: torch.stack(signs).mean()}


def _differentiated(wanted: dict[str, Any]) -> set[str]:
    return {PENALTIES[n].place(p) for n, p in wanted.items() if PENALTIES[n].differentiates} & {
        "real",
        "fake",
    }


def _penalties(judged: Judged, wanted: dict[str, Any]) -> tuple[Tensor, Metrics]:
    total, metrics = torch.zeros((), device=judged.work.game.device), {}
    for name, parameters in wanted.items():
        penalty = PENALTIES[name]
        place = penalty.place(parameters)
        scores = penalties.score(judged.verdict(place).heads)
        result = penalty.compute(parameters, scores, judged.batch(place).images)
        metrics[f"penalty/{name}"] = result.detach()
        total = total + schedule.value(getattr(parameters, penalty.weight), judged.work.clock) * result
    return total, metrics


def generator(work: Work) -> Loss:
    """G's loss; D is frozen, and real images are judged only where the objective is relativistic."""
    game = work.game
    fakes = game.generate(work.draws)
    fake = _judge(work, ids.SAID, work.view(fakes.images, ids.SEEN["fake"]), fakes.labels)
    real = None
    if objectives.OBJECTIVES[game.plan.loss.kind].relativistic:
        seen = work.view(work.real.images, ids.SEEN["real"])
        real = _judge(work, ids.REAL, seen, work.real.labels).heads
    loss = objectives.generator_loss(game.plan.loss, real, fake.heads)
    metrics = {"loss/G": loss.detach()}
    if auxiliary := game.plan.auxiliary:
        term, found = _classified(work, fake, fakes, auxiliary.generator, "G")
        loss, metrics = loss + term, metrics | found
    again = game.plan.regularizers.consistency
    if again and again.extra_generator_pass:
        assert again.latent is not None
        latent = again.latent
        near = game.generate_near(work.draws, latent.sigma, "generator")
        difference = consistency.difference(fakes.images, near.images)
        loss = loss - schedule.value(latent.generator, work.clock) * difference
        metrics["consistency/G"] = difference.detach()
    return loss, metrics


def orthogonal(work: Work) -> Loss:
    """Orthogonal regularization of G's weights: those of two dimensions or more, less what the plan skips."""
    parameters = work.game.plan.regularizers.orthogonal
    assert parameters is not None
    penalty = penalties.orthogonal(spectrum.weights_of(work.game.generator, parameters.skip).values())
    return schedule.value(parameters.weight, work.clock) * penalty, {"penalty/orthogonal": penalty.detach()}


def path_length(work: Work) -> Loss:
    """Path-length regularization; moves the running mean (arXiv:1912.04958, eq. 4)."""
    game, parameters = work.game, work.game.plan.regularizers.path_length
    assert parameters is not None
    images, lengths = game.path_lengths(work.draws)
    mean = lengths.mean()
    if game.plan.synchronize.path_length:
        mean = group.active().average(mean, len(lengths))
    penalty, moved = penalties.path_length(lengths, mean, work.path_length_mean, parameters.decay)
    work.path_length_mean.copy_(moved.detach())
    touched = sum(0 * image[:, 0, 0, 0].sum() for image in images)
    loss = schedule.value(parameters.weight, work.clock) * penalty + touched
    return loss, {"penalty/path_length": penalty.detach(), "path_length": lengths.detach().mean()}
