"""What each op asks of torch in our runtime: one rule an op, on ghosts.

A rule reads `gandsl_runtime.layers` or `gandsl_runtime.ops` line by line: what is a new tensor there is one
here, what is done in place is done in place. A new op needs a rule.
"""

from __future__ import annotations

from collections.abc import Callable

from gandsl.analysis.memory import products
from gandsl.analysis.memory.ghost import Ghost, Shape
from gandsl.analysis.memory.primitives import (
    FLAT,
    SOFTMAX,
    add,
    addcmul,
    batch_norm,
    cast,
    cat,
    clamp,
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
from gandsl.analysis.memory.work import FULL, Work, activated, noisy, spectral_factor

WIDTHS = {"float32": FULL, "bfloat16": 2, "float16": 2}


# ---- learned numbers


def _embedding(work: Work) -> Ghost:
    rows = lookup(work.learned("weight"), work.shape)
    weight = work.learned("weight")
    if work.step.attrs["weight"] == "spectral":
        return mul(rows, view(spectral_factor(work, weight), (1, 1)))
    return scaled(rows) if work.step.attrs["weight"] == "equalized" or work.lr_multiplier != 1.0 else rows


def _over_space(value: Ghost, x: Ghost) -> Ghost:
    return view(cast(value, x.width), (1, value.elements, *(1,) * (len(x.shape) - 2)))


def _plain_bias(work: Work) -> Ghost:
    bias = work.learned("bias")
    return add(work.x, _over_space(bias if work.lr_multiplier == 1.0 else scaled(bias), work.x))


def _plain_noise(work: Work) -> Ghost:
    plane = work.new((work.samples, 1, *work.step.type.shape[1:]))
    return noisy(work, work.x, plane, work.step.node, 1.0, False)


def _waves(work: Work) -> Ghost:
    motion = work.inputs["motion"][0]
    samples, channels, height, width = work.shape
    across, down, phase, fade = (
        linear_map(motion, (samples, channels, *sides)) for sides in ((1, width), (height, 1), (1, 1), (1, 1))
    )
    return mul(unary(scaled(add(add(across, down), phase)), saves="x"), fade)


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
    return lambda work: activated(work.x, name, False)


def _leaky_relu(work: Work) -> Ghost:
    y = activated(work.x, "leaky_relu", False)
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
    "fourier_features": _waves,
    "coordinates": lambda work: view(work.new((1, *work.step.type.shape)), work.shape),
    "linear": products.linear,
    "embedding": _embedding,
    "one_hot": lambda work: work.new(work.shape),
    "bias": _plain_bias,
    "gain": lambda work: mul(work.x, _over_space(work.learned("weight"), work.x)),
    "noise": _plain_noise,
    "conv": products.conv,
    "conv_transpose": products.conv_transpose,
    "modulated_conv": products.modulated_conv,
    "fir": products.fir,
    "lowpass": products.lowpass,
    "normalize_magnitude": lambda work: scaled(work.x),
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
