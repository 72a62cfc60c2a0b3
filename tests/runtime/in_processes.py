"""A program that torchrun starts: trains small networks of the specs and saves all that they became.

torchrun --nproc-per-node N in_processes.py FOLDER CASE…
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

import gandsl
from gandsl_runtime.data.sources import Arrays, NamedArrays
from gandsl_runtime.distributed.group import ProcessGroup, join
from gandsl_runtime.training.trainer import Trainer
from tests.games import in_processes as random_games
from tests.games.loop import GAMES
from tests.runtime import guarded_in_processes, nets
from tests.runtime.fielded import EVERYTHING, everything
from tests.specs.reduced import SPECS, reduced

PER_SAMPLE = {"training.style_mixing.per": "sample"}
ANCHORED = {
    "lecam": {"weight": 0.3, "start": "1 steps"},
    "consistency": {"real": 10, "fake": 10, "latent": {"sigma": 0.1}},
}
CASES: dict[str, tuple[str, int, dict[str, Any]]] = {
    # spec, steps, what is changed of it beside sizes
    "style": ("stylegan2", 5, PER_SAMPLE),  # all four phases, minibatch stddev, noise, mean path length
    "style_in_parts": ("stylegan2", 3, PER_SAMPLE | {"training.micro_batch": 4, "stddev_group": 2}),
    "grown": ("pggan", 5, {}),  # WGAN-GP, drift, minibatch stddev, into a fade
    "projection": ("biggan", 2, {"training.micro_batch": 4, "training.discriminator_steps": 2}),
    "spectral": ("pggan", 3, {"discriminator.defaults.weighted.weight": "spectral"}),
    "joint": ("biggan", 2, {"training.discriminator_passes": "joint"}),
    "norm_in_both": ("dcgan", 3, {}),
    "adaptive": ("stylegan2/ada", 5, PER_SAMPLE | {"training.augment.p.over": "20 img"}),
    "relativistic": ("r3gan", 2, {}),
    "relativistic_average": ("dcgan", 2, {"training.loss": "relativistic_hinge"}),
    "anchored": ("dcgan", 3, {"training.regularizers": ANCHORED}),
    "fields": ("", 4, {}),  # of every kind, from two sets
    "running_length": ("", 4, {}),  # each process in parts of two samples
}
NEAR = ("game.players.painter.terms.near", "mean(abs(normalize_gradient(fake) - ref))")
RANDOM = (4, 9, 160)  # a term's batch of items, a state of micro-batches, players that share moments at once
BATCH = 8


def train(case: str, group: ProcessGroup, **more: Any) -> Trainer:
    """The trainer of a case after its steps, in float64."""
    trainer = trainer_of(case, group, **more)
    for _ in range(CASES[case][1]):
        trainer.step()
    return trainer


def trainer_of(
    case: str, group: ProcessGroup, run_dir: Path | None = None, resuming: bool = False, **more: Any
) -> Trainer:
    """The trainer of a case before its first step, or where a run in a folder has come to."""
    spec, _, changes = CASES[case]
    if case == "fields":
        return of_fields(group)
    if case == "running_length":
        return of_a_game(case, group, **{"training.micro_batch": 2} if group.size > 1 else {})
    if micro := changes.get("training.micro_batch"):
        changes = changes | {"training.micro_batch": micro // group.size}  # what all do at a time
    overrides = reduced(spec, batch=BATCH, images=16, classes=3) | changes | more
    path_length = "training.regularizers.path_length.batch"
    if "style" in spec:
        overrides[path_length] = BATCH // 2
    program = gandsl.compile(SPECS / f"{spec}.yaml", overrides)
    torch.manual_seed(7 + group.rank)  # what the first process has is given to all
    assert program.plan is not None
    channels, height, width = program.to(torch.float64).generator.outputs[-1].shape
    pixels = np.random.default_rng(0).integers(0, 256, (20, height, width, channels), dtype=np.uint8)
    source = Arrays(pixels if channels > 1 else pixels[..., 0], np.arange(20) % 3)
    common: dict[str, Any] = {"data": source, "observing": (), "group": group}
    if resuming:
        assert run_dir is not None
        return nets.resumed(run_dir, program.game, plan=program.plan, change=True, **common)
    return nets.trainer_of(program.plan, program.game, run_dir=run_dir, seed=3, **common)


def of_fields(group: ProcessGroup, where: str | None = None) -> Trainer:
    """The trainer of the game of all fields, of arrays in memory, or of a set that is where it says."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "everything.yaml"
        path.write_text(EVERYTHING)
        program = gandsl.compile(path, {"training.batch": BATCH, NEAR[0]: NEAR[1]})
    torch.manual_seed(7 + group.rank)
    assert program.plan is not None and program.game is not None
    program.to(torch.float64)
    data: dict[str, Any] = {name: where or NamedArrays(arrays) for name, arrays in everything().items()}
    return Trainer(program.plan, program.game, data=data, seed=3, observing=(), group=group)


def of_a_game(name: str, group: ProcessGroup, **changes: Any) -> Trainer:
    """The trainer of a game of `tests/games`, whose items are images of one channel, 4×4."""
    program = gandsl.compile(GAMES / f"{name}.yaml", changes)
    torch.manual_seed(7 + group.rank)
    assert program.plan is not None and program.game is not None
    program.to(torch.float64)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 4, 4), dtype=np.uint8)
    return Trainer(program.plan, program.game, data=Arrays(pixels), seed=3, observing=(), group=group)


def outcome(trainer: Trainer) -> dict[str, torch.Tensor]:
    """Everything that training moved, and what was measured on the way."""
    means = trainer.measured()
    return trainer.state.tensors() | {f"mean/{name}": torch.tensor(mean) for name, mean in means.items()}


if __name__ == "__main__":
    folder, cases = Path(sys.argv[1]), sys.argv[2:]
    group = join(torch.device("cpu"))
    begun = trainer_of("style", group, folder / "run", **{"training.length": "3 steps"})
    begun.run()
    for case in cases:
        found = outcome(train(case, group))
        torch.save(found, folder / f"{case}.{group.rank}.pt")
    random_games.save(RANDOM, folder, group)
    guarded_in_processes.save(folder, group)
    group.leave()
