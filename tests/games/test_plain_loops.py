"""Games of whole papers against loops written by hand, two steps each, in float64: without a style space."""

from __future__ import annotations

from pathlib import Path

import torch
import torch.nn.functional as F
from typer.testing import CliRunner

from gandsl.cli.app import app
from tests.games.loop import GAMES, Loop, box, cosine, descend, resting, slope, squares
from tests.specs.reduced import SPECS, reduced

STEPS = 2


def test_least_squares_by_its_expansion(tmp_path: Path) -> None:
    """What `show --game` prints of a spec stands in it in place of the short form (arXiv:1611.04076, 9)."""
    shown = CliRunner().invoke(app, ["show", "--game", str(SPECS / "lsgan.yaml")])
    assert shown.exit_code == 0
    head = f"gandsl: 1\nname: written\nextends: {SPECS / 'lsgan.yaml'}\nset: {{training.loss: null}}\n"
    (tmp_path / "written.yaml").write_text(head + shown.stdout)
    loop = Loop(tmp_path / "written.yaml", reduced("lsgan", batch=8), (3, 32, 32))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 2e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    for _ in loop.steps(STEPS):
        x, _ = loop.real(8)
        with torch.no_grad():
            fake = g(loop.draws("discriminator", 8).normal("z", 16))
        descend(of_d, (d(x) - 1).square().mean() / 2 + d(fake).square().mean() / 2)
        descend(of_g, (d(g(loop.draws("generator", 8).normal("z", 16))) - 1).square().mean() / 2)
    loop.compare()


def test_relativistic_game() -> None:
    """f(t) = softplus(−t) of differences of pairs; R1 and R2 in every step (arXiv:2501.05441, section 2)."""
    loop = Loop(GAMES / "r3gan.yaml", {}, (3, 8, 8))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 2e-4, (0.0, 0.9)) for name in ("generator", "discriminator"))
    for number in loop.steps(STEPS):
        share = 8 * number / 20e6
        for group in (*of_g.param_groups, *of_d.param_groups):
            group.update(lr=cosine(2e-4, 5e-5, share), betas=(0.0, cosine(0.9, 0.99, share)))
        gamma = cosine(150, 15, share)
        x, _ = loop.real(8)
        x.requires_grad_()
        fake = g(loop.draws("discriminator", 8).normal("z", 4)).detach().requires_grad_()
        on_real, on_fake = d(x), d(fake)
        r1, r2 = squares(slope(on_real, x)[0]).mean(), squares(slope(on_fake, fake)[0]).mean()
        descend(of_d, F.softplus(on_fake - on_real).mean() + gamma / 2 * (r1 + r2))

        x, _ = loop.real(8)
        descend(of_g, F.softplus(d(x) - d(g(loop.draws("generator", 8).normal("z", 4)))).mean())
        half_life = cosine(0, 500e3, share)
        loop.average("generator", 0.5 ** (8 / half_life) if half_life else 0.0)
    loop.compare()


def test_equilibrium_game() -> None:
    """L_D = L(x) − k L(G(z)), L_G = L(G(z)), k ← k + λ(γ L(x) − L(G(z))) (arXiv:1703.10717, section 3.4)."""
    loop = Loop(GAMES / "began.yaml", {"rate": 0.5, "game.body.k.start": 0.25}, (3, 16, 16))
    g, d = loop["generator"], loop["discriminator"]
    of_g, of_d = (loop.adam(name, 1e-4, (0.5, 0.999)) for name in ("generator", "discriminator"))
    k = 0.25
    for number in loop.steps(STEPS):
        for group in (*of_g.param_groups, *of_d.param_groups):
            group["lr"] = 1e-4 * 0.1 ** (8 * number / 3.2e6)
        x, _ = loop.real(8)
        with torch.no_grad():
            fake = g(loop.draws("discriminator", 8).uniform("z", 8) * 2 - 1)
        real, made = (x - d(x)).abs().mean(), (fake - d(fake)).abs().mean()
        descend(of_d, real - k * made)
        fake = g(loop.draws("generator", 8).uniform("z", 8) * 2 - 1)
        descend(of_g, (fake - d(fake)).abs().mean())
        k = min(max(k + 0.5 * (0.5 * real.item() - made.item()), 0.0), 1.0)
    assert 0 < k < 1
    loop.compare(k=k)


def test_mixed_images_game() -> None:
    """Hinge of image and pixels, then of cut images, and D's consistency there (arXiv:2002.12655, 3)."""
    often = {"shape": "linear", "start": 0.9, "end": 0.5, "over": "200 kimg"}
    loop = Loop(GAMES / "unet_gan.yaml", {"game.body.often.value": often}, (3, 16, 16), classes=3)
    g, d = loop["generator"], loop["judge"]
    of_g, of_d = (loop.adam(name, 5e-4, (0.0, 0.999)) for name in ("generator", "judge"))
    coins = []
    for number in loop.steps(STEPS):
        x, y = loop.real(8)
        draws = loop.draws("discriminator", 8)
        z, c = draws.normal("z", 8), loop.labels(draws)
        with torch.no_grad():
            fake, twin = g(z, c), g(z, y)
        # in the order in which the game calls D: each call moves the vectors of its spectral norms
        on_real, pixels_real = d(x, y)
        on_fake, pixels_fake = d(fake, c)
        with resting(d, "u.kind", "u.judged"):  # of the twin the game wants what pixels rest on, and no more
            _, pixels_twin = d(twin, y)
        corner, share = draws.uniform("corner", 2), draws.uniform("share")
        mask = torch.stack(
            [box(16, *one, area) for one, area in zip(corner.tolist(), share.tolist(), strict=True)]
        )
        on_cut, pixels_cut = d(mask * x + (1 - mask) * twin, y)
        wanted = mask * pixels_real + (1 - mask) * pixels_twin
        coin = float(draws.uniform("coin", per="batch"))
        coins.append(coin < 0.9 - 0.4 * 8 * number / 200e3)
        hinge = sum(
            F.relu(1 - a).mean() + F.relu(1 + b).mean()
            for a, b in ((on_real, on_fake), (pixels_real, pixels_fake))
        )
        cut = (
            F.relu(1 + on_cut).mean()
            + (mask * F.relu(1 - pixels_cut) + (1 - mask) * F.relu(1 + pixels_cut)).mean()
        )
        consistent = (pixels_cut - wanted).square().mean()
        descend(of_d, hinge + float(coins[-1]) * (cut + consistent))

        draws = loop.draws("generator", 8)
        c = loop.labels(draws)
        whole, pixels = d(g(draws.normal("z", 8), c), c)
        descend(of_g, -whole.mean() - pixels.mean())
    assert any(coins), "images were mixed"
    loop.compare()
