"""All that a run is, in one object: what a checkpoint holds whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim import Adam

from . import checkpointing, ema, precision, schedule
from .anchors import Anchors
from .augment import Control
from .guard.memory import Memory
from .network import Network
from .plan import Adaptive, Plan
from .precision import Scaling
from .schedule import Clock, Side, Stage, Step
from .world import World

SIDES: tuple[Side, Side] = ("generator", "discriminator")


@dataclass
class State:
    """Networks, their average, optimizers and counters.

    Chance is no part of it: every draw is a function of `seed` and the clock, the order of the data one of
    `seed` and `samples`: whoever has these has all of it.
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
    memory: Memory | None = None  # of the guard, where there is one
    rollbacks: int = 0  # how often the guard went back …
    rate: float = 1.0  # … and what that made of the learning rates

    @classmethod
    def new(
        cls, plan: Plan, generator: Network, discriminator: Network, seed: int, device: torch.device
    ) -> State:
        """The state before the first step; networks move to the device and into training mode."""
        networks: dict[Side, Network] = {"generator": generator, "discriminator": discriminator}
        for network in networks.values():
            network.to(device).train()
        precision.prepare(plan, generator, discriminator)
        average = ema.average_of(generator) if plan.ema else None
        for network in networks.values():
            checkpointing.begin(network)
        sizes = generator.levels
        first = schedule.step(plan, sizes, Clock())
        optimizers = {}
        for side, network in networks.items():
            settings = schedule.adam(plan, side, sizes, first)
            trained = [p for p in network.parameters() if p.requires_grad]
            optimizers[side] = Adam(
                trained, lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=True
            )
        dtype = next((p.dtype for p in generator.parameters()), torch.get_default_dtype())
        path_length_mean = torch.zeros((), device=device, dtype=dtype)
        p = plan.augment.p if plan.augment else None
        control = Control(p, device) if isinstance(p, Adaptive) else None
        scaling = {side: Scaling(plan.precision, device) for side in SIDES}
        state = cls(generator, discriminator, average, optimizers, scaling, path_length_mean, seed, control)
        if lecam := plan.regularizers.lecam:
            state.anchors = Anchors(lecam, device, dtype)
        if plan.guard:
            state.memory = Memory.new(plan.guard, generator, discriminator)
        return state

    @property
    def sampler(self) -> Network:
        """The generator that is sampled: the average where there is one."""
        return self.average or self.generator

    @property
    def chance(self) -> tuple[int, ...]:
        """What every draw of training begins its key with: after a rollback others come."""
        return (self.seed, self.rollbacks) if self.rollbacks else (self.seed,)

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

    def leave(self, plan: Plan, step: Step, world: World) -> None:
        """What follows from a step: the average of the weights, p of augmentation, anchors, the clock."""
        if self.average is not None and plan.ema is not None:
            ema.update(self.average, self.generator, schedule.ema_decay(plan.ema, step), plan.ema.buffers)
        for follower in (self.control, self.anchors):
            if follower is not None:
                follower.after(step, world)
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

    def load_tensors(self, tensors: dict[str, Tensor]) -> None:
        """Take over what `tensors` gave. Raises ValueError naming what is missing or left over."""
        self.path_length_mean.copy_(tensors["path_length_mean"])
        if self.control and "augment/p" in tensors:  # else the plan adapts from here on
            self.control.load({name: tensors[f"augment/{name}"] for name in self.control.tensors()})
        if self.anchors and "lecam/means" in tensors:
            self.anchors.means.copy_(tensors["lecam/means"])
        if self.memory:
            self.memory.load_tensors({"looks": x} if (x := tensors.get("guard/looks")) is not None else {})
        for part, network in self._parts().items():
            load_network(network, tensors, part)
        for side in SIDES:
            self._load_optimizer(side, tensors)

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

    def load_counters(self, counters: dict[str, Any]) -> None:
        """Take over what `counters` gave."""
        self.clock = Clock(counters["images"], counters["steps"])
        self.samples, self.seed = counters["samples"], counters["seed"]
        self.stage = Stage(**counters["stage"]) if counters["stage"] else None
        self.rollbacks, self.rate = counters.get("rollbacks", 0), counters.get("rate", 1.0)
        if self.memory:
            self.memory.load_counters(counters.get("guard"))
        for side, scaling in self.scaling.items():
            scaling.load(counters.get("scaling", {}).get(side, {}))

    def _parts(self) -> dict[str, Network]:
        parts = {"generator": self.generator, "discriminator": self.discriminator}
        return parts | ({"average": self.average} if self.average is not None else {})

    def _load_optimizer(self, side: Side, tensors: dict[str, Tensor]) -> None:
        optimizer = self.optimizers[side]
        optimizer.state.clear()
        index = {parameter: i for i, parameter in enumerate(optimizer.param_groups[0]["params"])}
        moments: dict[int, dict[str, Tensor]] = {}
        prefix = f"optimizer.{side}/"
        for name, parameter in self.network(side).named_parameters():
            found = {m: tensors[k] for m in _MOMENTS if (k := f"{prefix}{name}/{m}") in tensors}
            if found and parameter in index:  # moments lie in memory as their parameter does
                moments[index[parameter]] = {
                    m: torch.empty_like(parameter).copy_(t) if t.dim() else t for m, t in found.items()
                }
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})


_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


def load_network(network: nn.Module, tensors: dict[str, Tensor], part: str) -> None:
    """Load the tensors named `<part>/…`. Raises ValueError naming keys or shapes that don't fit."""
    own = {
        key.removeprefix(f"{part}/"): tensor for key, tensor in tensors.items() if key.startswith(f"{part}/")
    }
    wanted = network.state_dict()
    complaints = {
        "missing": sorted(wanted.keys() - own.keys()),
        "unknown": sorted(own.keys() - wanted.keys()),
        "of another shape": sorted(k for k in wanted.keys() & own.keys() if wanted[k].shape != own[k].shape),
    }
    if any(complaints.values()):
        said = [f"{len(keys)} {what} ({', '.join(keys[:3])})" for what, keys in complaints.items() if keys]
        raise ValueError(f"the weights of `{part}` don't fit: {'; '.join(said)}")
    network.load_state_dict(cast(Any, own))
