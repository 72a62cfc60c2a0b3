"""Reduced specs whose networks are always the same, with their games; and what no spec asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

import gandsl
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.game.program import Game
from gandsl_runtime.network import Network
from gandsl_runtime.plan import Plan
from tests.specs.reduced import SPECS, reduced

G, D = "generator", "discriminator"
STEPS, BATCH, SEED = 5, 8, 3
Networks = dict[str, Network]


def made(spec: str, changes: Mapping[str, Any], double: bool = False) -> tuple[Plan, Networks, Game]:
    """The plan of a reduced spec, networks that are always the same, and their game."""
    overrides = reduced(spec, batch=BATCH, images=16, classes=3) | changes
    torch.manual_seed(7)
    program = gandsl.compile(SPECS / f"{spec}.yaml", overrides)
    assert program.plan is not None
    networks = {G: program.generator, D: program.discriminator}
    for weight in (weight for network in networks.values() for weight in network.parameters()):
        weight.data += 0.05 * torch.randn_like(weight)  # a bias of 0 hides where it counts
    if double:
        program.to(torch.float64)
    assert program.game is not None
    return program.plan, networks, program.game


def source_for(generator: Network) -> Arrays:
    """Twenty images of three classes."""
    channels, height, width = generator.outputs[-1].shape
    pixels = np.random.default_rng(0).integers(0, 256, (20, height, width, channels), dtype=np.uint8)
    return Arrays(pixels if channels > 1 else pixels[..., 0], np.arange(20) % 3)


PARTS = {"training.micro_batch": 4}
ANCHORED = {"lecam": {"weight": 0.3, "start": "1 steps", "one_sided": True}}
CONSISTENT = {
    "consistency": {"real": 10, "fake": 10, "latent": {"sigma": 0.1, "discriminator": 2, "generator": 0.1}}
}
EVERY_STEP = {"gamma": 2.0}
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "joint": ("biggan", {"training.discriminator_passes": "joint"}),
    "steps": ("biggan", PARTS | {"training.discriminator_steps": 2}),
    "orthogonal": ("biggan", PARTS | {"training.regularizers.orthogonal": {"weight": 0.01}}),
    "bounded": ("sngan", {"training.top_singular_value": {"limit": 1.0, "network": "both"}}),
    "classified": ("acgan", PARTS),
    "classified_jointly": ("acgan", {"training.discriminator_passes": "joint"}),
    "anchored": ("dcgan", {"training.regularizers": ANCHORED}),
    "anchored_from_the_start": (
        "dcgan",
        {"training.regularizers.lecam": {"weight": 0.3, "start": "0 steps"}},
    ),
    "anchored_lazily": (
        "stylegan2/ada",
        PARTS | {f"training.regularizers.{k}": v for k, v in ANCHORED.items()},
    ),
    "consistent": ("dcgan", PARTS | {"training.regularizers": CONSISTENT}),
    "consistent_styles": (
        "stylegan2",
        PARTS | {f"training.regularizers.{k}": v for k, v in CONSISTENT.items()},
    ),
    "consistent_jointly": (
        "biggan",
        {"training.regularizers": CONSISTENT, "training.discriminator_passes": "joint"},
    ),
    "relativistic": ("r3gan", PARTS),
    "relativistic_average": ("dcgan", {"training.loss": "relativistic_hinge"}),
    "transformed": ("stylegan2/ada", PARTS | {"training.augment.p.over": "20 img"}),
    "often": ("stylegan2", {"training.regularizers.path_length": {"weight": 2.0, "batch": 4}}),
    "both_slopes": (
        "dcgan",
        {"training.regularizers": {"r1": EVERY_STEP, "r2": EVERY_STEP | {"every": "2 steps"}}},
    ),
    "between": (
        "wgan_gp",
        {"training.regularizers": {"gradient_penalty": {"weight": 10}, "drift": {"weight": 0.001}}},
    ),
    "grown": ("pggan", PARTS),
    "grown_styles": ("hybrids/progressive_stylegan2", PARTS),
    "several_sizes": ("msg_gan", PARTS),
    "moving": (
        "dcgan",
        {
            "training.optimizer.lr": {"values": [0.001, 0.002], "at": ["2 steps"]},
            "training.regularizers.r1": {
                "gamma": {"shape": "linear", "start": 1, "end": 0, "over": "3 steps"}
            },
            "training.ema": {"decay": 0.9, "start": "2 steps", "buffers": "average"},
        },
    ),
    "brain": ("stylegan2", {"training.precision": {"compute": "bf16"}}),
    "brain_in_parts": ("pggan", PARTS | {"training.precision": {"compute": "bf16"}}),
    "scaled": ("stylegan2", {"training.precision": {"compute": "fp16"}}),
    "replaced": ("stylegan2/ada", {"training.precision": {"compute": "fp16", "overflow": "replace"}}),
    "recomputed": ("stylegan2", PARTS | {"training.checkpointing": "stages"}),
}
"""What specs do not ask for: a spec, and what is changed of it."""
