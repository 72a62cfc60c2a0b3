"""A run of several processes whose rates rise a thousandfold, guarded."""

from __future__ import annotations

from pathlib import Path

import torch

from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded


def guarded(group: ProcessGroup, run_dir: Path) -> Trainer:
    """The trainer of that run."""
    changes = {
        "length": "36 steps",
        "optimizer": {"lr": {"values": [0.002, 2.0], "at": ["20 steps"]}, "betas": [0.0, 0.99]},
        "guard": {
            "samples": 8,
            "warm_up": 4,
            "window": 8,
            "patience": 2,
            "on_alarm": "rollback",
            "lr_factor": 0.001,
        },
        "cadence": {"log": "1 steps", "checkpoint": "5 steps"},
    }
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    return nets.trainer_of(
        plan(**changes), networks, data=arrays(), run_dir=run_dir, observing=(), group=group
    )


def save(folder: Path, group: ProcessGroup) -> None:
    """What the run came to in this process."""
    run = guarded(group, folder / "guarded")
    run.run()
    torch.save((run.state.counters(), run.state.tensors()), folder / f"guarded.{group.rank}.pt")
