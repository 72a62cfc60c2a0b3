"""Each loss and penalty of a plan's game against an independent formula in float64, with its gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.func import functional_call, grad, jacrev, vmap

from gandsl_runtime.network import Network, Port
from gandsl_runtime.plan import LOSS_NAMES
from gandsl_runtime.plan.regularizers import Regularizers
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.rng import Draws, Key, Part
from tests.runtime import nets
from tests.runtime.helpers import plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, StyleGenerator, seeded
from tests.runtime.plays import CPU, asked, pass_of, phase_of

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
    return {"kind": kind, **FORMULAS[kind][0]}


class Shown(Network):
    """z → an image of the same numbers."""

    def __init__(self, h: int, w: int) -> None:
        super().__init__()
        self.inputs = (Port("z", "Latent", (h * w,), "normal"),)
        self.outputs = (Port("image", "Image", (1, h, w)),)
        self.one = torch.nn.Parameter(torch.ones(()))

    def program(self, entry="forward", level=None, fading=False):
        return lambda z: (z * self.one).view(-1, *self.outputs[0].shape)


class Said(Network):
    """image → logits of the same numbers: one for each pixel, or [N, 1]; behind the first, `label`."""

    def __init__(self, h: int, w: int, shape: tuple[int, ...], classes: int = 0) -> None:
        super().__init__()
        self.inputs = (Port("image", "Image", (1, h, w)),)
        self.outputs = (Port("logit", "Logits", shape),)
        self.outputs += (Port("label", "Logits", (classes,)),) if classes else ()
        self.shape, self.classes = shape, classes
        self.one = torch.nn.Parameter(torch.ones(()))

    def program(self, entry="forward", level=None, fading=False):
        def run(image):
            numbers, size = (image * self.one).flatten(1), math.prod(self.shape)
            first = numbers[:, :size].view(-1, *self.shape)
            return (first, numbers[:, size : size + self.classes]) if self.classes else first

        return run


def played(game, player, given, number=0):
    """The loss and the logged values of one of a player's passes."""
    phase = phase_of(game, player)
    count = len(next(iter(given.values())))
    draws = Draws(CPU, torch.float64, Part.whole(count), Key(0, 0, player))
    return pass_of(game, phase, phase.passes[number], given, draws)


SIDES = ("discriminator", "generator")


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
    assert set(FORMULAS) == set(LOSS_NAMES)


@pytest.mark.parametrize("kind", FORMULAS)
@pytest.mark.parametrize("shape", [(5, 1), (3, 1, 2, 2)])
def test_losses(kind, shape):
    chance = np.random.default_rng(1)
    real, fake = (chance.normal(0.3, 1.5, shape) for _ in range(2))
    size = (shape[-1], shape[-1])
    game = nets.game(plan(loss=loss_of(kind)), (Shown(*size), Said(*size, shape[1:])))
    for side, formula in zip(SIDES, FORMULAS[kind][1:], strict=True):
        r, f = (torch.tensor(x, requires_grad=True) for x in (real, fake))
        value, _ = played(game, side, {"image": r.view(-1, 1, *size), "z": f.flatten(1)})
        assert value.item() == pytest.approx(formula(real, fake), rel=1e-12)
        value.backward()
        for tensor, slope in zip((r, f), slopes(formula, real, fake), strict=True):
            got = np.zeros(shape) if tensor.grad is None else tensor.grad.numpy()
            np.testing.assert_allclose(got, slope, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("heads", [("one",), ("pixels",), ("one", "pixels")], ids="+".join)
@pytest.mark.parametrize("kind", FORMULAS)
def test_losses_move_weights_as_their_formulas_do(kind, heads):
    """Of both networks, for one logit, one for each pixel, and both: slopes along a random way."""
    G, D = seeded(ConvGenerator, scales=2).double(), seeded(ConvDiscriminator, scales=2, heads=heads).double()
    game = nets.game(plan(loss=loss_of(kind)), (G, D))
    torch.manual_seed(2)
    z, large = torch.randn(5, 6).double(), torch.randn(5, 1, 8, 8).double()
    x = torch.nn.functional.avg_pool2d(large, 2), large
    for side, network, formula in zip(SIDES, (D, G), FORMULAS[kind][1:], strict=True):

        def logits():
            said = [D(*images) for images in (x, G(z))]
            return [s if isinstance(s, tuple) else (s,) for s in said]

        def expected(formula=formula, logits=logits):
            with torch.no_grad():
                pairs = [[head.numpy() for head in pair] for pair in zip(*logits(), strict=True)]
            return sum(formula(*pair) for pair in pairs) / len(heads)

        value, _ = played(game, side, {"image": large, "z": z})
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

    the_plan = plan(auxiliary={"output": "label"})
    generator = seeded(ConvGenerator, 5, size=(2, 4)).double()
    game = nets.game(the_plan, (generator, Said(2, 4, (1,), 5)))
    image = np.concatenate((np.ones((4, 1)), logits, np.zeros((4, 2))), 1)
    leaf = torch.tensor(image, requires_grad=True)
    given = {"image": leaf.view(4, 1, 2, 4), "y": torch.tensor(classes), "c": torch.tensor(classes)}
    _, values = played(game, "discriminator", given | {"z": torch.zeros(4, 6).double()})
    value = values["class/real"]
    assert value.item() == pytest.approx(formula(logits, None), rel=1e-12)
    value.backward()
    expected = slopes(formula, logits, logits)[0]
    np.testing.assert_allclose(leaf.grad.numpy()[:, 1:6], expected, rtol=1e-6, atol=1e-9)
    assert not leaf.grad[:, 0].any()


def test_losses_stay_finite_far_out():
    far = torch.tensor([[200.0], [-200.0]], dtype=torch.float64)
    for kind in FORMULAS:
        game = nets.game(plan(loss=loss_of(kind)), (Shown(1, 1), Said(1, 1, (1,))))
        for side in SIDES:
            assert torch.isfinite(played(game, side, {"image": far.view(2, 1, 1, 1), "z": -far})[0])


# ---- penalties: gradients of each sample by torch.func, differentiated again ----------


HEADS = [("one",), ("pixels",), ("one", "pixels")]


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


def test_every_penalty_has_a_formula():
    of_d = set(Regularizers.model_fields) - {"path_length", "orthogonal", "lecam", "consistency"}
    assert {name.partition(",")[0] for name in INDEPENDENT} == of_d


@pytest.mark.parametrize("scales", [1, 2])
@pytest.mark.parametrize("heads", HEADS, ids="+".join)
@pytest.mark.parametrize("name", INDEPENDENT)
def test_penalties(name, heads, scales):
    """On real images, or generated ones where it says so."""
    written, formula = INDEPENDENT[name]
    name = name.partition(",")[0]
    G = seeded(ConvGenerator, scales=scales).double()
    D = seeded(ConvDiscriminator, heads=heads, scales=scales).double()
    weights, large = dict(D.named_parameters()), torch.randn(3, 1, 8, 8, dtype=torch.float64)
    z = torch.randn(3, 6, dtype=torch.float64)
    real = (torch.nn.functional.avg_pool2d(large, 2), large)[2 - scales :]
    made = G(z) if scales == 2 else (G(z),)
    of_made = name == "r2" or written.get("interpolate") == "fake"
    x = tuple(image.detach() for image in made) if of_made else real
    game = nets.game(plan(regularizers={name: written}), (G, D))
    _, values = played(game, "discriminator", {"image": large, "z": z})
    value, expected = values[f"penalty/{name}"], formula(D, weights, x)
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
    D = seeded(ConvDiscriminator).double()
    for weight in D.parameters():
        weight.data.zero_()
    game = nets.game(plan(regularizers={"gradient_penalty": {}}), (seeded(ConvGenerator).double(), D))
    _, values = played(game, "discriminator", {"image": torch.zeros(2, 1, 8, 8).double()})
    values["penalty/gradient_penalty"].backward()
    assert all(weight.grad is None or torch.isfinite(weight.grad).all() for weight in D.parameters())
    assert D.fc.weight.grad is not None


def test_interpolation():
    """One weight an image, the same at all scales."""
    G, D = seeded(ConvGenerator, scales=2).double(), seeded(ConvDiscriminator, scales=2).double()
    game, given = nets.game(plan(regularizers={"gradient_penalty": {}}), (G, D)), asked(D)
    z, real = torch.randn(2, 6).double(), torch.randn(2, 1, 8, 8).double()
    played(game, "discriminator", {"image": real, "z": z, "mix": torch.tensor([0.25, 1.0]).double()})
    on_real, on_fake, between = given
    for r, f, both in zip(on_real, on_fake, between, strict=True):
        assert both.requires_grad
        torch.testing.assert_close(both[0], 0.75 * r[0] + 0.25 * f[0])
        assert torch.equal(both[1], f[1])


def test_orthogonal():
    """The published form adds 2(WWᵀ ∘ (1 − I))W to the gradients."""
    G = seeded(ConvGenerator, channels=3).double()
    the_plan = plan(regularizers={"orthogonal": {"weight": 0.1}})
    game = nets.game(the_plan, (G, seeded(ConvDiscriminator, channels=3)))
    _, values = played(game, "generator", {"": torch.zeros(1)}, 1)
    values["penalty/orthogonal"].backward()
    for weight in (G.fc.weight, G.conv.weight):
        rows = weight.detach().flatten(1)
        expected = 2 * (rows @ rows.T * (1 - torch.eye(len(rows)))) @ rows
        torch.testing.assert_close(weight.grad, expected.view_as(weight), rtol=1e-12, atol=1e-12)
    assert G.norm.weight.grad is None and G.fc.bias.grad is None


def test_path_length():
    G = seeded(StyleGenerator).double()
    weights = dict(G.named_parameters())
    z, y = torch.randn(3, 6, dtype=torch.float64), torch.randn(3, 1, 8, 8, dtype=torch.float64)
    ws = G.mapping(z).detach()
    a = torch.tensor(0.3, dtype=torch.float64)
    the_plan = plan(regularizers={"path_length": {"decay": 0.1}})
    game = nets.game(the_plan, (G, seeded(ConvDiscriminator).double()))

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

    (mean,) = game.plan.states
    given = {"z": z, "generator.path_length.y": y, mean.id: a}
    _, values = played(game, "generator", given, 1)
    value, moves = values["penalty/path_length"], game.state_program((mean.id,), Stage())
    expected, wanted_lengths, wanted_mean = penalty_of(weights)
    torch.testing.assert_close(values["path_length"], wanted_lengths.mean(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(moves.run(values[mean.heard[0]])[0], wanted_mean, rtol=1e-9, atol=1e-12)
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
