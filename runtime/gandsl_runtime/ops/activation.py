"""Functions of one number, applied everywhere."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def relu(x: Tensor) -> Tensor:
    """max(x, 0)."""
    return torch.relu(x)


def tanh(x: Tensor) -> Tensor:
    """Hyperbolic tangent."""
    return torch.tanh(x)


def sigmoid(x: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return torch.sigmoid(x)


def silu(x: Tensor) -> Tensor:
    """x · sigmoid(x), also called swish."""
    return functional.silu(x)


def gelu(x: Tensor) -> Tensor:
    """x · Φ(x), Φ the normal distribution function."""
    return functional.gelu(x)


def softplus(x: Tensor) -> Tensor:
    """log(1 + eˣ)."""
    return functional.softplus(x)


def leaky_relu(x: Tensor, *, slope: float = 0.2, gain: float = 1.0) -> Tensor:
    """gain · (x if x > 0 else slope · x)."""
    y = functional.leaky_relu(x, slope)
    return y if gain == 1.0 else y.mul_(gain)  # backward keeps x, not y: y may be overwritten


def glu(x: Tensor) -> Tensor:
    """[N, C, H, W] → [N, C / 2, H, W]: first half of the channels · sigmoid(second half)."""
    return functional.glu(x, 1)


def clamp(x: Tensor, *, limit: float) -> Tensor:
    """Clip to ±limit."""
    return x.clamp(-limit, limit)


def scale(x: Tensor, *, factor: float) -> Tensor:
    """x · factor."""
    return x * factor


def quantize(x: Tensor, *, levels: int) -> Tensor:
    """Round to the nearest of `levels` values, equally spaced from −1 to 1; gradients pass straight through.

    That gradient is an estimate, no derivative (Bengio et al. 2013).
    """
    steps = (levels - 1) / 2
    rounded = ((x.detach().clamp(-1.0, 1.0) + 1.0) * steps).round() / steps - 1.0
    return x + (rounded - x).detach()
