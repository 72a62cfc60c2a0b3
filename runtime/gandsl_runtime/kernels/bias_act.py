"""`gandsl_runtime.layers.bias_act` for CUDA: each of its three operators is one launch.

A program takes some channels of one sample and walks over their pixels, so that sums over pixels are made in
one order, without atomics. Numbers are float32 inside (float64 for float64).
"""

from __future__ import annotations

import functools
from typing import Any

import torch
import triton
import triton.language as tl
from torch import Tensor

Some = Tensor | None
TILE = 1024  # numbers a program looks at at once


def forward(
    x: Tensor,
    factor: Some,
    bias: Some,
    noise: Some,
    strength: Some,
    alpha: float,
    beta: float,
    slope: float,
    gain: float,
    clamp: float | None,
) -> Tensor:
    """As the operator `gandsl::bias_act`."""
    y = torch.empty_like(x)
    if not x.numel():
        return y
    form = _form(x)
    spread = 1 if strength is not None and strength.numel() > 1 else 0
    _forward[_grid(form, split=True)](
        x,
        y,
        *_or(x, factor, bias, noise, strength),
        *_numbers(form),
        _apart(noise, form),
        spread,
        alpha,
        beta,
        slope,
        gain,
        clamp or 0.0,
        FACTOR=factor is not None,
        BIAS=bias is not None,
        NOISE=noise is not None,
        CLAMP=clamp is not None,
        **_tile(form),
    )
    return y


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
    """As the operator `gandsl::bias_act_slopes`."""
    dx, sums = torch.empty_like(dy), _sums(dy, 3)
    if not dy.numel():
        return dx, sums.zero_()
    form = _form(dy)
    _slopes[_grid(form, split=False)](
        dy,
        dx,
        sums,
        *_or(dy, y, x, factor, noise),
        *_numbers(form),
        _apart(noise, form),
        alpha,
        beta,
        slope,
        gain,
        _bound(clamp, dy.dtype),
        FACTOR=factor is not None,
        NOISE=noise is not None,
        BENT=y is not None,
        CLAMP=clamp is not None,
        **_tile(form),
    )
    return dx, sums


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
    """As the operator `gandsl::bias_act_second`."""
    d_dy = torch.empty_like(dy)
    scaled = factor is not None
    d_x = torch.empty_like(dy) if scaled else dy.new_empty(0)
    d_factor = _sums(dy, 1)[0] if scaled else _sums(dy[:0], 1).flatten()
    if not dy.numel():
        return d_dy, d_x, d_factor
    form = _form(dy)
    _second[_grid(form, split=False)](
        ddx,
        dy,
        d_dy,
        d_x if scaled else d_dy,
        d_factor if scaled else d_dy,
        *_or(dy, None if dsums is None else dsums.contiguous(), y, x, factor, noise),
        *_numbers(form),
        _apart(noise, form),
        alpha,
        beta,
        slope,
        gain,
        _bound(clamp, dy.dtype),
        SUMS=dsums is not None,
        FACTOR=scaled,
        NOISE=noise is not None,
        BENT=y is not None,
        CLAMP=clamp is not None,
        **_tile(form),
    )
    return d_dy, d_x, d_factor


# --- how a tensor lies ------------------------------------------------------------------------------


def _form(x: Tensor) -> tuple[int, int, int, int, int, torch.dtype]:
    """Samples, channels, pixels, the distance of channels and of pixels, and the format inside."""
    samples, channels = x.shape[:2]
    pixels = x[0, 0].numel()
    last = not x.is_contiguous()  # then it is channels last: callers see to it
    wide = torch.promote_types(x.dtype, torch.float32)
    return samples, channels, pixels, 1 if last else pixels, channels if last else 1, wide


def _numbers(form: Any) -> tuple[int, ...]:
    return tuple(form[:5])


def _tile(form: Any) -> dict[str, Any]:
    _, channels, pixels, _, apart, wide = form
    whole = triton.next_power_of_2(channels)
    if apart == 1:
        p = min(TILE, triton.next_power_of_2(pixels))
        c = min(whole, max(1, TILE // p))
    else:
        c = min(64, whole)
        p = max(1, min(TILE // c, triton.next_power_of_2(pixels)))
    return {"BC": c, "BP": p, "WIDE": tl.float64 if wide == torch.float64 else tl.float32}


def _grid(form: Any, *, split: bool) -> tuple[int, ...]:
    samples, channels, pixels, *_ = form
    tile = _tile(form)
    blocks = triton.cdiv(channels, tile["BC"])
    return (samples * blocks, triton.cdiv(pixels, tile["BP"])) if split else (samples * blocks,)


def _or(there: Tensor, *tensors: Some) -> list[Tensor]:
    """Pointers: where there is no tensor any will do, for it is not read."""
    return [there if x is None else x for x in tensors]


def _apart(noise: Some, form: Any) -> int:
    """The distance of the samples' planes: 0 for one plane of all."""
    return 0 if noise is None or noise.numel() == form[2] else form[2]


@functools.cache
def _bound(clamp: float | None, dtype: torch.dtype) -> float:
    """The magnitude, in this format, of results that were clamped."""
    return 0.0 if clamp is None else float(torch.tensor(clamp, dtype=dtype))


def _sums(like: Tensor, kinds: int) -> Tensor:
    return like.new_empty(kinds, *like.shape[:2], dtype=torch.promote_types(like.dtype, torch.float32))


# --- the kernels ------------------------------------------------------------------------------------


@triton.jit
def _bent(g, y, slope, gain, clamp, CLAMP: tl.constexpr):
    g = tl.where(y > 0, g, slope * g) * gain
    if CLAMP:
        g = tl.where(tl.abs(y) < clamp, g, 0.0)
    return g


@triton.jit(do_not_specialize=["alpha", "beta", "slope", "gain", "clamp"])
def _forward(
    x,
    y,
    factor,
    bias,
    noise,
    strength,
    samples,
    channels,
    pixels,
    by_channel,
    by_pixel,
    by_plane,
    spread,
    alpha,
    beta,
    slope,
    gain,
    clamp,
    FACTOR: tl.constexpr,
    BIAS: tl.constexpr,
    NOISE: tl.constexpr,
    CLAMP: tl.constexpr,
    BC: tl.constexpr,
    BP: tl.constexpr,
    WIDE: tl.constexpr,
):
    blocks = tl.cdiv(channels, BC)
    n = (tl.program_id(0) // blocks).to(tl.int64)
    c = tl.program_id(0) % blocks * BC + tl.arange(0, BC)
    p = tl.program_id(1) * BP + tl.arange(0, BP)
    inside = c < channels
    mask = inside[:, None] & (p < pixels)[None, :]
    at = n * channels * pixels + c[:, None].to(tl.int64) * by_channel + p[None, :].to(tl.int64) * by_pixel
    t = tl.load(x + at, mask=mask, other=0.0).to(WIDE) * alpha
    if FACTOR:
        t = t * tl.load(factor + n * channels + c, mask=inside, other=0.0).to(WIDE)[:, None]
    if BIAS:
        t = t + beta * tl.load(bias + c, mask=inside, other=0.0).to(WIDE)[:, None]
    if NOISE:
        plane = tl.load(noise + n * by_plane + p, mask=p < pixels, other=0.0).to(WIDE)
        t = t + tl.load(strength + c * spread, mask=inside, other=0.0).to(WIDE)[:, None] * plane[None, :]
    t = tl.where(t > 0, t, slope * t) * gain
    if CLAMP:
        t = tl.minimum(tl.maximum(t, -clamp), clamp)
    tl.store(y + at, t.to(y.dtype.element_ty), mask=mask)


@triton.jit(do_not_specialize=["alpha", "beta", "slope", "gain", "clamp"])
def _slopes(
    dy,
    dx,
    sums,
    y,
    x,
    factor,
    noise,
    samples,
    channels,
    pixels,
    by_channel,
    by_pixel,
    by_plane,
    alpha,
    beta,
    slope,
    gain,
    clamp,
    FACTOR: tl.constexpr,
    NOISE: tl.constexpr,
    BENT: tl.constexpr,
    CLAMP: tl.constexpr,
    BC: tl.constexpr,
    BP: tl.constexpr,
    WIDE: tl.constexpr,
):
    blocks = tl.cdiv(channels, BC)
    n = (tl.program_id(0) // blocks).to(tl.int64)
    c = tl.program_id(0) % blocks * BC + tl.arange(0, BC)
    inside = c < channels
    row = n * channels + c
    start = n * channels * pixels + c[:, None].to(tl.int64) * by_channel
    of_bias, of_factor, of_noise = tl.zeros([BC], WIDE), tl.zeros([BC], WIDE), tl.zeros([BC], WIDE)
    scale = tl.zeros([BC], WIDE) + alpha
    if FACTOR:
        scale = scale * tl.load(factor + row, mask=inside, other=0.0).to(WIDE)
    for first in range(0, pixels, BP):
        p = first + tl.arange(0, BP)
        mask = inside[:, None] & (p < pixels)[None, :]
        at = start + p[None, :].to(tl.int64) * by_pixel
        g = tl.load(dy + at, mask=mask, other=0.0).to(WIDE)
        if BENT:
            g = _bent(g, tl.load(y + at, mask=mask, other=0.0).to(WIDE), slope, gain, clamp, CLAMP)
        else:
            g = g * gain
        tl.store(dx + at, (g * scale[:, None]).to(dx.dtype.element_ty), mask=mask)
        of_bias += tl.sum(g, 1)
        if FACTOR:
            of_factor += tl.sum(g * tl.load(x + at, mask=mask, other=0.0).to(WIDE), 1)
        if NOISE:
            plane = tl.load(noise + n * by_plane + p, mask=p < pixels, other=0.0).to(WIDE)
            of_noise += tl.sum(g * plane[None, :], 1)
    rows = samples * channels
    tl.store(sums + row, of_bias * beta, mask=inside)
    tl.store(sums + rows + row, of_factor * alpha, mask=inside)
    tl.store(sums + 2 * rows + row, of_noise, mask=inside)


@triton.jit(do_not_specialize=["alpha", "beta", "slope", "gain", "clamp"])
def _second(
    ddx,
    dy,
    d_dy,
    d_x,
    d_factor,
    dsums,
    y,
    x,
    factor,
    noise,
    samples,
    channels,
    pixels,
    by_channel,
    by_pixel,
    by_plane,
    alpha,
    beta,
    slope,
    gain,
    clamp,
    SUMS: tl.constexpr,
    FACTOR: tl.constexpr,
    NOISE: tl.constexpr,
    BENT: tl.constexpr,
    CLAMP: tl.constexpr,
    BC: tl.constexpr,
    BP: tl.constexpr,
    WIDE: tl.constexpr,
):
    blocks = tl.cdiv(channels, BC)
    n = (tl.program_id(0) // blocks).to(tl.int64)
    c = tl.program_id(0) % blocks * BC + tl.arange(0, BC)
    inside = c < channels
    row, rows = n * channels + c, samples * channels
    start = n * channels * pixels + c[:, None].to(tl.int64) * by_channel
    of_factor = tl.zeros([BC], WIDE)
    scale = tl.zeros([BC], WIDE) + alpha
    if FACTOR:
        scale = scale * tl.load(factor + row, mask=inside, other=0.0).to(WIDE)
    to_bias, to_factor, to_noise = tl.zeros([BC], WIDE), tl.zeros([BC], WIDE), tl.zeros([BC], WIDE)
    if SUMS:
        to_bias = tl.load(dsums + row, mask=inside, other=0.0).to(WIDE) * beta
        to_factor = tl.load(dsums + rows + row, mask=inside, other=0.0).to(WIDE) * alpha
        to_noise = tl.load(dsums + 2 * rows + row, mask=inside, other=0.0).to(WIDE)
    for first in range(0, pixels, BP):
        p = first + tl.arange(0, BP)
        mask = inside[:, None] & (p < pixels)[None, :]
        at = start + p[None, :].to(tl.int64) * by_pixel
        u = tl.load(ddx + at, mask=mask, other=0.0).to(WIDE)
        if FACTOR:
            g = tl.load(dy + at, mask=mask, other=0.0).to(WIDE)
            if BENT:
                g = _bent(g, tl.load(y + at, mask=mask, other=0.0).to(WIDE), slope, gain, clamp, CLAMP)
            else:
                g = g * gain
            of_factor += tl.sum(u * g, 1)
            tl.store(d_x + at, (g * to_factor[:, None]).to(d_x.dtype.element_ty), mask=mask)
        u = u * scale[:, None]
        if SUMS:
            u = u + to_bias[:, None]
            if FACTOR:
                u = u + to_factor[:, None] * tl.load(x + at, mask=mask, other=0.0).to(WIDE)
            if NOISE:
                plane = tl.load(noise + n * by_plane + p, mask=p < pixels, other=0.0).to(WIDE)
                u = u + to_noise[:, None] * plane[None, :]
        if BENT:
            u = _bent(u, tl.load(y + at, mask=mask, other=0.0).to(WIDE), slope, gain, clamp, CLAMP)
        else:
            u = u * gain
        tl.store(d_dy + at, u.to(d_dy.dtype.element_ty), mask=mask)
    if FACTOR:
        tl.store(d_factor + row, of_factor * alpha, mask=inside)
