"""Processes that train together: sums, agreement and sharing between them; nothing to do for one alone."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.distributed_c10d import Store
from torch.distributed.rendezvous import rendezvous

from ..errors import Parted, PlanError
from ..plan import Plan
from ..plan.game import Player
from ..rng import Part
from . import launch


class ProcessGroup:
    """One process, alone. `rank` counts processes from 0; the first one leads: it alone writes."""

    rank, size = 0, 1

    @property
    def leads(self) -> bool:
        return self.rank == 0

    def total(self, x: Tensor) -> Tensor:
        """Σ over processes; differentiable any number of times."""
        return x

    def rows(self, x: Tensor) -> Tensor:
        """[size, …] of each process's x; differentiable any number of times."""
        return x[None]

    def average(self, x: Tensor, count: int) -> Tensor:
        """Mean over processes of x, which is itself a mean over `count` samples; differentiable."""
        return x

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Add up the gradients of all processes, in place. All have the same parameters without one."""

    def sum_in_place(self, x: Tensor) -> None:
        """x ← Σ over processes."""

    def share(self, tensors: Iterable[Tensor]) -> None:
        """Give every process the leader's values, in place."""

    def all_max(self, number: int) -> int:
        """The highest number that a process gives. Waits for all processes, but for no device."""
        return number

    def gathered(self, thing: Any) -> list[Any]:
        """What each process gives, in the order of ranks."""
        return [thing]

    def leave(self) -> None:
        """Wait for the others, then part."""


class TorchProcessGroup(ProcessGroup):
    """A process among those that torchrun started (`torch.distributed`; NCCL on GPUs, else gloo)."""

    def __init__(self, store: Store) -> None:
        self.rank, self.size, self._store = dist.get_rank(), dist.get_world_size(), store
        # agreements go over gloo: with NCCL each would wait for the GPU
        self._control = dist.new_group(backend="gloo")

    def total(self, x: Tensor) -> Tensor:
        return _Total.apply(x)

    def rows(self, x: Tensor) -> Tensor:
        mine = torch.zeros(self.size, *[1] * x.dim(), device=x.device, dtype=x.dtype)
        mine[self.rank] = 1
        return self.total(mine * x)

    def average(self, x: Tensor, count: int) -> Tensor:
        sums = self.total(torch.cat([x.reshape(-1) * count, x.new_full((1,), count)]))
        return (sums[:-1] / sums[-1]).view_as(x)

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        gradients = [p.grad for p in parameters if p.grad is not None]
        for dtype in dict.fromkeys(gradient.dtype for gradient in gradients):
            alike = [gradient for gradient in gradients if gradient.dtype == dtype]
            flat = torch.cat([gradient.reshape(-1) for gradient in alike])
            dist.all_reduce(flat)
            parts = flat.split([gradient.numel() for gradient in alike])
            torch._foreach_copy_(alike, [part.view_as(g) for part, g in zip(parts, alike, strict=True)])

    def sum_in_place(self, x: Tensor) -> None:
        dist.all_reduce(x)

    def share(self, tensors: Iterable[Tensor]) -> None:
        for tensor in tensors:
            dist.broadcast(tensor.detach(), 0)

    def all_max(self, number: int) -> int:
        voted = torch.tensor(number)
        dist.all_reduce(voted, dist.ReduceOp.MAX, group=self._control)
        return int(voted)

    def gathered(self, thing: Any) -> list[Any]:
        found: list[Any] = [None] * self.size
        dist.all_gather_object(found, thing, group=self._control)
        return found

    def leave(self) -> None:
        self.all_max(0)
        # one that has its result may close its end before another has read its own: wait outside the groups
        self._store.add("left", 1)
        while self._store.add("left", 0) < self.size:
            time.sleep(0.01)
        dist.destroy_process_group(self._control)
        dist.destroy_process_group()


class _Total(torch.autograd.Function):
    """Σ over processes; what each process's loss asks of the sum adds up likewise in the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        total = x.detach().clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _Total.apply(gradients[0])


def join(device: torch.device) -> ProcessGroup:
    """The group of torchrun's processes (RANK, WORLD_SIZE, MASTER_ADDR …), or this process alone.

    Raises NotLaunched.
    """
    if launch.processes() == 1:
        return ProcessGroup()
    place = launch.meeting()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    try:
        store, rank, size = next(rendezvous("env://"))
    except (RuntimeError, OSError) as error:
        raise launch.NotLaunched(
            f"the processes can't meet at {place}: {error}", "start them with torchrun, all in the same way"
        ) from error
    backend = "nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size)
    return TorchProcessGroup(store)


def parts(group: ProcessGroup, count: int, at_a_time: int | None) -> tuple[Part, ...]:
    """What this process does of a batch, one after the other, at most `at_a_time` samples each (None: all).

    All processes together see in each turn, with n samples each, what one process sees with `size` · n.
    """
    return _parts(group.rank, group.size, count, at_a_time)


@cache
def _parts(rank: int, size: int, count: int, at_a_time: int | None) -> tuple[Part, ...]:
    own = -(-count // size)
    turns = -(-own // min(at_a_time or own, own))
    return tuple(Part(turn + turns * rank, turns * size, count) for turn in range(turns))


def dealt(group: ProcessGroup, count: int, at_a_time: int | None) -> Sequence[int]:
    """The places of the samples of a batch that this process has, rising."""
    if group.size == 1:
        return range(count)
    return sorted(place for part in parts(group, count, at_a_time) for place in part.places)


def check_batches(group: ProcessGroup, plan: Plan) -> None:
    """Raises PlanError where a batch can't be dealt evenly to all processes."""
    batches = {"training.batch": plan.batch}
    if plan.growth:
        batches |= {f"training.growth.batch.{size}": batch for size, batch in plan.growth.batch.items()}
    batches |= {f"training.regularizers.{name}": size for name, size in plan.regularizers.batches.items()}
    _are_even(group, plan, batches)


def check_terms(group: ProcessGroup, plan: Plan, players: Iterable[Player]) -> None:
    """Raises PlanError where the batch of a term can't be dealt evenly to all processes."""
    terms = (
        (f"game.players.{player.name}.terms.{term.id.partition('.')[2]}.batch", term.batch)
        for player in players
        for term in player.terms
        if term.batch is not None and term.sampled
    )
    _are_even(group, plan, {name: min(batch, plan.batch) for name, batch in terms})


def _are_even(group: ProcessGroup, plan: Plan, batches: Mapping[str, int]) -> None:
    for name, batch in batches.items() if group.size > 1 else ():
        turns = len(parts(group, batch, plan.micro_batch))
        if batch % (group.size * turns):
            by = f", {turns} times each" if turns > 1 else ""
            raise PlanError(
                f"{name} is {batch}, which can't be dealt evenly to {group.size} processes{by}",
                f"take a multiple of {group.size * turns}, or another number of processes",
            )


@contextmanager
def others_watched(group: ProcessGroup) -> Iterator[None]:
    """Raises Parted where another process ends in the block; that process tells why itself."""
    try:
        yield
    except RuntimeError as error:
        lost = isinstance(error, dist.DistError) or "gloo/transport" in str(error)
        if group.size == 1 or not lost:
            raise
        raise Parted(
            "another process of the run has ended", "its own message says why; that one is to be mended"
        ) from error


_active: list[ProcessGroup] = []


@contextmanager
def synchronized(group: ProcessGroup) -> Iterator[None]:
    """Inside the block layers share their batch statistics with the other processes."""
    _active.append(group)
    try:
        yield
    finally:
        _active.pop()


def active() -> ProcessGroup:
    """The group whose processes take part in what is computed now; outside a step, this process alone."""
    return _active[-1] if _active else _ALONE


_ALONE = ProcessGroup()
