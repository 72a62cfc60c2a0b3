"""The numbers of training as the plan wants them: casts on, TF32, the order in memory, scaled losses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..calling import device_of
from ..errors import PlanError
from ..layers import Cast
from ..layers.upfirdn import CHANNELS_LAST
from ..ops.gradient import scaled_inside
from ..plan import Plan, Precision
from ..plan.precision import own_precision
from ..runs.header import ScalingFacts

INNER = 256.0  # the most that gradients inside a loss are scaled by
LEAST = 2.0**-24  # below this scale a gradient of float16's largest number would be 0
REPLACED = 1e5  # what an infinite gradient becomes, as in stylegan2-ada


SINCE = {"tf32": (8, 0), "bf16": (8, 0), "fp16": (7, 0)}
"""The compute capability from which a GPU multiplies in a format faster than in fp32."""


def made_for(compute: str, device: torch.device) -> bool:
    """Whether a device gains by computing so: CPUs compute in 16 bits too, and slower."""
    if compute not in SINCE:
        return True
    return device.type == "cuda" and torch.cuda.get_device_capability(device) >= SINCE[compute]


def in_force(precision: Precision, device: torch.device) -> Precision:
    """A plan's precision on a device: its fallback, where there is one and the device is not made for it."""
    if precision.fallback is None or made_for(precision.compute, device):
        return precision
    return Precision(compute=precision.fallback)


def prepare(plan: Plan, *networks: nn.Module) -> None:
    """Bring networks that are going to be trained into the plan's precision and memory format.

    Keys and values of their states stay. Raises PlanError where the plan asks for 16 bits and no network has
    casts: its source was generated for another plan. Networks compiled for the plan may have no features that
    are computed in 16 bits. A network that says its own precision is computed in that.
    """
    casts = any(isinstance(m, Cast) for network in networks for m in network.modules())
    common = in_force(plan.precision, device_of(networks[0]))
    if common.half and not casts and not all(getattr(n, "_planned", False) for n in networks):
        raise PlanError(
            f"the plan asks for {common.compute}, but the networks have no casts to it",
            "compile the spec again: casts are part of the generated source",
        )
    for network in networks:
        own = own_precision(getattr(network, "_precision", None), plan.precision)
        switch_casts(network, in_force(own, device_of(network)).half is not None)
        if plan.memory_format == "channels_last":
            lay_channels_last(network)
    allow_tf32(common.compute == "tf32")


def lay_channels_last(network: nn.Module) -> None:
    """Weights of planes and volumes in memory with the channels last; what has no such format stays."""
    tensors = [*network.parameters(), *network.buffers()]
    if all(x.dim() != 5 for x in tensors):
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return
    for x in tensors:  # torch's `to` knows one format for planes and volumes
        if x.dim() in CHANNELS_LAST:
            x.data = x.data.contiguous(memory_format=CHANNELS_LAST[x.dim()])


def switch_casts(network: nn.Module, on: bool) -> None:
    """Whether the network computes in 16 bits where it has casts to them."""
    for module in network.modules():
        if isinstance(module, Cast):
            module.active = on


def allow_tf32(allowed: bool) -> None:
    """Whether a GPU may round the factors of float32 products; torch's own default differs by kind."""
    torch.backends.cuda.matmul.allow_tf32 = allowed
    torch.backends.cudnn.allow_tf32 = allowed


class Scaling:
    """Backward and optimizer steps by the plan's rule for gradients that don't fit into float16.

    Made for each optimizer: what is too large for one player says nothing of the other. With `scale` losses
    are multiplied by a number that halves after an overflow (that step is left out) and doubles after 2000
    steps without one. Each call of `step` needs `backward`s since the last.
    """

    def __init__(self, precision: Precision, device: torch.device) -> None:
        self._replaces, self._one = precision.replaces, torch.ones((), device=device)
        self._scaler = torch.amp.GradScaler(device.type, enabled=precision.scales)

    def losses(self, *others: Scaling) -> AbstractContextManager[None]:
        """Inside, penalties scale the gradients that they take: as losses, but by 256 at most.

        An overflow there is an infinite penalty, and not only an infinite gradient. So what several players
        compute at once is scaled by the least of theirs: the one that overflows makes it less.
        """
        if not self.enabled:
            return nullcontext()
        scales = [scaling._scaler.scale(scaling._one) for scaling in (self, *others)]
        return scaled_inside(torch.stack(scales).amin().clamp(max=INNER))

    def backward(self, loss: Tensor, of: Sequence[Tensor] | None = None, keep_graph: bool = False) -> None:
        """Add the gradients of a loss, times the scale: of these weights, or of all that want one."""
        self._scaler.scale(loss).backward(inputs=of, retain_graph=keep_graph)

    def step(self, *optimizers: Optimizer) -> None:
        """The gradients without the scale, made finite or their step left out, and the optimizers' steps.

        A group of parameters with a `clip` has the norm of its gradients bounded by that; one with a `bound`,
        each of its weights, after the step. Where all weights rest there is nothing to step, nor to learn of
        the scale.
        """
        moving = [one for one in optimizers if any(w.grad is not None for w in _weights(one))]
        for optimizer in moving:
            self._scaler.unscale_(optimizer)
            if self._replaces:
                replace_nonfinite(_weights(optimizer))
            for group in optimizer.param_groups:
                if group.get("clip") is not None:
                    torch.nn.utils.clip_grad_norm_(group["params"], group["clip"])
            self._scaler.step(optimizer)
            for group in optimizer.param_groups:
                if group.get("bound") is not None:
                    _bound([w for w in group["params"] if w.grad is not None], group["bound"])
        if moving:
            self._scaler.update()

    @property
    def enabled(self) -> bool:
        """Whether losses are scaled."""
        return self._scaler.is_enabled()

    @property
    def scale(self) -> float:
        """What losses are multiplied by; reading it waits for the device."""
        return self._scaler.get_scale()

    @property
    def hopeless(self) -> bool:
        """Whether gradients stay infinite however small the scale: it is not float16 that is to blame."""
        return self.enabled and self.scale < LEAST

    def counters(self) -> dict[str, Any]:
        """The scale and its history, as JSON."""
        return self._scaler.state_dict()

    def load(self, facts: ScalingFacts) -> None:
        """Take over what `counters` gave; what a plan without scaling gave leaves the scale at its start."""
        if self.enabled and facts.scale is not None:
            told = {"scale": facts.scale, "_growth_tracker": facts.tracker}
            self._scaler.load_state_dict(self._scaler.state_dict() | told)


@torch.no_grad()
def _bound(weights: Sequence[Tensor], most: float) -> None:
    """Each number brought to [−most, most] (arXiv:1701.07875, algorithm 1)."""
    for weight in weights:
        weight.clamp_(-most, most)


def _weights(optimizer: Optimizer) -> list[nn.Parameter]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def replace_nonfinite(parameters: Iterable[nn.Parameter]) -> None:
    """Let infinite gradients be ±1e5 and undefined ones 0, in place."""
    for parameter in parameters:
        if parameter.grad is not None:
            torch.nan_to_num(parameter.grad, nan=0.0, posinf=REPLACED, neginf=-REPLACED, out=parameter.grad)
