"""Deals entries out to processes: in order, in their time, and whatever one of them dies of."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import Any

from bench.gpu.entry import Entry, Group, Setting
from bench.gpu.results import FAILED, SKIPPED, Results, Row
from bench.gpu.worker import serve

TIME = "for time"
GOODBYE = 5.0  # seconds


@dataclass
class Hand:
    """A process, and the entry that it is at."""

    process: BaseProcess
    connection: Connection
    entry: Entry | None = None
    began: float = 0.0

    @classmethod
    def new(cls, setting: Setting, log: Path) -> Hand:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs, setting, log))
        process.start()
        theirs.close()
        return cls(process, ours)

    def give(self, entry: Entry) -> None:
        self.entry, self.began = entry, time.monotonic()
        self.connection.send(entry)

    def answer(self) -> dict[str, Any]:
        """What it says of its entry; that it died, where it did."""
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode or 0
            how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
            return {"status": FAILED, "why": f"its process {how}", "spent": True}

    def end(self) -> None:
        """With all that it started; one that is at nothing may go by itself."""
        if self.entry is None and self.process.is_alive():
            with contextlib.suppress(OSError):
                self.connection.send(None)
            self.process.join(GOODBYE)
        self.connection.close()
        try:
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        except ProcessLookupError:  # gone, or not yet a group
            self.process.kill()
        self.process.join()


@dataclass
class Dealer:
    """Takes groups. `hands`: how many processes share the device where nothing is timed."""

    setting: Setting
    results: Results
    log: Path
    hands: int = 1
    _pool: list[Hand] = field(default_factory=list)

    def __enter__(self) -> Dealer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        for hand in self._pool:
            hand.end()

    def take(self, group: Group, end: float) -> None:
        """All entries of a group; those that can't be done until `end` (of time.monotonic) are skipped."""
        queue = deque(group.entries)
        self._sized(min(self.hands if group.together else 1, len(queue)))
        while queue or self._busy():
            for hand in [hand for hand in self._pool if hand.entry is None]:
                while queue and not hand.entry:
                    entry, left = queue.popleft(), end - time.monotonic()
                    if left >= entry.needs:
                        hand.give(entry)
                    else:
                        self._skip(
                            group, entry, f"{max(left, 0):.0f} s were left, and it needs {entry.needs:g} s"
                        )
            if busy := self._busy():
                self._hear(group, busy, end)

    def leave_out(self, group: Group, why: str) -> None:
        """None of a group is taken."""
        for entry in group.entries:
            self._skip(group, entry, why, "of no use")

    def _busy(self) -> list[Hand]:
        return [hand for hand in self._pool if hand.entry]

    def _hear(self, group: Group, busy: Sequence[Hand], end: float) -> None:
        """Wait for the next answer, or for the next entry whose time is over."""
        until = min(min(hand.began + self._most(hand.entry), end) for hand in busy if hand.entry)
        ready = wait([hand.connection for hand in busy], max(until - time.monotonic(), 0))
        for hand in busy:
            assert hand.entry
            took = time.monotonic() - hand.began
            if hand.connection in ready:
                told = {"seconds": round(took, 2), **hand.answer()}
            elif took >= self._most(hand.entry):
                why = f"it did not end in {self._most(hand.entry):g} s"
                told = {"status": FAILED, "seconds": round(took, 2), "why": why, "spent": True}
            elif time.monotonic() >= end:
                why = f"it was stopped after {took:.0f} s: the group's time was over"
                told = {"status": SKIPPED, "seconds": round(took, 2), "kind": TIME, "why": why, "spent": True}
            else:
                continue
            spent = told.pop("spent", False)
            self.results.add(Row(hand.entry.name, group.name, **told))
            if spent:
                hand.end()
            hand.entry = None
            if spent:
                self._pool[self._pool.index(hand)] = Hand.new(self.setting, self.log)

    def _most(self, entry: Entry) -> float:
        return entry.most * self.setting.patience

    def _skip(self, group: Group, entry: Entry, why: str, kind: str = TIME) -> None:
        self.results.add(Row(entry.name, group.name, SKIPPED, kind=kind, why=why))

    def _sized(self, count: int) -> None:
        for hand in self._pool[count:]:
            hand.end()
        del self._pool[count:]
        while len(self._pool) < count:
            self._pool.append(Hand.new(self.setting, self.log))
