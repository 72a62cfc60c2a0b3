"""A program that torchrun starts: a run whose rates rise a thousandfold, guarded. python -m … FOLDER"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from gandsl_runtime.distributed.group import ProcessGroup, join
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


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    group = join(torch.device("cpu"))
    run = guarded(group, folder / "run")
    run.run()
    torch.save((run.state.counters(), run.state.tensors()), folder / f"{group.rank}.pt")
    group.leave()
