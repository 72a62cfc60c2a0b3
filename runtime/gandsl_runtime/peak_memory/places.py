"""Whose work an operation is: the node of a network that asked for it, in a forward or a backward pass."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Mapping
from types import CodeType

import torch
from torch.autograd.graph import _engine_run_backward

Lines = Mapping[int, str]  # line of a program's code → its node
GENERATED = "<eval_with_key>"  # what torch.fx calls the files of its programs


def in_backward() -> bool:
    """Whether the engine of autograd is at work."""
    return bool(torch._C._current_graph_task_id() != -1)


class Places:
    """The node at work now. `programs` gives the lines of every torch.fx program there is.

    In a backward pass it is the one whose forward made the engine's node: autograd numbers its nodes.
    Frames are asked for their lines alone: to look at their variables would keep tensors alive.
    """

    def __init__(self, programs: Callable[[], Mapping[CodeType, Lines]]) -> None:
        self._programs, self._known = programs, dict[CodeType, Lines]()
        self._numbers: list[int] = [-1]
        self._names: list[str] = [""]

    def now(self) -> str:
        """Network and node, or nothing."""
        if not (place := self._in_a_program()) and in_backward():
            node = torch._C._current_autograd_node()
            number = -1 if node is None else node._sequence_nr()
            if 0 <= number < 2**63:  # gradients are added to leaves under the highest number
                place = self._names[bisect_right(self._numbers, number) - 1]
        if place != self._names[-1]:
            self._numbers.append(torch._C._autograd._get_sequence_nr() - 1)
            self._names.append(place)
        return place

    def _in_a_program(self) -> str:
        """Of the frames that the engine called, where it is at work: what called it waits."""
        frame = sys._getframe(2)
        while frame is not None and frame.f_code is not _engine_run_backward.__code__:
            if frame.f_code.co_filename.startswith(GENERATED):
                if frame.f_code not in self._known:
                    self._known = {frame.f_code: {}, **self._programs()}
                return self._known[frame.f_code].get(frame.f_lineno, "")
            frame = frame.f_back  # type: ignore[assignment]  # None at the end
        return ""
