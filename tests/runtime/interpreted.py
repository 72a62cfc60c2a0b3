"""Triton kernels run by its interpreter, where there is no GPU."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.conftest import ROOT

needs_triton = pytest.mark.skipif(
    find_spec("triton") is None, reason="Triton is not installed: there is no kernel to run"
)


def numbers_compared(script: str) -> int:
    """What the script prints last: how many numbers it compared. It fails where two of them differ.

    In a process of its own: what Triton defines, it defines when it is imported.
    """
    environment = os.environ | {"TRITON_INTERPRET": "1"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)
