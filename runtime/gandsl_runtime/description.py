"""What a run says of itself in its folder: spec and plan, and with what code, where and how it was made."""

from __future__ import annotations

import json
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any

import torch

from . import __version__
from .files import write

if TYPE_CHECKING:
    from .trainer import Trainer

PACKAGES = ("gandsl", "torch", "numpy", "pillow", "pydantic", "safetensors", "rich", "tensorboard")
MOST_SESSIONS = 100  # that are told of: a run restarted day and night must not grow the file without end


def describe(run: Trainer) -> None:
    """Write what the run is: its spec and plan, and who trained it when, where and with what."""
    files = run.files
    assert files is not None
    if run.spec is not None:
        write(files.spec, run.spec)
    write(files.plan, run.plan.model_dump_json(indent=2) + "\n")
    session = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "images": run.state.clock.images,
        "processes": run.world.size,
        **environment(run.device),
    }
    facts = {
        "seed": run.state.seed,
        "data": {"where": run.where, "images": len(run.data)},
        "sessions": [*_sessions(files.facts), session][-MOST_SESSIONS:],
    }
    write(files.facts, json.dumps(facts, indent=2) + "\n")


def _sessions(path: Path) -> list[Any]:
    """The sessions before this one."""
    try:
        return list(json.loads(path.read_text(encoding="utf-8"))["sessions"])
    except (OSError, ValueError, KeyError, TypeError):  # a new run, or one of an older version
        return []


def environment(device: torch.device) -> dict[str, Any]:
    """Versions, code, machine and command line of this process, as JSON."""
    return {
        "command": shlex.join(sys.argv),
        "code": {"gandsl_runtime": __version__, **_commit(Path(__file__).resolve().parent)},
        "packages": {"python": platform.python_version(), **_versions()},
        "machine": {
            "host": gethostname(),
            "os": platform.platform(),
            "cpu": platform.processor() or platform.machine(),
            "cpus": os.cpu_count(),
            "threads": torch.get_num_threads(),
            **_device(device),
        },
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # an extra, or a checkout on the path
            continue
    return found | {"torch": str(torch.__version__)}  # with its build, +cu130, which its metadata may lack


def _device(device: torch.device) -> dict[str, Any]:
    facts: dict[str, Any] = {"device": str(device)}
    if device.type == "cuda":
        facts |= {
            "device_name": torch.cuda.get_device_name(device),
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
        }
    return facts


def _commit(folder: Path) -> dict[str, Any]:
    """The commit of the checkout that this code runs from; nothing where it is an installed package."""
    try:
        if not _git(folder, "ls-files", "__init__.py"):
            return {}  # the repository around an installed package is somebody else's
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
        return {"commit": _git(folder, "rev-parse", "HEAD"), "modified": bool(changed)}
    except (OSError, subprocess.SubprocessError):  # no git, or a repository it refuses to read
        return {}


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=10
    )
    return done.stdout.strip()
