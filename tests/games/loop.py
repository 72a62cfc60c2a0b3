"""What loops that are written by hand share: the game of a file beside copies of its networks, in float64.

A loop takes from the project the networks, which other tests hold against formulas and recordings, and the
numbers drawn, by their keys and ids (docs/training.md). Losses, penalties and steps are its own.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, autograd

import gandsl
from gandsl_runtime.data.stream import FieldBatch, RealBatch
from gandsl_runtime.distributed.group import ProcessGroup, dealt
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from gandsl_runtime.layers import TrackAverage
from gandsl_runtime.network import Network
from gandsl_runtime.rng import CallDraws, Draws, Key, Part, drawing

GAMES = Path(__file__).parent
SEED = 3
CLOSE = {"rtol": 1e-9, "atol": 1e-9}  # a bias that a norm takes away has a gradient of rounding alone
CPU = torch.device("cpu")


class Items:
    """Images [n, c, h, w] of bytes and labels, as a stream gives them, over and over."""

    def __init__(
        self,
        images: Tensor,
        labels: Tensor | None,
        group: ProcessGroup | None = None,
        micro_batch: int | None = None,
    ) -> None:
        self.images, self.labels, self.position = images, labels, 0
        self.group, self.micro_batch = group or ProcessGroup(), micro_batch

    def take(self, count: int) -> RealBatch | FieldBatch:
        """What this process has of the next ones."""
        images, labels = self.rows(self.position, count)
        self.position += count
        mine = dealt(self.group, count, self.micro_batch)
        if images.dim() != 4:  # signals or volumes
            return FieldBatch(image=images[mine])
        return RealBatch(images[mine], None if labels is None else labels[mine])

    def rows(self, start: int, count: int) -> tuple[Tensor, Tensor | None]:
        """Those from a place on."""
        places = torch.arange(start, start + count) % len(self.images)
        return self.images[places], None if self.labels is None else self.labels[places]


class FieldItems:
    """Rows of fields by name [n, …], as a stream gives them, over and over."""

    def __init__(self, fields: Mapping[str, Tensor]) -> None:
        self.fields, self.position = fields, 0

    def take(self, count: int) -> FieldBatch:
        """The next ones."""
        found = self.rows(self.position, count)
        self.position += count
        return FieldBatch(found)

    def rows(self, start: int, count: int) -> dict[str, Tensor]:
        """Those from a place on."""
        places = torch.arange(start, start + count)
        return {name: rows[places % len(rows)] for name, rows in self.fields.items()}


def made_run(
    path: Path,
    changes: Mapping[str, Any],
    image: tuple[int, ...] | None = None,
    classes: int = 0,
    group: ProcessGroup | None = None,
    fields: Mapping[str, Tensor] | None = None,
) -> GameRun:
    """The game of a file before its first step, always with the same weights, none of which is 0.

    image: the shape of the data's; None: of the generator's largest. fields: items of other kinds, by name.
    """
    torch.manual_seed(7)
    program = gandsl.compile(path, dict(changes)).to(torch.float64)
    assert program.plan is not None and program.game is not None
    for network in program.game.networks.values():
        for parameter in network.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    if fields is not None:
        streams: dict[str, Any] = {
            key: FieldItems({name: fields[name] for name in own})
            for key, own in program.game.plan.streams.items()
        }
        first, *others = streams
        further = {key: streams[key] for key in others}
        return GameRun.new(program.plan, program.game, streams[first], SEED, CPU, group, further=further)
    image = image or max(port.shape for port in program.generator.outputs)
    pixels = torch.randint(0, 256, (50, *image), dtype=torch.uint8)
    if len(image) == 2:  # signals are floats
        pixels = pixels / 128 - 1
    labels = torch.arange(50) % classes if classes else None
    shares = torch.bincount(labels).double().cumsum(0) / 50 if labels is not None else None
    items: Any = Items(pixels, labels)
    return GameRun.new(program.plan, program.game, items, SEED, CPU, group, shares)


class Loop:
    """A run, and beside it copies of all its networks, in the same modes, for a loop to train."""

    def __init__(
        self,
        path: Path,
        changes: Mapping[str, Any],
        image: tuple[int, int, int] | None = None,
        classes: int = 0,
        fields: Mapping[str, Tensor] | None = None,
    ) -> None:
        self.run = made_run(path, changes, image, classes, fields=fields)
        self.networks: dict[str, Network] = copy.deepcopy(dict(self.run.game.networks))
        self.averages: dict[str, Network] = copy.deepcopy(dict(self.run.game.averages))
        self.classes, self.taken, self.step = classes, 0, -1

    def __getitem__(self, network: str) -> Network:
        return self.networks[network]

    def steps(self, count: int) -> Iterator[int]:
        """The numbers of steps, each after the executor has taken it."""
        for self.step in range(count):
            step(self.run)
            yield self.step

    def adam(
        self, network: str, lr: float, betas: tuple[float, float], eps: float = 1e-8
    ) -> torch.optim.Adam:
        """Torch's own, of all weights of a network."""
        return torch.optim.Adam(self[network].parameters(), lr, betas, eps, foreach=False)

    def draws(self, phase: str, of: int | Part, repeat: int = 0, batch: int | None = None) -> Draws:
        """Of a whole batch, or of a part of it, in the present step."""
        part = Part.whole(of) if isinstance(of, int) else of
        return Draws(CPU, torch.float64, part, Key(SEED, self.step, phase, repeat, batch=batch))

    def real(self, count: int) -> tuple[Tensor, Tensor | None]:
        """The next images, in [-1, 1], and labels."""
        items: Any = self.run.stream
        images, labels = items.rows(self.taken, count)
        self.taken += count
        return images.double() / 127.5 - 1, labels

    def items(self, count: int) -> dict[str, Tensor]:
        """The next rows of all fields, of all sets: classes as they are, numbers in float64."""
        streams: list[Any] = [self.run.stream, *self.run.further.values()]
        found = {name: x for stream in streams for name, x in stream.rows(self.taken, count).items()}
        self.taken += count
        return {name: x.double() if x.is_floating_point() else x.long() for name, x in found.items()}

    def labels(self, draws: Draws) -> Tensor:
        """Classes of generated images, by the shares that they have in the data."""
        assert self.run.shares is not None
        return (draws.uniform("c")[:, None] >= self.run.shares).sum(1).clamp(max=self.classes - 1)

    @torch.no_grad()
    def average(self, network: str, beta: float) -> None:
        """average ← β average + (1 − β) weights; buffers are copied."""
        of, now = self.averages[network], self[network]
        for a, p in zip(of.parameters(), now.parameters(), strict=True):
            a.mul_(beta).add_(p, alpha=1 - beta)
        for a, b in zip(of.buffers(), now.buffers(), strict=True):
            a.copy_(b)

    def compare(self, **states: Tensor | float) -> None:
        """Every weight and buffer of all networks and averages, and states of the game."""
        pairs = [(self.networks, self.run.game.networks), (self.averages, self.run.game.averages)]
        for mine, theirs in pairs:
            assert mine.keys() == theirs.keys()
            for name in mine:
                compare(mine[name].state_dict(), theirs[name].state_dict(), name)
        assert states.keys() == {name.replace(".", "_") for name in self.run.states.values}
        compare(states, {name.replace(".", "_"): value for name, value in self.run.states.values.items()})


def compare(mine: Mapping[str, Tensor | float], theirs: Mapping[str, Tensor], what: str = "state") -> None:
    for name, tensor in theirs.items():
        expected = torch.as_tensor(mine[name], dtype=tensor.dtype)
        torch.testing.assert_close(
            tensor.detach(), expected.detach(), **CLOSE, msg=lambda m, name=name: f"{what} {name}: {m}"
        )


def descend(optimizer: torch.optim.Optimizer, *losses: Tensor) -> None:
    """One step, by the gradients of all losses."""
    optimizer.zero_grad()
    for loss in losses:
        loss.backward()
    optimizer.step()


def slope(of: Tensor, *by: Tensor) -> tuple[Tensor, ...]:
    """The gradients of Σ of, differentiable again."""
    return autograd.grad(of.sum(), by, create_graph=True)


def squares(x: Tensor) -> Tensor:
    """‖x‖² of each sample [n]."""
    return x.square().flatten(1).sum(1)


@contextmanager
def styles_held(network: Network) -> Iterator[None]:
    """The running mean of w stays."""
    averages = [module.average for module in network.modules() if isinstance(module, TrackAverage)]
    kept = [average.clone() for average in averages]
    yield
    for average, before in zip(averages, kept, strict=True):
        average.copy_(before)


@contextmanager
def resting(network: Network, *layers: str) -> Iterator[None]:
    """The buffers of these layers stay: a game runs no layer that nothing wants of a call."""
    buffers = [buffer for layer in layers for buffer in network.get_submodule(layer).buffers()]
    kept = [buffer.clone() for buffer in buffers]
    yield
    for buffer, before in zip(buffers, kept, strict=True):
        buffer.copy_(before)


def called(network: Any, draws: Draws, call: str, *given: Any) -> Any:
    """A network, or a program of one, whose layers draw by a call's id."""
    with drawing(CallDraws(draws, call)):
        return network(*given)


def lazy(main: int, *every: int) -> float:
    """r of lr·r, β^r (arXiv:1912.04958, appendix B)."""
    return main / (main + sum(1 / n for n in every))


def cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def box(size: int, y: float, x: float, share: float) -> Tensor:
    """[1, size, size]: 1 in a square box of that share of the area, at a place in the room that it leaves."""
    mask, side = torch.zeros(1, size, size, dtype=torch.float64), round(size * share**0.5)
    down, across = (min(int(place * (size - side + 1)), size - side) for place in (y, x))
    mask[:, down : down + side, across : across + side] = 1
    return mask
