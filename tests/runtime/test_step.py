"""Whole steps of the trainer against straightforward loops written out here, in float64."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import autograd

from gandsl_runtime.rng import Draws, Key, Part
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    StyleGenerator,
    seeded,
)
from tests.runtime.plays import CPU, asked, pass_of, phase_of, state_of
from tests.runtime.reference import CLOSE, Reference, labels, trainer_of

# ---- style space, lazy R1 and path length, mixing, ramped EMA ----------


def mixed_styles(G: StyleGenerator, draws: Draws, probability: float) -> torch.Tensor:
    ws = G.mapping(draws.normal("z", 6))
    held = G.average.average.clone()
    other = G.mapping(draws.normal("z2", 6))
    G.average.average.copy_(held)  # the second latent leaves the running mean of w alone
    split = draws.integers("ws.split", 1, 3, per="micro_batch").item()
    if draws.uniform("ws.coin", per="micro_batch").item() < probability:
        ws = torch.cat((ws[:, :split], other[:, split:]), 1)
    return ws


def test_style_step_with_all_phases():
    the_plan = plan(
        batch=4,
        optimizer={"lr": 0.01, "betas": [0.0, 0.99]},
        regularizers={
            "r1": {"gamma": 3.0, "every": "4 steps"},
            "path_length": {"weight": 2.0, "every": "3 steps", "decay": 0.2, "batch": 2},
        },
        style_mixing={"probability": 0.6},
        ema={"half_life": "30 img", "ramp_up": 0.5},
    )
    networks = seeded(StyleGenerator), seeded(ConvDiscriminator)
    trainer = trainer_of(networks, the_plan, arrays())
    r_g, r_d = 3 / 4, 4 / 5
    ref = Reference(
        trainer, {"lr": 0.01 * r_g, "betas": (0.0, 0.99**r_g)}, {"lr": 0.01 * r_d, "betas": (0.0, 0.99**r_d)}
    )
    G, D, pl_mean = ref.G, ref.D, torch.zeros((), dtype=torch.float64)
    for step in range(9):
        trainer.step()

        x, _ = ref.real(4)
        ref.opt_d.zero_grad()
        with torch.no_grad():
            fake = G.synthesis(mixed_styles(G, ref.draws(step, "discriminator", 4), 0.6))
        (F.softplus(D(fake)).mean() + F.softplus(-D(x)).mean()).backward()
        ref.opt_d.step()

        if step % 4 == 0:
            ref.opt_d.zero_grad()
            leaf = x.clone().requires_grad_()
            logits = D(leaf)
            (g,) = autograd.grad(logits.sum(), leaf, create_graph=True)
            (4 * (3.0 / 2 * g.square().sum((1, 2, 3)).mean() + 0 * logits.sum())).backward()
            ref.opt_d.step()

        ref.opt_g.zero_grad()
        F.softplus(-D(G.synthesis(mixed_styles(G, ref.draws(step, "generator", 4), 0.6)))).mean().backward()
        ref.opt_g.step()

        if step % 3 == 0:
            ref.opt_g.zero_grad()
            draws = ref.draws(step, "generator/3", 2, batch=2)
            ws = mixed_styles(G, draws, 0.6)
            image = G.synthesis(ws)
            y = draws.normal("generator.path_length.y", 1, 8, 8) / math.sqrt(8 * 8)
            (g,) = autograd.grad((image * y).sum(), ws, create_graph=True)
            lengths = g.square().sum(2).mean(1).sqrt()
            a = pl_mean + 0.2 * (lengths.mean() - pl_mean)
            pl_mean = a.detach()
            (3 * (2.0 * (lengths - a).square().mean() + 0 * image.sum())).backward()
            ref.opt_g.step()

        half_life = min(30, step * 4 * 0.5)
        ref.average(0.5 ** (4 / half_life) if half_life else 0.0)
    ref.assert_equals_trainer()
    torch.testing.assert_close(state_of(trainer, "path_length_mean"), pl_mean, **CLOSE)
    assert trainer.state.clock.images == 36


# ---- growth, gradient penalty, drift ----------


def test_growing_steps():
    """Every level, both fades: batch and rate of a level, faded real images, optimizers reset, decay."""
    the_plan = plan(
        loss="wasserstein",
        batch=4,
        optimizer={"lr": 0.01, "betas": [0.0, 0.99]},
        regularizers={"gradient_penalty": {"weight": 10, "target": 0.7}, "drift": {"weight": 0.5}},
        ema={"decay": 0.8, "start": "3 steps"},
        growth={"stable": "24 img", "fade": "20 img", "batch": {4: 6}, "lr": {16: 0.004}},
    )
    trainer = trainer_of(
        (seeded(GrowingGenerator), seeded(GrowingDiscriminator)), the_plan, arrays(size=(16, 16))
    )
    ref = Reference(trainer, {"lr": 0, "betas": (0.0, 0.99)}, {"lr": 0, "betas": (0.0, 0.99)})
    G, D = ref.G, ref.D
    images, before, seen = 0, None, []
    for step in range(26):
        trainer.step()

        rounds, into = divmod(images, 44)
        level, alpha = min(rounds, 2), None
        if rounds < 2 and into > 24:
            level, alpha = rounds + 1, (into - 24) / 20
        n, size = (6 if level == 0 else 4), 4 * 2**level
        seen.append((level, alpha))
        if before is not None and before != (level, alpha is not None):
            ref.opt_g.state.clear()
            ref.opt_d.state.clear()
        before = level, alpha is not None
        for optimizer in (ref.opt_g, ref.opt_d):
            optimizer.param_groups[0]["lr"] = 0.004 if level == 2 else 0.01

        extra = () if alpha is None else (torch.tensor(alpha, dtype=torch.float64),)

        def g(draws, level=level, extra=extra):
            return G.program("forward", level, bool(extra))(draws.normal("z", 6), *extra)

        def d(x, level=level, extra=extra):
            return D.program("forward", level, bool(extra))(x, *extra)

        x, _ = ref.real(n)
        x = x.reshape(n, 1, size, 16 // size, size, 16 // size).mean((3, 5))
        if alpha is not None:
            low = x.reshape(n, 1, size // 2, 2, size // 2, 2).mean((3, 5))
            x = alpha * x + (1 - alpha) * low.repeat_interleave(2, 2).repeat_interleave(2, 3)

        ref.opt_d.zero_grad()
        draws = ref.draws(step, "discriminator", n)
        with torch.no_grad():
            fake = g(draws)
        t = draws.uniform("mix")[:, None, None, None]
        between = (x * (1 - t) + fake * t).requires_grad_()
        (grad,) = autograd.grad(d(between).sum(), between, create_graph=True)
        penalty = (grad.flatten(1).norm(dim=1) - 0.7).square().mean()
        real = d(x)
        (d(fake).mean() - real.mean() + 10 * penalty + 0.5 * real.square().mean()).backward()
        ref.opt_d.step()

        ref.opt_g.zero_grad()
        (-d(g(ref.draws(step, "generator", n))).mean()).backward()
        ref.opt_g.step()

        ref.average(0.8 if step >= 3 else 0.0)
        images += n
    assert {level for level, _ in seen} == {0, 1, 2}
    assert sum(alpha is not None for _, alpha in seen) >= 6
    ref.assert_equals_trainer()


# ---- conditional hinge, several D steps, accumulation, joint passes, averaged buffers ----------


@pytest.mark.parametrize("passes", ["separate", "joint"])
def test_conditional_step_with_accumulation(passes):
    the_plan = plan(
        loss="hinge",
        batch=5,
        micro_batch=2,
        discriminator_steps=2,
        discriminator_passes=passes,
        optimizer={"lr": 0.01, "betas": [0.0, 0.9], "eps": 1e-6},
        generator_optimizer={"lr": 0.004},
        regularizers={"orthogonal": {"weight": 0.3, "skip": ["embed"]}},
        ema={"decay": 0.7, "buffers": "average"},
    )
    trainer = trainer_of(
        (seeded(ConvGenerator, 3), seeded(ConvDiscriminator, 3)), the_plan, arrays(classes=3)
    )
    ref = Reference(
        trainer,
        {"lr": 0.004, "betas": (0.0, 0.9), "eps": 1e-6},
        {"lr": 0.01, "betas": (0.0, 0.9), "eps": 1e-6},
    )
    parts = [slice(turn, None, 3) for turn in range(3)]  # of 2, 2 and 1
    shares = [7 / 21] * 3

    def generate(draws, part):
        y = labels(draws, shares)[part]
        return ref.G(draws.normal("z", 6)[part], y), y

    for step in range(4):
        trainer.step()
        for repeat in range(2):
            x, y = ref.real(5)
            ref.opt_d.zero_grad()
            for part in parts:
                with torch.no_grad():
                    fake, y_fake = generate(ref.draws(step, "discriminator", 5, repeat), part)
                on_real, on_fake = ref.D(x[part], y[part]), ref.D(fake, y_fake)
                loss = F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean()
                (loss * len(fake) / 5).backward()
            ref.opt_d.step()
        ref.opt_g.zero_grad()
        for part in parts:
            fake, y_fake = generate(ref.draws(step, "generator", 5), part)
            (-ref.D(fake, y_fake).mean() * len(fake) / 5).backward()
        for weight in (ref.G.fc.weight, ref.G.conv.weight):  # not the embedding, no bias, no norm
            rows = weight.data.flatten(1)
            off = (rows @ rows.T) * (1 - torch.eye(len(rows)))
            weight.grad += 0.3 * 2 * (off @ rows).view_as(weight)
        ref.opt_g.step()
        with torch.no_grad():
            pairs = zip(ref.G_ema.state_dict().values(), ref.G.state_dict().values(), strict=True)
            for a, b in pairs:
                a.copy_(b.lerp(a, 0.7) if a.is_floating_point() else b)
    ref.assert_equals_trainer()


# ---- several heads, several scales, R1 and R2 each step, relativistic ----------


def test_multi_scale_per_pixel_relativistic_step():
    the_plan = plan(
        loss="relativistic_logistic",
        regularizers={"r1": {"gamma": 0.6}, "r2": {"gamma": 0.2}},
        optimizer={"lr": 0.01, "betas": [0.0, 0.9]},
        ema={"decay": 0.7},
    )
    networks = seeded(ConvGenerator, scales=2), seeded(ConvDiscriminator, scales=2, heads=("one", "pixels"))
    trainer = trainer_of(networks, the_plan, arrays())
    ref = Reference(trainer, {"lr": 0.01, "betas": (0.0, 0.9)}, {"lr": 0.01, "betas": (0.0, 0.9)})

    def scales(n):
        x, _ = ref.real(n)
        return F.avg_pool2d(x, 2), x

    def squared_norm(images, one, pixels):
        score = (one[:, 0] + pixels.mean((1, 2, 3))) / 2
        gradients = autograd.grad(score.sum(), images, create_graph=True)
        return sum(g.square().sum((1, 2, 3)) for g in gradients).mean()

    for step in range(3):
        trainer.step()
        x = [image.requires_grad_() for image in scales(4)]
        ref.opt_d.zero_grad()
        with torch.no_grad():
            fake = ref.G(ref.draws(step, "discriminator", 4).normal("z", 6))
        fake = [image.requires_grad_() for image in fake]
        on_real, on_fake = ref.D(*x), ref.D(*fake)
        loss = sum(F.softplus(f - r).mean() for r, f in zip(on_real, on_fake, strict=True)) / 2
        (loss + 0.3 * squared_norm(x, *on_real) + 0.1 * squared_norm(fake, *on_fake)).backward()
        ref.opt_d.step()

        ref.opt_g.zero_grad()
        x = scales(4)  # fresh real images for the generator
        on_real, on_fake = ref.D(*x), ref.D(*ref.G(ref.draws(step, "generator", 4).normal("z", 6)))
        (sum(F.softplus(r - f).mean() for r, f in zip(on_real, on_fake, strict=True)) / 2).backward()
        ref.opt_g.step()
        ref.average(0.7)
    ref.assert_equals_trainer()


def test_only_the_moving_network_gets_gradients():
    """D is frozen while G moves, and free again after; what was frozen at the start never moves."""
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    networks[1].conv0.requires_grad_(False)
    kept = networks[1].conv0.weight.clone()
    for _ in range(2):  # another trainer takes the same networks over
        trainer = trainer_of(networks, plan(), arrays())
        frozen, plain = [], type(networks[1]).program

        def spy(*at, plain=plain, frozen=frozen):
            if networks[1].training:
                frozen.append(not any(p.requires_grad for p in networks[1].parameters()))
            return plain(networks[1], *at)

        networks[1].program = spy
        trainer.step()
        assert frozen == [False, False, True]
        assert networks[1].fc.weight.requires_grad and not networks[1].conv0.weight.requires_grad
    assert torch.equal(networks[1].conv0.weight, kept.double())


@pytest.mark.parametrize(("passes", "sizes"), [("separate", [4, 4]), ("joint", [8])])
def test_passes_of_the_discriminator(passes, sizes):
    trainer = trainer_of(
        (seeded(ConvGenerator), seeded(ConvDiscriminator)), plan(discriminator_passes=passes), arrays()
    )
    seen = asked(trainer.state.game.networks["discriminator"])
    trainer.step()
    assert [len(images) for (images,) in seen] == [*sizes, 4]  # D's own, then G's


def test_penalties_of_every_step_join_the_main_one():
    """Path length with interval 1 adds to G's gradients: one optimizer step, no lazy correction."""
    the_plan = plan(regularizers={"path_length": {"batch": 2}}, optimizer={"lr": 0.01})
    trainer = trainer_of((seeded(StyleGenerator), seeded(ConvDiscriminator)), the_plan, arrays())
    assert [phase.label for phase in trainer.state.phases()] == ["D", "G"]
    trainer.step()
    optimizer = trainer.state.optimizers["generator"]
    assert {int(moments["step"]) for moments in optimizer.state.values()} == {1}
    assert optimizer.param_groups[0]["lr"] == 0.01
    assert float(state_of(trainer, "path_length_mean")) > 0


def test_weight_zero_keeps_the_correction_alone():
    the_plan = plan(regularizers={"path_length": {"weight": 0, "every": "4 steps"}}, optimizer={"lr": 0.01})
    trainer = trainer_of((seeded(StyleGenerator), seeded(ConvDiscriminator)), the_plan, arrays())
    trainer.step()
    assert [phase.label for phase in trainer.state.phases()] == ["D", "G"]
    assert trainer.state.optimizers["generator"].param_groups[0]["lr"] == pytest.approx(0.01 * 4 / 5)


@pytest.mark.parametrize("per", ["batch", "micro_batch", "sample"])
def test_style_mixing_splits(per):
    """Each image takes whole styles of one latent up to its split, of another from there on."""
    the_plan = plan(style_mixing={"probability": 0.7, "per": per}, batch=64)
    networks = seeded(StyleGenerator), seeded(ConvDiscriminator)
    game, kept = nets.game(the_plan, networks), networks[0].average.average
    phase = phase_of(game, "discriminator")
    splits, given = set(), asked(networks[0])
    for key in range(20):
        before = kept.clone()
        draws = Draws(CPU, torch.float32, Part.whole(64), Key(0, key, "discriminator"))
        with torch.no_grad():
            pass_of(game, phase, phase.passes[0], {"image": torch.zeros(64, 1, 8, 8)}, draws, torch.float32)
        (z,), _, (ws,) = given[-3:]  # the mapping of two latents, then the synthesis
        first = torch.tanh(networks[0].fc(z))[:, None]
        moved = (kept - before).abs().max()
        assert moved > 0
        expected = before.lerp(first[:, 0].mean(0), 0.1)
        torch.testing.assert_close(kept, expected)  # moved once, by the first latent alone
        own = (ws == first).all(2)
        split = own.sum(1)
        assert (own == (torch.arange(4)[None] < split[:, None])).all()
        splits |= set(split.tolist())
        assert (len(set(split.tolist())) == 1) == (per != "sample")
    assert splits == {1, 2, 3, 4}
