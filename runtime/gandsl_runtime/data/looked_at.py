"""Items of the data to be looked at: chosen by the seed, laid out as grids are, black where they are few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from ..errors import DataError
from ..plan.game import DataField, GamePlan
from .cast import cast
from .dataset import IN_A_ROW, Dataset
from .fields.kinds import room_of
from .table import FieldTable

ItemSet = Dataset | FieldTable
Sets = ItemSet | Mapping[str, ItemSet]  # one, or by the keys of the streams that a game reads them in
Rows = dict[str, np.ndarray]


def by_stream(sets: Sets, game: GamePlan) -> Mapping[str, ItemSet]:
    """The set of each stream."""
    return sets if isinstance(sets, Mapping) else dict.fromkeys(game.streams or ("",), sets)


def row_of(data: ItemSet, index: int, fields: Mapping[str, DataField]) -> Rows:
    """The fields of an item as they are read. Raises DataError where it can't be."""
    if isinstance(data, FieldTable):
        return data.row(index)
    found: Rows = {}
    for name, of in fields.items():
        if of.kind == "Image":
            found[name] = data.image(index)
        elif data.labels is not None:
            found[name] = data.labels[index]
    return found


def laid_out(
    data: ItemSet, fields: Mapping[str, DataField], classes: Sequence[int | None], columns: int, seed: int
) -> Rows:
    """Fields [N, …] of items for each place of a grid, a row a class; zeros where there are too few.

    `classes`: of each row; None: any.
    """
    order = np.random.default_rng(seed).permutation(len(data))
    count = len(classes) * columns
    found = {name: np.zeros((count, *shape), dtype) for name, (shape, dtype) in _rooms(data, fields).items()}
    for first, label in ((0, None),) if None in classes else enumerate(classes):
        of_class = order if label is None or data.labels is None else order[data.labels[order] == label]
        room = count if label is None else columns
        for place, row in enumerate(_readable(data, fields, of_class, room)):
            for name, array in row.items():
                found[name][first * columns + place] = array
    return found


def as_items(
    rows: Mapping[str, np.ndarray], game: GamePlan, range: tuple[float, float], like: Tensor
) -> dict[str, Tensor]:
    """Rows as networks take them, in the dtype and on the device of `like`."""
    tensors = {name: torch.from_numpy(array) for name, array in rows.items()}
    return cast(game.data, tensors, range, like.dtype, like.device)


def _rooms(
    data: ItemSet, fields: Mapping[str, DataField]
) -> dict[str, tuple[tuple[int, ...], np.dtype[np.generic]]]:
    rooms = {name: room_of(of) for name, of in fields.items()}
    if isinstance(data, Dataset):  # perhaps opened by hand, at another size than the game's
        rooms |= {
            name: (data.shape, dtype) for name, (_, dtype) in rooms.items() if fields[name].kind == "Image"
        }
    return rooms


def _readable(
    data: ItemSet, fields: Mapping[str, DataField], indices: Iterable[int], count: int
) -> Iterator[Rows]:
    """Items of a set, at most so many; the trainer complains of broken ones when it comes to them."""
    for index in islice(indices, count + IN_A_ROW):
        if not count:
            return
        try:
            row = row_of(data, index, fields)
        except DataError:
            continue
        count -= 1
        yield row
