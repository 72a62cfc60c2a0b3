"""Augmentation as a whole: bits that stay, draws by place, chances, two derivatives, nothing waited for."""

from __future__ import annotations

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from gandsl_runtime import augment as augmentation
from gandsl_runtime.augment import bands, geometry
from gandsl_runtime.plan import PIPES, TRANSFORMS
from gandsl_runtime.rng import Part
from tests.runtime.augmenting import EACH, apply, augment, image, of_part, whole

SIZES = [(8, 8), (5, 7), (6, 16), (1, 3)]
NEVER = torch.zeros(())


def test_every_transform_of_the_plan_is_made():
    made = [name for names, _ in augmentation.STAGES for name in names]
    assert sorted(made) == sorted(EACH)
    assert PIPES["bgcfnc"] == EACH[:-3] and PIPES["bg"] == TRANSFORMS["blit"] + TRANSFORMS["geom"]


@pytest.mark.parametrize("pipe", PIPES)
@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5])
def test_without_chance_every_bit_stays(pipe, channels):
    for size in SIZES:
        x = image(3, channels, *size, dtype=torch.float32)
        for data_range in ((-1.0, 1.0), (0.0, 1.0)):
            for p in (0.0, NEVER):
                assert torch.equal(augment(pipe, data_range)(x, p, whole(x), "seen"), x)
        y = apply(pipe, x)
        assert y.shape == x.shape and y.dtype == x.dtype and y.isfinite().all()
        assert not torch.equal(y, x) or size == (1, 3)


def test_half_precision_is_computed_in_single():
    x = image(4, 3, 12, 12, dtype=torch.float32).bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        y = apply("bgc", x)
    assert y.dtype == torch.bfloat16
    assert torch.equal(y, apply("bgc", x.float()).bfloat16())


# what share of images each transform changes at p, where its draw is not the identity by chance
SHARES = {"xflip": 1 / 2, "rotate90": 3 / 4, "lumaflip": 1 / 2}
SHARES |= {"xint": 1 - 1 / 4**2, "diff_translation": 1 - 1 / 5**2}  # both are of −2 to 2 pixels here
BANDS = 4  # each band of the filter has a chance of its own


@pytest.mark.parametrize("name", EACH)
@pytest.mark.parametrize(("p", "share"), [(0.3, 1.0), (torch.tensor(0.3), 1.0), (1.0, 1.0), (0.8, 0.5)])
def test_chances(name, p, share, n=3000):
    """Within four standard deviations; a transform's share of p is taken from its chance alone."""
    x = image(1, 3, 16, 16, dtype=torch.float32).expand(n, -1, -1, -1)
    changed = (apply({name: share}, x, p) != x).flatten(1).any(1).double().mean().item()
    p = share * float(p)
    happens = p if name != "filter" else 1 - (1 - p) ** BANDS
    expected = happens * SHARES.get(name, 1.0)
    assert changed == pytest.approx(expected, abs=4 * (expected * (1 - expected) / n) ** 0.5 + 1e-9)


def test_draws_go_by_seed_step_place_and_sample():
    x = image(6, 3, 10, 8)
    seen = augment("bgcfnc").view(0.7, whole(x, 17))
    real, again, fake = seen((x,), "seen"), seen((x,), "seen"), seen((x,), "shown")
    assert torch.equal(real[0], again[0])
    assert not torch.equal(real[0], fake[0])
    later = augment("bgcfnc").view(0.7, whole(x, 18))
    assert not torch.equal(real[0], later((x,), "seen")[0])


def test_layers_draw_as_if_there_were_no_augmentation():
    before = torch.get_rng_state()
    apply("bgcfnc", image(4, 3, 8, 8))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("pipe", ["bgcfnc", "diffaugment"])
def test_micro_batches_change_nothing(pipe):
    """Up to the rounding of products of other sizes, in float64."""
    x = image(7, 3, 9, 12)
    at_once = apply(pipe, x, 0.6)
    for turns in (1, 2, 3, 7):
        for part in (Part(turn, turns, 7) for turn in range(turns)):
            seen = augment(pipe)(part.of(x), 0.6, of_part(x, part), "seen")
            torch.testing.assert_close(seen, part.of(at_once), rtol=0, atol=1e-12)


def test_all_sizes_of_an_image_are_transformed_alike():
    """The small one of a pair is the large one's mean, before and after what acts on both alike."""
    large = image(32, 3, 16, 16)
    small = torch.nn.functional.avg_pool2d(large, 2)
    view = augment(["xflip", "rotate90", "brightness", "hue", "lumaflip"]).view(0.8, whole(large))
    small_seen, large_seen = view((small, large), "shown")
    torch.testing.assert_close(torch.nn.functional.avg_pool2d(large_seen, 2), small_seen)


@pytest.mark.parametrize(("pipe", "channels"), [*((name, 1) for name in TRANSFORMS), ("color", 4)])
def test_two_derivatives(pipe, channels):
    x = image(3, channels, 3, 4).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: apply(pipe, x, 0.8), x)
    assert torch.autograd.gradgradcheck(lambda x: apply(pipe, x, 0.8), x)


def test_r1_goes_through_the_augmentation():
    """∇ of D(Ax + b) is Aᵀ∇D: the penalty and its gradients with A as a matrix, found column by column."""
    x = image(2, 3, 4, 5)
    zero = apply("bgcfnc", torch.zeros_like(x)).flatten(1)
    units = torch.eye(x[0].numel(), dtype=x.dtype).view(-1, 1, *x.shape[1:])
    columns = [apply("bgcfnc", unit.expand(2, -1, -1, -1)).flatten(1) - zero for unit in units]
    matrix = torch.stack(columns, 2)  # (n, out, in)
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(60, 7), torch.nn.Softplus(), torch.nn.Linear(7, 1)).double()

    leaf = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(net(apply("bgcfnc", leaf).flatten(1)).sum(), leaf, create_graph=True)
    found = torch.autograd.grad(g.square().sum(), net[0].weight)[0]

    seen = (torch.einsum("noi,ni->no", matrix, x.flatten(1)) + zero).requires_grad_()
    (d,) = torch.autograd.grad(net(seen).sum(), seen, create_graph=True)
    expected = torch.einsum("noi,no->ni", matrix, d)
    torch.testing.assert_close(g.flatten(1), expected, rtol=1e-9, atol=1e-11)
    wanted = torch.autograd.grad(expected.square().sum(), net[0].weight)[0]
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-11)


def test_nothing_waits_for_the_device(monkeypatch):
    """Tensors without values: reading one, as `item` or a branch does, raises."""
    for module, name in ((geometry, "_enlarging"), (geometry, "_reducing"), (bands, "_bank")):
        monkeypatch.setattr(module, name, getattr(module, name).__wrapped__)  # they would keep fakes
    with FakeTensorMode():
        x = torch.empty(4, 3, 16, 16, requires_grad=True)
        p = torch.empty(())
        for pipe in ("bgcfnc", "diffaugment"):
            y = augment(pipe)(x, p, whole(x), "seen")
            (g,) = torch.autograd.grad(y.square().sum(), x, create_graph=True)
            g.square().sum().backward()
        with pytest.raises(Exception, match="_local_scalar_dense"):
            p.item()
