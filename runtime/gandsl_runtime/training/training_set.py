"""The items that a run trains on, as its networks take them, how often each class comes, and who reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch

from ..data import Dataset, Stream, open_dataset
from ..data.ahead import Ahead, ToCard
from ..data.dataset import planned
from ..data.fields.opened import opened as opened_table
from ..data.fields.plain import is_plain, may_be_plain
from ..data.readers import Readers, readers
from ..data.sources import Source, open_source
from ..data.table import FieldTable
from ..distributed.group import ProcessGroup, dealt
from ..errors import DataError, PlanError
from ..plan import Data as DataPlan
from ..plan import Plan
from ..plan.game import DataField, GamePlan

ItemSet = Dataset | FieldTable
Where = str | Path | Source | ItemSet


def sets_of(data: Where | Mapping[str, Where], game: GamePlan, plan: DataPlan) -> dict[str, ItemSet]:
    """What the user named, opened as each stream of the game's items wants it, by the streams' keys.

    `data` is one set, or sets by their names; each is opened once. Raises PlanError, DataError, MissingExtra.
    """
    if not game.data:
        raise PlanError(
            "the game has nothing among its data, and runs are trained on data",
            'declare it: `data: {image: "Image[3, 32]"}`',
        )
    named = _named(data, game)
    opened: dict[str, Source] = {}
    found: dict[str, ItemSet] = {}
    for key, fields in game.streams.items():
        set_ = next(iter(fields.values())).set
        where = named[set_]
        if isinstance(where, Dataset | FieldTable):
            found[key] = planned(where, plan) if isinstance(where, Dataset) else where
            continue
        if set_ not in opened:
            images = may_be_plain(fields)
            opened[set_] = open_source(where, images) if isinstance(where, str | Path) else where
        found[key] = _opened(opened[set_], fields, plan)
    return found


def _opened(source: Source, fields: Mapping[str, DataField], plan: DataPlan) -> ItemSet:
    """Images and labels as a set states them, where no more is wanted; else fields by their names."""
    if is_plain(source, fields):
        image = next(of.shape for of in fields.values() if of.kind == "Image")
        classes = next((of.shape[0] for of in fields.values() if of.kind == "Label"), 0)
        return open_dataset(source, (image[0], image[1], image[2]), classes, plan)
    return opened_table(source, fields, plan)


def _named(data: Where | Mapping[str, Where], game: GamePlan) -> Mapping[str, Where]:
    """A place for each set. Raises PlanError where one is missing, or is none of the game's."""
    if not isinstance(data, Mapping):
        if len(game.sets) == 1:
            return {game.sets[0]: data}
        given = " ".join(f"--data {name or 'NAME'}=WHERE" for name in game.sets)
        raise DataError(f"the game reads {len(game.sets)} sets, and one is given", f"give each: {given}")
    if game.sets == ("",) and len(data) == 1:  # a path may well have a =
        ((name, where),) = data.items()
        if isinstance(where, str) and Path(whole := f"{name}={where}").exists():
            return {"": whole}
    if strange := [name for name in data if name not in game.sets]:
        raise DataError(
            f"the game has no set `{strange[0]}`"
            + (f": its sets are {', '.join(game.sets)}" if any(game.sets) else ", but one that has no name"),
            "`set:` at a field of `data` names the set that it is of",
        )
    if missing := [name for name in game.sets if name not in data]:
        raise DataError(f"nothing is given for the set `{missing[0]}`", f"--data {missing[0]}=WHERE")
    return data


def distribution_of(sets: Mapping[str, ItemSet], game: GamePlan) -> torch.Tensor | None:
    """Cumulative shares of the classes as they are drawn, float64; None where the game has no labels.

    Of several fields of labels those of the one that has the most classes.
    """
    for key, fields in game.streams.items():
        most = max((of.shape[0] for of in fields.values() if of.kind == "Label"), default=0)
        if most and most == game.classes and key in sets:
            found = sets[key].class_shares()
            assert found is not None  # a set opened with labels has labels
            shares = torch.zeros(most, dtype=torch.float64)
            shares[: len(found)] = torch.from_numpy(found)
            return shares.cumsum(0)
    return None


def readers_of(
    wanted: int | None, data: ItemSet, plan: Plan, group: ProcessGroup, device: torch.device
) -> Readers:
    """The data workers of one process, which hold its share of the largest batch of the plan."""
    largest = max([plan.batch, *(plan.growth.batch.values() if plan.growth else ())])
    return readers(wanted, data, -(-largest // group.size), device.type)


def stream_of(
    data: ItemSet,
    plan: Plan,
    seed: int,
    workers: int,
    group: ProcessGroup,
    device: torch.device,
    warn: Callable[[str], None],
    key: str = "",
) -> Stream | Ahead:
    """The batches of one process; for a GPU they come through pinned memory, one ahead of the step."""
    on_card = device.type == "cuda"
    deal = partial(dealt, group, at_a_time=plan.micro_batch)
    stream = Stream(data, seed, plan.data.flip, workers, pinned=on_card, deal=deal, warn=warn, key=key)
    return Ahead(stream, ToCard(device)) if on_card else stream
