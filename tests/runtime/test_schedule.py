"""Schedules: level, fade, batch, rate, average, as functions of images shown."""

from __future__ import annotations

import math
from itertools import accumulate

import pytest

from gandsl_runtime.game.optimizers import Owner, lazy_ratio, numbers
from gandsl_runtime.plan import Ema, Plan, Quantity, schedule
from gandsl_runtime.plan.schedule import Clock, Stage, Step
from tests.runtime import nets
from tests.runtime.helpers import plan
from tests.runtime.networks import ConvDiscriminator, StyleGenerator, seeded

SIZES = [(4, 4), (8, 8), (16, 16)]
GROWING = plan(
    batch=16,
    growth={"stable": "600 kimg", "fade": "400 kimg", "batch": {4: 64, 16: 8}, "lr": {16: 0.1}},
)


@pytest.mark.parametrize(
    ("images", "stage", "batch", "rate"),
    [
        (0, Stage(0), 64, 0.002),
        (600_000, Stage(0), 64, 0.002),  # a fade starts after its first image
        (600_001, Stage(1, True, 1 / 400_000), 16, 0.002),
        (900_000, Stage(1, True, 0.75), 16, 0.002),  # batch and rate are the new level's
        (1_000_000, Stage(1), 16, 0.002),
        (1_800_000, Stage(2, True, 0.5), 8, 0.1),
        (2_000_000, Stage(2), 8, 0.1),
        (10**9, Stage(2), 8, 0.1),
    ],
)
def test_growth(images, stage, batch, rate):
    step = schedule.step(GROWING, SIZES, Clock(images, 0))
    assert (step.stage, step.batch) == (stage, batch)
    assert numbers(GROWING.optimizer_of("generator"), GROWING.growth, SIZES, step, 1.0)["lr"] == rate


def test_growth_from_a_later_level_and_by_jumps():
    growing = plan(growth={"start": 8, "stable": "10 img", "fade": "0 img"})
    stages = [schedule.stage(growing.growth, SIZES, Clock(images)) for images in (0, 9, 10, 11, 50)]
    assert stages == [Stage(1), Stage(1), Stage(2), Stage(2), Stage(2)]


def test_without_growth():
    assert schedule.step(plan(), (), Clock(5, 1)) == Step(Clock(5, 1), Stage(), 4)


def test_lazy_correction():
    """r = main steps over all steps; the rate times r, each beta to the power r."""
    two = plan(
        optimizer={"lr": 0.004, "betas": [0.5, 0.99]},
        regularizers={
            "r1": {"gamma": 1, "every": "16 steps"},
            "r2": {"gamma": 1, "every": "16 steps"},
            "gradient_penalty": {"every": "4 steps"},
            "path_length": {"every": "4 steps"},
        },
    )
    assert ratio(two, "generator") == 4 / 5
    assert ratio(two, "discriminator") == pytest.approx(1 / (1 + 1 / 16 + 1 / 4))
    settings = numbers(two.optimizer_of("generator"), None, (), Step(Clock(), Stage(), 4), 4 / 5)
    assert settings["lr"] == pytest.approx(0.0032)
    assert settings["betas"] == pytest.approx((0.5**0.8, 0.99**0.8))
    twice = two.model_copy(update={"discriminator_steps": 2})
    assert ratio(twice, "discriminator") == pytest.approx(2 / (2 + 1 / 16 + 1 / 4))
    assert ratio(plan(regularizers={"r1": {"gamma": 1}}), "discriminator") == 1


def ratio(the_plan: Plan, network: str) -> float:
    game = nets.game(the_plan, (seeded(StyleGenerator), seeded(ConvDiscriminator)))
    return lazy_ratio(game.plan, Owner(network), Step(Clock(), Stage(), 4))


CURVE = {"start": 8.0, "end": 2.0, "over": "100 img", "after": "50 img"}


@pytest.mark.parametrize(
    ("shape", "middle"),
    [("linear", 8 - 6 * 0.25), ("cosine", 5 + 3 * math.cos(math.pi / 4)), ("exponential", 8 * 0.25**0.25)],
)
def test_curves(shape, middle):
    number = plan(optimizer={"lr": {"shape": shape, **CURVE}}).optimizer.lr
    values = [schedule.value(number, Clock(images)) for images in (0, 50, 75, 150, 1000)]
    assert values == pytest.approx([8, 8, middle, 2, 2])


def test_stairs():
    number = plan(optimizer={"lr": {"values": [3, 2, 1], "at": ["10 steps", "20 steps"]}}).optimizer.lr
    assert [schedule.value(number, Clock(0, s)) for s in (0, 9, 10, 19, 20, 99)] == [3, 3, 2, 2, 1, 1]


def at(images: int, steps: int = 0, batch: int = 32) -> Step:
    return Step(Clock(images, steps), Stage(), batch)


def test_average():
    half_life = Ema(half_life="10 kimg")
    assert schedule.ema_decay(half_life, at(0)) == pytest.approx(0.5 ** (32 / 10_000))
    ramped = Ema(half_life="10 kimg", ramp_up=0.05)
    assert schedule.ema_decay(ramped, at(0)) == 0
    assert schedule.ema_decay(ramped, at(20_000)) == pytest.approx(0.5 ** (32 / 1000))
    assert schedule.ema_decay(ramped, at(10**6)) == pytest.approx(0.5 ** (32 / 10_000))
    fixed = Ema(decay=0.999, start="20 steps")
    assert [schedule.ema_decay(fixed, at(0, steps)) for steps in (0, 19, 20)] == [0, 0, 0.999]
    assert schedule.ema_decay(Ema(half_life="4 steps"), at(0)) == pytest.approx(0.5**0.25)


@pytest.mark.parametrize("power", [0.0, 1.0, 6.94])
@pytest.mark.parametrize("batches", [[4] * 50, [4] * 20 + [16] * 30])
def test_average_as_a_power_of_time(power, batches):
    """It is Σ w_i x_i with w_i the share of ∫ t^power dt (arXiv:2312.02696, section 3.1)."""
    ema, average, images = Ema(power=power), math.nan, 0
    values = [math.sin(step) for step in range(len(batches))]
    for value, batch in zip(values, batches, strict=True):
        decay = schedule.ema_decay(ema, at(images, batch=batch))
        average = value if decay == 0 else value + (average - value) * decay
        images += batch
    ends = list(accumulate(batches))
    weights = [
        (end / images) ** (power + 1) - ((end - batch) / images) ** (power + 1)
        for end, batch in zip(ends, batches, strict=True)
    ]
    assert average == pytest.approx(sum(w * v for w, v in zip(weights, values, strict=True)), abs=1e-12)
    if len(set(batches)) == 1:
        for step in range(1, 9):
            assert schedule.ema_decay(ema, at(4 * (step - 1), batch=4)) == pytest.approx(
                (1 - 1 / step) ** (power + 1)
            )


def test_average_with_a_half_life_that_grows():
    """As R3GAN's: half a cosine wave from a copy to the whole half-life."""
    ema = Ema(half_life={"shape": "cosine", "start": "0 img", "end": "500 kimg", "over": "20 Mimg"})
    assert schedule.ema_decay(ema, at(0)) == 0
    for images, half_life in ((5_000_000, 500_000 * (1 - math.cos(math.pi / 4)) / 2), (30_000_000, 500_000)):
        assert schedule.ema_decay(ema, at(images)) == pytest.approx(0.5 ** (32 / half_life), abs=1e-12)
    again = Ema.model_validate(ema.model_dump(mode="json"))
    assert again == ema and ema.model_dump(mode="json")["half_life"]["end"] == "500 kimg"


def test_due():
    every = Quantity(10, "img")
    pairs = [(0, 9), (0, 10), (9, 10), (10, 19), (15, 45)]
    assert [schedule.due(every, Clock(a), Clock(b)) for a, b in pairs] == [False, True, True, False, True]
    assert schedule.due(Quantity(2, "steps"), Clock(0, 1), Clock(64, 2))
