"""What each op asks of torch in our runtime: one rule an op, on ghosts.

A rule reads `gandsl_runtime.layers` or `gandsl_runtime.ops` line by line: what is a new tensor there is one
here, what is done in place is done in place. A new op needs a rule; a test compares each with torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gandsl.analysis.memory.ghost import Ghost, Shape, Tape
from gandsl.analysis.memory.primitives import (
    CURVED,
    FLAT,
    SOFTMAX,
    add,
    addcmul,
    batch_norm,
    cast,
    cat,
    clamp,
    convolution,
    dropout,
    group_norm,
    linear_map,
    lookup,
    matmul,
    max_pool,
    mul,
    part,
    scaled,
    square,
    sum_to,
    unary,
    view,
    where,
)
from gandsl.analysis.memory.program import Step
from gandsl.ir.graph import Node

LONG = 7  # taps from which a filter is a pass for each direction: gandsl_runtime.layers.fir
GROUPED_BELOW = 0.1  # weight over features: gandsl.passes.choose_form
FULL = 4  # bytes of a float32
WIDTHS = {"float32": FULL, "bfloat16": 2, "float16": 2}
HOMOGENEOUS = frozenset({None, "relu", "leaky_relu"})

Weights = Mapping[str, Ghost]  # `<node id>.<name>` → parameter


@dataclass(frozen=True)
class Work:
    """One call: the step, its inputs by port, and every parameter of the network."""

    tape: Tape
    step: Step
    inputs: Mapping[str, Sequence[Ghost]]
    weights: Weights
    samples: int
    channels_last: bool = False

    def __getattr__(self, name: str) -> Any:
        """A parameter of the op."""
        try:
            return self.step.attrs[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def x(self) -> Ghost:
        return self.inputs["x"][0]

    @property
    def shape(self) -> Shape:
        """Of the result."""
        return (self.samples, *self.step.type.shape)

    def weight(self, name: str, node: Node | None = None) -> Ghost | None:
        return self.weights.get(f"{(node or self.step.node).id}.{name}")

    def learned(self, name: str) -> Ghost:
        return self.weights[f"{self.step.node.id}.{name}"]

    def new(self, shape: Shape) -> Ghost:
        """In full precision."""
        return self.tape.new(shape)

    @property
    def width(self) -> int:
        """Bytes of a number of x: layers follow the format of their features."""
        return self.x.width


@dataclass(frozen=True)
class After:
    """What rides along with a product, as gandsl_runtime.layers.epilogue.Epilogue."""

    riders: Mapping[str, Node]
    plane: Ghost | None

    @property
    def activation(self) -> str | None:
        return next((op for op in self.riders if op not in ("noise", "bias", "scale", "clamp")), None)

    @property
    def gain(self) -> float:
        gain = self.riders["scale"].attrs["factor"] if "scale" in self.riders else 1.0
        slope = self.riders.get("leaky_relu")
        return float(gain * (slope.attrs["gain"] if slope else 1.0))

    @property
    def inner(self) -> float:
        return self.gain if self.gain > 0 and self.activation in HOMOGENEOUS else 1.0


def _after(work: Work) -> After:
    riders = {node.op: node for node in work.step.riders}
    plane = work.new((work.samples, 1, *work.step.type.shape[1:])) if "noise" in riders else None
    return After(riders, plane)


def _finish(work: Work, y: Ghost, after: After, *, fresh: bool = True) -> Ghost:
    if after.plane is not None:
        y = _noisy(work, y, after.plane, after.riders["noise"], after.inner, fresh)
    if name := after.activation:
        slope = after.riders[name].attrs.get("slope", 0.2)
        y = _activated(y, name, fresh and (name != "leaky_relu" or slope > 0))
    if after.gain != after.inner:
        y = scaled(y)
    return clamp(y) if "clamp" in after.riders else y


def _noisy(work: Work, y: Ghost, plane: Ghost, node: Node, gain: float, fresh: bool) -> Ghost:
    strength = work.weights[f"{node.id}.strength"]
    strength = cast(strength if gain == 1.0 else scaled(strength), y.width)
    plane = cast(plane, y.width)
    if strength.shape:
        return addcmul(y, plane, view(strength, (1, *strength.shape, 1, 1)), inplace=fresh)
    return add(y, mul(plane, view(strength, (1, 1, 1, 1))), inplace=fresh)


IN_PLACE = ("relu", "leaky_relu", "tanh", "sigmoid")


def _activated(y: Ghost, name: str, fresh: bool) -> Ghost:
    curve = FLAT if name in ("relu", "leaky_relu") else CURVED
    inplace = fresh and name in IN_PLACE
    keeps_output = name in ("relu", "tanh", "sigmoid") or inplace
    return unary(y, saves="y" if keeps_output else "x", curve=curve, inplace=inplace)


def _used(work: Work, gain: float = 1.0) -> tuple[Ghost, bool]:
    """The weight of this call, and whether it must still be multiplied by a number."""
    weight = work.learned("weight")
    if work.step.attrs["weight"] == "spectral":
        return mul(weight, view(_spectral_factor(work, weight), (1,) * len(weight.shape))), gain != 1.0
    return weight, work.lr_multiplier * gain != 1.0 or work.step.attrs["weight"] == "equalized"


def _spectral_factor(work: Work, weight: Ghost) -> Ghost:
    """1 / σ, by one step of the power iteration."""
    rows = weight.shape[0]
    columns = weight.elements // rows
    transposed = view(weight, (columns, rows))
    image = matmul(work.new((1, columns)), transposed, (1, rows))
    sigma = sum_to(mul(image, work.new((1, rows))), (1,))
    return unary(sigma, saves="y")


def _bias(work: Work, after: After, gain: float) -> Ghost | None:
    bias, extra = work.weight("bias"), after.riders.get("bias")
    if bias is not None and work.lr_multiplier != 1.0:
        bias = scaled(bias)
    if extra is not None:
        other = work.weights[f"{extra.id}.bias"]
        other = other if extra.attrs["lr_multiplier"] == 1.0 else scaled(other)
        bias = other if bias is None else add(bias, other)
    if bias is None:
        return None
    return cast(bias if gain == 1.0 else scaled(bias), work.width)


def _smaller(x: Ghost, weight: Ghost, factor: bool) -> tuple[Ghost, Ghost]:
    """The smaller of both takes the number."""
    if not factor:
        return x, weight
    return (scaled(x), weight) if x.elements < weight.elements else (x, scaled(weight))


# ---- products


def _conv(work: Work) -> Ghost:
    after = _after(work)
    if work.step.enlarge > 1 or work.step.shrink > 1:
        return _finish(work, _resampled(work, after), after)
    x, weight = _smaller(work.x, *_used(work, after.inner))
    weight = cast(weight, work.width)
    if work.padding_mode != "zeros":
        pads = 2 * (work.padding if work.padding is not None else work.kernel.h // 2)
        x = linear_map(x, (*x.shape[:2], x.shape[2] + pads, x.shape[3] + pads))
    return _finish(work, convolution(x, weight, _bias(work, after, after.inner), work.shape), after)


def _resampled(work: Work, after: After) -> Ghost:
    weight, factor = work.learned("weight"), max(work.step.enlarge, work.step.shrink)
    bias = _bias(work, after, after.inner)
    out, into, height, width = weight.shape
    spread = work.new((height * width, (height + factor - 1) * (width + factor - 1)))
    if work.step.attrs["weight"] == "spectral":
        spread = mul(spread, view(_spectral_factor(work, weight), (1, 1)))
    else:
        spread = spread.like()
    flat = view(weight, (out * into, height * width))
    if work.step.enlarge > 1:
        flat = linear_map(flat, flat.shape)
    kernel = matmul(flat, spread, (flat.shape[0], spread.shape[1]))
    kernel = view(kernel, (out, into, height + factor - 1, width + factor - 1))
    return convolution(work.x, cast(kernel, work.width), bias, work.shape)


def _conv_transpose(work: Work) -> Ghost:
    after = _after(work)
    x, weight = _smaller(work.x, *_used(work, after.inner))
    weight = cast(weight, work.width)
    return _finish(work, convolution(x, weight, _bias(work, after, after.inner), work.shape), after)


def _linear(work: Work) -> Ghost:
    after = _after(work)
    weight, factor = _used(work, after.inner)
    weight, bias = cast(weight, work.width), _bias(work, after, 1.0)
    rows = view(work.x, (work.x.elements // work.x.shape[-1], work.x.shape[-1]))
    shape = (rows.shape[0], weight.shape[0])
    y = matmul(rows, view(weight, weight.shape[::-1]), shape, factor=factor and bias is not None)
    if bias is not None:
        y = add(y, bias, inplace=True)
    elif factor:
        y = scaled(y, inplace=True)
    return view(_finish(work, y, after), work.shape)


def _modulated_conv(work: Work) -> Ghost:
    after = _after(work)
    style = work.inputs["style"][0]
    weight, factor = _used(work)
    bias = _bias(work, after, after.inner)
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
        return _finish(work, convolution(x, weight, bias, work.shape), after)
    y = convolution(x, weight, None, work.shape)
    demodulation = cast(view(demodulation, (*demodulation.shape, 1, 1)), work.width)
    y = mul(y, demodulation) if bias is None else addcmul(view(bias, (1, out, 1, 1)), y, demodulation)
    return _finish(work, y, after)


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
    return _finish(work, view(y, work.shape), after, fresh=False)


def _room(work: Work, x: Ghost, height: int, width: int) -> Ghost:
    """An even kernel needs one more pixel."""
    if work.up > 1 or (height % 2 and width % 2):
        return x
    return linear_map(x, (*x.shape[:2], x.shape[2] + 1 - height % 2, x.shape[3] + 1 - width % 2))


def _fir(work: Work) -> Ghost:
    after = _after(work)
    bias = _bias_of_riders(work, after)
    taps = len(work.taps)
    left, right, top, bottom = work.pad
    rows, columns = (top, bottom), (left, right)
    if taps < LONG:
        y = _filtered(work, work.x, bias, (taps, taps), (rows, columns))
    else:
        y = _filtered(work, work.x, None, (taps, 1), (rows, None))
        y = _filtered(work, y, bias, (1, taps), (None, columns))
    if work.up > 1 and work.down > 1:
        y = part(y, work.shape)
    return _finish(work, y, after, fresh=work.up == 1 or work.down == 1)


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


# ---- learned numbers


def _embedding(work: Work) -> Ghost:
    rows = lookup(work.learned("weight"), work.shape)
    weight = work.learned("weight")
    if work.step.attrs["weight"] == "spectral":
        return mul(rows, view(_spectral_factor(work, weight), (1, 1)))
    return scaled(rows) if work.step.attrs["weight"] == "equalized" or work.lr_multiplier != 1.0 else rows


def _over_space(value: Ghost, x: Ghost) -> Ghost:
    return view(cast(value, x.width), (1, value.elements, *(1,) * (len(x.shape) - 2)))


def _plain_bias(work: Work) -> Ghost:
    bias = work.learned("bias")
    return add(work.x, _over_space(bias if work.lr_multiplier == 1.0 else scaled(bias), work.x))


def _plain_noise(work: Work) -> Ghost:
    plane = work.new((work.samples, 1, *work.step.type.shape[1:]))
    return _noisy(work, work.x, plane, work.step.node, 1.0, False)


# ---- normalization and style


def _pixel_norm(work: Work) -> Ghost:
    x = work.x
    mean = scaled(linear_map(square(cast(x, FULL)), (x.shape[0], 1, *x.shape[2:])))
    return mul(x, cast(unary(mean, saves="y"), x.width))


def _modulate(work: Work) -> Ghost:
    x, scale = work.x, work.inputs["scale"][0]
    if work.offset:
        scale = linear_map(scale, scale.shape)
    space = (1,) * (len(x.shape) - 2)
    scale = view(cast(scale, x.width), (*scale.shape, *space))
    if "shift" not in work.inputs:
        return mul(x, scale)
    shift = work.inputs["shift"][0]
    return addcmul(view(cast(shift, x.width), (*shift.shape, *space)), x, scale)


# ---- resampling and shape


def _pool(work: Work) -> Ghost:
    if work.mode == "max":
        return max_pool(work.x, work.shape)
    return linear_map(work.x, work.shape, work.x)


def _resize(work: Work) -> Ghost:
    return linear_map(work.x, work.shape, work.x if work.mode == "area" else None)


def _global_pool(work: Work) -> Ghost:
    if work.mode == "sum":
        return sum_to(work.x, work.shape)
    return linear_map(work.x, work.shape, work.x if work.mode == "max" else None)


def _quantize(work: Work) -> Ghost:
    steps = work.x.detached().like()
    return add(work.x, steps)


# ---- several into one


def _add(work: Work) -> Ghost:
    first, *others = work.inputs["terms"]
    if not others:
        return scaled(first)
    total = add(first, others[0])
    for term in others[1:]:
        total = add(total, term, inplace=True)
    return total if work.scale == 1.0 else scaled(total, inplace=True)


def _multiply(work: Work) -> Ghost:
    a, b = work.inputs["a"][0], work.inputs["b"][0]
    if len(a.shape) < len(b.shape):
        a = view(a, (*a.shape, 1, 1))
    elif len(b.shape) < len(a.shape):
        b = view(b, (*b.shape, 1, 1))
    return mul(cast(a, b.width), b) if a.elements < b.elements else mul(a, cast(b, a.width))


def _dot(work: Work) -> Ghost:
    a, b = work.inputs["a"][0], work.inputs["b"][0]
    b = b if work.scale == 1.0 else scaled(b)
    if len(a.shape) == 2:
        return sum_to(mul(a, b), work.shape)
    n, channels, height, width = a.shape
    product = matmul(
        cast(view(b, (n, 1, channels)), a.width),
        view(a, (n, channels, height * width)),
        (n, 1, height * width),
    )
    return view(product, work.shape)


def _minibatch_stddev(work: Work) -> Ghost:
    x = work.x
    n, channels, *space = x.shape
    size = min(work.group, n) if work.group else n
    groups = max(n // size, 1)
    part_of = (1, groups, work.channels, channels // work.channels, *space)
    split = view(x, (size, groups, work.channels, channels // work.channels, *space))
    centred = add(split, linear_map(split.detached(), part_of))
    deviation = sum_to(square(centred), part_of)
    deviation = unary(scaled(deviation), saves="y")
    mean = linear_map(deviation, (1, groups, work.channels, 1, *(1,) * len(space)))
    planes = linear_map(mean, (n, work.channels, *space))
    return cat([x, planes], work.shape)


def _minibatch_similarity(work: Work) -> Ghost:
    n, kernels = work.samples, work.kernels
    size = work.x.shape[1] // kernels
    parts = view(work.x, (n, kernels, size))
    differences = add(view(parts, (n, 1, kernels, size)), view(parts, (1, n, kernels, size)))
    distances = sum_to(unary(differences, saves="x", curve=FLAT), (n, n, kernels, 1))
    return view(sum_to(unary(scaled(distances), saves="y"), (n, 1, kernels, 1)), work.shape)


def _attention(work: Work) -> Ghost:
    q, k, v = (work.inputs[port][0] for port in "qkv")
    n, queries, dim = q.shape
    keys = k.shape[1]
    split = (lambda x: x) if work.heads == 1 else lambda x: linear_map(x, x.shape)
    if work.scaled:
        q = scaled(q)
    scores = (n, work.heads * queries, keys)
    weights = unary(matmul(split(q), view(split(k), (n, dim, keys)), scores), saves="y", curve=SOFTMAX)
    y = matmul(weights, split(v), (n, queries, v.shape[2]))
    return split(y)


def _softened(name: str) -> Callable[[Work], Ghost]:
    return lambda work: _activated(work.x, name, False)


def _leaky_relu(work: Work) -> Ghost:
    y = _activated(work.x, "leaky_relu", False)
    return y if work.gain == 1.0 else scaled(y, inplace=True)


def _as(rule: Callable[[Ghost, Shape], Ghost]) -> Callable[[Work], Ghost]:
    """A rule of one tensor and the result's shape."""
    return lambda work: rule(work.x, work.shape)


def _normalized(groups: Callable[[Work], int]) -> Callable[[Work], Ghost]:
    def rule(work: Work) -> Ghost:
        y = group_norm(cast(work.x, FULL), work.weight("weight"), work.weight("bias"), groups(work))
        return cast(y, work.width)

    return rule


RULES: dict[str, Callable[[Work], Ghost]] = {
    "constant": lambda work: view(work.learned("weight"), work.shape),
    "coordinates": lambda work: view(work.new((1, *work.step.type.shape)), work.shape),
    "linear": _linear,
    "embedding": _embedding,
    "one_hot": lambda work: work.new(work.shape),
    "bias": _plain_bias,
    "gain": lambda work: mul(work.x, _over_space(work.learned("weight"), work.x)),
    "noise": _plain_noise,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "modulated_conv": _modulated_conv,
    "fir": _fir,
    "batch_norm": lambda work: batch_norm(work.x, work.weight("weight"), work.weight("bias")),
    "instance_norm": _normalized(lambda work: work.x.shape[1]),
    "group_norm": _normalized(lambda work: int(work.groups)),
    "layer_norm": _normalized(lambda work: 1),
    "pixel_norm": _pixel_norm,
    "relu": _softened("relu"),
    "leaky_relu": _leaky_relu,
    "tanh": _softened("tanh"),
    "sigmoid": _softened("sigmoid"),
    "silu": _softened("silu"),
    "gelu": _softened("gelu"),
    "softplus": _softened("softplus"),
    "glu": lambda work: linear_map(work.x, work.shape, work.x),
    "clamp": lambda work: clamp(work.x),
    "scale": lambda work: scaled(work.x),
    "quantize": _quantize,
    "dropout": lambda work: dropout(work.x),
    "upsample": _as(linear_map),
    "pool": _pool,
    "resize": _resize,
    "global_pool": _global_pool,
    "pixel_shuffle": _as(linear_map),
    "pixel_unshuffle": _as(linear_map),
    "pad": _as(linear_map),
    "add": _add,
    "concat": lambda work: cat(work.inputs["terms"], work.shape),
    "multiply": _multiply,
    "lerp": lambda work: where(work.inputs["a"][0], work.inputs["b"][0]),
    "dot": _dot,
    "slice_channels": _as(part),
    "minibatch_stddev": _minibatch_stddev,
    "minibatch_similarity": _minibatch_similarity,
    "flatten": _as(view),
    "reshape": _as(view),
    "to_tokens": _as(view),
    "from_tokens": _as(view),
    "attention": _attention,
    "broadcast_styles": _as(linear_map),
    "chunks": _as(view),
    "stack": lambda work: cat(work.inputs["terms"], work.shape),
    "select": _as(part),
    "track_average": lambda work: work.x,
    "modulate": _modulate,
    "cast": lambda work: cast(work.x, WIDTHS[work.dtype]),
}
