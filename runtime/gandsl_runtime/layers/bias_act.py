"""One pass over a feature for factor, bias, noise, activation, gain and clamp, to be differentiated twice.

    y = clip(gain · act(alpha · factor · x + beta · bias + strength · noise)),  act(t) = t > 0 ? t : slope · t

Three operators, each one pass over memory and on CUDA one kernel (`gandsl_runtime.kernels.bias_act`): the
result, its slopes, and theirs. Slopes of what is shared by pixels come as sums over the pixels of each sample
and channel, made in the same pass. Elsewhere, and on a CUDA device without Triton, they are made of torch's
operators. The result tells where the kinks are (at 0, and where the clamp bites); the second derivative is 0
there.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from gandsl_runtime.kernels.found import kernels
from gandsl_runtime.layers.upfirdn import format_of

Some = Tensor | None


@torch.library.custom_op("gandsl::bias_act", mutates_args=())
def bias_act(
    x: Tensor,
    factor: Some = None,
    bias: Some = None,
    noise: Some = None,
    strength: Some = None,
    alpha: float = 1.0,
    beta: float = 1.0,
    slope: float = 1.0,
    gain: float = 1.0,
    clamp: float | None = None,
) -> Tensor:
    """x [N, C, …], dense. factor [N, C]; bias [C]; noise [N or 1, 1, …]; strength [] or [C]. As x, dense.

    slope 1 is no activation, 0 a relu. All is computed in float32 at least.
    """
    if (found := kernels("bias_act", x.device)) is not None:
        return found.forward(x, factor, bias, noise, strength, alpha, beta, slope, gain, clamp)
    t = _wide(x) * alpha
    if factor is not None:
        t = t * _over(factor, x)
    if bias is not None:
        t = t + beta * _over(bias[None], x)
    if noise is not None and strength is not None:
        t = t + _over(strength.reshape(1, -1), x) * _plane(noise, x)
    y = torch.where(t > 0, t, slope * t) * gain
    return (y if clamp is None else y.clamp(-clamp, clamp)).to(x.dtype)


@bias_act.register_fake
def _(x: Tensor, *args: Any, **options: Any) -> Tensor:
    return torch.empty_like(x)


@torch.library.custom_op("gandsl::bias_act_slopes", mutates_args=())
def slopes(
    dy: Tensor,
    y: Some,
    x: Some,
    factor: Some,
    noise: Some,
    alpha: float,
    beta: float,
    slope: float,
    gain: float,
    clamp: float | None,
) -> tuple[Tensor, Tensor]:
    """(dx, sums [3, N, C]): the slopes by x, and over pixels those by bias, factor and strength.

    y: the result, where there is a kink. x: where there is a factor.
    """
    if (found := kernels("bias_act", dy.device)) is not None:
        return found.slopes(dy, y, x, factor, noise, alpha, beta, slope, gain, clamp)
    g = _bent(_wide(dy), y, slope, gain, clamp)
    dx = g * alpha if factor is None else g * alpha * _over(factor, dy)
    sums = g.new_zeros(3, *dy.shape[:2])
    sums[0] = beta * _pooled(g)
    if factor is not None:
        assert x is not None
        sums[1] = alpha * _pooled(g * x)
    if noise is not None:
        sums[2] = _pooled(g * _plane(noise, dy))
    return dx.to(dy.dtype), sums


@slopes.register_fake
def _(dy: Tensor, *args: Any) -> tuple[Tensor, Tensor]:
    return torch.empty_like(dy), dy.new_empty(3, *dy.shape[:2], dtype=_widened(dy.dtype))


@torch.library.custom_op("gandsl::bias_act_second", mutates_args=())
def second(
    ddx: Tensor,
    dsums: Some,
    dy: Tensor,
    y: Some,
    x: Some,
    factor: Some,
    noise: Some,
    alpha: float,
    beta: float,
    slope: float,
    gain: float,
    clamp: float | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """The gradients of `slopes` by dy, x and factor, [N, C], given those by its results, ddx and dsums.

    Without a factor the last two are empty.
    """
    if (found := kernels("bias_act", dy.device)) is not None:
        return found.second(ddx, dsums, dy, y, x, factor, noise, alpha, beta, slope, gain, clamp)
    wide = _wide(ddx)
    u = wide * alpha if factor is None else wide * alpha * _over(factor, dy)
    g = _bent(_wide(dy), y, slope, gain, clamp)
    d_x, d_factor = dy.new_empty(0), g.new_empty(0)
    if dsums is not None:
        u = u + beta * _over(dsums[0], dy)
        if noise is not None:
            u = u + _over(dsums[2], dy) * _plane(noise, dy)
    if factor is not None:
        assert x is not None
        d_factor = alpha * _pooled(wide * g)
        if dsums is not None:
            u = u + alpha * _over(dsums[1], dy) * x
            d_x = (alpha * _over(dsums[1], dy) * g).to(dy.dtype)
        else:
            d_x = torch.zeros_like(dy)
    return _bent(u, y, slope, gain, clamp).to(dy.dtype), d_x, d_factor


@second.register_fake
def _(
    ddx: Tensor, dsums: Some, dy: Tensor, y: Some, x: Some, factor: Some, *args: Any
) -> tuple[Tensor, Tensor, Tensor]:
    wide = _widened(dy.dtype)
    if factor is None:
        return torch.empty_like(dy), dy.new_empty(0), dy.new_empty(0, dtype=wide)
    return torch.empty_like(dy), torch.empty_like(dy), dy.new_empty(dy.shape[:2], dtype=wide)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, factor, bias, noise, strength, *ctx.options = inputs
    kinks = ctx.options[2] != 1.0 or ctx.options[4] is not None
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(output if kinks else None, x if factor is not None else None, factor, noise)
    ctx.shape, ctx.has = (
        None if strength is None else strength.shape,
        (bias is not None, strength is not None),
    )
    ctx.dense = format_of(x)


def _backward(ctx: Any, dy: Some) -> tuple[Any, ...]:
    if dy is None:
        return (None,) * 10
    y, x, factor, noise = ctx.saved_tensors
    dx, sums = slopes(dy.contiguous(memory_format=ctx.dense), y, x, factor, noise, *ctx.options)
    wanted = *ctx.needs_input_grad, *[False] * 10  # torch counts those given in the call alone
    d_bias = sums[0].sum(0) if wanted[2] else None
    d_strength = None
    if wanted[4]:
        d_strength = sums[2].sum(0) if ctx.shape.numel() > 1 else sums[2].sum().reshape(ctx.shape)
    return dx, sums[1] if wanted[1] else None, d_bias, None, d_strength, *(None,) * 5


def _keep_slopes(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    *tensors, ctx.alpha, ctx.beta, ctx.slope, ctx.gain, ctx.clamp = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors)
    ctx.dense = format_of(inputs[0])


def _backward_of_slopes(ctx: Any, ddx: Some, dsums: Some) -> tuple[Any, ...]:
    dy, y, x, factor, noise = ctx.saved_tensors
    if ddx is None and dsums is None:
        return (None,) * 10
    ddx = torch.zeros_like(dy) if ddx is None else ddx.contiguous(memory_format=ctx.dense)
    options = ctx.alpha, ctx.beta, ctx.slope, ctx.gain, ctx.clamp
    d_dy, d_x, d_factor = second(ddx, dsums, dy, y, x, factor, noise, *options)
    if factor is None:
        return d_dy, *(None,) * 9
    return d_dy, None, d_x, d_factor, *(None,) * 6


bias_act.register_autograd(_backward, setup_context=_keep)
slopes.register_autograd(_backward_of_slopes, setup_context=_keep_slopes)


def _bent(g: Tensor, y: Some, slope: float, gain: float, clamp: float | None) -> Tensor:
    """g times the slope of clip(gain · act), told by its result."""
    g = g * gain
    if y is None:
        return g
    if slope != 1.0:
        g = torch.where(y > 0, g, slope * g)
    return g if clamp is None else torch.where(y.abs() < clamp, g, 0.0)


def _widened(dtype: torch.dtype) -> torch.dtype:
    return torch.promote_types(dtype, torch.float32)


def _wide(x: Tensor) -> Tensor:
    return x.to(_widened(x.dtype))


def _over(value: Tensor, x: Tensor) -> Tensor:
    """[N, C] against [N, C, …]."""
    return _wide(value)[(..., *[None] * (x.dim() - 2))]


def _plane(noise: Tensor, x: Tensor) -> Tensor:
    return _wide(noise).reshape(-1, 1, *x.shape[2:])


def _pooled(g: Tensor) -> Tensor:
    return g.flatten(2).sum(2) if g.dim() > 2 else g
