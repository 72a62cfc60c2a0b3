"""Whole steps of three systems, networks and plans of their specs, against loops written out, in float64.

The loops take from the library the networks alone, which other tests hold against formulas and recordings,
and the random numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, autograd

import gandsl
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.layers import TrackAverage
from gandsl_runtime.network import Network
from gandsl_runtime.rng import CallDraws, Draws, Part, drawing
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.plays import state_of
from tests.runtime.reference import CLOSE, SEED, Reference
from tests.specs.reduced import SPECS, reduced

BATCH, CLASSES = 8, 3


def trainer_of(spec: str, **changes: Any) -> Trainer:
    """Of a spec with small networks, none of whose parameters is 0, on random images of three classes."""
    overrides = reduced(spec, batch=BATCH, images=16, classes=CLASSES)
    overrides |= {f"training.{key.replace('__', '.')}": value for key, value in changes.items()}
    torch.manual_seed(5)
    program = gandsl.compile(SPECS / f"{spec}.yaml", overrides)
    assert program.plan is not None
    for network in (program.generator.double(), program.discriminator.double()):
        for parameter in network.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    _, height, width = program.generator.outputs[-1].shape
    pixels = np.random.default_rng(0).integers(0, 256, (20, height, width, 3), dtype=np.uint8)
    images = Arrays(pixels, np.arange(20) % CLASSES)
    return nets.trainer_of(program.plan, program.game, data=images, seed=SEED, observing=())


def step_of(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


@contextmanager
def held(network: Network) -> Iterator[None]:
    """The running mean of w stays."""
    averages = [module.average for module in network.modules() if isinstance(module, TrackAverage)]
    kept = [average.clone() for average in averages]
    yield
    for average, before in zip(averages, kept, strict=True):
        average.copy_(before)


# ---- four phases, lazy intervals, mixing, noise, minibatch deviation, mean path length, average ----------


def test_style_based_step() -> None:
    """The spec's plan, with intervals, decay and average short enough for five steps to show them."""
    trainer = trainer_of(
        "stylegan2",
        regularizers__r1={"gamma": 2.0, "every": "4 steps"},
        regularizers__path_length={"weight": 2.0, "every": "2 steps", "decay": 0.1, "batch": BATCH // 2},
        ema={"half_life": "60 img", "ramp_up": 0.5},
    )
    r_g, r_d = 2 / 3, 4 / 5
    ref = Reference(
        trainer,
        {"lr": 0.002 * r_g, "betas": (0.0, 0.99**r_g), "eps": 1e-8},
        {"lr": 0.002 * r_d, "betas": (0.0, 0.99**r_d), "eps": 1e-8},
    )
    G, D, mean_length = ref.G, ref.D, torch.zeros((), dtype=torch.float64)
    mapping, synthesis, (z_port,) = G.program("mapping"), G.program("synthesis"), G.inputs

    def styles(draws: Draws) -> Tensor:
        ws = mapping(draws.latent("z", z_port))
        with held(G):
            other = mapping(draws.latent("z2", z_port))
        first = int(draws.integers("ws.split", 1, ws.shape[1] - 1, per="micro_batch"))
        mixed = draws.uniform("ws.coin", per="micro_batch") < 0.9
        return torch.cat((ws[:, :first], other[:, first:]), 1) if mixed else ws

    for step in range(5):
        trainer.step()

        x, _ = ref.real(BATCH)
        draws = ref.draws(step, "discriminator", BATCH)
        with drawing(CallDraws(draws, "fake")):
            with torch.no_grad():
                fake = synthesis(styles(draws))
            step_of(ref.opt_d, F.softplus(D(fake)).mean() + F.softplus(-D(x)).mean())

        if step % 4 == 0:
            leaf = x.clone().requires_grad_()
            logits = D(leaf)
            (g,) = autograd.grad(logits.sum(), leaf, create_graph=True)
            step_of(ref.opt_d, 4 * (2.0 / 2 * g.square().sum((1, 2, 3)).mean() + 0 * logits.sum()))

        draws = ref.draws(step, "generator", BATCH)
        with drawing(CallDraws(draws, "fake")):
            step_of(ref.opt_g, F.softplus(-D(synthesis(styles(draws)))).mean())

        if step % 2 == 0:
            draws = ref.draws(step, "generator/2", BATCH // 2, batch=BATCH // 2)
            with drawing(CallDraws(draws, "fake")):
                ws = styles(draws)
                image = synthesis(ws)
            y = draws.normal("generator.path_length.y", *image.shape[1:])
            y = y / math.sqrt(image.shape[2] * image.shape[3])
            (g,) = autograd.grad((image * y).sum(), ws, create_graph=True)
            lengths = g.square().sum(2).mean(1).sqrt()
            a = 0.9 * mean_length + 0.1 * lengths.mean()
            mean_length = a.detach()
            step_of(ref.opt_g, 2 * (2.0 * (lengths - a).square().mean() + 0 * image.sum()))

        half_life = min(60, 0.5 * step * BATCH)
        ref.average(0.5 ** (BATCH / half_life) if step else 0.0)
    ref.assert_equals_trainer()
    torch.testing.assert_close(state_of(trainer, "path_length_mean"), mean_length, **CLOSE)


# ---- growth into a fade and out of it, gradient penalty, drift ----------


def test_growing_step() -> None:
    """4², then 8² fading in over faded real images, then 8² alone; optimizers forget at each change."""
    trainer = trainer_of("pggan", ema={"decay": 0.9})
    adam = {"lr": 0.001, "betas": (0.0, 0.99), "eps": 1e-8}
    ref = Reference(trainer, adam, adam)
    z_port, full = ref.G.inputs[0], ref.G.levels[-1][0]
    seen = []
    for step in range(6):
        trainer.step()

        images = step * BATCH
        level, alpha = divmod(images, 32)
        alpha = (alpha - 16) / 16 if alpha > 16 else None
        level += alpha is not None
        if seen and seen[-1] != (level, alpha):
            ref.opt_g.state.clear()
            ref.opt_d.state.clear()
        seen.append((level, alpha))
        extra = [] if alpha is None else [torch.tensor(alpha, dtype=torch.float64)]
        g = ref.G.program("forward", level, bool(extra))
        d = ref.D.program("forward", level, bool(extra))

        x, _ = ref.real(BATCH)
        size = 4 * 2**level
        x = x.reshape(BATCH, 3, size, full // size, size, full // size).mean((3, 5))
        if alpha is not None:
            low = x.reshape(BATCH, 3, size // 2, 2, size // 2, 2).mean((3, 5))
            x = alpha * x + (1 - alpha) * low.repeat_interleave(2, 2).repeat_interleave(2, 3)

        draws = ref.draws(step, "discriminator", BATCH)
        with torch.no_grad():
            fake = g(draws.latent("z", z_port), *extra)
        on_real, on_fake = d(x, *extra), d(fake, *extra)
        t = draws.uniform("mix")[:, None, None, None]
        between = (t * fake + (1 - t) * x).requires_grad_()
        (slope,) = autograd.grad(d(between, *extra).sum(), between, create_graph=True)
        penalty = (slope.square().sum((1, 2, 3)).sqrt() - 1).square().mean()
        drift = on_real.square().mean()
        step_of(ref.opt_d, on_fake.mean() - on_real.mean() + 10 * penalty + 0.001 * drift)

        step_of(
            ref.opt_g, -d(g(ref.draws(step, "generator", BATCH).latent("z", z_port), *extra), *extra).mean()
        )
        ref.average(0.9)
    assert seen == [(0, None)] * 3 + [(1, 0.5)] + [(1, None)] * 2
    ref.assert_equals_trainer()


# ---- hinge, two D steps, accumulation, one pass of D, orthogonal, averaged buffers ----------


def test_projection_step() -> None:
    trainer = trainer_of(
        "biggan",
        micro_batch=BATCH // 2,
        discriminator_steps=2,
        regularizers__orthogonal={"weight": 0.01, "skip": ["shared"]},
        ema={"decay": 0.9, "start": "1 steps", "buffers": "average"},
    )
    adam = {"betas": (0.0, 0.999), "eps": 1e-6}
    ref = Reference(trainer, {"lr": 1e-4} | adam, {"lr": 4e-4} | adam)
    G, D, z_port = ref.G, ref.D, ref.G.inputs[0]
    shares = torch.tensor([7, 7, 6], dtype=torch.float64).cumsum(0) / 20

    def parts(step: int, phase: str, repeat: int) -> Iterator[tuple[int, Draws]]:
        buffers = [*G.buffers(), *D.buffers()]
        before = [buffer.clone() for buffer in buffers]
        halves = []
        for start in range(2):  # every other image of the batch
            for buffer, value in zip(buffers, before, strict=True):
                buffer.copy_(value)
            part = Part(start, 2, BATCH)
            yield start, ref.draws(step, phase, part, repeat)
            halves.append([buffer.clone() for buffer in buffers])
        for buffer, *values in zip(buffers, *halves, strict=True):  # the batch moves them once
            buffer.copy_(sum(values) / 2)

    def generated(draws: Draws) -> tuple[Tensor, Tensor]:
        u = draws.uniform("c")
        y = (u[:, None] >= shares).sum(1).clamp(max=CLASSES - 1)
        return G(draws.latent("z", z_port), y), y

    for step in range(3):
        trainer.step()
        for repeat in range(2):
            x, y = ref.real(BATCH)
            assert y is not None
            ref.opt_d.zero_grad()
            for start, draws in parts(step, "discriminator", repeat):
                with torch.no_grad():
                    fake, y_fake = generated(draws)
                logits = D(torch.cat((fake, x[start::2])), torch.cat((y_fake, y[start::2])))
                on_fake, on_real = logits[:4], logits[4:]
                (0.5 * (F.relu(1 - on_real).mean() + F.relu(1 + on_fake).mean())).backward()
            ref.opt_d.step()

        ref.opt_g.zero_grad()
        for _, draws in parts(step, "generator", 0):
            (0.5 * -D(*generated(draws)).mean()).backward()
        for name, weight in G.named_parameters():
            if weight.dim() > 1 and name != "shared.weight":
                rows = weight.detach().reshape(len(weight), -1)
                off = (rows @ rows.T) * (1 - torch.eye(len(rows), dtype=torch.float64))
                weight.grad += 0.01 * 2 * (off @ rows).view_as(weight)
        ref.opt_g.step()
        with torch.no_grad():
            decay = 0.9 if step >= 1 else 0.0
            pairs = zip(ref.G_ema.state_dict().values(), G.state_dict().values(), strict=True)
            for a, b in pairs:
                a.copy_(decay * a + (1 - decay) * b if a.is_floating_point() else b)
    # biases that batch norm takes away have gradients of rounding alone, which Adam makes larger
    ref.assert_equals_trainer(rtol=1e-9, atol=1e-9)
