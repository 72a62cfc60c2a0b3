"""Convolutions, linear layers and filters: what each asks of torch in our runtime, on ghosts."""

from __future__ import annotations

from gandsl.analysis.memory.ghost import Ghost
from gandsl.analysis.memory.primitives import (
    add,
    addcmul,
    cast,
    convolution,
    linear_map,
    matmul,
    mul,
    part,
    scaled,
    square,
    sum_to,
    unary,
    view,
)
from gandsl.analysis.memory.work import After, Work, after_of, bias_of, finish, smaller, spectral_factor, used

LONG = 7  # taps from which a filter is a pass for each direction: gandsl_runtime.layers.fir
GROUPED_BELOW = 0.1  # weight over features: gandsl.passes.devices


def conv(work: Work) -> Ghost:
    """A convolution, which may have taken over a change of size."""
    after = after_of(work)
    if work.step.enlarge > 1 or work.step.shrink > 1:
        return finish(work, _resampled(work, after), after)
    x, weight = smaller(work.x, *used(work, after.inner))
    weight = cast(weight, work.width)
    if work.padding_mode != "zeros":
        pads = 2 * (work.padding if work.padding is not None else work.kernel.h // 2)
        x = linear_map(x, (*x.shape[:2], x.shape[2] + pads, x.shape[3] + pads))
    return finish(work, convolution(x, weight, bias_of(work, after, after.inner), work.shape), after)


def _resampled(work: Work, after: After) -> Ghost:
    weight, factor = work.learned("weight"), max(work.step.enlarge, work.step.shrink)
    bias = bias_of(work, after, after.inner)
    out, into, height, width = weight.shape
    spread = work.new((height * width, (height + factor - 1) * (width + factor - 1)))
    if work.step.attrs["weight"] == "spectral":
        spread = mul(spread, view(spectral_factor(work, weight), (1, 1)))
    else:
        spread = spread.like()
    flat = view(weight, (out * into, height * width))
    if work.step.enlarge > 1:
        flat = linear_map(flat, flat.shape)
    kernel = matmul(flat, spread, (flat.shape[0], spread.shape[1]))
    kernel = view(kernel, (out, into, height + factor - 1, width + factor - 1))
    return convolution(work.x, cast(kernel, work.width), bias, work.shape)


def conv_transpose(work: Work) -> Ghost:
    """A transposed convolution."""
    after = after_of(work)
    x, weight = smaller(work.x, *used(work, after.inner))
    weight = cast(weight, work.width)
    return finish(work, convolution(x, weight, bias_of(work, after, after.inner), work.shape), after)


def linear(work: Work) -> Ghost:
    """A linear layer, on vectors or tokens."""
    after = after_of(work)
    weight, factor = used(work, after.inner)
    weight, bias = cast(weight, work.width), bias_of(work, after, 1.0)
    rows = view(work.x, (work.x.elements // work.x.shape[-1], work.x.shape[-1]))
    shape = (rows.shape[0], weight.shape[0])
    y = matmul(rows, view(weight, weight.shape[::-1]), shape, factor=factor and bias is not None)
    if bias is not None:
        y = add(y, bias, inplace=True)
    elif factor:
        y = scaled(y, inplace=True)
    return view(finish(work, y, after), work.shape)


def modulated_conv(work: Work) -> Ghost:
    """A modulated convolution, in the form that the pass chooses."""
    after = after_of(work)
    style = work.inputs["style"][0]
    weight, factor = used(work)
    bias = bias_of(work, after, after.inner)
    out, into, height, width = weight.shape
    demodulation = None
    if work.demodulate:
        norms = sum_to(square(weight), (out, into, 1, 1))
        squares = matmul(square(style), view(norms, (into, out)), (work.samples, out))
        demodulation = unary(scaled(squares), saves="y")
        demodulation = demodulation if after.inner == 1.0 else scaled(demodulation)
    elif factor or after.inner != 1.0:
        style = scaled(style)
    source, result = work.step.use.inputs["x"][0], work.step.type
    large = weight.elements / (source.elements + result.elements) >= GROUPED_BELOW
    if not (large or work.channels_last):
        return _grouped(work, after, style, weight, demodulation, bias)
    x, weight = mul(work.x, cast(view(style, (*style.shape, 1, 1)), work.width)), cast(weight, work.width)
    x = _room(work, x, height, width)
    if demodulation is None:
        return finish(work, convolution(x, weight, bias, work.shape), after)
    y = convolution(x, weight, None, work.shape)
    demodulation = cast(view(demodulation, (*demodulation.shape, 1, 1)), work.width)
    y = mul(y, demodulation) if bias is None else addcmul(view(bias, (1, out, 1, 1)), y, demodulation)
    return finish(work, y, after)


def _grouped(
    work: Work, after: After, style: Ghost, weight: Ghost, demodulation: Ghost | None, bias: Ghost | None
) -> Ghost:
    n, (out, into, height, width) = work.samples, weight.shape
    factors = view(style, (n, 1, into))
    if demodulation is not None:
        factors = mul(factors, view(demodulation, (n, out, 1)))
    weights = mul(view(weight, (1, *weight.shape)), view(factors, (n, factors.shape[1], into, 1, 1)))
    weights = cast(weights, work.width)
    bias = linear_map(bias, (n * out,)) if bias is not None else None
    x = _room(work, view(work.x, (1, n * into, *work.x.shape[2:])), height, width)
    if work.up > 1:
        weights = linear_map(weights, weights.shape)
    y = convolution(x, weights, bias, (1, n * out, *work.shape[2:]))
    return finish(work, view(y, work.shape), after, fresh=False)


def _room(work: Work, x: Ghost, height: int, width: int) -> Ghost:
    """An even kernel needs one more pixel."""
    if work.up > 1 or (height % 2 and width % 2):
        return x
    return linear_map(x, (*x.shape[:2], x.shape[2] + 1 - height % 2, x.shape[3] + 1 - width % 2))


def fir(work: Work) -> Ghost:
    """A filter, in one pass or one for each direction."""
    return _fir(work, len(work.taps), apart=len(work.taps) >= LONG)


def lowpass(work: Work) -> Ghost:
    """A designed filter."""
    return _fir(work, work.length, apart=work.length >= LONG and not work.radial)


def _fir(work: Work, taps: int, apart: bool) -> Ghost:
    after = after_of(work)
    bias = _bias_of_riders(work, after)
    left, right, top, bottom = work.pad
    rows, columns = (top, bottom), (left, right)
    if not apart:
        y = _filtered(work, work.x, bias, (taps, taps), (rows, columns))
    else:
        y = _filtered(work, work.x, None, (taps, 1), (rows, None))
        y = _filtered(work, y, bias, (1, taps), (None, columns))
    if work.up > 1 and work.down > 1:
        y = part(y, work.shape)
    return finish(work, y, after, fresh=work.up == 1 or work.down == 1)


def _bias_of_riders(work: Work, after: After) -> Ghost | None:
    extra = after.riders.get("bias")
    if extra is None:
        return None
    bias = work.weights[f"{extra.id}.bias"]
    return cast(bias if after.inner == extra.attrs["lr_multiplier"] == 1.0 else scaled(bias), work.width)


def _filtered(
    work: Work,
    x: Ghost,
    bias: Ghost | None,
    taps: tuple[int, int],
    sides: tuple[tuple[int, int] | None, tuple[int, int] | None],
) -> Ghost:
    """One depthwise convolution, the room it needs before it, and what is cut after it."""
    padded: list[int] = []
    made: list[int] = []
    cut: list[int] = []
    for length, count, side in zip(x.shape[2:], taps, sides, strict=True):
        up, down = (work.up, work.down) if side is not None else (1, 1)
        low, high = side or (0, 0)
        if side is None:
            sizes = (length, length, length)
        elif up == 1:
            extra = 0 if low == high and low >= 0 else low + high
            sizes = (length + extra, n := (length + low + high - count) // down + 1, n)
        else:
            low, high = count - 1 - low, count - up - high
            before = max(0, -(low // up)) + max(0, -(high // up))
            low, high = low + max(0, -(low // up)) * up, high + max(0, -(high // up)) * up
            full = (length + before - 1) * up + count
            sizes = (length + before, full - 2 * min(low, high), full - low - high)
        for found, size in zip((padded, made, cut), sizes, strict=True):
            found.append(size)
    if tuple(padded) != x.shape[2:]:
        x = linear_map(x, (*x.shape[:2], *padded))
    kernel = x.new((x.shape[1], 1, 1, 1))
    y = convolution(x, kernel, bias, (*x.shape[:2], *made))
    return y if made == cut else linear_map(y, (*x.shape[:2], *cut))
