"""The optimizer steps of a plan, carried out on ghosts: what `gandsl_runtime.trainer` and `phases` do.

Weights, their gradients, moments and average are there from the start, as in any step but the first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from gandsl.analysis.memory.autograd import backward, gradients
from gandsl.analysis.memory.ghost import Ghost, Peak, Shape, Tape
from gandsl.analysis.memory.player import Player
from gandsl.analysis.memory.primitives import (
    add,
    cat,
    linear_map,
    matmul,
    mul,
    part,
    square,
    sum_to,
    view,
    where,
)
from gandsl.analysis.memory.views import seen
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl_runtime.plan import Augment, Consistency, Plan

Images = list[Ghost]


@dataclass(frozen=True)
class PhaseMemory:
    """One kind of optimizer step at its fullest moment."""

    name: str  # "D", "D/16", "G", "G/4"
    every: int  # in steps of the generator
    images: int  # at a time
    peak: Peak


@dataclass
class Match:
    """Both players at a level of the plan, and the tape that they play on."""

    plan: Plan
    tape: Tape
    generator: Player
    discriminator: Player
    batch: int
    micro_batch: int
    real: Images

    @classmethod
    def of(
        cls,
        networks: Mapping[str, NetworkIR],
        plan: Plan,
        variant: Variant,
        batch: int,
        micro_batch: int,
        checkpointed: Mapping[str, Collection[str]],
    ) -> Match:
        tape = Tape()
        cut = bool(plan.style_mixing or _active(plan).get("path_length"))
        cut = cut and networks["generator"].programs[variant].styles is not None
        stages = [checkpointed.get(name, ()) for name in ("generator", "discriminator")]
        averaged, last = plan.ema is not None, plan.memory_format == "channels_last"
        generator = Player.of(tape, networks["generator"], variant, cut, averaged, stages[0], last)
        discriminator = Player.of(tape, networks["discriminator"], variant, False, False, stages[1], last)
        real = [tape.new((batch, *shape)) for shape in _image_shapes(discriminator.program.graph)]
        return cls(plan, tape, generator, discriminator, batch, min(micro_batch, batch), real)

    def phases(self) -> tuple[PhaseMemory, ...]:
        """Every phase of the plan, once, in order."""
        active = _active(self.plan)
        path, orthogonal = active.pop("path_length", None), active.pop("orthogonal", None)
        groups: dict[int, dict[str, Any]] = {}
        for name, parameters in active.items():
            groups.setdefault(getattr(parameters, "interval", 1), {})[name] = parameters
        joined = groups.pop(1, {})
        found = [self._phase("D", 1, self.discriminator, lambda n: self._judge(n, joined))]
        for every, wanted in sorted(groups.items()):
            task = partial(self._penalize, wanted=wanted)
            found.append(self._phase(f"D/{every}", every, self.discriminator, task))
        later = self._path_length if path and path.interval == 1 else None
        with self.discriminator.frozen():
            found.append(
                self._phase(
                    "G", 1, self.generator, self._fool, self._orthogonal if orthogonal else None, later
                )
            )
            if path and path.interval > 1:
                size = min(path.batch or self.batch, self.batch)
                name = f"G/{path.interval}"
                found.append(self._phase(name, path.interval, self.generator, self._path_length, images=size))
        return tuple(found)

    def _phase(
        self,
        name: str,
        every: int,
        player: Player,
        task: Callable[[int], Ghost],
        once: Callable[[], Ghost] | None = None,
        more: Callable[[int], Ghost] | None = None,
        images: int | None = None,
    ) -> PhaseMemory:
        images = images or self.batch
        at_once = min(self.micro_batch, images)
        self.tape.measure()
        player.forget()
        for _ in range(min(-(-images // at_once), 2)):  # gradients are added to from the second on
            backward(task(at_once))
        if once:
            backward(once())
        if more:
            backward(more(at_once))
        return PhaseMemory(name, every, at_once, self.tape.peak)

    # ---- the losses

    def _judge(self, n: int, joined: dict[str, Any]) -> Ghost:
        judged = _Judged(self, n, joined)
        if self.plan.discriminator_passes == "joint":
            judged.jointly()
        loss = add(_score(judged.heads("real")), _score(judged.heads("fake")))
        if consistency := self.plan.regularizers.consistency:
            loss = _sum([loss, *self._consistent(judged, consistency)])
        for parameters in joined.values():
            loss = add(loss, judged.penalty(parameters))
        return loss

    def _consistent(self, judged: _Judged, wanted: Consistency) -> Iterator[Ghost]:
        """D on transformed images, and on images of moved latents."""
        for place, weight in (("real", wanted.real), ("fake", wanted.fake)):
            if weight != 0:
                with self.tape.paused():
                    moved = [seen(image, _transforms(wanted)) for image in self.seen(judged.batch(place))]
                yield _score(self.judge(judged.n, moved))
        if wanted.latent and wanted.latent.discriminator != 0:
            with self.tape.paused():
                near, _ = self.generate(judged.n)
            yield _score(self.judge(judged.n, self.seen(near)))

    def _penalize(self, n: int, wanted: dict[str, Any]) -> Ghost:
        judged = _Judged(self, n, wanted)
        losses = [judged.penalty(parameters) for parameters in wanted.values()]
        losses += [_score(heads) for heads in judged.known.values()]
        return _sum(losses)

    def _fool(self, n: int) -> Ghost:
        fakes, _ = self.generate(n)
        heads = self.judge(n, self.seen(fakes))
        if self.plan.loss.kind.startswith("relativistic"):
            real = self.judge(n, self.seen([part(x, (n, *x.shape[1:])) for x in self.real]))
            heads = [*heads, *real]
        loss = _score(heads)
        wanted = self.plan.regularizers.consistency
        if wanted and wanted.latent and wanted.latent.generator != 0:
            near, _ = self.generate(n)
            differences = [square(add(a, b)) for a, b in zip(fakes, near, strict=True)]
            loss = _sum([loss, *(linear_map(d, ()) for d in differences)])
        return loss

    def _orthogonal(self) -> Ghost:
        """½‖WWᵀ ∘ (1 − I)‖² of every weight."""
        parameters = self.plan.regularizers.orthogonal
        assert parameters is not None  # else the plan has no such phase
        skipped = tuple(f"{id_}." for id_ in parameters.skip)
        losses = []
        for name, weight in self.generator.weights.items():
            if len(weight.shape) < 2 or name.startswith(skipped):
                continue
            out = weight.shape[0]
            rows = view(weight, (out, weight.elements // out))
            products = matmul(rows, view(rows, rows.shape[::-1]), (out, out))
            losses.append(sum_to(square(add(products, products.like())), ()))
        return _sum(losses)

    def _path_length(self, n: int) -> Ghost:
        images, styles = self.generate(n, differentiated=True)
        assert styles is not None
        projected = _sum([sum_to(mul(image, image.like()), ()) for image in images])
        (gradient,) = gradients(projected, [styles])
        lengths = sum_to(square(gradient), (n, 1, 1))
        del gradient, projected
        return _sum([sum_to(lengths, ()), *(sum_to(part(image, (n, 1, 1, 1)), ()) for image in images)])

    # ---- the players

    def generate(self, n: int, differentiated: bool = False) -> tuple[Images, Ghost | None]:
        """Images, and the styles they come from, which may have to be `differentiated` to."""
        player = self.generator
        made = player.program
        styles = None
        if made.cut is None:
            env = player.run(made.steps, player.feed(n), n)
        else:
            styles = player.run(made.mapping, player.feed(n), n)[made.cut]
            if self.plan.style_mixing:
                styles = where(player.run(made.mapping, player.feed(n), n)[made.cut], styles)
            if differentiated and not styles.wants:
                styles = styles.detached()
                styles.wants = True
            inputs = {i: x for i, x in player.feed(n).items() if not x.shape}
            env = player.run(made.steps, inputs | {made.cut: styles}, n)
        return [env[id_] for id_ in made.outputs], styles

    def seen(self, images: Images) -> Images:
        """As D sees them."""
        augment = self.plan.augment
        return [seen(image, augment.transforms) for image in images] if augment else images

    def judge(self, n: int, images: Images) -> Images:
        """D's heads."""
        player = self.discriminator
        env = player.run(player.program.steps, player.feed(n, images), n)
        return [env[id_] for id_ in player.program.outputs]


class _Judged:
    """D's heads at each place, once: as gandsl_runtime.phases.Judged."""

    def __init__(self, match: Match, n: int, wanted: dict[str, Any]) -> None:
        self.match, self.n = match, n
        self.leaves = {_place(p) for name, p in wanted.items() if name != "drift"}
        self.images: dict[str, Images] = {}
        self.known: dict[str, Images] = {}

    def batch(self, place: str) -> Images:
        if place not in self.images:
            images = getattr(self, f"_{place}")()
            if place in self.leaves:
                images = [image.detached() for image in images]
                for image in images:
                    image.wants = True
            self.images[place] = images
        return self.images[place]

    def heads(self, place: str) -> Images:
        if place not in self.known:
            self.known[place] = self.match.judge(self.n, self.match.seen(self.batch(place)))
        return self.known[place]

    def jointly(self) -> None:
        """Both in one pass."""
        fake, real = (self.match.seen(self.batch(place)) for place in ("fake", "real"))
        n = self.n
        images = [cat(pair, (2 * n, *pair[0].shape[1:])) for pair in zip(fake, real, strict=True)]
        heads = self.match.judge(2 * n, images)
        self.known = {place: [part(h, (n, *h.shape[1:])) for h in heads] for place in ("fake", "real")}

    def penalty(self, parameters: Any) -> Ghost:
        place = _place(parameters)
        heads = self.heads(place)
        if type(parameters).__name__ == "Drift":
            return _sum([square(_score(heads))])
        found = gradients(_score(heads), self.batch(place))
        return _sum([sum_to(sum_to(square(g), (self.n, 1, 1, 1)), ()) for g in found])

    def _real(self) -> Images:
        return [x.shared((self.n, *x.shape[1:])) for x in self.match.real]

    def _fake(self) -> Images:
        with self.match.tape.paused():
            return self.match.generate(self.n)[0]

    def _between(self) -> Images:
        return [x.like() for x, _ in zip(self.batch("real"), self.batch("fake"), strict=True)]


def _score(heads: Images) -> Ghost:
    """One number."""
    return _sum([linear_map(head, ()) for head in heads])


def _sum(numbers: list[Ghost]) -> Ghost:
    total = numbers[0]
    for number in numbers[1:]:
        total = add(total, number)
    return total


def _active(plan: Plan) -> dict[str, Any]:
    """Penalties that weigh something."""
    return {
        name: p
        for name, p in plan.regularizers
        if p is not None and name != "lecam" and (getattr(p, "gamma", None) or getattr(p, "weight", 0)) != 0
    }


def _place(parameters: Any) -> str:
    kinds = {"R1": "real", "R2": "fake", "Drift": "real"}
    return kinds.get(type(parameters).__name__) or str(parameters.interpolate)


def _transforms(consistency: Consistency) -> dict[str, float]:
    return Augment(pipe=consistency.pipe, p=1.0).transforms


def _image_shapes(graph: Graph) -> list[Shape]:
    return [node.type.shape for node in graph.inputs if node.type.kind == "Image"]
