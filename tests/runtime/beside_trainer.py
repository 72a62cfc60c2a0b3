"""The executor of games beside the old trainer, from equal weights; also a program that torchrun starts.

torchrun --nproc-per-node N beside_trainer.py FOLDER CASE…
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

import gandsl
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.distributed.group import ProcessGroup, join
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.trainer import Trainer
from gandsl_runtime.training.training_set import stream_of
from tests.runtime.game_by_hand import GameByHand
from tests.specs.reduced import SPECS, reduced

STEPS, BATCH = 5, 8


def both(spec: str, changes: dict[str, Any], group: ProcessGroup) -> tuple[Trainer, GameRun]:
    """The old trainer of a reduced spec, and the run of its game: each with networks of its own."""
    trainers = [trainer_of(spec, changes, group) for _ in range(2)]
    old, twin = trainers
    networks = twin.state.generator, twin.state.discriminator
    game = GameByHand(twin.plan, *networks)
    stream = stream_of(twin.data, twin.plan, 3, 0, group, twin.device, print)
    shares = twin.game.label_distribution
    return old, GameRun.new(twin.plan, game, stream, 3, twin.device, group, shares)


def trainer_of(spec: str, changes: dict[str, Any], group: ProcessGroup) -> Trainer:
    overrides = reduced(spec, batch=BATCH, images=16, classes=3) | changes
    torch.manual_seed(7)
    program = gandsl.compile(SPECS / f"{spec}.yaml", overrides)
    assert program.plan is not None
    networks = program.generator, program.discriminator
    for network in networks:
        for weight in network.parameters():
            weight.data += 0.05 * torch.randn_like(weight)
    channels, height, width = networks[0].outputs[-1].shape
    pixels = np.random.default_rng(0).integers(0, 256, (20, height, width, channels), dtype=np.uint8)
    source = Arrays(pixels if channels > 1 else pixels[..., 0], np.arange(20) % 3)
    return Trainer(
        program.plan,
        *networks,
        data=source,
        observing=(),
        group=group,
        seed=3,
        machine=MachineOptions(workers=0),
    )


def compare(old: Trainer, new: GameRun) -> list[str]:
    """Names of the tensors that differ."""
    expected, found = dict(old.state.tensors()), dict(new.tensors())
    was = {
        name: expected.pop(name) for name in [*expected] if name.startswith(("augment/", "lecam/", "guard/"))
    }
    was["path_length_mean"] = expected.pop("path_length_mean")
    for state in new.game.plan.states:
        for name in state.moved:
            whole, _, index = name.rpartition("/")
            expected[f"game/{state.id}"] = was[whole][int(index)] if index.isdigit() else was[name]
            if name == "augment/p":
                expected[f"game/{state.id}.heard"] = was["augment/said"][None]
    assert expected.keys() == found.keys(), expected.keys() ^ found.keys()
    return [name for name in expected if not torch.equal(expected[name], found[name])]


def differences(spec: str, changes: dict[str, Any], group: ProcessGroup) -> list[str]:
    """What differs after each of five steps, in words."""
    old, new = both(spec, changes, group)
    found = [f"at first: {name}" for name in compare(old, new)]
    for number in range(STEPS):
        old.step()
        step(new)
        different = compare(old, new)
        if different:
            found.append(f"step {number}: {len(different)} of {len(new.tensors())}: {different[:6]}")
    return found


PARTS = {"training.micro_batch": 4}
ANCHORED = {
    "lecam": {"weight": 0.3, "start": "1 steps", "one_sided": True},
    "consistency": {"real": 10, "fake": 10, "latent": {"sigma": 0.1, "discriminator": 2, "generator": 0.1}},
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
    "anchored_styles": ("stylegan2", PARTS | {f"training.regularizers.{k}": v for k, v in ANCHORED.items()}),
    "anchored_jointly": (
        "biggan",
        {"training.regularizers": ANCHORED, "training.discriminator_passes": "joint"},
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


if __name__ == "__main__":
    folder, cases = Path(sys.argv[1]), sys.argv[2:]
    processes = join(torch.device("cpu"))
    for case in cases:
        found = differences(*CASES[case], processes)
        (folder / f"{case}.{processes.rank}.json").write_text(json.dumps(found))
    processes.leave()
