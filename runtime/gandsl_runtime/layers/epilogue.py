"""What may follow a product inside one call: bias, noise, activation, gain, clamp.

Passes fill these keywords in. They save memory traffic: a bias rides in the convolution, a gain is folded
into weight and bias where the activation is positively homogeneous (act(g·x) = g·act(x) for g > 0), and
activations whose derivative needs the result only are done in place.
"""

from __future__ import annotations

from typing import TypedDict

import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime import ops
from gandsl_runtime.layers.bias_act import bias_act


class Epilogue(TypedDict, total=False):
    """clamp(gain · activation(product + bias + strength · noise)).

    bias: [channels]. noise: a plane [N, 1, H, W] or [H, W]; None for no noise. strength: [] or [channels].
    activation: a function of `gandsl_runtime.ops` (leaky_relu with `slope`). clamp: bound on the magnitude.
    fused: in one pass over the product and one for its slopes, and not by the fewest of torch's operators;
    for activations of `HOMOGENEOUS`.
    """

    bias: Tensor
    noise: Tensor | None
    strength: Tensor
    activation: str
    slope: float
    gain: float
    clamp: float
    fused: bool


HOMOGENEOUS = frozenset({None, "relu", "leaky_relu"})


def inner_gain(after: Epilogue) -> float:
    """The part of the gain that may be applied before the activation: all of it, or nothing (1.0)."""
    gain = after.get("gain", 1.0)
    return gain if gain > 0.0 and after.get("activation") in HOMOGENEOUS else 1.0


def is_fused(after: Epilogue) -> bool:
    """Whether the epilogue is one operator. A compiler fuses by itself, with more than that."""
    return after.get("fused", False) and not torch.compiler.is_compiling()


def fused(
    y: Tensor,
    after: Epilogue,
    *,
    factor: Tensor | None = None,
    alpha: float = 1.0,
    bias: Tensor | None = None,
    beta: float = 1.0,
) -> Tensor:
    """All of an epilogue on a bare product: on alpha · factor · y + beta · bias + the epilogue's own bias.

    y: [N, C, H, W] or [N, C]. factor: [N, C].
    """
    extra = after.get("bias")
    if bias is None:
        bias, beta = extra, 1.0
    elif extra is not None:
        bias, beta = (bias if beta == 1.0 else bias * beta) + extra, 1.0
    noise = after.get("noise")
    return bias_act(
        y,
        factor,
        bias,
        None if noise is None else noise.reshape(-1, 1, *y.shape[2:]),
        None if noise is None else after["strength"],
        alpha,
        beta,
        _slope(after),
        after.get("gain", 1.0),
        after.get("clamp"),
    )


def _slope(after: Epilogue) -> float:
    return {None: 1.0, "relu": 0.0, "leaky_relu": after.get("slope", 0.2)}[after.get("activation")]


def finish(y: Tensor, after: Epilogue, *, fresh: bool = True) -> Tensor:
    """Everything of an epilogue but its bias, on a product that already carries bias and `inner_gain`.

    y: [N, C, H, W] or [N, C]. `fresh`: y is nobody else's and no view, so that it may be overwritten.
    """
    inner = inner_gain(after)
    noise = after.get("noise")
    if noise is not None:
        y = add_noise(y, noise, after["strength"], inner, fresh=fresh)
    name = after.get("activation")
    if name is not None:
        y = _activate(y, name, after.get("slope", 0.2), fresh=fresh)
    outer = after.get("gain", 1.0) / inner
    if outer != 1.0:
        y = y * outer
    limit = after.get("clamp")
    return y if limit is None else y.clamp(-limit, limit)


def add_noise(
    y: Tensor, noise: Tensor, strength: Tensor, gain: float = 1.0, *, fresh: bool = False
) -> Tensor:
    """y + gain · strength · noise, in one pass over y; in place if y is fresh."""
    strength = (strength if gain == 1.0 else strength * gain).to(y.dtype)
    noise = noise.to(y.dtype)
    if strength.dim():
        strength = strength.view(-1, *[1] * (y.dim() - 2))
        return y.addcmul_(noise, strength) if fresh else y.addcmul(noise, strength)
    return y.add_(noise * strength) if fresh else y + noise * strength


def _activate(y: Tensor, name: str, slope: float, *, fresh: bool) -> Tensor:
    match name:
        case "leaky_relu":
            return functional.leaky_relu(y, slope, inplace=fresh and slope > 0.0)
        case "relu":
            return y.relu_() if fresh else y.relu()
        case "tanh":
            return y.tanh_() if fresh else y.tanh()
        case "sigmoid":
            return y.sigmoid_() if fresh else y.sigmoid()
    activated: Tensor = getattr(ops, name)(y)
    return activated
