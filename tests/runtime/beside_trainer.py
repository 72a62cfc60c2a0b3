"""The executor of games beside the old trainer, from equal weights; also a program that torchrun starts.

torchrun --nproc-per-node N beside_trainer.py FOLDER CASE…
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch

from gandsl_runtime.distributed.group import ProcessGroup, join
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.trainer import Trainer
from tests.specs.cases import ANCHORED, CASES, CONSISTENT, PARTS, SEED, STEPS, G, made, source_for

__all__ = ["CASES", "PARTS", "REORDERED", "differences"]


def both(spec: str, changes: Mapping[str, Any], group: ProcessGroup, double: bool = False) -> list[Trainer]:
    """The old trainer of a reduced spec, and that of its game: each with networks of its own."""
    found = []
    for playing in (False, True):
        plan, networks, game = made(spec, changes, double)
        how: dict[str, Any] = {"observing": (), "group": group, "machine": MachineOptions(workers=0)}
        if playing:
            how["game"] = game
        source = source_for(networks[G])
        found.append(Trainer(plan, *networks.values(), data=source, seed=SEED, **how))
    return found


def compare(old: Trainer, new: Trainer, exact: bool = True) -> list[str]:
    """Names of the tensors that differ: in a bit, or by more than the rounding of float64."""
    assert isinstance(new.state, GameRun)
    expected, found = dict(old.state.tensors()), dict(new.state.tensors())
    found = {name: tensor for name, tensor in found.items() if not name.startswith("guard/")}
    was = {
        name: expected.pop(name) for name in [*expected] if name.startswith(("augment/", "lecam/", "guard/"))
    }
    was["path_length_mean"] = expected.pop("path_length_mean")
    for state in new.state.game.plan.states:
        for name in state.moved:
            whole, _, index = name.rpartition("/")
            expected[f"game/{state.id}"] = was[whole][int(index)] if index.isdigit() else was[name]
            if name == "augment/p":
                expected[f"game/{state.id}.heard"] = was["augment/said"][None]
    assert expected.keys() == found.keys(), expected.keys() ^ found.keys()
    alike = torch.equal if exact else partial(torch.allclose, rtol=1e-7, atol=1e-10)
    return [name for name in expected if not alike(expected[name], found[name])]


def differences(spec: str, changes: dict[str, Any], group: ProcessGroup, exact: bool = True) -> list[str]:
    """What differs after each of five steps, in words; in float64 where the bits are not wanted."""
    old, new = both(spec, changes, group, double=not exact)
    found = [f"at first: {name}" for name in compare(old, new, exact)]
    for number in range(STEPS):
        old.step()
        new.step()
        different = compare(old, new, exact)
        if different:
            found.append(f"step {number}: {len(different)} of {len(new.state.tensors())}: {different[:6]}")
    return found


ALL_OF_D = ANCHORED | CONSISTENT
REORDERED: dict[str, tuple[str, dict[str, Any]]] = {
    # three terms of one output: the trainer took LeCam's scores before the loss, so sums round otherwise
    "both": ("dcgan", {"training.regularizers": ALL_OF_D}),
    "both_in_styles": ("stylegan2", PARTS | {f"training.regularizers.{k}": v for k, v in ALL_OF_D.items()}),
    "both_jointly": ("biggan", {"training.regularizers": ALL_OF_D, "training.discriminator_passes": "joint"}),
    # 6 samples in parts of 3: a mean over parts, where the trainer moved with each
    "path_length_in_parts": (
        "stylegan2",
        {
            "training.batch": 6,
            "training.micro_batch": 3,
            "stddev_group": 1,
            "training.regularizers.path_length.every": "1 steps",
        },
    ),
}
"""Equal but for the rounding of float64: the differences that are wanted."""


if __name__ == "__main__":
    folder, cases = Path(sys.argv[1]), sys.argv[2:]
    processes = join(torch.device("cpu"))
    for case in cases:
        found = differences(*CASES[case], processes)
        (folder / f"{case}.{processes.rank}.json").write_text(json.dumps(found))
    processes.leave()
