"""A short form with any optimizers, clipping and frozen weights against a loop by hand, in float64.

StyleGAN2 with R1 and path length every second step: what is lazy corrects each kind's decays, and rests with
the weights that are frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, optim

from tests.games.loop import lazy, slope, squares
from tests.games.test_style_loops import BATCH, StyleLoop
from tests.specs.reduced import SPECS, reduced

R = lazy(1, 2)
Make = Callable[[Sequence[Tensor]], optim.Optimizer]

# optimizer of the plan → torch's, whose rate and decays count lazy steps
KINDS: dict[str, tuple[dict[str, Any], Make]] = {
    "adam": (
        {"lr": 0.002, "betas": [0.5, 0.9], "weight_decay": 0.1},
        lambda w: optim.Adam(w, 0.002 * R, (0.5**R, 0.9**R), weight_decay=0.1),
    ),
    "adamw": (
        {"kind": "adamw", "lr": 0.002, "betas": [0.5, 0.9], "weight_decay": 0.1},
        lambda w: optim.AdamW(w, 0.002 * R, (0.5**R, 0.9**R), weight_decay=0.1),
    ),
    "rmsprop": (
        {"kind": "rmsprop", "lr": 0.001, "alpha": 0.9, "momentum": 0.5, "centered": True},
        lambda w: optim.RMSprop(w, 0.001 * R, 0.9**R, momentum=0.5**R, centered=True),
    ),
    "sgd": (
        {"kind": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True},
        lambda w: optim.SGD(w, 0.05 * R, 0.9**R, nesterov=True),
    ),
}
CASES = {
    "rmsprop, and sgd that is clipped": ("rmsprop", "sgd", {"discriminator": 0.5}, {}),
    "adamw that is clipped, and adam": ("adamw", "adam", {"generator": 0.01}, {}),
    "mapping rests for a step, shortcuts for two": (
        "sgd",
        "rmsprop",
        {"generator": 0.1},
        {"generator": (["mapping"], 1, 2), "discriminator": (["*.short", "*.conv0"], 0, 2)},
    ),
}


class Descent:
    """An optimizer by hand of a network: clips, and leaves out what is frozen at a step."""

    def __init__(self, loop: StyleLoop, network: str, make: Make, clip: float | None, frozen: Any) -> None:
        self.loop, self.clip, self.frozen = loop, clip, frozen
        self.weights = dict(loop[network].named_parameters())
        self.optimizer = make(list(self.weights.values()))

    def rests(self, key: str) -> bool:
        nodes, start, until = self.frozen or ((), 0, 0)
        above = [key.rsplit(".", count)[0] for count in range(key.count(".") + 1)]
        return start <= self.loop.step < until and any(fnmatchcase(a, n) for a in above for n in nodes)

    def step(self, loss: Tensor) -> None:
        self.optimizer.zero_grad()
        loss.backward()
        for key, weight in self.weights.items():
            if self.rests(key):
                weight.grad = None
        given = [weight.grad for weight in self.weights.values() if weight.grad is not None]
        norm = torch.cat([gradient.flatten() for gradient in given]).norm()
        for gradient in given if self.clip else ():
            gradient *= min(1.0, (self.clip or 0) / (norm.item() + 1e-6))
        self.optimizer.step()


@pytest.mark.parametrize("case", CASES)
def test_a_short_form(case: str) -> None:
    of_generator, of_discriminator, clips, frozen = CASES[case]
    kinds = {"generator": KINDS[of_generator], "discriminator": KINDS[of_discriminator]}
    changes: dict[str, Any] = reduced("stylegan2", batch=BATCH) | {
        "training.optimizer": kinds["generator"][0] | {"clip": clips.get("generator")},
        "training.optimizers": {
            "discriminator": {
                "kind": of_discriminator,
                **kinds["discriminator"][0],
                "clip": clips.get("discriminator"),
            }
        },
        "training.freeze": [
            {"network": name, "nodes": nodes, "from": f"{start} steps", "until": f"{until} steps"}
            for name, (nodes, start, until) in frozen.items()
        ],
        "training.regularizers.r1.every": "2 steps",
        "training.regularizers.path_length.every": "2 steps",
    }
    loop = StyleLoop(SPECS / "stylegan2.yaml", changes, (3, 32, 32))
    gamma = loop.run.plan.regularizers.r1.gamma  # type: ignore[union-attr]
    d = loop["discriminator"]
    of_g, of_d = (
        Descent(loop, name, kinds[name][1], clips.get(name, clips.get("generator")), frozen.get(name))
        for name in ("generator", "discriminator")
    )
    for number in loop.steps(3):
        if number == 1:
            assert [any(map(one.rests, one.weights)) for one in (of_g, of_d)] == [bool(frozen)] * 2
        x, _ = loop.real(BATCH)
        draws = loop.draws("discriminator", BATCH)
        with torch.no_grad():
            fake = loop.image(draws, loop.styles(draws))
        of_d.step(F.softplus(-d(x)).mean() + F.softplus(d(fake)).mean())
        if number % 2 == 0:
            leaf = x.clone().requires_grad_()
            logits = d(leaf)
            of_d.step(2 * gamma / 2 * squares(slope(logits, leaf)[0]).mean() + 0 * logits.sum())
        draws = loop.draws("generator", BATCH)
        of_g.step(F.softplus(-d(loop.image(draws, loop.styles(draws)))).mean())
        if number % 2 == 0:
            draws = loop.draws("generator/2", BATCH // 2, batch=BATCH // 2)
            of_g.step(2 * 2.0 * loop.path_length(draws))
        loop.average("generator", 0.5 ** (BATCH / 10e3))
    loop.compare(generator_path_length_a=loop.mean_length)
