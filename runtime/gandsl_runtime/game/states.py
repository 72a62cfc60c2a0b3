"""The states of a game: what they are, what they heard since they moved, and where they move to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from ..distributed.group import ProcessGroup
from ..plan.game import GameState
from ..plan.schedule import Step
from .program import Source, StateProgram

HEARD = "heard"
Programs: TypeAlias = Callable[[tuple[str, ...]], StateProgram]  # what moves some states
Values: TypeAlias = Callable[[Source], Tensor]


class GameStates:
    """Tensors [] by id, and for each heard node Σ value · samples and Σ samples [nodes, 2].

    What is heard in a step stays with its process until the step ends, so that splitting a batch changes
    nothing; then the sums are those of all. Only what moves with each micro-batch is summed with each.
    """

    def __init__(self, states: Sequence[GameState], device: torch.device, dtype: torch.dtype) -> None:
        self.states = {state.id: state for state in states}
        self.values = {state.id: torch.full((), state.start, device=device, dtype=dtype) for state in states}
        self._now, self._sums = (
            {s.id: torch.zeros(len(s.heard), 2, device=device, dtype=dtype) for s in states if s.heard}
            for _ in range(2)
        )
        self._heard: set[tuple[str, str]] = set()  # states, and nodes that they heard since they moved
        self.at_once = [state for state in states if state.every is None]
        self._later = [state.id for state in states if state.every is not None and state.heard]

    def hear(self, heard: Iterable[tuple[str, str]], values: Mapping[str, Tensor], count: int) -> None:
        """States hear values of nodes, means of `count` samples."""
        for id_, node in heard:
            value, at = values[node], self.states[id_].heard.index(node)
            self._now[id_][at] += count * torch.stack((value, torch.ones_like(value)))
            self._heard.add((id_, node))

    def follow(
        self,
        players: Iterable[str],
        heard: Iterable[tuple[str, str]],
        group: ProcessGroup,
        program: Programs,
        tensor: Values,
    ) -> None:
        """The end of a micro-batch, for all processes: move the states that move with each of these players'.

        `heard`: by whom, and of what, in a micro-batch of this pass.
        """
        now, playing = set(heard), set(players)
        due = [
            state.id
            for state in self.at_once
            if playing.intersection(state.players)
            and now.issuperset((state.id, node) for node in state.heard)
        ]
        self._sum([id_ for id_ in due if id_ in self._now], group)
        self._move(due, program, tensor)

    def leave(self, step: Step, group: ProcessGroup, program: Programs, tensor: Values) -> None:
        """The end of a step: move the states that are due and have heard something."""
        self._sum(self._later, group)
        self._move([state.id for state in self.states.values() if self._is_due(state, step)], program, tensor)

    def _sum(self, ids: Sequence[str], group: ProcessGroup) -> None:
        """Add up what all processes have heard."""
        if not ids:
            return
        group.sum_in_place(flat := torch.cat([self._now[id_] for id_ in ids]))
        for id_, part in zip(ids, flat.split([len(self._now[id_]) for id_ in ids]), strict=True):
            self._sums[id_] += part
            self._now[id_].zero_()

    def _move(self, due: Sequence[str], program: Programs, tensor: Values) -> None:
        moved: dict[str, Tensor] = {}
        for id_ in due:  # one by one: of the same node each has heard its own
            moving = program((id_,))
            means = {node: self._mean(id_, at) for at, node in enumerate(self.states[id_].heard)}
            (moved[id_],) = moving.run(*map(tensor, moving.sources), *(means[node] for node in moving.heard))
        for id_, value in moved.items():
            self.values[id_].copy_(value)
            if id_ in self._sums:
                self._sums[id_].zero_()
        if moved:
            self._heard = {(id_, node) for id_, node in self._heard if id_ not in moved}

    def _is_due(self, state: GameState, step: Step) -> bool:
        due = state.every is not None and (step.clock.steps + 1) % state.every == 0
        return due and all((state.id, node) in self._heard for node in state.heard)

    def _mean(self, id_: str, at: int) -> Tensor:
        total, count = self._sums[id_][at]
        return total / count

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint holds: `ID`, and `ID.heard` of what moves more seldom than each step."""
        late = {
            f"{id_}.{HEARD}": sums for id_, sums in self._sums.items() if (self.states[id_].every or 1) > 1
        }
        return self.values | late

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `tensors` gave; a state that is not in it stays as it began."""
        for name, tensor in self.tensors().items():
            if name in tensors:
                tensor.copy_(tensors[name])
        self._heard = {
            (id_, node)
            for id_, sums in self._sums.items()
            for node, count in zip(self.states[id_].heard, sums[:, 1].tolist(), strict=True)
            if count
        }
