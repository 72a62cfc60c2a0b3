"""What a run was made with: versions, commit, machine, command line."""

from __future__ import annotations

import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from socket import gethostname
from typing import Any

import torch

from . import __version__

PACKAGES = ("gandsl", "torch", "numpy", "pillow", "pydantic", "safetensors", "rich", "tensorboard")


def describe(device: torch.device) -> dict[str, Any]:
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
    return found


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
