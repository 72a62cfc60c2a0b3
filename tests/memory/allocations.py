"""What a step takes by the events of the CPU's allocator: real tensors, and no dispatch mode."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import torch
from torch._C._profiler import _EventType
from torch.profiler import ProfilerActivity, profile, record_function

from gandsl.api.program import Program
from gandsl_runtime.game.optimizers import sizes_of
from gandsl_runtime.game.program import Game
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from gandsl_runtime.peak_memory.moments import stage_begins
from gandsl_runtime.peak_memory.rehearsal import Blank
from gandsl_runtime.plan import Plan, schedule

PHASE = "phase "
LATE = 720720  # a step when every player has come, and every interval up to 16 steps is due, as in the first


class Allocated(NamedTuple):
    """Bytes at the fullest moment: of tensors, and with what kernels take for themselves while they run."""

    tensors: int
    everything: int


def game_of(program: Program) -> Game:
    """Its game, and with it its networks, which are made when this is first called."""
    assert program.game is not None
    return program.game


def allocated(
    plan: Plan, made: Callable[[], Game], stage: schedule.Stage | None = None
) -> dict[str, Allocated]:
    """Of each phase of a step at a stage (the last) in which all are due, as the allocator saw it.

    The executor takes the step twice, as it does at every stage before: so it begins with what these left,
    such as the moments of weights that a later stage has no use for. Where players come later, two steps with
    these follow. What an operation takes and gives back before it ends, and nobody outside could see, is its
    workspace.
    """
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        game = made()
        cpu = torch.device("cpu")
        streams: dict[str, Any] = {key: Blank(of, cpu, ahead=False) for key, of in game.plan.streams.items()}
        nothing: Any = Blank({}, cpu, ahead=False)
        run = GameRun.new(plan, game, next(iter(streams.values()), nothing), 0, cpu, further=streams)
        come_later = any(player.start for player in game.plan.players.values())
        for one, clock in stage_begins(plan, sizes_of(game.networks)):
            for steps in (0, 0, LATE, LATE) if come_later else (0, 0):
                run.clock = schedule.Clock(clock.images + 1, steps)  # within a fade
                step(run, record_function)
            if one == stage:
                break
    return _read(profiler.profiler.kineto_results.experimental_event_tree())


class _Event(NamedTuple):
    at: int  # ns
    size: int  # bytes; negative: given back
    address: int
    kernel: int  # which operation's, by number; 0: between operations


def _read(roots: Any) -> dict[str, Allocated]:
    events: list[_Event] = []
    phases: list[tuple[int, int, str]] = []
    count = 0

    def walk(node: Any, kernel: int) -> None:
        nonlocal count
        tag, name = node.tag, node.name
        if tag == _EventType.Allocation:
            extra = node.extra_fields
            events.append(_Event(node.start_time_ns, extra.alloc_size, extra.ptr, kernel))
            return
        if tag == _EventType.TorchOp:
            if name.startswith(PHASE):
                label = name.removeprefix(PHASE).partition(" ")[0]  # "phase D/16 of a step of 8 images"
                phases.append((node.start_time_ns, node.end_time_ns, label))
            elif not kernel and name.startswith("aten::") and not _composite(name):
                count += 1
                kernel = count
        for child in node.children:
            walk(child, kernel)

    for root in roots:
        walk(root, 0)
    taken = _paired(sorted(events))
    return {name: _peak(taken, start, end) for start, end, name in phases}  # the last of each


class _Taken(NamedTuple):
    """A storage while it lives."""

    start: int
    end: float
    size: int
    workspace: bool  # taken and given back by one operation


def _paired(events: list[_Event]) -> list[_Taken]:
    """What was taken inside; what is given back of before is none of it."""
    alive: dict[int, _Event] = {}
    found = []
    for event in events:
        if event.size > 0:
            alive[event.address] = event
        elif first := alive.pop(event.address, None):
            inside = event.kernel > 0 and first.kernel == event.kernel
            found.append(_Taken(first.at, event.at, first.size, inside))
    return found + [_Taken(event.at, float("inf"), event.size, False) for event in alive.values()]


def _peak(taken: list[_Taken], start: int, end: int) -> Allocated:
    return Allocated(_most([one for one in taken if not one.workspace], start, end), _most(taken, start, end))


def _most(taken: list[_Taken], start: int, end: int) -> int:
    """Bytes at the fullest moment between two."""
    changes = [(one.start, one.size) for one in taken] + [(one.end, -one.size) for one in taken]
    live = most = 0
    for at, size in sorted(changes):
        if at > end:
            break
        live += size
        if at >= start:
            most = max(most, live)
    return most


@cache
def _composite(name: str) -> bool:
    """Whether an operation is made of others, each of which is one for itself."""
    packet = getattr(torch.ops.aten, name.removeprefix("aten::"), None)
    overloads = [] if packet is None else [getattr(packet, o)._name for o in packet.overloads()]
    key = "CompositeImplicitAutograd"
    known = [o for o in overloads if torch._C._dispatch_has_kernel(o)]
    return bool(known) and all(torch._C._dispatch_has_kernel_for_dispatch_key(o, key) for o in known)
