"""Gradients inside a loss: of numbers by what they were computed from, to be differentiated again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

_SCALE: ContextVar[Tensor | float] = ContextVar("scale of gradients taken inside a loss", default=1.0)


def inner_scale() -> Tensor | float:
    """What gradients taken inside a loss are scaled by now: 1 unless losses are scaled."""
    return _SCALE.get()


@contextmanager
def scaled_inside(scale: Tensor | float) -> Iterator[None]:
    """Inside the block, gradients taken inside a loss are scaled by this."""
    token = _SCALE.set(scale)
    try:
        yield
    finally:
        _SCALE.reset(token)


def inner_gradients(
    output: Tensor, inputs: Iterable[Tensor], scale: Tensor | float | None = None
) -> tuple[Tensor, ...]:
    """∂output/∂inputs to be differentiated again, for penalties; 0 for inputs that the output does not read.

    While losses are scaled the output is scaled as well, so that what passes through float16 does not
    vanish, and the gradients are scaled back in float32. `scale` is the one in force if not given.
    """
    scale = inner_scale() if scale is None else scale
    plain = isinstance(scale, float) and scale == 1.0
    scaled = output if plain else output * scale
    found = torch.autograd.grad(scaled, tuple(inputs), create_graph=True, materialize_grads=True)
    return found if plain else tuple(gradient / scale for gradient in found)


def gradient(of: Tensor, by: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """∂(Σ of)/∂by, of the shape of each `by`. of: [N] or [], computed of `differentiable` ones.

    Scaled and scaled back while losses are (`inner_gradients`). 0 where `of` is constant: the slope of what
    is linear, say, which autograd hands out without a graph.
    """
    total = of.sum()
    return inner_gradients(total, by) if total.requires_grad else tuple(map(torch.zeros_like, by))


def differentiable(x: Tensor) -> Tensor:
    """x, or where nothing learned stands before it a copy that one can differentiate by."""
    return x if x.requires_grad else x.detach().requires_grad_()


def stop_gradient(x: Tensor) -> Tensor:
    """x, for a constant."""
    return x.detach()
