"""Where a step waits for the device: each wait with the line of ours that causes it.

On a GPU torch tells of every call that synchronizes. On a CPU none does; there the operations are counted
that would have to: those whose result the host reads, and constants that it makes, but for images it reads.
"""

from __future__ import annotations

import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from bench.gpu import device as devices
from bench.gpu import ours
from bench.gpu.entry import Setting
from gandsl_runtime.plan.schedule import Clock

PACKAGES = ("gandsl", "gandsl_runtime")
WARNING = "called a synchronizing"  # not the one that says how new this mode of torch's is
CONSTANT = "lift_fresh"
WOULD_WAIT = ("_local_scalar_dense", "nonzero", "masked_select", "_unique2", "unique_dim", CONSTANT)


def step(setting: Setting, spec: str, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A step in which every phase is due waits nowhere. Raises AssertionError that names the lines."""
    small = ours.small(spec, overrides)
    run = ours.steps(spec, small, setting.device, "cuda", 2, seed=3)
    probe(setting)
    run.state.clock = Clock(run.state.clock.images, 0)
    with counted(setting) as found:
        run.step()
    lines = ", ".join(f"{where} ×{times}" for where, times in found.most_common(6))
    assert not found, f"{found.total()} waits in a step: {lines}"
    return {"waits": 0}


def probe(setting: Setting) -> None:
    """Raises SystemExit where a wait is not counted: then none would be."""
    x = torch.ones((), device=setting.device)
    with counted(setting) as found:
        x.item()
    if not found:
        raise SystemExit("the measurement is broken: a wait for the device was not counted")


@contextmanager
def counted(setting: Setting) -> Iterator[Counter[str]]:
    """Waits inside the block, by the line of ours that is innermost when they happen."""
    found: Counter[str] = Counter()
    devices.wait(setting)
    with (_told if setting.cuda else _dispatched)(lambda: found.update([line()])):
        yield found


def line() -> str:
    """The innermost line of our packages that is being run."""
    for frame, number in traceback.walk_stack(None):
        if frame.f_globals.get("__name__", "").partition(".")[0] in PACKAGES:
            path = Path(frame.f_code.co_filename)
            return f"{path.parent.name}/{path.name}:{number}"
    return "elsewhere"


@contextmanager
def _told(tell: Callable[[], None]) -> Iterator[None]:
    """torch warns of each call that synchronizes."""

    def heard(message: Any, *_: Any, **__: Any) -> None:
        if WARNING in str(message):
            tell()

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = heard
        torch.cuda.set_sync_debug_mode("warn")
        try:
            yield
        finally:
            torch.cuda.set_sync_debug_mode("default")


@contextmanager
def _dispatched(tell: Callable[[], None]) -> Iterator[None]:
    class Seen(TorchDispatchMode):
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = func.overloadpacket.__name__
            if name in WOULD_WAIT and not (name == CONSTANT and line().startswith("data/")):
                tell()
            return func(*args, **(kwargs or {}))

    with Seen():
        yield
