"""Out of memory: recognized whichever library reports it, and told with what was asked for, and where.

Python, numpy, torch's allocators on the CPU and on GPUs, the vendors' libraries and the system each have a
class or a sentence of their own. Imports no torch, which may be what there is no memory for.
"""

from __future__ import annotations

import errno
import os
import re
import resource
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from ..errors import OutOfMemory, RuntimeFault
from .pasted import pasted

_SAID = re.compile(
    r"out of memory|(?:can(?:'t|not)|unable to) allocate|not enough memory|\bMemoryError\b|bad_alloc"
    r"|_ALLOC_FAILED|failed to map segment|can't start new thread",
    re.IGNORECASE,
)
_ASKED = (
    re.compile(r"tried to allocate ([\d.]+) ?(bytes|[KMGTPE]i?B)?", re.IGNORECASE),  # torch
    re.compile(r"unable to allocate ([\d.]+) ?(bytes|[KMGTPE]i?B)", re.IGNORECASE),  # numpy
)
# what Python says of a call that had no memory left for the error itself
_SPEECHLESS = re.compile(r"without (setting an )?exception")
_OF_A_GPU = re.compile(r"cuda|cublas|cudnn|\bHIP\b", re.IGNORECASE)


def is_shortage(error: BaseException | None) -> bool:
    """Whether an error, or one that it was raised from, says that there is no memory."""
    for one in _chain(error):
        if isinstance(one, RuntimeFault):
            return False
        if isinstance(one, MemoryError) or getattr(one, "errno", None) == errno.ENOMEM:
            return True
        if isinstance(one, RuntimeError | OSError | ImportError) and _SAID.search(str(one)):
            return True
        if isinstance(one, SystemError) and _SPEECHLESS.search(str(one)) and _limit() is not None:
            return True
    return False


def asked_for(error: BaseException) -> str:
    """`2.00 GiB`; empty where the error does not say."""
    texts = [str(one) for one in _chain(error)]
    found = next((m for text in texts for pattern in _ASKED if (m := pattern.search(text))), None)
    if found is None:
        return ""
    if found[2] and found[2].lower() != "bytes":
        return f"{found[1]} {found[2]}"
    count = int(float(found[1]))
    return f"{count:,} bytes ({count / 2**30:.2f} GiB)" if count >= 2**24 else f"{count:,} bytes"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, the one that it was raised from, and so on."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def room(on_a_gpu: bool) -> str:
    """All the memory that this process may have, as `--budget` takes it: `16GiB`."""
    torch: Any = sys.modules.get("torch")
    if on_a_gpu and torch is not None and torch.cuda.is_available():
        total = int(torch.cuda.get_device_properties(torch.cuda.current_device()).total_memory)
    else:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        total = min(_limit() or total, total)
    return f"{total >> 30}GiB" if total >= 2**30 else f"{total >> 20}MiB"


def free(device: Any) -> int:
    """Bytes that this process can still have on a torch.device."""
    if device.type == "cuda":
        torch: Any = sys.modules["torch"]
        return int(torch.cuda.mem_get_info(device)[0])
    return min(found for found in (_available(), _limit(), _of_the_group()) if found is not None)


def _available() -> int:
    """What Linux could give out without swapping; elsewhere all that there is."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            found = re.search(r"^MemAvailable:\s*(\d+) kB", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return int(found[1]) * 1024 if found else os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_the_group(folder: str = "/sys/fs/cgroup") -> int | None:
    """What a container's limit leaves; None where there is none."""
    numbers = []
    for name in ("memory.max", "memory.current"):
        try:
            with open(f"{folder}/{name}", encoding="ascii") as file:
                numbers.append(int(file.read()))
        except (OSError, ValueError):  # no such file; "max"
            return None
    return max(numbers[0] - numbers[1], 0)


def _limit() -> int | None:
    """Bytes of address space that the user lets this process have; None: any."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if limit == resource.RLIM_INFINITY else limit


def out_of_memory(
    error: BaseException, where: str, spec: object, sets: Iterable[str] | None = ()
) -> OutOfMemory:
    """The fault: what was asked for and where (`" in …"`), and what to ask for instead."""
    on_a_gpu = bool(_OF_A_GPU.search(f"{type(error).__name__} {error}"))
    which = "the GPU's memory" if on_a_gpu else "memory"
    asked = asked_for(error)
    return OutOfMemory(
        f"{which} is full{where}" + (f": {asked} more were asked for" if asked else ""),
        what_fits(spec, room(on_a_gpu), sets),
    )


def what_fits(spec: object, budget: str, sets: Iterable[str] | None = ()) -> str:
    """The command that tells what to train with in so much memory."""
    command = pasted("cost", spec, "--memory", "--budget", budget, sets=sets)
    return f"`{command}` tells which training.micro_batch fits"


@contextmanager
def memory_for(what: str, spec: object, **networks: Any) -> Iterator[None]:
    """Turn a shortage in the block into OutOfMemory, with the node of a network where it was met."""
    try:
        yield
    except Exception as error:
        if not is_shortage(error):
            raise
        raise out_of_memory(error, f" in {what}{_node(error.__traceback__, networks)}", spec) from error


def _node(traceback: TracebackType | None, networks: dict[str, Any]) -> str:
    """The innermost layer that was at work. Backward has none: its frames are not Python's."""
    names = {id(layer): (side, name) for side in networks for name, layer in networks[side].named_modules()}
    found = ""
    while traceback is not None:
        side, name = names.get(id(traceback.tb_frame.f_locals.get("self")), ("", ""))
        found = f", at `{name}` of the {side}" if name else found
        traceback = traceback.tb_next
    return found
