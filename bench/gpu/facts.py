"""What the device is, and the rates that it reaches: the ceilings of everything measured after."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from functools import partial
from typing import Any

import torch

import gandsl
from bench.figures import figure
from bench.gpu.device import exact, milliseconds
from bench.gpu.entry import Setting

NVIDIA_SMI = "name,driver_version,clocks.sm,clocks.mem,temperature.gpu,power.draw"
MOST_BYTES, MOST_PRODUCTS = 50e12, 20e15
"""A second: more than any card reaches."""


def versions(setting: Setting) -> dict[str, Any]:
    """The device's name and state, and what runs on it."""
    found: dict[str, Any] = {
        "card": card(setting),
        "torch": torch.__version__,
        "python": platform.python_version(),
        "gandsl": gandsl.__version__,
        "cores": os.cpu_count(),
    }
    if setting.cuda:
        facts = torch.cuda.get_device_properties(setting.device)
        found |= {
            "capability": f"{facts.major}.{facts.minor}",
            "multiprocessors": facts.multi_processor_count,
            "GiB": facts.total_memory / 2**30,
            "cuda": torch.version.cuda,
            "cudnn": torch.backends.cudnn.version(),
            "nccl": ".".join(map(str, torch.cuda.nccl.version())),
        }
        if shutil.which("nvidia-smi"):
            query = ["nvidia-smi", f"--query-gpu={NVIDIA_SMI}", "--format=csv,noheader"]
            found["state"] = subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()
    return found


def card(setting: Setting) -> str:
    """Raises SystemExit where the device is not there."""
    if not setting.cuda:
        return f"CPU, {platform.machine()}"
    if not torch.cuda.is_available():
        raise SystemExit(f"there is no device {setting.device}: torch {torch.__version__} sees no GPU")
    return torch.cuda.get_device_name(setting.device)


def rates(setting: Setting) -> dict[str, Any]:
    """Bytes read and written by a copy, and products of matrices, per second."""
    size, side = (2**22, 256) if setting.tiny else (2**30, 8192)
    x = torch.empty(size, dtype=torch.uint8, device=setting.device).random_()
    y = torch.empty_like(x)
    seconds = milliseconds(setting, lambda: y.copy_(x)) / 1e3
    found = {"copy TB/s": figure("bytes a second", 2 * size / seconds, most=MOST_BYTES) / 1e12}
    kinds = {"fp32": torch.float32, "tf32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
    for name, dtype in kinds.items():
        torch.backends.cuda.matmul.allow_tf32 = name == "tf32"
        factor = torch.randn(side, side, device=setting.device).to(dtype)
        seconds = milliseconds(setting, partial(torch.matmul, factor, factor), 5) / 1e3
        rate = figure("products a second", 2 * side**3 / seconds, most=MOST_PRODUCTS)
        found[f"{name} TFLOP/s"] = rate / 1e12
    exact()
    return found
