"""The images that a run trains on, at the size of its networks, how often each class comes, and who reads."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from ..data import Dataset, Stream, open_dataset
from ..data.ahead import Ahead, ToCard
from ..data.dataset import planned
from ..data.readers import Readers, readers
from ..data.sources import Source
from ..distributed.group import ProcessGroup, dealt
from ..errors import PlanError
from ..plan import Data as DataPlan
from ..plan import Plan
from ..plan.game import GamePlan


def dataset_of(data: str | Path | Source | Dataset, game: GamePlan, plan: DataPlan) -> Dataset:
    """What the user named, opened as the fields of the game's items want it. Raises PlanError, DataError."""
    if isinstance(data, Dataset):
        return planned(data, plan)
    if game.image is None:
        raise PlanError(
            "the game has no images among its data, and images are what runs are trained on",
            'declare them: `data: {image: "Image[3, 32]"}`',
        )
    return open_dataset(data, game.image, game.classes, plan)


def distribution_of(data: Dataset, classes: int) -> torch.Tensor | None:
    """Cumulative shares of the classes as they are drawn, float64; None where the game has no labels."""
    if not classes:
        return None
    found = data.class_shares()
    assert found is not None  # a dataset opened with classes has labels
    shares = torch.zeros(classes, dtype=torch.float64)
    shares[: len(found)] = torch.from_numpy(found)
    return shares.cumsum(0)


def readers_of(
    wanted: int | None, data: Dataset, plan: Plan, group: ProcessGroup, device: torch.device
) -> Readers:
    """The data workers of one process, which hold its share of the largest batch of the plan."""
    largest = max([plan.batch, *(plan.growth.batch.values() if plan.growth else ())])
    return readers(wanted, data, -(-largest // group.size), device.type)


def stream_of(
    data: Dataset,
    plan: Plan,
    seed: int,
    workers: int,
    group: ProcessGroup,
    device: torch.device,
    warn: Callable[[str], None],
) -> Stream | Ahead:
    """The batches of one process; for a GPU they come through pinned memory, one ahead of the step."""
    on_card = device.type == "cuda"
    deal = partial(dealt, group, at_a_time=plan.micro_batch)
    stream = Stream(data, seed, plan.data.flip, workers, pinned=on_card, deal=deal, warn=warn)
    return Ahead(stream, ToCard(device)) if on_card else stream
