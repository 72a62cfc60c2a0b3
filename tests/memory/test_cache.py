"""What was measured is remembered: without torch, and whatever became of the files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.memory import StepMemory, cache, known, measured, memory_of
from gandsl_runtime.peak_memory.figures import KINDS, PhasePeak, StagePeaks
from tests.cli.conftest import ROOT, SPECS

QUICK = SPECS / "quickstart.yaml"
PHASES = tuple(PhasePeak(f"D/{n}", n, 4, dict.fromkeys(KINDS, 7), "here", True) for n in (1, 16))
LEVEL = StagePeaks((8, 8), True, 16, 4, PHASES)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "gandsl" / "memory"


def test_what_is_kept_is_what_was_measured(folder: Path) -> None:
    assert cache.kept("a") is None
    levels = (LEVEL, *(replace(LEVEL, size=size) for size in (None, (8,), (8, 16, 16))))
    cache.keep("a", levels)
    assert cache.kept("a") == levels and LEVEL.penalty == 7 * len(KINDS)
    assert [path.name for path in folder.iterdir()] == ["a.json"], "and nothing beside it"


def test_without_the_variable_it_is_in_the_user_s_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for value in (None, "", "relative"):  # as the specification of base directories says
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
        if value is not None:
            monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert cache.folder() == tmp_path / ".cache" / "gandsl" / "memory"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", '{"torch": 1, "levels": 3}', '{"torch": "TORCH", "levels": []}',
     '{"torch": "TORCH", "levels": [{}]}', '{"torch": "TORCH", "levels": [null]}', "\0\0", "9" * 5000,
     '{"torch": "0.1", "levels": []}', "[" * 100_000],
    ids=range(13),
)  # fmt: skip
def test_a_broken_file_is_none(text: str, folder: Path) -> None:
    folder.mkdir(parents=True)
    path = folder / "a.json"
    path.write_text(text.replace("TORCH", str(cache._torch())))
    assert cache.kept("a") is None
    path.write_bytes(b"\xff\xfe\x00")
    assert cache.kept("a") is None
    cache.keep("a", (replace(LEVEL, phases=()),))
    assert cache.kept("a") is None
    cache.keep("a", (LEVEL,))
    whole = path.read_text()
    for cut in range(0, len(whole), 40):
        path.write_text(whole[:cut])
        assert cache.kept("a") is None


def test_another_torch_measures_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.keep("a", (LEVEL,))
    monkeypatch.setattr(cache, "_torch", lambda: "1.0")
    assert cache.kept("a") is None
    monkeypatch.setattr(cache, "_torch", lambda: None)  # none to measure with
    assert cache.kept("a") == (LEVEL,)


def test_where_nothing_can_be_written_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    cache.keep("a", (LEVEL,))
    assert cache.kept("a") is None
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    cache.keep("a", (LEVEL,))
    assert cache.kept("a") is None


def test_it_does_not_grow(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST", 3)
    for number in range(5):
        cache.keep(str(number), (LEVEL,))
        os.utime(folder / f"{number}.json", (number, number))
        assert cache.kept("0") == (LEVEL,), "what is asked for stays"
    assert len(list(folder.iterdir())) == 3


def test_the_key_is_of_all_that_counts() -> None:
    def key(device: str = "cpu", micro: int | None = None, **overrides: object) -> str:
        module, _ = analyze(QUICK, overrides)
        assert module is not None
        return measured._key(module, device, micro)

    assert key() == key() and key(micro=16) == key(**{"training.micro_batch": 16})
    others = [key("cuda"), key(micro=16), key(width=8), key(**{"training.loss": "logistic"})]
    assert len({key(), *others}) == 5


def test_nothing_is_computed_that_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module, _ = analyze(QUICK)
    assert module is not None and known(module) is None
    cache.keep(measured._key(module, "cpu", None), (LEVEL,))
    monkeypatch.setattr(measured, "_measured", None)
    assert memory_of(module) == StepMemory("cpu", (LEVEL,))


WITHOUT = """
import json, sys
sys.modules["torch"] = None  # as Python answers for a package that is not installed
from typer.testing import CliRunner
from gandsl.cli.app import app
done = CliRunner().invoke(app, sys.argv[1:], prog_name="gandsl")
print(json.dumps([done.exit_code, done.stdout, done.stderr]))
"""


@pytest.mark.processes
def test_a_known_answer_takes_no_torch(folder: Path) -> None:
    module, _ = analyze(QUICK)
    assert module is not None
    cache.keep(measured._key(module, "cpu", None), (LEVEL,))
    words = ("cost", str(QUICK), "--memory", "--device", "cpu", "--format", "json")
    command = [sys.executable, "-c", WITHOUT, *words]
    told = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    code, out, said = json.loads(told.stdout)
    assert code == 0 and json.loads(out)["penalty"] == LEVEL.penalty, said
