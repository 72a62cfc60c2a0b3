"""What is made of each item of a set: by a network that takes items, or by what a game shows of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..calling import device_of, dtype_of
from ..data.cast import cast
from ..data.looked_at import ItemSet, row_of
from ..data.sources.base import EXTENSIONS
from ..errors import SamplingError
from ..game.program import ClockValue, Drawn, Item, PassProgram, Source, StateValue
from ..game.sources import now
from ..game.views import seen, still
from ..network import Network
from ..plan.game import DataField
from ..plan.schedule import Step
from ..programs import tuple_of
from .sampler import NoiseMode, parts


@dataclass(frozen=True)
class Feed:
    """A program of items, and the networks that it calls, by name.

    `fields`: what an item has to have. `step`: where a run was, in growth and in what follows the clock.
    `name`: what is made, as messages call it. `shapes`: of each output, for an item. Raises SamplingError
    where it is made of no items.
    """

    program: PassProgram
    networks: Mapping[str, Network]
    fields: Mapping[str, DataField]
    step: Step
    name: str
    shapes: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        if lost := next((one for one in self.program.sources if isinstance(one, StateValue)), None):
            raise SamplingError(
                f"`{self.name}` depends on the state `{lost.id}` of a game, which moves as it trains",
                "name a network instead: --network NAME",
            )
        if len(streams := {of.key for of in self.fields.values()}) > 1:
            raise SamplingError(
                f"`{self.name}` is made of items of {len(streams)} sets or streams",
                "name a network that takes items of one: --network NAME",
            )
        if not self.fields:
            raise SamplingError(
                f"`{self.name}` is made of no item of the data",
                "name a network that takes one: --network NAME; without --data images are drawn by seed",
            )

    @property
    def device(self) -> torch.device:
        """Where its networks are."""
        return device_of(next(iter(self.networks.values())))

    @property
    def dtype(self) -> torch.dtype:
        """Of its networks' weights."""
        return dtype_of(next(iter(self.networks.values())))

    def made(
        self, items: Mapping[str, Tensor], places: Sequence[int], noise: NoiseMode = "constant"
    ) -> tuple[Tensor, ...]:
        """The tensors [N, …] of items [N, …] by field; an item's place is the seed of all that is drawn."""
        device, dtype = self.device, self.dtype

        def value(source: Source) -> Tensor:
            assert isinstance(source, ClockValue)
            return torch.full((), now(source, self.step), device=device, dtype=dtype)

        with still(self.networks.values(), places[0], noise):
            form = device, dtype
            return seen(self.program, self.networks, value, places, form, items=items, batch=len(places))


@dataclass(frozen=True)
class Fed:
    """What is made of the items of a set, in batches that are the same whoever makes them when.

    `range`: the values of black and white in images. `places`: of the items, in this order; None: of all.
    """

    feed: Feed
    data: ItemSet
    range: tuple[float, float]
    batch: int = 32
    noise: NoiseMode = "constant"
    places: Sequence[int] | None = None

    @cached_property
    def batches(self) -> list[slice]:
        """Which items are taken together."""
        return list(parts(len(self._places), self.batch))

    @property
    def names(self) -> Sequence[str]:
        """What the items are called."""
        return self.data.names if self.places is None else [self.data.names[place] for place in self.places]

    def drawn(self, batch: slice) -> tuple[Tensor, ...]:
        """What is made of the items of a batch, [N, …] each. Raises DataError where one can't be read."""
        return self.feed.made(self._items(batch), self._places[batch], self.noise)

    def __iter__(self) -> Iterator[tuple[list[str], tuple[Tensor, ...]]]:
        """Batch by batch: the names of the items, and what is made of them."""
        for batch in self.batches:
            yield list(self.names[batch]), self.drawn(batch)

    @property
    def _places(self) -> Sequence[int]:
        return range(len(self.data)) if self.places is None else self.places

    def _items(self, batch: slice) -> Mapping[str, Tensor]:
        fields = self.feed.fields
        rows = [row_of(self.data, place, fields) for place in self._places[batch]]
        stacked = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in fields}
        return cast(fields, stacked, self.range, self.feed.dtype, self.feed.device)


def kept(names: Sequence[str], suffix: str) -> list[str]:
    """What files that are made of items are called: as these are, in their folders, with another ending.

    Where two differ in their endings alone, these stay before the other one. No name leads out of a folder.
    """
    inside = ["/".join(part for part in name.split("/") if part not in ("", ".", "..")) for name in names]
    bare = [name if not _ending(name) else name[: -len(_ending(name))] for name in inside]
    often = Counter(bare)
    found = [stem if often[stem] == 1 else name for stem, name in zip(bare, inside, strict=True)]
    often = Counter(found)
    return [
        f"{name if often[name] == 1 else f'{place:06d}_{name}'}{suffix}" for place, name in enumerate(found)
    ]


def _ending(name: str) -> str:
    ending = PurePosixPath(name).suffix
    return ending if ending.lower() in EXTENSIONS else ""


def of_network(network: Network, name: str, step: Step) -> Feed:
    """A network as what is made of items: each of its inputs that is not drawn is a field of that name."""
    sources: list[Source] = []
    fields: dict[str, DataField] = {}
    for port in network.inputs:
        kind: Any = port.kind
        if kind == "Scalar":
            sources.append(ClockValue(port.name, "fade"))
        elif port.drawn:
            drawn: Any = port.distribution or "normal"
            low = -1.0 if drawn == "uniform" else 0.0  # as latents are drawn
            sources.append(Drawn(port.name, port.shape, drawn, low))
        else:
            sources.append(Item(port.name, port.name, kind))
            fields[port.name] = DataField(kind, port.shape)
    program = network.program("forward", step.stage.level, step.stage.fading)
    names = tuple(port.name for port in network.outputs)
    made = PassProgram(tuple(sources), lambda *given: tuple_of(program(*given)), names, {})
    return Feed(made, {name: network}, fields, step, name, tuple(port.shape for port in network.outputs))
