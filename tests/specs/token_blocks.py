"""Blocks of tokens as formulas: block, inputs, use, and what it computes of its state by key."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

State = Mapping[str, Tensor]
Row = tuple[str, dict[str, str], str, Callable[..., Tensor]]


def linear(w: State, name: str, x: Tensor) -> Tensor:
    y = x @ w[f"{name}.weight"].T
    return y + w[f"{name}.bias"] if f"{name}.bias" in w else y


def normed(w: State, name: str, x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:], w[f"{name}.norm.weight"], w[f"{name}.norm.bias"], 1e-5)


def softmax_of(q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None, bias: Tensor | None) -> Tensor:
    """One head, written out."""
    scores = q @ k.transpose(1, 2) / math.sqrt(q.shape[2])
    scores = scores if bias is None else scores + bias
    scores = scores if seen is None else scores.masked_fill(~seen, -math.inf)
    powers = (scores - scores.amax(2, keepdim=True)).exp()
    return powers / powers.sum(2, keepdim=True) @ v


def attended(
    w: State,
    name: str,
    x: Tensor,
    heads: int,
    context: Tensor | None = None,
    seen: Tensor | None = None,
    bias: Tensor | None = None,
    turned: bool = False,
) -> Tensor:
    """bias: [heads, queries, keys]; seen: what of the scores [N, queries, keys]."""
    other = x if context is None else context
    q, k, v = linear(w, f"{name}.q", x), linear(w, f"{name}.k", other), linear(w, f"{name}.v", other)
    width, parts = x.shape[2] // heads, []
    for head in range(heads):
        own = slice(head * width, (head + 1) * width)
        one = q[..., own], k[..., own], v[..., own]
        one = (turning(one[0]), turning(one[1]), one[2]) if turned else one
        parts.append(softmax_of(*one, seen, None if bias is None else bias[head]))
    return linear(w, f"{name}.o", torch.cat(parts, 2))


def turning(x: Tensor) -> Tensor:
    """Pairs (i, i + d/2) as complex numbers times exp(√−1 · place · 10000^(−2i/d))."""
    half = x.shape[2] // 2
    rates = 10000.0 ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(x.shape[1], dtype=torch.float64)[:, None] * rates
    made = torch.complex(x[..., :half], x[..., half:]) * torch.polar(torch.ones_like(angles), angles)
    return torch.cat([made.real, made.imag], 2)


def mlp(w: State, name: str, x: Tensor, act: Callable[[Tensor], Tensor] = F.gelu) -> Tensor:
    return linear(w, f"{name}.down", act(linear(w, f"{name}.up", x)))


def transformer(w: State, name: str, x: Tensor, heads: int, act: Any = F.gelu, **attention: Any) -> Tensor:
    x = x + attended(w, f"{name}.attention", normed(w, f"{name}.norm0", x), heads, **attention)
    return x + mlp(w, f"{name}.mlp", normed(w, f"{name}.norm1", x), act)


def decoder(
    w: State, name: str, x: Tensor, context: Tensor, heads: int, seen: Tensor | None = None
) -> Tensor:
    below = torch.ones(x.shape[1], x.shape[1]).bool().tril()
    x = x + attended(w, f"{name}.attention", normed(w, f"{name}.norm0", x), heads, seen=below)
    x = x + attended(w, f"{name}.cross", normed(w, f"{name}.norm1", x), heads, context)
    return x + mlp(w, f"{name}.mlp", normed(w, f"{name}.norm2", x))


def swin(
    w: State, name: str, x: Tensor, window: tuple[int, int], shift: int, heads: int, act: Any = F.gelu
) -> Tensor:
    """Window by window of the rolled image; a pixel that came round sees those alone that did so too."""
    (height, width), (tall, wide) = x.shape[2:], window
    rolled = x.roll((-shift, -shift), (2, 3))
    table, made = w[f"{name}.bias.weight"], torch.empty_like(rolled)
    places = list(itertools.product(range(tall), range(wide)))
    rows = [[(y - v + tall - 1) * (2 * wide - 1) + a - b + wide - 1 for v, b in places] for y, a in places]
    bias = table[torch.tensor(rows)].permute(2, 0, 1)
    for top, left in itertools.product(range(0, height, tall), range(0, width, wide)):
        came = [(top + y >= height - shift, left + a >= width - shift) for y, a in places]
        seen = torch.tensor([[one == other for other in came] for one in came])
        tokens = torch.stack([rolled[:, :, top + y, left + a] for y, a in places], 1)
        tokens = transformer(w, name, tokens, heads, act, seen=seen, bias=bias)
        for index, (y, a) in enumerate(places):
            made[:, :, top + y, left + a] = tokens[:, index]
    return made.roll((shift, shift), (2, 3))


def patches(x: Tensor, patch: int) -> Tensor:
    """Of each patch, row by row, its channels one after the other."""
    rows = itertools.product(range(0, x.shape[2], patch), range(0, x.shape[3], patch))
    return torch.stack([x[:, :, y : y + patch, a : a + patch].flatten(1) for y, a in rows], 1)


def laid_out(tokens: Tensor, patch: int, size: tuple[int, int]) -> Tensor:
    image = tokens.new_zeros(tokens.shape[0], tokens.shape[2] // patch**2, *size)
    rows = itertools.product(range(0, size[0], patch), range(0, size[1], patch))
    for index, (y, a) in enumerate(rows):
        image[:, :, y : y + patch, a : a + patch] = tokens[:, index].unflatten(1, (-1, patch, patch))
    return image


def embedded(w: State, name: str, x: Tensor, patch: int) -> Tensor:
    return patches(x, patch) @ w[f"{name}.patches.weight"].flatten(1).T + w[f"{name}.patches.bias"]


def learned(w: State, name: str, like: Tensor) -> Tensor:
    return w[f"{name}.values.weight"].T.expand(like.shape[0], -1, -1)


X, IMAGE = {"x": "Tokens[5, 8]"}, {"x": "Feature[6, 4, 8]"}
BOTH = {"x": "Tokens[3, 8]", "other": "Tokens[5, 8]"}


TOKEN_CASES: list[Row] = [
    ("attention.tokens", X, "heads: 2", lambda w, x: attended(w, "it", x, 2)),
    ("attention.tokens", X, "heads: 2, rotary: true, qkv_bias: false",
     lambda w, x: attended(w, "it", x, 2, turned=True)),
    ("attention.tokens", X, "causal: true",
     lambda w, x: attended(w, "it", x, 4, seen=torch.ones(5, 5).bool().tril())),
    ("attention.tokens", {"x": "Tokens[6, 8]"}, "groups: 2",
     lambda w, x: torch.cat([attended(w, "it", part, 4) for part in x.split(3, 1)], 1)),
    ("attention.cross", BOTH, "x: x, context: other, heads: 2",
     lambda w, x, other: attended(w, "it", x, 2, other)),
    ("tokens.patchify", IMAGE, "patch: 2", lambda w, x: patches(x, 2)),
    ("tokens.unpatchify", {"x": "Tokens[8, 12]"}, "patch: 2, size: [4, 8]",
     lambda w, x: laid_out(x, 2, (4, 8))),
    ("tokens.embed", IMAGE, "patch: 2, dim: 5", lambda w, x: embedded(w, "it", x, 2)),
    ("tokens.learned", {"y": "Label[5]"}, "like: y, count: 3, dim: 4", lambda w, y: learned(w, "it", y)),
    ("tokens.class_token", X, "", lambda w, x: torch.cat([learned(w, "it", x), x], 1)),
    ("tokens.positions", X, "", lambda w, x: x + learned(w, "it", x)),
    ("tokens.roll", X, "shift: -2", lambda w, x: torch.cat([x[:, 2:], x[:, :2]], 1)),
    ("tokens.mlp", X, "ratio: 2, act: silu", lambda w, x: mlp(w, "it", x, F.silu)),
    ("tokens.swiglu", X, "features: 5", lambda w, x: linear(
        w, "it.down", F.silu(linear(w, "it.gate", x)) * linear(w, "it.up", x))),
    ("tokens.modulate", {**X, "s": "Vector[8]"}, "x: x, scale: s", lambda w, x, s: x * (1 + s[:, None])),
    ("tokens.modulate", {**X, "s": "Vector[8]"}, "x: x, scale: s, shift: 2 * s, offset: 0",
     lambda w, x, s: x * s[:, None] + 2 * s[:, None]),
    ("tokens.transformer", X, "heads: 2", lambda w, x: transformer(w, "it", x, 2)),
    ("tokens.decoder", BOTH, "x: x, context: other, causal: true",
     lambda w, x, other: decoder(w, "it", x, other, 4)),
    ("tokens.swin", IMAGE, "window: [2, 4], heads: 2", lambda w, x: swin(w, "it", x, (2, 4), 0, 2)),
    ("tokens.swin", IMAGE, "window: 2, shift: 1, heads: 3, act: silu, qkv_bias: false",
     lambda w, x: swin(w, "it", x, (2, 2), 1, 3, F.silu)),
]  # fmt: skip
