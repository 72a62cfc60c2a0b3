"""The device that a command runs on."""

from __future__ import annotations

from gandsl_runtime.errors import RuntimeFault


class NoSuchDevice(RuntimeFault):
    """The device is not there, or torch was built without it."""

    exit_code = 6


def device_named(name: str) -> str:
    """`auto` as cuda where there is one, else cpu; any other name as it is. Raises NoSuchDevice.

    Of several processes on a machine (torchrun) each takes the GPU of its own number.
    """
    import os

    import torch

    if name == "auto" and not torch.cuda.is_available():
        return "cpu"
    if name in ("auto", "cuda"):
        rank = os.environ.get("LOCAL_RANK")
        name = "cuda" if rank is None else f"cuda:{int(rank)}"
    try:
        torch.zeros((), device=torch.device(name))
    except (RuntimeError, AssertionError) as error:  # an unknown name, no driver, a torch without CUDA
        known = [f"cuda:{index}" for index in range(torch.cuda.device_count())]
        raise NoSuchDevice(
            f"there is no device `{name}`", f"here are {', '.join(['cpu', *known])}; `auto` takes the best"
        ) from error
    return name
