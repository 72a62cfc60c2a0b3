"""Files made to do harm: they are refused with a message, run nothing, and take neither memory nor time."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop import hostile_files, hostile_keys
from tests.interop.forge import called, raw, text
from tests.interop.hostile_files import CALLED, Attacks

MEMORY = 256 * 2**20  # that an import of a small file may take
SECONDS = 10

KINDS = (
    hostile_files.gadgets,
    hostile_files.bombs,
    hostile_files.claims,
    hostile_files.archives,
    hostile_files.modules,
    hostile_keys.headers,
    hostile_keys.wrappers,
)


@dataclass(frozen=True)
class Ending:
    end: str
    message: str
    bytes: int
    seconds: float


@pytest.fixture(scope="module")
def endings(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Mapping[str, Ending]:
    attacks = Attacks(tmp_path_factory.mktemp("hostile"))
    for kind in KINDS:
        kind(attacks)
    files = {str(path): key for key, path in attacks.files.items()}
    program = Path(__file__).with_name("attack.py")
    done = subprocess.run(
        [sys.executable, program, str(MEMORY), str(SECONDS), *files],
        env={"PYTHONPATH": f"{root}:{root / 'runtime'}", "OMP_NUM_THREADS": "1", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=300,
        cwd=root,
    )
    assert done.returncode == 0, done.stderr
    found = {}
    for line in done.stdout.splitlines():
        said = json.loads(line)
        key = files[said.pop("file")]
        found[key] = Ending(**said)
    assert found.keys() == attacks.files.keys()
    found["canary"] = Ending("left" if attacks.canary.exists() else "absent", "", 0, 0.0)
    return found


def test_all_are_refused_with_a_message(endings: Mapping[str, Ending]) -> None:
    """By a class of ours, each with what is wrong; whatever else comes out is named here."""
    ends = {key: ending for key, ending in endings.items() if key != "canary"}
    assert len(ends) > 200
    wrong = {
        key: (ending.end, ending.message)
        for key, ending in ends.items()
        if ending.end not in ("Refused", "CutShort", "DamagedFile", "InteropError")
        or len(ending.message) < 30
    }
    assert not wrong


def test_nothing_was_run(endings: Mapping[str, Ending]) -> None:
    assert endings["canary"].end == "absent"
    assert not Path("/tmp/gandsl-canary").exists()


def test_gadgets_are_refused_as_such(endings: Mapping[str, Ending]) -> None:
    """Not by luck, as damaged files, but by what they ask for."""
    for module, attribute in CALLED:
        ending = endings[f"{module}.{attribute}"]
        assert ending.end == "Refused", (module, attribute, ending)
        assert f"asks for `{module}.{attribute}`" in ending.message
        assert "nothing of it was run" in ending.message
    for key in ("system-zip", "system-stream", "system-inner", "stack-global-pickle", "exec-zip"):
        assert endings[key].end == "Refused"


def test_no_file_takes_memory_or_time(endings: Mapping[str, Ending]) -> None:
    """Each within 256 MiB more than Python and torch have, and a few seconds."""
    assert {k: e.bytes for k, e in endings.items() if e.bytes > MEMORY} == {}
    assert {k: e.seconds for k, e in endings.items() if e.seconds > 6} == {}


def test_the_canary_works(tmp_path: Path) -> None:
    """A reader that runs what it reads does leave the canary: else the test above would prove nothing."""
    canary = tmp_path / "canary"
    pickle.loads(raw(called("os", "system", text(f"touch {canary}"))))
    assert canary.exists()
