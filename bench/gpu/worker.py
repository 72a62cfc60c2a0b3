"""A process that takes entries in turn. What it prints goes to a log; what it found, to a pipe."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
import traceback
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from bench.gpu.entry import Entry, Setting, Skipped
from bench.gpu.results import FAILED, OK, SKIPPED


def serve(connection: Connection, setting: Setting, log: Path) -> None:
    """Take what comes until nothing more does, as a process group: it can be ended with its children."""
    os.setsid()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(out, 1)
    os.dup2(out, 2)
    while (entry := connection.recv()) is not None:
        print(f"\n== {entry.name}", flush=True)
        connection.send(taken(entry, setting))


def taken(entry: Entry, setting: Setting) -> dict[str, Any]:
    """An entry's status, seconds, and what it found or why not. `spent`: the process is of no more use."""
    began = time.perf_counter()
    told: dict[str, Any] = {}
    try:
        if device := _device():
            device.fresh(setting)
        module, _, function = entry.work.partition(":")
        found = getattr(importlib.import_module(module), function)(setting, **entry.given)
        json.dumps(found)
        told = {"status": OK, "found": found}
    except Skipped as skip:
        told = {"status": SKIPPED, "kind": skip.kind, "why": skip.why}
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever an entry ends with, others follow
        traceback.print_exc()
        told = {"status": FAILED, "why": _said(error), "at": traceback.format_exc()[-1500:]}
        told["spent"] = _lost(setting)
    sys.stdout.flush()
    return {**told, "seconds": round(time.perf_counter() - began, 2)}


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, SystemExit) else f"{type(error).__name__}: {text}"[:600]


def _device() -> Any:
    """The module that knows the device, once an entry has loaded it and torch."""
    return sys.modules.get("bench.gpu.device")


def _lost(setting: Setting) -> bool:
    """Whether the device answers no more: a fault in a kernel ends all that a process can do with it."""
    try:
        if device := _device():
            device.wait(setting)
    except Exception:  # noqa: BLE001  # any error here means that the device is gone, and this process with it
        return True
    return False
