"""What every test shares: one thread, reproducible examples, and the place of the parity data."""

from __future__ import annotations

import os

# Before anything imports torch: on few cores OpenMP's threads spin, and small networks crawl.
os.environ["OMP_NUM_THREADS"] = "1"

from pathlib import Path

import pytest
from hypothesis import settings

# No deadline: the first example pays for imports. The same examples in every run: a green CI stays green.
settings.register_profile("gandsl", deadline=None, derandomize=True)
settings.load_profile("gandsl")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def parity() -> Path:
    """The folder of reference results (.npz) of independent implementations; skips where there is none."""
    folder = Path(os.environ.get("GANDSL_PARITY") or ROOT.parent / "shared" / "parity")
    if not folder.is_dir():
        pytest.skip(f"no parity data at {folder}: set GANDSL_PARITY to the folder of .npz files")
    return folder
