"""The images that a run trains on, at the size of its networks, and how often each class comes."""

from __future__ import annotations

from pathlib import Path

import torch

from .data import Dataset, open_dataset
from .data.dataset import planned
from .data.sources import Source
from .game import Game, classes_of
from .plan import Data as DataPlan


def dataset_of(data: str | Path | Source | Dataset, game: Game, plan: DataPlan) -> Dataset:
    """What the user named, opened."""
    if isinstance(data, Dataset):
        return planned(data, plan)
    shapes = [port.shape for port in game.discriminator.inputs if port.kind == "Image"]
    channels, h, w = max(shapes, key=lambda shape: shape[1] * shape[2])
    return open_dataset(data, (channels, h, w), classes_of(game.generator), plan)


def distribution_of(data: Dataset, game: Game) -> torch.Tensor | None:
    """Cumulative shares of the classes as they are drawn, where the networks take labels."""
    classes = classes_of(game.generator)
    if not classes:
        return None
    found = data.class_shares()
    assert found is not None  # a dataset opened with classes has labels
    shares = torch.zeros(classes, dtype=torch.float64)
    shares[: len(found)] = torch.from_numpy(found)
    return shares.cumsum(0).to(game.device, game.dtype)
