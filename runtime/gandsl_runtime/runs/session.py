"""A run while it trains in its folder: locked and writable; signals wait, and an end says what can be
resumed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..data.remarks import remarks
from ..data.stream import workers_watched
from ..distributed.group import others_watched
from ..errors import CheckpointError, Interrupted, room_for
from ..observers.base import Observer, Run
from ..system.files import sweep
from ..system.signals import Signals, at_last
from . import checkpoint
from .debris import set_aside
from .description import describe
from .earlier import begin
from .home import Home, refuse_unwritable
from .resuming import guarded
from .run_dir import RunDir

if TYPE_CHECKING:
    from ..data import Stream
    from ..data.ahead import Ahead
    from ..training.throughput import Throughput


class Session(Run, Protocol):
    """A run as the session knows it, which says where its folder is and tells its observers."""

    observers: tuple[Observer, ...]
    streams: Sequence[Stream | Ahead]
    throughput: Throughput
    found: Path | None  # the newest checkpoint when the run was opened
    home: Home | None  # of the process that writes, while it trains
    moved: tuple[str, str] | None  # what became of the folder, and what to do about it


@contextmanager
def session(run: Session) -> Iterator[Signals]:
    """Tells observers of the beginning and the end; faults say what can be resumed.

    Raises CheckpointError, Unwritable, OutOfSpace.
    """
    files = run.files if run.group.leads else None
    with ExitStack() as stack:
        where = run.run_dir or Path.cwd()
        if files:
            with room_for("the run", where):
                run.home = stack.enter_context(Home(files))
            if checkpoint.newest_path(files.checkpoints) != run.found:
                raise CheckpointError(
                    f"the run in {files.path} went on since it was opened here", "resume it again"
                )
            stack.enter_context(_remains_told(run))
        stack.enter_context(room_for("the run", where))
        stack.enter_context(workers_watched())
        stack.enter_context(others_watched(run.group))
        if files:
            for said in set_aside(files, run.state.clock.images):
                run.warn(said)
            refuse_unwritable(files)
            sweep(files.path)
            if run.fresh and (moved := begin(run)):
                run.warn(moved)
            describe(run)
            run.fresh = False
        # until a step is done a run can stop at once (of several processes each would say so)
        signals = stack.enter_context(Signals(at_stake=run.group.size > 1))
        for stream in run.streams:
            stack.callback(stream.close)
        run.throughput.begin(run.state.clock)
        for observer in run.observers:
            stack.callback(observer.end, run)
            observer.begin(run)
        if files and run.state.clock.steps == 0:
            for text in (text for data in run.sets.values() for text in remarks(data)):
                run.warn(text)
        if run.guard:
            run.guard.begin(run)
        yield signals


@contextmanager
def _remains_told(run: Session) -> Iterator[None]:
    """Whatever ends the run in the block also says what there is to go on from."""
    with at_last(lambda: remains(run.files)):
        try:
            yield
        except Interrupted:  # says itself what was saved
            raise
        except Exception as error:
            error.add_note(remains(run.files))
            raise


def remains(files: RunDir | None) -> str:
    """What there is now to go on from, in words."""
    for path in (*checkpoint.found_in(files.checkpoints), *guarded(files)) if files else ():
        if checkpoint.seems_whole(path):
            return f"--resume goes on from {int(path.stem)} images"
    return "there is no checkpoint to go on from"


def look_for_home(run: Session) -> None:
    """Notice that the run's folder is not where it was: `run.moved` then says so, and the run has to stop.

    Nothing may be written into a folder that has taken its place. One that was removed is made anew: the
    state is in memory, and is worth more than the folder.
    """
    home, files = run.home, run.files
    if home is None or files is None or run.moved or home.stands:
        return
    if now := home.found():
        run.run_dir, run.files = now, replace(files, path=now)
        run.moved = f"{files.path} was moved to {now} while the run trained in it", f"go on in {now}"
    elif os.path.lexists(files.path):
        run.run_dir, run.files, run.observers = None, None, ()
        run.moved = (
            f"{files.path} was removed while the run trained in it, and is another folder now",
            "start the run again, in a folder of its own",
        )
    else:
        home.make_anew()
        describe(run)
        run.warn(f"{files.path} was removed: it is made anew, and the next checkpoint has all of the state")
