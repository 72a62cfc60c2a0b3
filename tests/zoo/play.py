"""A few steps of a game on random items of whatever fields it wants."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

import gandsl
from gandsl.frontend.module import ModuleIR
from gandsl_runtime.training.trainer import Trainer
from tests.zoo.data import random_sets

STEPS = 3


def weights(module: ModuleIR, folder: Path) -> dict[str, str]:
    """Writes files of random numbers that networks start from, one or several; what a spec says of them."""
    said = {}
    for name, network in module.networks.items():
        if network.start is not None:
            generator = torch.Generator().manual_seed(1)
            drawn = {
                f"{node.id}.{tensor}": _random(shape, generator)
                for graph, node in network.weighted().values()
                for of in (node.spec.weights, node.spec.buffers)
                for tensor, shape in of(graph.call(node)).items()
            }
            file = save(drawn)
            (folder / network.start.file).write_bytes(file)
            said[f"networks.{name}.weights.sha256"] = hashlib.sha256(file).hexdigest()
    return said


def _random(shape: tuple[int, ...], generator: torch.Generator) -> torch.Tensor:
    """Vectors, such as a variance, are positive; a layer's gives about as much as it takes."""
    if len(shape) < 2:
        return 0.5 + torch.rand(shape, generator=generator)
    return torch.randn(shape, generator=generator) * (2 / max(int(np.prod(shape[1:])), 1)) ** 0.5


def play(path: Path, changes: Mapping[str, Any]) -> None:
    """All that is logged is finite, and the weights move of whom some player trains, and no others."""
    torch.manual_seed(0)
    program = gandsl.compile(path, changes)
    assert program.plan is not None and program.game is not None
    game = program.game
    data = random_sets(game.plan.data)
    trainer = Trainer(program.plan, game, data=data, seed=3, observing=())
    before = {
        name: {key: x.clone() for key, x in of.named_parameters()} for name, of in game.networks.items()
    }
    for _ in range(STEPS):
        trainer.step()
    assert all(np.isfinite(mean) for mean in trainer.measured().values())
    trained = {network for player in game.plan.players.values() for network in player.networks}
    for network, of in game.networks.items():
        moved = [key for key, x in of.named_parameters() if not torch.equal(x, before[network][key])]
        assert bool(moved) == (network in trained), network
