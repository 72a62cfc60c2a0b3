"""Each loss and penalty against an independent formula in float64, with the gradients of the parameters."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, jacrev, vmap

from gandsl_runtime.plan import LOSS_NAMES, Plan
from gandsl_runtime.training import objectives, penalties
from tests.runtime.helpers import plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, StyleGenerator, seeded

log, exp, mean, maximum = np.log, np.exp, np.mean, np.maximum


def sigmoid(x):
    return 1 / (1 + exp(-x))


# what the papers write, in numpy: (parameters, D's loss of (real, fake), G's loss of (real, fake))
FORMULAS = {
    "bce": (
        {"real_target": 0.9},
        lambda r, f: -mean(0.9 * log(sigmoid(r)) + 0.1 * log(1 - sigmoid(r))) - mean(log(1 - sigmoid(f))),
        lambda r, f: -mean(log(sigmoid(f))),
    ),
    "logistic": (
        {},
        lambda r, f: -mean(log(sigmoid(r))) - mean(log(1 - sigmoid(f))),
        lambda r, f: -mean(log(sigmoid(f))),
    ),
    "hinge": ({}, lambda r, f: mean(maximum(0, 1 - r)) + mean(maximum(0, 1 + f)), lambda r, f: -mean(f)),
    "least_squares": (
        {"a": -1.0, "b": 0.8, "c": 0.3},
        lambda r, f: 0.5 * mean((r - 0.8) ** 2) + 0.5 * mean((f + 1.0) ** 2),
        lambda r, f: 0.5 * mean((f - 0.3) ** 2),
    ),
    "wasserstein": ({}, lambda r, f: mean(f) - mean(r), lambda r, f: -mean(f)),
    "relativistic_logistic": (
        {},
        lambda r, f: mean(log(1 + exp(-(r - f)))),
        lambda r, f: mean(log(1 + exp(-(f - r)))),
    ),
    "relativistic_hinge": (
        {},
        lambda r, f: mean(maximum(0, 1 - (r - mean(f)))) + mean(maximum(0, 1 + (f - mean(r)))),
        lambda r, f: mean(maximum(0, 1 - (f - mean(r)))) + mean(maximum(0, 1 + (r - mean(f)))),
    ),
}


def loss_of(kind):
    return plan(loss={"kind": kind, **FORMULAS[kind][0]}).loss


def slopes(formula, real, fake, eps=1e-6):
    """Central differences of a numpy formula with respect to each logit."""
    found = []
    for which in (0, 1):
        g = np.zeros_like(real)
        for i in np.ndindex(real.shape):
            at = [[real.copy(), fake.copy()] for _ in range(2)]
            at[0][which][i] += eps
            at[1][which][i] -= eps
            g[i] = (formula(*at[0]) - formula(*at[1])) / (2 * eps)
        found.append(g)
    return found


def test_every_loss_has_a_formula():
    assert set(FORMULAS) == set(LOSS_NAMES) == set(objectives.OBJECTIVES)


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize("shape", [(5, 1), (3, 1, 2, 2)])
def test_losses(kind, shape):
    chance = np.random.default_rng(1)
    real, fake = (chance.normal(0.3, 1.5, shape) for _ in range(2))
    loss = loss_of(kind)
    sides = (objectives.discriminator_loss, objectives.generator_loss)
    for side, formula in zip(sides, FORMULAS[kind][1:], strict=True):
        r, f = (torch.tensor(x, requires_grad=True) for x in (real, fake))
        value = side(loss, (r,), (f,))
        assert value.item() == pytest.approx(formula(real, fake), rel=1e-12)
        value.backward()
        for tensor, slope in zip((r, f), slopes(formula, real, fake), strict=True):
            got = np.zeros(shape) if tensor.grad is None else tensor.grad.numpy()
            np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", FORMULAS)
def test_losses_average_over_heads(kind):
    loss = loss_of(kind)
    heads = [(torch.randn(4, 1), torch.randn(4, 1)), (torch.randn(4, 1, 3, 3), torch.randn(4, 1, 3, 3))]
    for side in (objectives.discriminator_loss, objectives.generator_loss):
        alone = [side(loss, (r,), (f,)) for r, f in heads]
        together = side(loss, tuple(r for r, _ in heads), tuple(f for _, f in heads))
        torch.testing.assert_close(together, sum(alone) / 2)


@pytest.mark.parametrize("heads", [("one",), ("pixels",), ("one", "pixels")], ids="+".join)
@pytest.mark.parametrize("kind", FORMULAS)
def test_losses_move_weights_as_their_formulas_do(kind, heads):
    """Of both networks, for one logit, one for each pixel, and both: slopes along a random way."""
    G, D = seeded(ConvGenerator, scales=2).double(), seeded(ConvDiscriminator, scales=2, heads=heads).double()
    torch.manual_seed(2)
    z, x = torch.randn(5, 6).double(), [torch.randn(5, 1, size, size).double() for size in (4, 8)]
    sides = ((objectives.discriminator_loss, D), (objectives.generator_loss, G))
    for (side, network), formula in zip(sides, FORMULAS[kind][1:], strict=True):

        def logits():
            said = [D(*images) for images in (x, G(z))]
            return [s if isinstance(s, tuple) else (s,) for s in said]

        def expected(formula=formula, logits=logits):
            with torch.no_grad():
                pairs = [[head.numpy() for head in pair] for pair in zip(*logits(), strict=True)]
            return sum(formula(*pair) for pair in pairs) / len(heads)

        value = side(loss_of(kind), *logits())
        assert value.item() == pytest.approx(expected(), rel=1e-12)
        weights = list(network.parameters())
        gradients = torch.autograd.grad(value, weights, allow_unused=True)
        ways = [torch.randn_like(weight) for weight in weights]
        slope = sum(float((g * way).sum()) for g, way in zip(gradients, ways, strict=True) if g is not None)
        ends = []
        for move in (1e-6, -2e-6):
            for weight, way in zip(weights, ways, strict=True):
                weight.data += move * way
            ends.append(expected())
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-5, abs=1e-8)
        assert abs(slope) > 1e-4


def test_classification():
    logits, classes = np.random.default_rng(1).normal(0, 2, (4, 5)), np.array([3, 0, 0, 4])

    def formula(logits, _):
        return -mean(log(exp(logits) / exp(logits).sum(1, keepdims=True))[np.arange(4), classes])

    leaf = torch.tensor(logits, requires_grad=True)
    value = objectives.classification(leaf, torch.tensor(classes))
    assert value.item() == pytest.approx(formula(logits, None), rel=1e-12)
    value.backward()
    np.testing.assert_allclose(leaf.grad.numpy(), slopes(formula, logits, logits)[0], rtol=1e-6, atol=1e-9)


def test_losses_stay_finite_far_out():
    far = torch.tensor([[200.0], [-200.0]])
    for kind in FORMULAS:
        assert torch.isfinite(objectives.discriminator_loss(loss_of(kind), (far,), (-far,)))
        assert torch.isfinite(objectives.generator_loss(loss_of(kind), (far,), (-far,)))


# ---- penalties: gradients of each sample by torch.func, differentiated again ----------


HEADS = [("one",), ("pixels",), ("one", "pixels")]


def discriminator(heads, scales):
    D = seeded(ConvDiscriminator, heads=heads, scales=scales).double()
    x = tuple(torch.randn(3, 1, size, size, dtype=torch.float64) for size in (4, 8)[2 - scales :])
    return D, dict(D.named_parameters()), x


def score_of(D, parameters, x):
    heads = functional_call(D, parameters, tuple(image[None] for image in x))
    heads = heads if isinstance(heads, tuple) else (heads,)
    return sum(head[0].sum() / head[0].numel() for head in heads) / len(heads)


def norms(D, parameters, x):
    slopes = vmap(grad(lambda *images: score_of(D, parameters, images), tuple(range(len(x)))))(*x)
    return torch.cat([slope.flatten(1) for slope in slopes], 1).norm(dim=1)


INDEPENDENT = {
    "r1": ({"gamma": 1.0}, lambda D, p, x: (norms(D, p, x) ** 2).mean() / 2),
    "r2": ({"gamma": 1.0}, lambda D, p, x: (norms(D, p, x) ** 2).mean() / 2),
    "gradient_penalty": (
        {"target": 0.4, "interpolate": "real"},
        lambda D, p, x: ((norms(D, p, x) - 0.4) ** 2).mean(),
    ),
    "gradient_penalty, zero-centred": (
        {"target": 0.0, "interpolate": "fake"},
        lambda D, p, x: (norms(D, p, x) ** 2).mean(),
    ),
    "drift": ({}, lambda D, p, x: (vmap(lambda *i: score_of(D, p, i))(*x) ** 2).mean()),
}


def parameters_of(name, written) -> object:
    return getattr(Plan.model_validate(plan(regularizers={name: written}).model_dump()).regularizers, name)


def test_every_penalty_has_a_formula():
    assert {name.partition(",")[0] for name in INDEPENDENT} == set(penalties.PENALTIES)


@pytest.mark.parametrize("scales", [1, 2])
@pytest.mark.parametrize("heads", HEADS, ids="+".join)
@pytest.mark.parametrize("name", INDEPENDENT)
def test_penalties(name, heads, scales):
    D, weights, x = discriminator(heads, scales)
    written, formula = INDEPENDENT[name]
    name = name.partition(",")[0]
    leaves = tuple(image.clone().requires_grad_() for image in x)
    said = D(*leaves)
    score = penalties.score(said if isinstance(said, tuple) else (said,))
    value = penalties.PENALTIES[name].compute(parameters_of(name, written), score, leaves)
    expected = formula(D, weights, x)
    torch.testing.assert_close(value, expected, rtol=1e-9, atol=1e-12)
    got = torch.autograd.grad(value, weights.values(), allow_unused=True)
    wanted = torch.autograd.grad(expected, weights.values(), allow_unused=True)
    reached = 0
    for a, b in zip(got, wanted, strict=True):
        reached += a is not None and bool(a.abs().max() > 0)
        torch.testing.assert_close(
            *(torch.zeros(()) if g is None else g for g in (a, b)), rtol=1e-8, atol=1e-11
        )
    assert reached >= 4


def test_gradient_penalty_is_differentiable_where_the_gradient_vanishes():
    x = torch.zeros(2, 1, 4, 4, requires_grad=True)
    weight = torch.zeros((), requires_grad=True)
    scores = (x * weight).flatten(1).sum(1)
    penalties.gradient_penalty(parameters_of("gradient_penalty", {}), scores, (x,)).backward()
    assert torch.isfinite(weight.grad)


def test_interpolation():
    real, fake = torch.zeros(2, 1, 4, 4), torch.ones(2, 1, 4, 4)
    small = real[:, :, ::2, ::2], fake[:, :, ::2, ::2]
    between = penalties.interpolate((small[0], real), (small[1], fake), torch.tensor([0.25, 1.0]))
    assert [image.requires_grad for image in between] == [True, True]
    for image in between:
        assert image[0].unique().tolist() == [0.25] and image[1].unique().tolist() == [1.0]


def test_orthogonal():
    """The published form adds 2(WWᵀ ∘ (1 − I))W to the gradients."""
    weights = [torch.randn(3, 5, dtype=torch.float64), torch.randn(4, 2, 3, 3, dtype=torch.float64)]
    leaves = [weight.clone().requires_grad_() for weight in weights]
    penalties.orthogonal(leaves).backward()
    for weight, leaf in zip(weights, leaves, strict=True):
        rows = weight.reshape(len(weight), -1)
        expected = 2 * (rows @ rows.T * (1 - torch.eye(len(rows)))) @ rows
        torch.testing.assert_close(leaf.grad, expected.view_as(weight), rtol=1e-12, atol=1e-12)


def test_path_length():
    G = seeded(StyleGenerator).double()
    weights = dict(G.named_parameters())
    ws, y = torch.randn(3, 4, 5, dtype=torch.float64), torch.randn(3, 1, 8, 8, dtype=torch.float64)
    a = torch.tensor(0.3, dtype=torch.float64)

    def penalty_of(parameters):
        def image_of(styles):
            return functional_call(
                _Synthesis(G), {f"G.{k}": v for k, v in parameters.items()}, (styles[None],)
            )[0]

        jacobian = vmap(jacrev(image_of))(ws)  # (N, c, h, w, L, n)
        projected = torch.einsum("nchwls,nchw->nls", jacobian, y) / math.sqrt(64)
        lengths = projected.square().sum(2).mean(1).sqrt()
        moved = 0.9 * a + 0.1 * lengths.mean()
        return ((lengths - moved) ** 2).mean(), lengths, moved

    leaf = ws.clone().requires_grad_()
    lengths = penalties.path_lengths((G.synthesis(leaf),), leaf, (y,))
    value, moved = penalties.path_length(lengths, lengths.mean(), a, 0.1)
    expected, wanted_lengths, wanted_mean = penalty_of(weights)
    torch.testing.assert_close(lengths, wanted_lengths, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(moved, wanted_mean, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(value, expected, rtol=1e-8, atol=1e-12)
    names = [name for name in weights if name.startswith(("affines", "convs", "const"))]
    got = torch.autograd.grad(value, [weights[n] for n in names], allow_unused=True)
    wanted = torch.autograd.grad(expected, [weights[n] for n in names], allow_unused=True)
    for name, g, w in zip(names, got, wanted, strict=True):
        zero = torch.zeros((), dtype=torch.float64)
        torch.testing.assert_close(
            zero if g is None else g, zero if w is None else w, rtol=1e-6, atol=1e-10, msg=name
        )


class _Synthesis(torch.nn.Module):
    def __init__(self, G):
        super().__init__()
        self.G = G

    def forward(self, ws):
        return self.G.synthesis(ws)
