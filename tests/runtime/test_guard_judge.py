"""The guard's judgement of series, and what it measures, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from gandsl_runtime.guard import measure
from gandsl_runtime.guard.judge import judge
from gandsl_runtime.guard.memory import GuardHistory
from gandsl_runtime.guard.probe import chosen
from gandsl_runtime.layers import Linear
from gandsl_runtime.plan import Guard
from gandsl_runtime.plan.schedule import Stage

PLAN = Guard()
CHANCE = np.random.default_rng(0)


def noise(looks, sigma=0.1):
    return np.exp(sigma * CHANCE.standard_normal(looks))


def alarms(name, values, plan=PLAN):
    """The looks (from 0) at which a series alarms, each judged as it comes."""
    memory = GuardHistory((name,), plan.window + plan.patience)
    found = []
    for look, value in enumerate(values):
        memory.add(Stage(), look, {name: float(value)})
        if judge(plan, memory.names, memory.looks).signs:
            found.append(look)
    return found


def after(looks, value, before=1.0, total=120):
    return np.where(np.arange(total) < looks, before, value)


T = np.arange(400)
HEALTHY = {
    "drift to a hundred times as much": ("sigma/generator.a", 100 ** (T / 400) * noise(400)),
    "drift to a hundredth": ("gradient/generator", 0.01 ** (T / 400) * noise(400, 0.3)),
    "fast at first": ("sigma/generator.a", 0.02 + 1 - np.exp(-T / 30)),
    "a spike": ("gradient/generator", noise(400, 0.3) * np.where(T == 200, 1e4, 1)),
    "two spikes in a row": ("gradient/generator", noise(400, 0.3) * np.where(abs(T - 200.5) < 1, 1e4, 1)),
    "a jump below the factor": ("logits/gap", noise(400, 0.01) * after(200, 2.7, total=400)),
    "wild": ("gradient/discriminator", noise(400, 1.5)),
    "around zero": ("logits/gap", CHANCE.standard_normal(400)),
    "falls, where rising is bad": ("sigma/generator.a", after(200, 1e-6, total=400) * noise(400)),
    "rises, where falling is bad": ("diversity/all pairs", after(200, 1e6, total=400) * noise(400)),
    "samples that become diverse": ("diversity/all pairs", 0.9 - 0.899 * np.exp(-T / 60)),
    "samples that were noise": ("diversity/all pairs", 0.5 + 1.3 * np.exp(-T / 30)),
    "samples never above the least": ("diversity/all pairs", 0.05 * noise(400)),
    "a constant": ("sigma/generator.a", np.ones(400)),
    "nothing at all": ("sigma/generator.zero", np.zeros(400)),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_healthy_series_do_not_alarm(case):
    assert alarms(*HEALTHY[case]) == []


def test_no_false_alarm_in_a_hundred_thousand_looks():
    """A thousand series of noise as wide as a factor of 1.35, 100 looks each."""
    values = torch.from_numpy(noise(100 * 1000, 0.3).reshape(100, 1000))
    names = [f"sigma/generator.{i}" for i in range(1000)]
    for look in range(PLAN.warm_up + PLAN.patience, 100):
        assert not judge(PLAN, names, values[max(look - 43, 0) : look]).signs


COLLAPSES = {  # series, values, the look that alarms first
    "a jump": ("sigma/discriminator.a", after(60, 5.0), 62),
    "an explosion": ("gradient/discriminator", 2.0 ** np.maximum(T - 60, 0), 64),  # ×4 at 62
    "diversity falls": ("diversity/all pairs", after(60, 0.02, 0.9), 62),
    "diversity fades away": ("diversity/nearest pairs", 0.9 * 0.98**T, 111),  # below 0.1 from 109 on
    "no gradient": ("gradient/generator", after(60, 0.0), 62),
    "soon after the warm-up": ("logits/gap", after(20, 50.0), 22),
}


@pytest.mark.parametrize("case", COLLAPSES)
def test_collapses_alarm_when_patience_ends(case):
    name, values, first = COLLAPSES[case]
    assert alarms(name, values)[0] == first


def test_nothing_is_judged_before_the_warm_up():
    assert alarms("logits/gap", after(19, 50.0, total=22)) == []


@pytest.mark.parametrize(("more", "alarm"), [(7.5, False), (8.5, True)])
def test_deviations_are_robust_standard_deviations(more, alarm):
    """|log x| is 1 in every look of the past: its median is 0, and its robust deviation 1.4826."""
    past = np.exp(np.tile([1.0, -1.0], 30))
    for name, times in (("gradient/generator", 1.0), ("sigma/generator.a", 20 / 8)):
        found = alarms(name, [*past, *[math.exp(more * times * 1.4826)] * 3])
        assert found == ([62] if alarm else [])


@pytest.mark.parametrize(("share", "alarm"), [(0.97, False), (1.03, True)])
def test_the_factors_hold_where_nothing_varies(share, alarm):
    assert bool(alarms("sigma/generator.a", after(60, 1.4 * share, total=63))) == alarm
    assert bool(alarms("logits/gap", after(60, 3 * share, total=63))) == alarm
    assert bool(alarms("diversity/all pairs", after(60, 1 / (3 * share), total=63))) == alarm


def test_what_is_not_finite_alarms_at_once_and_once():
    assert alarms("logits/gap", [1, 1, math.nan, math.nan, math.inf, 1]) == [2]


def test_a_series_that_is_seldom_measured_is_judged_when_there_are_enough():
    memory = GuardHistory(("gradient/generator",), 43)
    for look in range(60):
        memory.add(Stage(), look, {"gradient/generator": 1.0} if look % 3 == 0 else {})
    for look in range(3):
        memory.add(Stage(), 60 + look, {"gradient/generator": 100.0})
    assert not judge(PLAN, memory.names, memory.looks).signs  # 13 of a window of 40 are not 20
    short = Guard(warm_up=10)
    (sign,) = judge(short, memory.names, memory.looks).signs
    assert (sign.before, sign.now) == (1.0, 100.0)
    assert str(sign) == "gradient norm of generator went from 1 to 100"


def test_another_stage_begins_a_new_past():
    memory = GuardHistory(("gradient/generator",), 43)
    for look in range(90):
        level = look // 30
        memory.add(Stage(level, fading=level == 1), look, {"gradient/generator": 50.0**level})
        judgement = judge(PLAN, memory.names, memory.looks)
        assert not judgement.signs
        assert judgement.calm == (look % 30 >= 22)  # 20 looks of warm-up and 3 that are judged


def test_the_worst_comes_first_and_a_first_sign_is_not_calm():
    names = ("sigma/generator.a", "sigma/generator.b", "logits/gap")
    memory = GuardHistory(names, 43)
    for look in range(40):
        memory.add(Stage(), look, dict.fromkeys(names, 1.0))
    for look in range(3):
        memory.add(Stage(), 40 + look, dict(zip(names, (10.0, 1000.0, 1.0), strict=True)))
        judgement = judge(PLAN, names, memory.looks)
        assert not judgement.calm
    assert [sign.name for sign in judgement.signs] == ["sigma/generator.b", "sigma/generator.a"]


def test_plans_that_contradict_themselves():
    with pytest.raises(ValidationError, match="warm_up is 41 looks, more than the window of 40"):
        Guard(warm_up=41)


# ---- measures ----------


def test_singular_values_of_plain_weights():
    torch.manual_seed(0)
    for shape in ((8, 3), (5, 4, 3, 3), (1, 64), (30, 2)):
        weight = torch.randn(shape)
        true = torch.linalg.svdvals(weight.flatten(1))[0]
        found = measure.top_singular_value(weight)
        assert 0.8 * true < found <= true * (1 + 1e-6)
    left, right = torch.randn(7), torch.randn(9)
    assert torch.allclose(
        measure.top_singular_value(left[:, None] * right[None]), left.norm() * right.norm(), rtol=1e-5
    )
    assert measure.top_singular_value(torch.zeros(3, 4)) == 0


def test_spectral_layers_have_theirs_at_hand():
    network = nn.ModuleDict({"a": Linear(6, 5, weight="spectral"), "b": Linear(6, 5)})
    network["a"].sv0.fill_(3.5)
    found = measure.singular_values(network)
    assert list(found) == ["a.weight", "b.weight"] and found["a.weight"] == 3.5


def test_gradient_norm():
    network = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))
    assert measure.gradient_norm(network.parameters()) is None
    network(torch.randn(5, 3)).square().sum().backward()
    whole = torch.cat([p.grad.flatten() for p in network.parameters()])
    assert torch.allclose(measure.gradient_norm(network.parameters()), whole.norm())


def test_diversity():
    torch.manual_seed(1)
    real = torch.rand(12, 3, 16, 12)
    equal, none, twice = (measure.diversity(x, real) for x in (real, real[:1].expand_as(real), real * 2))
    assert equal == {"all pairs": 1.0, "nearest pairs": 1.0}
    assert none == {"all pairs": 0.0, "nearest pairs": 0.0}
    assert all(share == pytest.approx(2) for share in twice.values())
    a, b = real.flatten(1)[0], real.flatten(1)[1]
    two = measure.diversity(real[:2].repeat(6, 1, 1, 1), real)  # two kinds, six times each
    pairs = torch.pdist(real.flatten(1))
    assert two["nearest pairs"] == 0
    assert two["all pairs"] == pytest.approx(float((a - b).norm() * 36 / 66 / pairs.mean()), rel=1e-5)


def test_diversity_within_a_class_is_that_of_the_worst():
    torch.manual_seed(1)
    real, classes = torch.rand(12, 1, 8, 8), torch.arange(12) % 3
    fake = torch.where((classes == 1)[:, None, None, None], real[:1] * 0.1 + real * 0.2, real)
    assert measure.diversity(fake, real, classes)["within a class"] == pytest.approx(0.2, rel=1e-5)
    assert "within a class" not in measure.diversity(real, real, torch.arange(12))


def test_diversity_looks_at_images_averaged_down():
    """Noise that is there in pixels alone is no diversity: 64² images are compared at 32²."""
    torch.manual_seed(1)
    sign = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(32, 32)
    images = torch.rand(6, 1, 1, 1) + torch.rand(6, 1, 1, 1) * sign
    plain = images.mean((2, 3), keepdim=True).expand_as(images)
    assert torch.allclose(measure.distances(images), measure.distances(plain), atol=1e-5)


@pytest.mark.parametrize(
    ("sides", "small"),
    [
        ((2048,), (1024,)),
        ((1000,), (1000,)),
        ((64, 32), (32, 16)),
        ((20, 20, 20), (10, 10, 10)),
        ((10, 4, 1), (10, 4, 1)),
    ],
)
def test_diversity_of_signals_and_volumes(sides: tuple[int, ...], small: tuple[int, ...]) -> None:
    """Of any number of sides; as many numbers are compared as 32² has."""
    torch.manual_seed(1)
    coarse = torch.rand(6, 2, *small)
    fine = coarse
    for axis, (side, other) in enumerate(zip(sides, small, strict=True), 2):
        fine = fine.repeat_interleave(side // other, axis)
    expected = torch.cdist(coarse.flatten(1).double(), coarse.flatten(1).double())
    assert torch.allclose(measure.distances(fine).double(), expected, atol=1e-5)


def test_logits():
    real, fake = torch.tensor([[1.0], [-3.0]]), torch.tensor([[2.0], [4.0]])
    assert measure.logits(real, fake, absolute=False) == {"gap": 4.0}
    assert measure.logits(real, fake, absolute=True) == {
        "gap": 4.0,
        "size on real images": 2.0,
        "size on samples": 3.0,
    }


def test_real_images_are_chosen_by_class():
    labels = np.repeat(np.arange(20), [30] * 19 + [2])
    found = labels[chosen(labels, len(labels), 64)]
    assert dict(zip(*np.unique(found, return_counts=True), strict=True)) == {
        c: 2 if c == 19 else 8 for c in (0, 3, 5, 8, 11, 14, 16, 19)
    }
    assert len(set(chosen(labels, len(labels), 64))) == len(found)
    assert sorted(chosen(None, 10, 64)) == list(range(10))
    assert len(set(chosen(None, 1000, 64))) == 64
