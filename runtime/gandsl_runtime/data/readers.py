"""How many processes read images ahead of the steps: by the cores, unless somebody says."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass

from ..distributed import launch
from .dataset import Dataset
from .parallel import processors
from .table import FieldTable

MOST = 16  # of one trainer: beyond, handing over takes longer than decoding
QUEUED = 2  # batches that each worker may have made before they are taken (torch's prefetch_factor)
SHARED = "/dev/shm"  # where workers hand batches over; in a container it often has 64 MiB
LEFT = 0.5  # of its free space, for whoever else needs some: a full one kills a worker by SIGBUS


@dataclass(frozen=True)
class Readers:
    """Data workers of one trainer."""

    count: int
    why: str = ""  # nothing where a user said so

    def __str__(self) -> str:
        count = f"{self.count or 'no'} data worker{'s' * (self.count != 1)}"
        return f"{count} ({self.why})" if self.why else count


def readers(wanted: int | None, data: Dataset | FieldTable, images: int, device: str) -> Readers:
    """For batches of so many images to a device of that kind; `wanted` is what a user says."""
    if wanted is not None:
        return Readers(wanted)
    if data.decoded:
        return Readers(0, "nothing is to be decoded")
    if device == "cpu":  # a worker would take from the step what it saves it
        return Readers(0, "the step needs the cores")
    cores = max(processors() // launch.neighbours(), 1)
    count = min(max(cores - 1, 1), MOST)  # one core launches the step
    fitting = int(LEFT * _shared()) // (QUEUED * images * data.bytes)
    if fitting < count:
        return Readers(fitting, f"{SHARED} has room for no more")
    return Readers(count, f"by {cores} core{'s' * (cores != 1)}")


def _shared() -> int:
    """Free bytes of the memory that processes share; no bound where it is no file system."""
    try:
        return shutil.disk_usage(SHARED).free
    except OSError:
        return sys.maxsize
