"""Attention without weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional


def attention(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    mask: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    heads: int = 1,
    scaled: bool = True,
    groups: int = 1,
    causal: bool = False,
) -> Tensor:
    """softmax(q · kᵀ) · v, for each head. q: [N, M, d], k: [N, P, d], v: [N, P, e] → [N, M, e].

    mask: what is seen, above ½: keys [N, P], or pairs [N, 1 or groups, M / groups, P / groups]; where nothing
    is, everything counts alike. bias: [N, 1 or heads, M / groups, P / groups], added to the scores.
    scaled: divide the scores by √(d / heads). groups: runs of tokens, each apart from the others. causal: a
    query sees no key behind its own place. Where gradients are taken the scores are written out, since
    torch's fused kernels are differentiable once only.
    """
    factor = 1.0 / math.sqrt(q.shape[-1] // heads) if scaled else 1.0
    hidden = _hidden(q, k, mask, groups, causal)
    if groups > 1:
        q, k, v = (x.unflatten(1, (groups, -1)).flatten(0, 1) for x in (q, k, v))
    if heads > 1:
        q, k, v = (x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v))
    if torch.is_grad_enabled():
        scores = (q * factor if scaled else q) @ k.transpose(-1, -2)
        if bias is not None or hidden is not None:
            scores = _masked(scores, bias, hidden, groups)
        y = scores.softmax(-1) @ v
    else:
        if heads == 1:
            q, k, v = q[:, None], k[:, None], v[:, None]
        added = None
        if bias is not None or hidden is not None:
            added = _masked(q.new_zeros(*q.shape[:3], k.shape[2]), bias, hidden, groups)
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=added, scale=factor)
        y = y[:, 0] if heads == 1 else y
    y = y.transpose(1, 2).flatten(2) if heads > 1 else y
    return y.unflatten(0, (-1, groups)).flatten(1, 2) if groups > 1 else y


def _hidden(q: Tensor, k: Tensor, mask: Tensor | None, groups: int, causal: bool) -> Tensor | None:
    """Where a key is not seen: [N, groups, heads, M / groups, P / groups], or 1 in place of each."""
    hidden = None
    if mask is not None:
        seen = mask.unflatten(1, (groups, -1))[:, :, None, None] if mask.dim() == 2 else mask[:, :, None]
        hidden = seen <= 0.5
    if causal:
        queries, keys = q.shape[1] // groups, k.shape[1] // groups
        behind = torch.ones(queries, keys, dtype=torch.bool, device=q.device).triu(1)
        hidden = behind[None, None, None] if hidden is None else hidden | behind
    return hidden


def _masked(scores: Tensor, bias: Tensor | None, hidden: Tensor | None, groups: int) -> Tensor:
    """Scores [N · groups, (heads,) M, P] with the bias added, and far below all others where hidden."""
    whole = scores.unflatten(0, (-1, groups))
    if scores.dim() == 3:
        whole = whole[:, :, None]
    if bias is not None:
        whole = whole + bias[:, None].to(scores.dtype)
    if hidden is not None:
        whole = whole.masked_fill(hidden, torch.finfo(scores.dtype).min / 2)
    whole = whole.flatten(0, 1)
    return whole[:, 0] if scores.dim() == 3 else whole
