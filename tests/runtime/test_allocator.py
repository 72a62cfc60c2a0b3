"""Freed memory stays with the process where glibc lets us say so, and where nobody has chosen otherwise."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from gandsl_runtime.system.allocator import CHOSEN

SCRIPT = """
import resource
from gandsl_runtime.system import allocator
taken = {taken} and allocator.keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    held = bytearray(b'x') * (40 << 20)  # above what glibc learns to keep by itself
print(taken, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(taken: bool, **chosen: str) -> tuple[str, int]:
    """Whether it was taken, and how often a page was touched first, of 10 times 10,240."""
    env = {name: value for name, value in os.environ.items() if name not in CHOSEN} | chosen
    env["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(taken=taken)],
        capture_output=True,
        text=True,
        env=env,
        check=True,
    )
    said, count = done.stdout.split()
    return said, int(count)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's")
def test_pages_are_touched_first_once() -> None:
    said, kept = faults(True)
    if said == "False":
        pytest.skip("another C library than glibc")
    assert kept < 3 * 10240
    assert faults(False)[1] > 8 * 10240


def test_a_choice_of_the_users_stays() -> None:
    assert faults(True, MALLOC_TRIM_THRESHOLD_="131072")[0] == "False"
