"""What a run says of itself in its folder: spec and plan, and with what code, where and how it was made."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from socket import gethostname
from typing import TYPE_CHECKING, Any

import torch

from .. import __version__
from ..plan import Plan
from ..system.files import whole, write
from .header import DRAWS
from .record import MOST_SESSIONS, RunRecord, recorded

if TYPE_CHECKING:
    from ..observers.base import Run

PACKAGES = ("gandsl", "torch", "numpy", "pillow", "pydantic", "safetensors", "rich", "tensorboard")


def describe(run: Run) -> None:
    """Write what the run is: its spec and plan, and who trained it when, where and with what."""
    files = run.files
    assert files is not None
    if files.resolved is not None and (run.fresh or run.changed or not files.spec.exists()):
        _put(run, files.spec, files.resolved)
    _put(run, files.plan, plan_text(run.plan))
    session = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "images": run.state.clock.images,
        "processes": run.group.size,
        **environment(run.device),
    }
    before = recorded(files.facts)
    sessions = before.sessions if before and before.run == run.id else ()
    record = RunRecord(
        run=run.id,
        seed=run.state.seed,
        draws=DRAWS,
        data=run.images,
        how=run.machine,
        sessions=(*sessions, session)[-MOST_SESSIONS:],
    )
    write(files.facts, record.text())


def _put(run: Run, path: Path, text: str) -> None:
    """Write a file; where a run changes it, the version in force until now is kept beside it."""
    assert run.files is not None
    before = run.files.until(path, run.state.clock.images)
    if run.changed and path.is_file() and not said(path, text) and not before.exists():
        with whole(before) as new:
            shutil.copyfile(path, new)
    write(path, text)


def plan_text(plan: Plan) -> str:
    """The plan as its file has it."""
    return plan.model_dump_json(indent=2) + "\n"


def said(path: Path, text: str) -> bool:
    """Whether a file holds this text already."""
    return path.is_file() and path.read_bytes() == text.encode()


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
