"""Devices by name: what `auto` is, and what is not there."""

from __future__ import annotations

import os
import re
import sys

from ..errors import RuntimeFault
from .shortage import is_shortage

DEVICE = re.compile(r"cpu|cuda(:[0-9]{1,3})?")
DRIVERS = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")  # of NVIDIA, of AMD, of either under Windows' Linux
OTHERS = {  # devices of torch's that training, precision and exactness were never tried on
    "mps": "Apple's GPUs",
    "xpu": "Intel's GPUs",
    "xla": "TPUs",
    "hpu": "Gaudi",
    "npu": "Ascend",
    "vulkan": "Vulkan",
    "meta": "shapes without numbers",
}


class NoSuchDevice(RuntimeFault):
    """The device is not there, or torch was built without it."""

    exit_code = 6


def likely() -> str:
    """What `auto` will be, cpu or cuda: by torch where it is loaded, else by what the system shows."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return "cuda" if torch.cuda.is_available() else "cpu"
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1")
    return "cuda" if not hidden and any(map(os.path.exists, DRIVERS)) else "cpu"


def device_named(name: str) -> str:
    """`auto` as cuda where there is one, else cpu; any other name as it is. Raises NoSuchDevice.

    Of several processes on a machine (torchrun) each takes the GPU of its own number.
    """
    import torch

    if name == "auto" and not torch.cuda.is_available():
        return "cpu"
    if name in ("auto", "cuda"):
        rank = os.environ.get("LOCAL_RANK", "")
        name = f"cuda:{rank}" if rank else "cuda"
    known = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
    there = NoSuchDevice(
        f"there is no device `{name}`", f"here are {', '.join(['cpu', *known])}; `auto` takes the best"
    )
    kind = name.partition(":")[0]
    if kind in OTHERS:
        raise NoSuchDevice(
            f"`{name}` ({OTHERS[kind]}) is not supported: networks run on CPUs and on GPUs that torch calls"
            " cuda, NVIDIA's and (through ROCm) AMD's",
            f"here are {', '.join(['cpu', *known])}; leave --device out to take the best",
        )
    if not DEVICE.fullmatch(name):
        raise there
    try:
        torch.zeros((), device=name)
    except (RuntimeError, AssertionError) as error:  # no such number, no driver, a torch without CUDA
        if is_shortage(error):
            raise
        raise there from error
    return name
