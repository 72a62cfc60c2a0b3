"""Does the device compute what a CPU does: outputs in float32, whole steps in float64, draws.

In miniature both sides run on the CPU; still one has the graphs of a CPU, the other those of a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from bench.gpu import device as devices
from bench.gpu import ours
from bench.gpu.entry import Setting
from gandsl_runtime.layers import set_noise_mode
from gandsl_runtime.network import Port
from gandsl_runtime.programs import tuple_of
from gandsl_runtime.rng import Draws, Key, Part

KINDS: dict[str, Callable[[Draws], Tensor]] = {
    "words": lambda draws: draws.words("words", 5, 7),
    "uniform": lambda draws: draws.uniform("uniform", 3, 37, 41),
    "normal": lambda draws: draws.normal("normal", 3, 37, 41),
    "normal, one number": lambda draws: draws.normal("one"),
    "integers": lambda draws: draws.integers("integers", -3, 10),
    "truncated normal": lambda draws: draws.latent("z", Port("z", "Latent", (512,), "truncated_normal")),
}
SINGLE = 1e-4  # float32 without TF32, summed in another order through up to 40 layers
DOUBLE = 1e-7  # float64, after steps; on CPUs those of a GPU's graphs are within 1e-9
SINGLE_STEPS, NEAREST = 3e-4, 0.5
"""float32, after steps, of the half of the tensors that is nearest. Rounding moves a number across a
rectifier's kink now and then, and then some tensors by per cents, half of them by 3e-5; TF32 moves half of
them by 2e-3."""


def outputs(setting: Setting, spec: str) -> dict[str, Any]:
    """Images and scores of the same weights for the same latents and labels, in float32 without TF32."""
    small = ours.small(spec)
    found = []
    for where, made in (
        ("cpu", ours.program(spec, small, "cpu")),
        (setting.device, ours.program(spec, small, "cuda")),
    ):
        devices.exact()
        said: dict[str, Tensor] = {}
        for side in ("generator", "discriminator"):
            network = made.network(side).to(where).eval()
            set_noise_mode(network, "constant")
            with torch.no_grad():
                given = tuple_of(network(*ours.sampled(network, ours.BATCH, where)))
            said |= {f"{side}'s output {place}": output for place, output in enumerate(given)}
        found.append(said)
    return ours.agree("outputs", found[0], found[1], most=SINGLE)


def draws(setting: Setting) -> dict[str, Any]:
    """Every kind of draw, of a whole batch and of a part, is the same on both to the bit."""
    numbers = 0
    for part in (Part.whole(ours.BATCH), Part(1, 3, ours.BATCH)):
        key = Key(seed=7, step=10**6, phase="D", repeat=1, rollbacks=2)
        made = [Draws(torch.device(where), torch.float32, part, key) for where in ("cpu", setting.device)]
        for name, draw in KINDS.items():
            mine, theirs = (draw(one).cpu() for one in made)
            assert mine.shape == theirs.shape and len(mine) == part.count, f"{name}: other shapes"
            assert torch.equal(mine, theirs), (
                f"{name} of {part}: {int((mine != theirs).sum())} numbers differ"
            )
            numbers += mine.numel()
    return {"kinds": len(KINDS), "numbers": numbers}


def steps(
    setting: Setting, spec: str, overrides: Mapping[str, Any] | None = None, *, double: bool = True
) -> dict[str, Any]:
    """All of a trainer's state after two steps of which the first takes every phase."""
    small = ours.small(spec, overrides)
    sides: tuple[tuple[str, ours.Kind], ...] = (("cpu", "cpu"), (setting.device, "cuda"))
    found = [
        dict(ours.floats(ours.steps(spec, small, where, kind, double=double, seed=3)))
        for where, kind in sides
    ]
    most, share = (DOUBLE, 1.0) if double else (SINGLE_STEPS, NEAREST)
    return ours.agree("states", found[0], found[1], most, ours.size_in_training, share)
