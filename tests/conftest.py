"""What every test shares: one thread, reproducible examples, and the place of the parity data."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from collections.abc import Iterator

# Before anything imports torch: on few cores OpenMP's threads spin, and small networks crawl.
os.environ["OMP_NUM_THREADS"] = "1"
# Tests of memory that is not there limit a fork of a worker: what earlier tests freed must not be there.
os.environ.setdefault("GLIBC_TUNABLES", "")

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# A job in the background begins with signals ignored, and so do its children: tests send them some.
for _number, _usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, _usual)

# No deadline: the first example pays for imports. The same examples in every run: a green CI stays green.
settings.register_profile("gandsl", deadline=None, derandomize=True)
settings.load_profile("gandsl")

ROOT = Path(__file__).resolve().parent.parent

# Without torch, the tests of what needs none, but for those that compare it with torch.
_FRONT = {"analysis", "diagnostics", "diff", "frontend", "graph", "ir", "spec", "specs/test_spoiled.py"}
_READS_TORCH = re.compile(r"^(import|from) torch\b", re.MULTILINE)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Ignore what needs torch where there is none; None leaves the question to others."""
    if find_spec("torch") is not None or collection_path in (ROOT, ROOT / "tests", ROOT / "tests/specs"):
        return None
    own = collection_path.relative_to(ROOT / "tests")
    if own.parts[0] not in _FRONT and own.as_posix() not in _FRONT:
        return True
    compares = collection_path.suffix == ".py" and _READS_TORCH.search(collection_path.read_text("utf-8"))
    return True if compares else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start large processes first: workers grow with all that they have imported."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache folder of these tests alone, also of the processes that they start."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """No test leaves a data worker behind: each would hold a quarter of a worker's memory until the end."""
    before = set(multiprocessing.active_children())
    yield
    started = [child for child in multiprocessing.active_children() if child not in before]
    for child in started:
        child.join(10)  # what was told to end may take a moment to do so
    left = [child for child in started if child.is_alive()]
    for child in left:
        child.terminate()
    assert not left, "processes of this test still run: close what it opened"


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
