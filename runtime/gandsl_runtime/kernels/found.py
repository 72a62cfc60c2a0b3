"""Finds the kernels for a device: there are some for CUDA devices, where the package triton is installed."""

from __future__ import annotations

import functools
import importlib
import warnings
from typing import Any

import torch


@functools.cache
def kernels(name: str, device: torch.device) -> Any:
    """The module `gandsl_runtime.kernels.<name>`, or None where torch's own operators do its work.

    On a CUDA device without Triton a warning says so once.
    """
    if device.type != "cuda":
        return None
    try:
        return importlib.import_module(f"gandsl_runtime.kernels.{name}")
    except ImportError:  # triton is not made for every system
        _say()
        return None


@functools.cache
def _say() -> None:
    warnings.warn(
        "the package triton is not installed: on this GPU several kernels do what one could", stacklevel=2
    )
