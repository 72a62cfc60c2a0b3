"""All that a run is, in one object: what a checkpoint holds whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam

from .. import recompute
from ..augment import Control
from ..calling import dtype_of
from ..distributed.group import ProcessGroup
from ..guard.memory import GuardHistory
from ..moved import carried
from ..network import Network
from ..plan import Adaptive, Plan, schedule
from ..plan.schedule import SIDES, Clock, Side, Stage, Step
from ..runs.header import Counters
from ..runs.tensors import MOMENTS, OF_THE_PLAN, check, check_looks, check_moments, check_names, under
from . import ema, precision
from .anchors import Anchors
from .precision import Scaling

PREFIXES: dict[str, Side] = {  # of names in a checkpoint → the network whose names follow
    "generator/": "generator",
    "average/": "generator",
    "discriminator/": "discriminator",
    "optimizer.generator/": "generator",
    "optimizer.discriminator/": "discriminator",
}


@dataclass
class State:
    """Networks, their average, optimizers and counters.

    Chance is no part of it: every draw is a function of `seed`, `rollbacks` and the clock, the order of the
    data one of `seed` and `samples`: whoever has these has all of it.
    """

    generator: Network
    discriminator: Network
    average: Network | None
    optimizers: dict[Side, Adam]
    scaling: dict[Side, Scaling]
    path_length_mean: Tensor
    seed: int
    control: Control | None = None  # of augmentation, where it adapts
    anchors: Anchors | None = None  # of LeCam regularization
    clock: Clock = field(default_factory=Clock)
    samples: int = 0  # real images taken from the data so far
    stage: Stage | None = None  # of the last step
    memory: GuardHistory | None = None  # of the guard, where there is one
    rollbacks: int = 0  # how often the guard went back …
    rate: float = 1.0  # … and what that made of the learning rates
    plan: Plan | None = None

    @classmethod
    def new(
        cls, plan: Plan, generator: Network, discriminator: Network, seed: int, device: torch.device
    ) -> State:
        """The state before the first step; networks move to the device and into training mode."""
        plan = plan.model_copy(update={"precision": precision.in_force(plan.precision, device)})
        networks: dict[Side, Network] = {"generator": generator, "discriminator": discriminator}
        for network in networks.values():
            network.to(device).train()
        precision.prepare(plan, generator, discriminator)
        average = ema.average_of(generator) if plan.average_of("generator") else None
        for network in networks.values():
            recompute.begin(network)
        sizes = generator.levels
        first = schedule.step(plan, sizes, Clock())
        optimizers = {}
        for side, network in networks.items():
            settings = schedule.adam(plan, side, sizes, first)
            trained = [p for p in network.parameters() if p.requires_grad]
            optimizers[side] = Adam(
                trained, lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=True
            )
        dtype = dtype_of(generator)
        path_length_mean = torch.zeros((), device=device, dtype=dtype)
        p = plan.augment.p if plan.augment else None
        control = Control(p, device) if isinstance(p, Adaptive) else None
        scaling = {side: Scaling(plan.precision, device) for side in SIDES}
        state = cls(generator, discriminator, average, optimizers, scaling, path_length_mean, seed, control)
        if lecam := plan.regularizers.lecam:
            state.anchors = Anchors(lecam, device, dtype)
        if plan.guard:
            state.memory = GuardHistory.new(plan.guard, state.networks)
        state.plan = plan
        return state

    @property
    def networks(self) -> dict[str, Network]:
        return {"generator": self.generator, "discriminator": self.discriminator}

    learning = networks

    @property
    def levels(self) -> Sequence[tuple[int, int]]:
        return self.generator.levels

    def moved_in(self, phase: Any) -> tuple[str, ...]:
        return tuple(phase.players)

    def now(self) -> Step:
        assert self.plan is not None
        return schedule.step(self.plan, self.levels, self.clock)

    def rates(self, step: Step) -> dict[str, tuple[float, float]]:
        assert self.plan is not None
        return {
            side[0].upper(): (
                schedule.adam(self.plan, side, self.levels, step).lr * self.rate,
                schedule.lazy_ratio(self.plan, side),
            )
            for side in SIDES
        }

    @property
    def sampler(self) -> Network:
        """The generator that is sampled: the average where there is one."""
        return self.average or self.generator

    def network(self, side: Side) -> Network:
        return self.generator if side == "generator" else self.discriminator

    def enter(self, plan: Plan, step: Step) -> None:
        """Set the optimizers for a step, and forget their moments where growth says so."""
        moved = self.stage is not None and (step.stage.level, step.stage.fading) != (
            self.stage.level,
            self.stage.fading,
        )
        for side in SIDES:
            settings = schedule.adam(plan, side, self.generator.levels, step)
            self.optimizers[side].param_groups[0].update(lr=settings.lr * self.rate, betas=settings.betas)
            if moved and plan.growth and plan.growth.reset_optimizer:
                self.optimizers[side].state.clear()
        self.stage = step.stage

    def leave(self, plan: Plan, step: Step, group: ProcessGroup) -> None:
        """What follows from a step: the average of the weights, p of augmentation, anchors, the clock."""
        averaged = plan.average_of("generator")
        if self.average is not None and averaged is not None:
            decay = schedule.ema_decay(averaged, step)
            ema.update(self.average, self.generator, decay, averaged.buffers)
        for follower in (self.control, self.anchors):
            if follower is not None:
                follower.after(step, group)
        self.clock = self.clock.after(step.batch)

    def tensors(self) -> dict[str, Tensor]:
        """Every tensor by name: `<part>/<node id>`, `optimizer.<side>/<node id>/<moment>`, …"""
        found = {"path_length_mean": self.path_length_mean}
        if self.control:
            found |= {f"augment/{name}": tensor for name, tensor in self.control.tensors().items()}
        if self.anchors:
            found["lecam/means"] = self.anchors.means
        if self.memory:
            found |= {f"guard/{name}": tensor for name, tensor in self.memory.tensors().items()}
        for part, network in self._parts().items():
            found |= {f"{part}/{key}": tensor for key, tensor in network.state_dict().items()}
        for side in SIDES:
            for name, parameter in self.network(side).named_parameters():
                for moment, tensor in self.optimizers[side].state.get(parameter, {}).items():
                    found[f"optimizer.{side}/{name}/{moment}"] = tensor
        return found

    def with_averages(self, tensors: dict[str, Tensor], names: Any) -> dict[str, Tensor]:
        """These, and where there is none an average that begins as the weights."""
        if "generator" not in names or self.average is None or under(tensors, "average/"):
            return tensors
        return tensors | {f"average/{key}": tensor for key, tensor in under(tensors, "generator/").items()}

    def load_tensors(self, tensors: dict[str, Tensor], counters: Counters) -> None:
        """Take over what `tensors` gave, all of it or, with a ValueError that says why, nothing."""
        for prefix, side in PREFIXES.items():
            tensors = carried(tensors, prefix, self.network(side).moved)
        beside = self._check(tensors, counters)
        self.path_length_mean.copy_(tensors["path_length_mean"])
        if self.control and beside["augment"]:  # else the plan adapts from here on
            self.control.load(beside["augment"])
        if self.anchors and beside["lecam"]:
            self.anchors.means.copy_(beside["lecam"]["means"])
            self.anchors.begun = counters.steps > 0
        if self.memory:
            self.memory.load(counters.guard, tensors.get("guard/looks"))
        for part, network in self._parts().items():
            network.load_state_dict(under(tensors, f"{part}/"))
        for side in SIDES:
            self._load_optimizer(side, tensors)

    def _check(self, tensors: dict[str, Tensor], counters: Counters) -> dict[str, dict[str, Tensor]]:
        """Raise ValueError where anything does not fit; gives what the plan may want beside networks."""
        check_names(tensors, PREFIXES, ("path_length_mean", *OF_THE_PLAN))
        own = self.tensors()
        beside = {group: under(tensors, f"{group}/") for group in ("augment", "lecam")}
        for group, found in beside.items():
            wanted = under(own, f"{group}/")
            if found and wanted:
                check(found, wanted, f"tensors of `{group}`")
        mean = {key: tensor for key, tensor in tensors.items() if key == "path_length_mean"}
        check(mean, {"path_length_mean": self.path_length_mean}, "tensors")
        if self.memory:
            check_looks(tensors.get("guard/looks"), len(counters.guard.images) if counters.guard else 0)
        for part, network in self._parts().items():
            check(under(tensors, f"{part}/"), network.state_dict(), f"the weights of `{part}`")
        for side in SIDES:
            trained = set(self.optimizers[side].param_groups[0]["params"])
            named = {name: p for name, p in self.network(side).named_parameters() if p in trained}
            begun = counters.steps > 0 and not self.scaling[side].enabled  # scaled, a step may be left out
            check_moments(under(tensors, f"optimizer.{side}/"), named, side, begun)
        return beside

    def counters(self) -> dict[str, Any]:
        """The rest of the state, as JSON."""
        last = self.stage and {"level": self.stage.level, "fading": self.stage.fading}
        return {
            "images": self.clock.images,
            "steps": self.clock.steps,
            "samples": self.samples,
            "seed": self.seed,
            "stage": last,
            "rollbacks": self.rollbacks,
            "rate": self.rate,
            **({"guard": self.memory.counters()} if self.memory else {}),
            "scaling": {side: scaling.counters() for side, scaling in self.scaling.items()},
        }

    def load_counters(self, counters: Counters) -> None:
        """Take over what `counters` gave."""
        self.clock = Clock(counters.images, counters.steps)
        self.samples, self.seed = counters.samples, counters.seed
        self.stage = Stage(counters.stage.level, counters.stage.fading) if counters.stage else None
        self.rollbacks, self.rate = counters.rollbacks, counters.rate
        for side, scaling in self.scaling.items():
            if side in counters.scaling:
                scaling.load(counters.scaling[side])

    def _parts(self) -> dict[str, Network]:
        parts = {"generator": self.generator, "discriminator": self.discriminator}
        return parts | ({"average": self.average} if self.average is not None else {})

    def _load_optimizer(self, side: Side, tensors: dict[str, Tensor]) -> None:
        optimizer = self.optimizers[side]
        optimizer.state.clear()
        index = {parameter: i for i, parameter in enumerate(optimizer.param_groups[0]["params"])}
        moments: dict[int, dict[str, Tensor]] = {}
        own = under(tensors, f"optimizer.{side}/")
        for name, parameter in self.network(side).named_parameters():
            if parameter in index and f"{name}/step" in own:
                found = {moment: own[f"{name}/{moment}"] for moment in MOMENTS}
                moments[index[parameter]] = {  # they lie in memory as their parameter does
                    m: t if m == "step" else torch.empty_like(parameter).copy_(t) for m, t in found.items()
                }
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


def load_network(network: Network, tensors: Mapping[str, Tensor], part: str) -> None:
    """Load the tensors named `<part>/…` to be sampled. Raises ValueError naming what doesn't fit."""
    own = under(carried(tensors, f"{part}/", network.moved), f"{part}/")
    check(own, network.state_dict(), f"the weights of `{part}`", exact=False)
    network.load_state_dict(own)
