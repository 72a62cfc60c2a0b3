"""Gradients inside a loss: by what it was computed from, or by weights; to be differentiated again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from ..distributed.group import active

_SCALE: ContextVar[Tensor | float] = ContextVar("scale of gradients taken inside a loss", default=1.0)
_handed: tuple[Tensor | float, Tensor] | None = None  # within a compiled pass: the scale, and a 0 to add


def hand_scale(scale: Tensor | float | None, zero: Tensor | None = None) -> None:
    """Within a compiled pass, from here on: the scale, and a 0 [] that wants a gradient; None: no more.

    A compiler makes no leaves; what a 0 from outside is added to can be differentiated by as well.
    """
    global _handed  # set, then read, within the pass: so its graph depends on no state
    _handed = None if scale is None or zero is None else (scale, zero)


def inner_scale() -> Tensor | float:
    """What gradients taken inside a loss are scaled by now: 1 unless losses are scaled."""
    return _SCALE.get() if _handed is None else _handed[0]


@contextmanager
def scaled_inside(scale: Tensor | float) -> Iterator[None]:
    """Inside the block, gradients taken inside a loss are scaled by this."""
    token = _SCALE.set(scale)
    try:
        yield
    finally:
        _SCALE.reset(token)


def inner_gradients(output: Tensor, inputs: Iterable[Tensor]) -> tuple[Tensor, ...]:
    """∂output/∂inputs to be differentiated again, for penalties; 0 for inputs that the output does not read.

    While losses are scaled the output is scaled as well, so that what passes through float16 does not
    vanish, and the gradients are scaled back in float32.
    """
    scale = inner_scale()
    plain = isinstance(scale, float) and scale == 1.0
    scaled = output if plain else output * scale
    found = torch.autograd.grad(scaled, tuple(inputs), create_graph=True, materialize_grads=True)
    return found if plain else tuple(gradient / scale for gradient in found)


def gradient(of: Tensor, by: Sequence[Tensor | tuple[Tensor, ...]]) -> tuple[Any, ...]:
    """∂(Σ of)/∂by, of the shape of each `by`. of: [N] or [], computed of `differentiable` ones.

    Scaled and scaled back while losses are (`inner_gradients`). 0 where `of` is constant: the slope of what
    is linear, say, which autograd hands out without a graph. By weights (a tuple of tensors) it is that of
    all processes: of the sum over all their samples, or of the mean of their Scalars.
    """
    total = of.sum()
    flat = [x for one in by for x in (one if isinstance(one, tuple) else (one,))]
    found = iter(inner_gradients(total, flat) if total.requires_grad else map(torch.zeros_like, flat))
    shares = 1 if of.dim() else active().size
    return tuple(
        _over_processes([next(found) for _ in one], shares) if isinstance(one, tuple) else next(found)
        for one in by
    )


def _over_processes(gradients: Sequence[Tensor], shares: int) -> tuple[Tensor, ...]:
    """The sum of gradients by weights over all processes, divided by `shares`."""
    group = active()
    if group.size == 1 or not gradients:
        return tuple(gradients)
    flat = group.total(torch.cat([one.reshape(-1) for one in gradients])) / shares
    parts = flat.split([one.numel() for one in gradients])
    return tuple(part.view_as(one) for part, one in zip(parts, gradients, strict=True))


def differentiable(x: Tensor) -> Tensor:
    """x, or where nothing learned stands before it a copy that one can differentiate by."""
    if x.requires_grad:
        return x
    return x.detach().requires_grad_() if _handed is None else x + _handed[1]


def stop_gradient(x: Tensor) -> Tensor:
    """x, for a constant."""
    return x.detach()


def scale_gradient(x: Tensor, by: Tensor | None = None, *, factor: float = 1.0) -> Tensor:
    """x; what comes back to it is multiplied by `factor`, and by a Scalar `by` [] where there is one."""
    return _Scaled.apply(x, factor if by is None else factor * by.detach())


class _Scaled(torch.autograd.Function):
    """x, with a factor on its gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float | Tensor) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.factor, None


def normalize_gradient(x: Tensor, *, length: float = 1.0, eps: float = 1e-8) -> Tensor:
    """x [N, …]; what comes back to it is g · length / (mean ‖gᵢ‖₂ + eps), the mean over the samples that all
    processes have in this micro-batch (as EnCodec balances its terms, arXiv:2210.13438, section 3.4).

    While losses are scaled, so is what comes out.
    """
    group = active()
    own = float(len(x))
    samples = own if group.size == 1 else group.total(x.detach().new_tensor(own, dtype=torch.float64))
    return _Normalized.apply(x, length * inner_scale(), eps, samples)


class _Normalized(torch.autograd.Function):
    """x, whose gradient has the mean length `length`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, length: float | Tensor, eps: float, samples: float | Tensor) -> Tensor:
        ctx.length, ctx.eps, ctx.samples = length, eps, samples
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        (slope,) = gradients
        wide = torch.promote_types(slope.dtype, torch.float32)
        lengths = torch.linalg.vector_norm(slope.reshape(len(slope), -1), dim=1, dtype=wide)
        mean = active().total(lengths.sum()) / ctx.samples
        return slope * (ctx.length / (mean + ctx.eps)).to(slope.dtype), None, None, None
