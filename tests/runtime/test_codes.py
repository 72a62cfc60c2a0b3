"""Codebooks and what acts on gradients alone: against formulas; in a network, and over two processes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

import gandsl
from gandsl_runtime import ops
from gandsl_runtime.distributed.group import ProcessGroup, synchronized
from gandsl_runtime.layers import MovingCode, NearestCode
from gandsl_runtime.ops.gradient import scaled_inside
from gandsl_runtime.rng import Part
from gandsl_runtime.training.statistics import together
from tests.specs.block_formulas import structural


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


SHAPES = [((4, 3), 1), ((4, 3, 5), 1), ((4, 3, 2, 5), 1), ((4, 3, 2, 2, 2), 1), ((4, 5, 3), -1)]


@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
def test_the_nearest_code_of_each_vector(shape: tuple[int, ...], axis: int) -> None:
    """Of one to three sides, vectors and tokens; its gradient is that of the rows chosen, and none is x's."""
    torch.manual_seed(0)
    layer = NearestCode(3, count=7, axis=axis, init_scale=10.0).double()
    assert layer.weight.detach().abs().max() <= 10 / 7
    x = drawn(*shape).requires_grad_()
    found = layer(x)
    rows = x.detach().movedim(axis, -1).reshape(-1, 3)
    distances = (rows[:, None] - layer.weight.detach()).square().sum(2)
    chosen = distances.argmin(1)
    wanted = layer.weight[chosen].view(x.movedim(axis, -1).shape).movedim(-1, axis)
    assert torch.equal(found, wanted) and found.shape == x.shape
    along = drawn(*shape, seed=1)
    (slope,) = torch.autograd.grad((found * along).sum(), layer.weight)
    expected = torch.zeros(7, 3).double().index_add(0, chosen, along.movedim(axis, -1).reshape(-1, 3))
    torch.testing.assert_close(slope, expected)
    assert torch.autograd.grad(layer(x).sum(), x, allow_unused=True)[0] is None


class Half(ProcessGroup):
    """One of two processes, with the other's samples at hand."""

    size = 2

    def __init__(self, other: Tensor, layer: MovingCode) -> None:
        self.other, self.layer = other, layer

    def average(self, x: Tensor, count: int) -> Tensor:
        theirs = moved_by(self.layer, self.other)
        return (x * count + theirs * len(self.other)) / (count + len(self.other))


def moved_by(layer: MovingCode, x: Tensor) -> Tensor:
    """Of a sample, by code: the vectors that choose it added up, and their count [count, features + 1]."""
    codes = layer.codes()
    found = torch.zeros(len(codes), x.shape[1] + 1, dtype=x.dtype)
    for vector in x.movedim(1, -1).reshape(-1, x.shape[1]):
        at = int((codes - vector).square().sum(1).argmin())
        found[at] += torch.cat((vector, torch.ones(1, dtype=x.dtype)))
    return found / len(x)


def book() -> MovingCode:
    torch.manual_seed(0)
    return MovingCode(3, count=5, init_scale=5.0, decay=0.9, eps=1e-3).double()


def test_codes_move_to_what_chose_them() -> None:
    """N ← γN + (1 − γ)n, m ← γm + (1 − γ)Σx, code = m / smoothed N (arXiv:1711.00937, appendix A.1)."""
    layer, x = book(), drawn(6, 3, 2, 2)
    counts, sums, codes, moved = layer.counts.clone(), layer.sums.clone(), layer.codes(), moved_by(book(), x)
    found = layer(x)
    vectors = x.movedim(1, -1).reshape(-1, 3)
    chosen = (vectors[:, None] - codes).square().sum(2).argmin(1)
    assert torch.equal(found, codes[chosen].view(6, 2, 2, 3).movedim(-1, 1)), "as codes stood before"
    assert not found.requires_grad and not list(layer.parameters())
    torch.testing.assert_close(layer.counts, 0.9 * counts + 0.1 * moved[:, -1])
    torch.testing.assert_close(layer.sums, 0.9 * sums + 0.1 * moved[:, :-1])
    total = layer.counts.sum()
    smoothed = (layer.counts + 1e-3) / (total + 5e-3) * total
    torch.testing.assert_close(layer.codes(), layer.sums / smoothed[:, None])
    before = layer.state_dict()
    kept = {key: one.clone() for key, one in before.items()}
    layer.eval()(x)
    assert all(torch.equal(kept[key], one) for key, one in layer.state_dict().items())


def test_they_move_alike_in_parts_and_over_processes() -> None:
    x = drawn(6, 3, 2, 2)
    whole, parted, shared = book(), book(), book()
    whole(x)
    parts = [(Part(turn, 3, 6), x[turn::3]) for turn in range(3)]
    for _, given in together(parts, [parted.counts, parted.sums]):
        parted(given)
    with synchronized(Half(x[1::2], book())):
        shared(x[::2])
    for one in (parted, shared):
        torch.testing.assert_close(one.counts, whole.counts, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(one.sums, whole.sums, rtol=1e-12, atol=1e-12)


def test_codes_find_clusters() -> None:
    """K-means, slowly: after a while each code is the mean of what is around it."""
    torch.manual_seed(1)
    centres = torch.tensor([[2.0, 0.0], [-2.0, 1.0], [0.0, -3.0]])
    layer = MovingCode(2, count=3, decay=0.8)
    layer.sums.copy_(centres + 0.8 * torch.randn(3, 2))
    for _ in range(60):
        layer(centres[torch.randint(3, (64,))] + 0.05 * torch.randn(64, 2))
    distances = torch.cdist(centres, layer.codes()).min(1).values
    assert distances.max() < 0.05


@pytest.mark.parametrize("by", [None, 3.0])
def test_a_gradient_is_scaled_and_numbers_are_not(by: float | None) -> None:
    x, along = drawn(4, 3).requires_grad_(), drawn(4, 3, seed=1)
    scalar = None if by is None else torch.tensor(by, dtype=torch.float64, requires_grad=True)
    y = ops.scale_gradient(x.tanh(), scalar, factor=-0.5)
    assert torch.equal(y, x.tanh())
    (slope,) = torch.autograd.grad((y * along).sum(), x)
    torch.testing.assert_close(slope, -0.5 * (by or 1) * along * (1 - x.tanh() ** 2))
    odd = ops.scale_gradient(torch.tensor([float("inf"), -0.0]), factor=2.0)
    assert odd[0].isinf() and odd[1].signbit()


@pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 3, 3)])
def test_a_gradient_is_brought_to_a_length(shape: tuple[int, ...]) -> None:
    """g · length / (mean over samples ‖g‖ + eps), at any scale of what comes back; numbers stay."""
    x, along = drawn(*shape).requires_grad_(), drawn(*shape, seed=1)
    y = ops.normalize_gradient(x.tanh(), length=0.3, eps=0.01)
    assert torch.equal(y, x.tanh())
    (slope,) = torch.autograd.grad((y * along).sum(), x)
    mean = torch.stack([one.square().sum().sqrt() for one in along]).mean()
    expected = 0.3 * along / (mean + 0.01) * (1 - x.tanh() ** 2)
    torch.testing.assert_close(slope, expected, rtol=1e-12, atol=1e-12)
    z = ops.normalize_gradient(x)
    plain, thousand = (torch.autograd.grad((z * along).sum() * n, x, retain_graph=True)[0] for n in (1, 1000))
    torch.testing.assert_close(plain, thousand, rtol=1e-6, atol=0)
    assert not torch.autograd.grad((z * 0).sum(), x)[0].any(), "of no gradient nothing is made"


def test_a_normalized_gradient_is_scaled_where_losses_are() -> None:
    x, along = drawn(4, 3).half().requires_grad_(), drawn(4, 3, seed=1).half()
    with scaled_inside(torch.tensor(512.0)):
        y = ops.normalize_gradient(x)
    (slope,) = torch.autograd.grad((y * along).sum() * 512, x)
    lengths = slope.float().square().sum(1).sqrt()
    torch.testing.assert_close(lengths.mean(), torch.tensor(512.0), rtol=2e-3, atol=0)


class Beside(ProcessGroup):
    """One of two processes, of which the other gives as much and half as much again."""

    size = 2

    def total(self, x: Tensor) -> Tensor:
        return 2.5 * x


def test_the_length_is_that_of_all_processes() -> None:
    x, along = drawn(4, 3).requires_grad_(), drawn(4, 3, seed=1)
    with synchronized(Beside()):
        (slope,) = torch.autograd.grad((ops.normalize_gradient(x) * along).sum(), x)
    torch.testing.assert_close(slope, along / along.norm(dim=1).mean(), rtol=1e-6, atol=0)


REVERSED = """\
gandsl: 1
name: reversing
networks:
  judge:
    inputs: {image: "Image[1, 4]"}
    body:
      flat: {op: flatten}
      trunk: {op: linear, features: 3}
      turned: {block: backwards.reversal, scale: 0.5}
      scaled: scale_gradient(turned, 0.25)
      even: normalize_gradient(scaled)
      kept: even + stop_gradient(round(even) - even)
      logit: {op: linear, features: 1}
    outputs: {logit: {of: logit, kind: Logits}}
data: {image: "Image[1, 4]"}
game:
  body: {said: {network: judge, image: image}}
  players: {judge: {trains: [judge], terms: {said: mean(said)}}}
training: {length: 1 kimg, batch: 4, optimizer: {lr: 0.01}}
"""


def test_gradients_within_a_network(tmp_path: Path) -> None:
    """Reversed, scaled and passed straight through what rounds."""
    path = tmp_path / "reversing.yaml"
    path.write_text(REVERSED)
    game = gandsl.compile(path).to(torch.float64).game
    assert game is not None
    judge, x = game.networks["judge"], drawn(4, 1, 4, 4)
    trunk, logit = (judge.get_parameter(f"{name}.weight") for name in ("trunk", "logit"))
    features = F.linear(x.flatten(1), trunk, judge.get_parameter("trunk.bias"))
    said = judge(x)
    torch.testing.assert_close(said, F.linear(features.round(), logit, judge.get_parameter("logit.bias")))
    (slope,) = torch.autograd.grad(said.sum(), trunk)
    back = -0.125 * logit.T / logit.norm()  # the same for each sample
    torch.testing.assert_close(slope, back @ x.flatten(1).sum(0, keepdim=True), rtol=1e-6, atol=1e-9)


ALIKE = """\
gandsl: 1
name: alike
networks:
  ssim:
    inputs: {a: "Image[2, 16]", b: "Image[2, 16]"}
    body: {map: {block: similarity.structural, a: a, b: b}}
  painter:
    inputs: {image: "Image[2, 16]"}
    body: {paint: {op: conv, channels: 2, kernel: 3}}
    outputs: {image: {of: paint, kind: Image}}
data: {image: "Image[2, 16]"}
game:
  body:
    made: {network: painter, image: image}
    alike: {network: ssim, a: made, b: image}
  players: {painter: {trains: [painter], terms: {alike: 1 - mean(alike)}}}
training: {length: 1 kimg, batch: 4, optimizer: {lr: 0.01}}
"""


def test_ssim(tmp_path: Path) -> None:
    """In a game, under the Gaussian window that nobody has to name."""
    path = tmp_path / "alike.yaml"
    path.write_text(ALIKE)
    game = gandsl.compile(path).to(torch.float64).game
    assert game is not None
    a, b = drawn(3, 2, 16, 16).tanh(), drawn(3, 2, 16, 16, seed=1).tanh()
    found = game.networks["ssim"](a, b)
    taps = torch.exp(-((torch.arange(11).double() - 5) ** 2) / 4.5)
    expected = structural(a, b, taps)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)  # the taps have eight digits
    torch.testing.assert_close(game.networks["ssim"](a, a), torch.ones_like(found))
