"""Ops of games against the formulas they stand for."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime import ops
from gandsl_runtime.distributed.group import ProcessGroup, synchronized
from gandsl_runtime.ops.gradient import differentiable, scaled_inside


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X, Y = drawn(5, 3, 6, 6), drawn(5, 3, 6, 6, seed=1)
W = drawn(5, seed=2).sigmoid()


def test_numbers_and_masks_stand_beside_samples() -> None:
    """One number a sample, however many axes follow; logits [N, 1] are no exception."""
    wide = W.view(5, 1, 1, 1)
    assert torch.equal(ops.times(X, W), X * wide) and torch.equal(ops.times(W, X), wide * X)
    said = drawn(5, 1)
    assert torch.equal(ops.minus(said, W), said - W[:, None]) and ops.minus(W, said).shape == (5, 1)
    assert torch.equal(ops.lerp(X, Y, W), torch.lerp(X, Y, wide))
    mask = (drawn(5, 1, 6, 6) > 0).float()
    assert torch.equal(ops.lerp(X, Y, mask), torch.where(mask.bool(), Y, X))


def test_a_number_stands_where_the_tensor_was_left_out() -> None:
    assert torch.equal(ops.minus(b=X, number=1.0), 1 - X) and torch.equal(ops.minus(X, number=1.0), X - 1)
    assert torch.equal(ops.divide(b=X, number=2.0), 2 / X) and torch.equal(ops.divide(X, number=2.0), X / 2)
    assert torch.equal(ops.below(X, number=0.5), (X < 0.5).float())
    assert torch.equal(ops.below(b=X, number=0.5), (X > 0.5).float())


def test_a_score_is_the_mean_of_all_logits() -> None:
    """Over heads of any shape, each alike; of one head it is its mean."""
    one, many = drawn(5, 1), drawn(5, 1, 3, 3)
    score = ops.average([ops.sample_mean(head) for head in (one, many)])
    torch.testing.assert_close(score, (one[:, 0] + many.mean((1, 2, 3))) / 2)
    torch.testing.assert_close(ops.sample_mean(many), many.mean((1, 2, 3)))
    assert torch.equal(ops.sample_mean(W), W) and torch.equal(ops.sample_sum(W), W)


def test_a_penalty_on_gradients_and_its_own_gradient() -> None:
    """R1's sum over scales, and the second derivatives behind it, written out; scaled losses too."""
    weight = drawn(3, 6, 6, seed=3).double().requires_grad_()

    def heads(images: Tensor) -> Tensor:
        return (images * weight).sum((2, 3)).tanh()

    def written_out(w: Tensor) -> Tensor:
        slopes = [
            (1 - (x * w).sum((2, 3)).tanh() ** 2)[:, :, None, None] * w / 3 / 2
            for x in (X.double(), Y.double())
        ]
        return sum(slope.square().sum((1, 2, 3)) for slope in slopes).mean() / 2  # type: ignore[union-attr]

    for scale in (1.0, torch.tensor(64.0)):
        with scaled_inside(scale):
            one, other = (differentiable(image.double()) for image in (X, Y))
            score = ops.average([ops.sample_mean(heads(one)), ops.sample_mean(heads(other))])
            slopes = ops.gradient(score, [one, other])
            found = ops.mean(ops.total([ops.sample_sum(ops.power(s, exponent=2)) for s in slopes]))
            loss = ops.divide(found, number=2)
            (own,) = torch.autograd.grad(loss, weight)
        wanted = written_out(weight)
        torch.testing.assert_close(loss, wanted, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(own, torch.autograd.grad(wanted, weight)[0], rtol=1e-10, atol=1e-12)
        assert own.any()


def test_the_slope_of_a_slope_that_is_constant_is_0() -> None:
    """Of what is linear autograd gives a slope without a graph, and would refuse to go on."""
    x = differentiable(X)
    (slope,) = ops.gradient(ops.sample_sum(x), [x])
    assert not slope.requires_grad and torch.equal(slope, torch.ones_like(X))
    (again,) = ops.gradient(ops.sample_sum(slope), [x])
    assert torch.equal(again, torch.zeros_like(X))


def test_differentiable_leaves_what_has_a_graph() -> None:
    learned = X.clone().requires_grad_() * 2
    assert differentiable(learned) is learned
    free = differentiable(X)
    assert free.requires_grad and free.is_leaf and not X.requires_grad and torch.equal(free, X)
    assert not ops.stop_gradient(learned).requires_grad


def test_path_lengths() -> None:
    """√ of the mean over layers of ‖Jᵀy‖², by the Jacobian written out."""
    styles = drawn(5, 4, 8).double().requires_grad_()
    noise, to_image = drawn(5, 3, 6, 6, seed=4).double(), drawn(8, 108, seed=5).double()

    def image(ws: Tensor) -> Tensor:
        return (ws.mean(1) @ to_image).sin().view(5, 3, 6, 6)

    projected = ops.divide(ops.sample_sum(ops.times(image(styles), noise)), number=math.sqrt(36))
    (slope,) = ops.gradient(projected, [styles])
    squares = ops.sample_mean(ops.row_sum(ops.power(slope, exponent=2)))
    cosine = ((styles.mean(1) @ to_image).cos() * noise.flatten(1)) @ to_image.T / 4 / 6  # of each layer
    wanted = cosine.square().sum(1).sqrt()
    torch.testing.assert_close(ops.sqrt(ops.plus(squares, number=1e-12)), wanted, rtol=1e-9, atol=1e-9)


def test_orthogonality_and_classes() -> None:
    weights = [drawn(4, 3, 2, 2).double(), drawn(6, 5).double()]
    products = [w.flatten(1) @ w.flatten(1).T for w in weights]
    wanted = sum((p * (1 - torch.eye(len(p)))).square().sum() / 2 for p in products)
    torch.testing.assert_close(ops.off_diagonal(weights), wanted, rtol=1e-12, atol=1e-12)
    logits, classes = drawn(5, 10).requires_grad_(), torch.arange(5)
    own = ops.own_class_entropy(logits, classes)
    assert torch.equal(own, -F.log_softmax(logits, 1)[torch.arange(5), classes])
    (slope,) = torch.autograd.grad(ops.mean(own), logits)
    torch.testing.assert_close(slope, (logits.softmax(1) - F.one_hot(classes, 10)) / 5)


class Two(ProcessGroup):
    """Another process whose mean is always 3, of as many samples."""

    def average(self, x: Tensor, count: int) -> Tensor:
        assert count == 5
        return (x + 3) / 2


def test_a_mean_is_over_all_processes_or_the_own_one() -> None:
    with synchronized(Two()):
        assert torch.equal(ops.mean(X), (X.mean() + 3) / 2)
        assert torch.equal(ops.mean(X, processes="own"), X.mean())
    assert torch.equal(ops.mean(X), X.mean())


def test_joined_batches_come_apart() -> None:
    joined = ops.join([X, Y, Y])
    one, two = ops.split(joined, counts=(1, 2))
    assert torch.equal(one, X) and torch.equal(two, torch.cat((Y, Y)))


def test_crossover_takes_b_from_a_layer_on() -> None:
    a, b = drawn(3, 4, 8), drawn(3, 4, 8, seed=1)
    mixed = ops.crossover(a, b, torch.tensor([1, 4, 0]))
    assert torch.equal(mixed[0], torch.cat((a[0, :1], b[0, 1:])))
    assert torch.equal(mixed[1], a[1]) and torch.equal(mixed[2], b[2])
    assert torch.equal(
        ops.crossover(a, b, torch.tensor([2])), torch.cat((a[:, :2], b[:, 2:]), 1)
    )  # one for all


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_a_box_has_its_share_and_lies_inside(share: float) -> None:
    """Of the image's proportions, up to whole pixels, wherever its corner is."""
    like = torch.empty(64, 3, 20, 12)
    corner = torch.rand(64, 2, generator=torch.Generator().manual_seed(0))
    masks = ops.box_mask(like, corner, torch.full((64,), share))
    assert masks.shape == (64, 1, 20, 12) and set(masks.unique().tolist()) <= {0.0, 1.0}
    rows, columns = masks.amax((1, 3)).sum(1), masks.amax((1, 2)).sum(1)
    side = math.sqrt(share)
    assert (rows == round(20 * side)).all() and (columns == round(12 * side)).all()
    assert torch.equal(masks.sum((1, 2, 3)), rows * columns)
    ends = ops.box_mask(like[:2], torch.tensor([[0.0, 0.0], [0.999, 0.999]]), torch.full((2,), 0.25))
    assert ends[0, 0, 0, 0] == 1 and ends[1, 0, -1, -1] == 1


def test_taken_positions() -> None:
    x = drawn(2, 6, 3)
    at = torch.tensor([[5.0, 0.0], [2.0, 2.0]])
    assert torch.equal(ops.take(x, at), torch.stack((x[0, [5, 0]], x[1, [2, 2]])))


@pytest.mark.parametrize(("size", "to"), [(32, 16), (32, 4), (64, 8), (24, 24)])
def test_a_shrunk_image_has_the_bits_of_area(size: int, to: int) -> None:
    """By a power of two, as between levels, the mean over blocks rounds like torch's own `area`."""
    images = drawn(3, 3, size, size)
    assert torch.equal(ops.resize(images, size=to), F.interpolate(images, (to, to), mode="area"))
