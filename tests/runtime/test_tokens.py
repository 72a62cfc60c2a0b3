"""Ops of sequences against loops over places, and attention against torch's own, in float64."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime import layers, ops


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_a_roll_moves_in_a_circle() -> None:
    x = normal(2, 3, 4, 5)
    moved = ops.roll(x, shift=(1, -2))
    for y, column in itertools.product(range(4), range(5)):
        assert torch.equal(moved[:, :, (y + 1) % 4, (column - 2) % 5], x[:, :, y, column])
    signal = normal(2, 3, 6)
    assert torch.equal(ops.roll(signal, shift=2)[:, :, 2:], signal[:, :, :-2])
    assert torch.equal(ops.roll(x, shift=3), ops.roll(x, shift=(3, 3)))


def test_windows_follow_each_other() -> None:
    x = normal(2, 3, 4, 6)
    tokens = ops.window_partition(x, window=(2, 3))
    at = 0
    for top, left in itertools.product((0, 2), (0, 3)):
        for y, column in itertools.product(range(2), range(3)):
            assert torch.equal(tokens[:, at], x[:, :, top + y, left + column])
            at += 1
    assert torch.equal(ops.window_reverse(tokens, window=(2, 3), size=(4, 6)), x)


@pytest.mark.parametrize("shift", [(1, 1), (1, 2), (0, 1), (0, 0)])
def test_a_mask_joins_what_were_neighbours(shift: tuple[int, int]) -> None:
    """Pixels of a window are seen where they were as far apart as they are now."""
    size, window = (4, 6), (2, 3)
    mask = ops.window_mask(normal(3, 1), size=size, window=window, shift=shift)
    assert mask.shape == (3, 4, 6, 6) and torch.equal(mask[0], mask[2])
    places = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(6), indexing="ij"))[None].double()
    before = ops.window_partition(ops.roll(places, shift=(-shift[0], -shift[1])), window=window)[0]
    now = ops.window_partition(places, window=window)[0]
    for group in range(4):
        rows = slice(6 * group, 6 * group + 6)
        apart = before[rows][:, None] - before[rows][None]
        wanted = (apart == now[rows][:, None] - now[rows][None]).all(2).double()
        assert torch.equal(mask[0, group], wanted)


@pytest.mark.parametrize("size", [(2, 3), (4, 4)])
def test_a_bias_goes_by_the_offset(size: tuple[int, int]) -> None:
    layer = layers.RelativeBias(size, heads=2).double()
    bias = layer(normal(3, 1))
    where = list(itertools.product(range(size[0]), range(size[1])))
    for (i, (y, x)), (j, (v, u)) in itertools.product(enumerate(where), enumerate(where)):
        row = (y - v + size[0] - 1) * (2 * size[1] - 1) + x - u + size[1] - 1
        assert torch.equal(bias[1, :, i, j], layer.weight[row])
    assert 0.01 < float(layers.RelativeBias(16, heads=4).weight.detach().std()) < 0.03


def test_waves_of_places() -> None:
    waves = ops.sinusoids(normal(2, 1), channels=8, size=(3, 5), base=100.0)
    for y, x in itertools.product(range(3), range(5)):
        angles = [place * 100.0 ** (-i / 2) for place in (y, x) for i in range(2)]
        wanted = [f(a) for side in (angles[:2], angles[2:]) for f in (math.sin, math.cos) for a in side]
        torch.testing.assert_close(
            waves[1, :, y, x], torch.tensor(wanted, dtype=torch.float64), atol=1e-12, rtol=0
        )


def test_rotary_is_a_complex_product() -> None:
    x = normal(2, 6, 16)
    turned = ops.rotary(x, heads=2, base=50.0)
    pairs = x.unflatten(2, (2, 2, 4))
    for place, i in itertools.product(range(6), range(4)):
        angle = place * 50.0 ** (-i / 4)
        wanted = torch.complex(pairs[:, place, :, 0, i], pairs[:, place, :, 1, i]) * complex(
            math.cos(angle), math.sin(angle)
        )
        made = turned.unflatten(2, (2, 2, 4))[:, place, :, :, i]
        torch.testing.assert_close(torch.complex(made[..., 0], made[..., 1]), wanted, atol=1e-12, rtol=0)


@pytest.mark.parametrize("size", [None, (2, 3)])
def test_rotary_knows_distances_alone(size: tuple[int, int] | None) -> None:
    """Of one query and one key at all places, the products depend on the offset between them."""
    q, k = (ops.rotary(normal(1, 1, 8, seed=s).expand(1, 6, 8), size=size) for s in (1, 2))
    scores = (q @ k.transpose(1, 2))[0]
    sides = size or (6,)
    where = list(itertools.product(*map(range, sides)))
    seen: dict[tuple[int, ...], Tensor] = {}
    for (i, a), (j, b) in itertools.product(enumerate(where), enumerate(where)):
        offset = tuple(m - n for m, n in zip(a, b, strict=True))
        torch.testing.assert_close(scores[i, j], seen.setdefault(offset, scores[i, j]), atol=1e-12, rtol=0)
    assert len({round(float(value), 9) for value in seen.values()}) == len(seen)


def test_a_sequence_has_a_length() -> None:
    mask = ops.sequence_mask(torch.tensor([0.0, 2.0, 5.0]), count=4)
    assert mask.tolist() == [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


def reference(
    q: Tensor, k: Tensor, v: Tensor, seen: Tensor | None, bias: Tensor | None, heads: int
) -> Tensor:
    """torch's, with what is not seen at −∞."""
    split = [x.unflatten(2, (heads, -1)).transpose(1, 2) for x in (q, k, v)]
    added = torch.zeros(q.shape[0], heads, q.shape[1], k.shape[1], dtype=q.dtype)
    added = added if bias is None else added + bias
    added = added if seen is None else added.masked_fill(~seen, -math.inf)
    return functional.scaled_dot_product_attention(*split, attn_mask=added).transpose(1, 2).flatten(2)


@pytest.mark.parametrize("learning", [True, False])
@pytest.mark.parametrize("heads", [1, 2])
def test_attention_is_torchs(heads: int, learning: bool) -> None:
    q, k, v = normal(3, 4, 8), normal(3, 6, 8, seed=1), normal(3, 6, 4, seed=2)
    bias = normal(3, heads, 4, 6, seed=3)
    keys = torch.tensor([[1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 1, 0]]).bool()
    pairs = torch.rand(3, 1, 4, 6, generator=torch.Generator().manual_seed(4)) > 0.4
    pairs[..., 2] = True  # of every query one
    with torch.set_grad_enabled(learning):
        for mask, seen in ((None, None), (keys, keys[:, None, None]), (pairs, pairs)):
            for added in (None, bias, bias[:, :1]):
                given = None if mask is None else mask.double()
                made = ops.attention(q, k, v, given, added, heads=heads)
                torch.testing.assert_close(made, reference(q, k, v, seen, added, heads), atol=1e-12, rtol=0)
        made = ops.attention(k, k, v, heads=heads, causal=True)
        below = torch.ones(6, 6).bool().tril()
        torch.testing.assert_close(made, reference(k, k, v, below, None, heads), atol=1e-12, rtol=0)
        both = ops.attention(k, k, v, (keys | torch.eye(6)[0].bool()).double(), heads=heads, causal=True)
        seen = below & (keys | torch.eye(6)[0].bool())[:, None, None]
        torch.testing.assert_close(both, reference(k, k, v, seen, None, heads), atol=1e-12, rtol=0)


@pytest.mark.parametrize("learning", [True, False])
def test_groups_are_apart(learning: bool) -> None:
    q, k, v = normal(2, 6, 8), normal(2, 12, 8, seed=1), normal(2, 12, 4, seed=2)
    bias, pairs = (
        normal(2, 2, 2, 4, seed=3),
        torch.rand(2, 3, 2, 4, generator=torch.Generator().manual_seed(5)) > 0.3,
    )
    pairs[..., 1] = True
    with torch.set_grad_enabled(learning):
        made = ops.attention(q, k, v, pairs.double(), bias, heads=2, groups=3)
        keys = ops.attention(q, k, v, pairs[:, :, 0].flatten(1).double(), None, groups=3)
    for i in range(3):
        a, b = slice(2 * i, 2 * i + 2), slice(4 * i, 4 * i + 4)
        wanted = reference(q[:, a], k[:, b], v[:, b], pairs[:, i, None], bias, 2)
        torch.testing.assert_close(made[:, a], wanted, atol=1e-12, rtol=0)
        wanted = reference(q[:, a], k[:, b], v[:, b], pairs[:, i, None, :1], None, 1)
        torch.testing.assert_close(keys[:, a], wanted, atol=1e-12, rtol=0)


@pytest.mark.parametrize("learning", [True, False])
def test_where_nothing_is_seen_everything_counts(learning: bool) -> None:
    q, k, v = normal(1, 2, 4), normal(1, 3, 4, seed=1), normal(1, 3, 4, seed=2)
    with torch.set_grad_enabled(learning):
        made = ops.attention(q, k, v, torch.zeros(1, 3, dtype=torch.float64))
    torch.testing.assert_close(made, v.mean(1, keepdim=True).expand(1, 2, 4), atol=1e-12, rtol=0)
