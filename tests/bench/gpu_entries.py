"""What entries of a bench may do to their process; no torch, so that it begins in no time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from bench.gpu.entry import Entry, Setting, Skipped

HERE = "tests.bench.gpu_entries"


def entry(kind: str, name: str = "", **more: Any) -> Entry:
    given = {key: more.pop(key) for key in ("path", "seconds") if key in more}
    return Entry(name or kind, f"{HERE}:{kind}", given, **{"needs": 0.0, **more})


def fine(setting: Setting) -> dict[str, Any]:
    print("heard in the log")
    return {"device": setting.device, "process": os.getpid()}


def wrong(setting: Setting) -> dict[str, Any]:
    assert setting.cuda, "not apart by 3e-2"
    return {}


def broken(setting: Setting) -> dict[str, Any]:
    raise SystemExit("the measurement is broken: a time is 0")


def peerless(setting: Setting) -> dict[str, Any]:
    raise Skipped("without a peer's code", "no checkout was given")


def unsaid(setting: Setting) -> dict[str, Any]:
    return {"x": {1, 2}}  # no JSON


def dies(setting: Setting) -> dict[str, Any]:
    os.abort()


def ends(setting: Setting) -> dict[str, Any]:
    os._exit(0)


def sleeps(setting: Setting, seconds: float = 60.0) -> dict[str, Any]:
    time.sleep(seconds)
    return {}


def looks(setting: Setting, path: str) -> dict[str, Any]:
    """What the file of results holds while an entry is at work."""
    return {"seen": Path(path).read_text("utf-8")}
