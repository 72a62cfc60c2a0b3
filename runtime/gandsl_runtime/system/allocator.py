"""Memory that is freed stays with the process, where the C library would give it back at once.

torch's CPU tensors are malloc's. Of large ones glibc asks the system anew each time, and the first touch of
each of their pages costs more than what is computed there: a fifth of a training step (docs/performance.md).
"""

from __future__ import annotations

import ctypes
import os
import sys
from functools import cache

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1  # malloc.h: from which size, and above how much that is free
CHOSEN = ("GLIBC_TUNABLES", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_", "LD_PRELOAD")
NEVER = 2**31 - 1  # bytes, the most that mallopt takes


@cache
def keep_freed_memory() -> bool:
    """For the whole process, once; whether the C library took it: only glibc, on Linux, knows the options.

    What a process holds at most grows by a few percent, since blocks of different sizes leave gaps. Who has
    set glibc's own variables, or another allocator, has chosen.
    """
    if sys.platform != "linux" or any(name in os.environ for name in CHOSEN):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # a static Python, or musl
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return all([mallopt(MMAP_THRESHOLD, NEVER), mallopt(TRIM_THRESHOLD, NEVER)])
