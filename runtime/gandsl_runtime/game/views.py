"""Nodes of a game to be looked at: latents of fixed seeds, given items; in evaluation, and nothing moves."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..distribution import DISTRIBUTIONS
from ..network import Network
from ..plan.schedule import Step
from ..port import Port
from ..rng import Draws, Key, Part
from ..rng.distributions import drawn
from ..sample.latents import latent
from ..sample.modes import evaluating
from .calls import differentiated_by, taking
from .program import Drawn, Item, PassProgram, Source
from .sources import Items

if TYPE_CHECKING:
    from .run import GameRun


def look(
    run: GameRun,
    nodes: tuple[str, ...],
    step: Step,
    seeds: Sequence[int],
    *,
    items: Items,
    labels: Tensor | None = None,
    average: bool = False,
    batch: int = 32,
) -> tuple[Tensor, ...]:
    """The tensors [len(seeds), …] of nodes at a step.

    A seed gives the latents that it gives where a network is sampled. `items`: [len(seeds), …] by field, as
    networks take them; `labels` [len(seeds)] of what is generated, else drawn by seed. `average`: with the
    averages of weights where there are any. `batch` samples are computed at a time, the last batch filled up
    with the first ones, as statistics of a batch want it. Noise is constant.
    """
    program = run.game.view_program(nodes, step.stage, average)
    named = ChainMap(run.game.averages, dict(run.game.networks)) if average else run.game.networks
    networks = [*run.game.networks.values(), *run.game.averages.values()]
    form, value = (run.device, run.dtype), run.sources(step).tensor
    with still(networks, seeds[0]):
        return seen(program, named, value, seeds, form, items=items, labels=labels, batch=batch)


def seen(
    program: PassProgram,
    named: Mapping[str, Network],
    value: Callable[[Source], Tensor],
    seeds: Sequence[int],
    form: tuple[torch.device, torch.dtype],
    *,
    items: Items,
    labels: Tensor | None = None,
    batch: int = 32,
) -> tuple[Tensor, ...]:
    """The tensors [len(seeds), …] that a program makes of items and of what seeds draw; inside `still`.

    `named`: the networks that it calls. `value` gives what is neither an item nor drawn. See `look`.
    """
    rows = _rows(program, seeds, labels)
    count, found = len(seeds), list[tuple[Tensor, ...]]()
    device, dtype = form
    for begin in range(0, count, batch):
        part = torch.arange(begin, begin + batch) % count
        draws = Draws(device, dtype, Part.whole(batch), Key(0, 0, "view"))

        def given(source: Source, part: Tensor = part) -> Tensor:
            match source:
                case Item():
                    return items[source.field][part.to(device)]
                case Drawn():
                    found = rows[source] if source.per != "sample" else rows[source][part]
                    found = found.to(device, None if _is_label(source) else dtype)
                    return found[0] if source.scalar else found
            return value(source)

        with taking(draws), differentiated_by(named, program.by):
            found.append(program.run(*map(given, program.sources)))
    return tuple(torch.cat([x.detach() for x in parts])[:count] for parts in zip(*found, strict=True))


def draws_labels(program: PassProgram) -> bool:
    """Whether what a view generates is of some class."""
    return any(isinstance(one, Drawn) and _is_label(one) for one in program.sources)


def reads_items(program: PassProgram) -> bool:
    """Whether a view is of items of the data."""
    return any(isinstance(one, Item) for one in program.sources)


@contextmanager
def still(networks: Iterable[Network], seed: int, noise: str = "constant") -> Iterator[None]:
    """Inside the block networks are in evaluation with such noise, and their weights are constants."""
    with ExitStack() as stack:
        wanting: list[Tensor] = []
        for network in networks:
            stack.enter_context(evaluating(network, noise, 1.0, seed))
            wanting += [weight for weight in network.parameters() if weight.requires_grad]
        stack.enter_context(torch.enable_grad())  # for gradients by what is no weight
        for weight in wanting:
            weight.requires_grad_(False)
        try:
            yield
        finally:
            for weight in wanting:
                weight.requires_grad_(True)


def _is_label(source: Drawn) -> bool:
    return source.distribution == "labels"


def _rows(program: PassProgram, seeds: Sequence[int], labels: Tensor | None) -> Mapping[Drawn, Tensor]:
    """[len(seeds), *shape] of each draw, on the CPU; one row of what is not drawn for each sample."""
    drawn = [one for one in program.sources if isinstance(one, Drawn)]
    rows: dict[Drawn, list[Tensor]] = {one: [] for one in drawn if one.per == "sample"}
    classes = next((int(one.high) for one in drawn if _is_label(one)), 0)
    for seed in seeds:
        rng = torch.Generator().manual_seed(seed)
        label = torch.randint(classes, (1,), generator=rng) if classes else torch.empty(0)
        for one, found in rows.items():
            found.append(label if _is_label(one) else _row(one, rng))
    whole = {one: torch.cat(found) for one, found in rows.items()}
    if labels is not None:
        whole |= {one: labels.cpu() for one in whole if _is_label(one)}
    return whole | {one: _row(one, torch.Generator().manual_seed(0)) for one in drawn if one.per != "sample"}


def _row(of: Drawn, rng: torch.Generator) -> Tensor:
    """[1, *shape], as a generator's latent is drawn."""
    match of.distribution:
        case "labels" if of.numbers:
            return torch.multinomial(torch.tensor(of.numbers, dtype=torch.float64), 1, generator=rng)
        case "integers" | "labels":
            least, above = int(of.low), int(of.high) + (of.distribution == "integers")
            return torch.randint(least, above, (1, *of.shape), generator=rng)
        case "uniform":
            return torch.empty(1, *of.shape).uniform_(of.low, of.high, generator=rng)
        case "normal" | "truncated_normal" if not of.numbers:
            return latent(Port(of.id, "Latent", of.shape, of.distribution), 1, rng)
    numbers = DISTRIBUTIONS[of.distribution].whole(of.numbers)
    return drawn(of.distribution, _Seeded(rng), of.shape, numbers).float()


@dataclass(frozen=True)
class _Seeded:
    """The words of one sample."""

    rng: torch.Generator

    def words(self, *shape: int) -> Tensor:
        return torch.randint(0, 2**32, (1, *shape), generator=self.rng)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(1, *shape, generator=self.rng)
