"""Attention without weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def attention(q: Tensor, k: Tensor, v: Tensor, *, heads: int = 1, scaled: bool = True) -> Tensor:
    """softmax(q · kᵀ) · v, for each head. q: [N, M, d], k: [N, P, d], v: [N, P, e] → [N, M, e].

    scaled: divide the scores by √(d / heads). Where gradients are taken the scores are written out, since
    torch's fused kernels are differentiable once only.
    """
    factor = 1.0 / math.sqrt(q.shape[-1] // heads) if scaled else 1.0
    if heads > 1:
        q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    if torch.is_grad_enabled():
        y = ((q * factor if scaled else q) @ k.transpose(-1, -2)).softmax(-1) @ v
    elif heads > 1:
        y = functional.scaled_dot_product_attention(q, k, v, scale=factor)
    else:
        y = functional.scaled_dot_product_attention(q[:, None], k[:, None], v[:, None], scale=factor)[:, 0]
    return y.transpose(1, 2).flatten(2) if heads > 1 else y
