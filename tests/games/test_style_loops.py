"""Games of StyleGAN2's kind against loops written by hand, in float64: ADA, and a term of one's own."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from gandsl_runtime import plan as plans
from gandsl_runtime.augment import Augment
from tests.games.loop import GAMES, descend, lazy, slope, squares
from tests.games.style_loop import StyleLoop
from tests.specs.reduced import reduced

BATCH = 8


def test_adaptive_game() -> None:
    """p moves by the sign of D at real images, in the phases of both D's losses (arXiv:2006.06676, 3)."""
    changes: dict[str, Any] = {"game.body.p.start": 0.5, "game.body.p.every": "1 steps"}
    changes |= {
        f"game.players.{name}.every": "2 steps"
        for name in ("discriminator.terms.r1", "generator.terms.path_length")
    }
    changes["training.ema"] = {"half_life": "40 img", "ramp_up": 0.5}
    loop = StyleLoop(GAMES / "stylegan2_ada.yaml", changes, (3, 16, 16), classes=2)
    r = lazy(1, 2)
    of_g, of_d = (loop.adam(name, 0.002 * r, (0.0, 0.99**r)) for name in ("generator", "discriminator"))
    d, p = loop["discriminator"], 0.5
    augment = Augment(plans.Augment(pipe="bgc", p=1), (-1.0, 1.0))
    for number in loop.steps(2):
        x, y = loop.real(BATCH)
        assert y is not None
        signs = []

        draws = loop.draws("discriminator", BATCH)
        c = loop.labels(draws)
        with torch.no_grad():
            fake = loop.image(draws, loop.styles(draws, c))
            seen, shown = (
                augment(image, torch.tensor(p), draws, id_) for image, id_ in ((x, "seen"), (fake, "shown"))
            )
        on_real, on_fake = d(seen, y), d(shown, c)
        signs.append(on_real.sign().mean().item())
        descend(of_d, F.softplus(-on_real).mean() + F.softplus(on_fake).mean())

        if number % 2 == 0:
            draws, leaf = loop.draws("discriminator/2", BATCH), x.clone().requires_grad_()
            on_real = d(augment(leaf, torch.tensor(p), draws, "seen"), y)
            signs.append(on_real.sign().mean().item())
            descend(of_d, 2 * 2.0 / 2 * squares(slope(on_real, leaf)[0]).mean() + 0 * on_real.sum())

        draws = loop.draws("generator", BATCH)
        c = loop.labels(draws)
        fake = loop.image(draws, loop.styles(draws, c))
        descend(of_g, F.softplus(-d(augment(fake, torch.tensor(p), draws, "shown"), c)).mean())

        if number % 2 == 0:
            draws = loop.draws("generator/2", BATCH // 2, batch=BATCH // 2)
            descend(of_g, 2 * 2.0 * loop.path_length(draws, loop.labels(draws)))

        loop.average("generator", 0.5 ** (BATCH / min(40, 0.5 * number * BATCH)) if number else 0.0)
        p = min(max(p + math.copysign(4 * BATCH / 500e3, sum(signs) / len(signs) - 0.6), 0.0), 1.0)
    assert p != 0.5
    loop.compare(p=p, generator_path_length_a=loop.mean_length)


def test_a_term_of_ones_own() -> None:
    """Four lines beside `loss:`; the term shares path length's lazy phase, with images of its own."""
    loop = StyleLoop(GAMES / "bright.yaml", reduced("stylegan2", batch=BATCH), (3, 32, 32))
    r_g, r_d = lazy(1, 4), lazy(1, 16)
    of_g = loop.adam("generator", 0.002 * r_g, (0.0, 0.99**r_g))
    of_d = loop.adam("discriminator", 0.002 * r_d, (0.0, 0.99**r_d))
    d = loop["discriminator"]
    for number in loop.steps(2):
        x, _ = loop.real(BATCH)
        draws = loop.draws("discriminator", BATCH)
        with torch.no_grad():
            fake = loop.image(draws, loop.styles(draws))
        descend(of_d, F.softplus(-d(x)).mean() + F.softplus(d(fake)).mean())
        if number == 0:
            leaf = x.clone().requires_grad_()
            logits = d(leaf)
            descend(of_d, 16 * 2.0 / 2 * squares(slope(logits, leaf)[0]).mean() + 0 * logits.sum())

        draws = loop.draws("generator", BATCH)
        descend(of_g, F.softplus(-d(loop.image(draws, loop.styles(draws)))).mean())
        if number == 0:
            own = loop.draws("generator/4", BATCH // 2, batch=BATCH // 2)
            lengths = 4 * 2.0 * loop.path_length(own)
            draws = loop.draws("generator/4", BATCH)
            bright = (loop.image(draws, loop.styles(draws)) - 0.5).square().mean()
            descend(of_g, lengths, 4 * 0.1 * bright)
        loop.average("generator", 0.5 ** (BATCH / 10e3))
    loop.compare(generator_path_length_a=loop.mean_length)


def test_the_page_has_it() -> None:
    """docs/game.md shows the file that is held above, beside the spec."""
    blocks = re.findall(r"```yaml\n(.*?)```", Path("docs/game.md").read_text("utf-8"), re.DOTALL)
    assert (GAMES / "bright.yaml").read_text().replace("../../specs/", "") in blocks
