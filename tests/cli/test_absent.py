"""What a command needs and does not find: a device, torch, another package. Exit code 6, and what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from gandsl.cli.absent import absent
from gandsl_runtime.system.device import OTHERS
from tests.cli.conftest import ROOT, SPECS, Gandsl

QUICK = SPECS / "quickstart.yaml"
NAMES = ["meta", "mps", "xla", "quantum", "cuda:99", "cuda:-1", "cuda:", "cuda:0:1", "cpu:3", "CPU",
         " cpu", "cuda:٣", "9" * 5000, "cpu\n"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: repr(name[:9]))
def test_devices(name: str, gandsl: Gandsl, tmp_path: Path) -> None:
    done = gandsl("train", QUICK, "--data", "x", "-o", tmp_path / "run", "--device", name)
    said = " ".join(done.stderr.split())
    told = ("is not supported", "leave --device out") if name in OTHERS else ("there is no device", "`auto`")
    assert done.exit_code == 6 and all(part in said for part in (*told, "the best")), said
    assert not (tmp_path / "run").exists()


def test_torchrun_s_number_of_no_gpu(monkeypatch: pytest.MonkeyPatch, gandsl: Gandsl, tmp_path: Path) -> None:
    monkeypatch.setenv("LOCAL_RANK", "first")
    done = gandsl("train", QUICK, "--data", "x", "-o", tmp_path / "run", "--device", "cuda")
    assert done.exit_code == 6 and "no device `cuda:first`" in done.stderr


ALL = {"WORLD_SIZE": "2", "RANK": "0", "MASTER_ADDR": "localhost", "MASTER_PORT": "29400"}
TORCHRUN = [  # what is said, wrongly
    ("WORLD_SIZE", "two"),
    ("WORLD_SIZE", "-1"),
    ("WORLD_SIZE", "0"),
    ("WORLD_SIZE", "9" * 5000),
    ("TORCHELASTIC_RESTART_COUNT", "often"),
    ("RANK", None),
    ("RANK", "2"),
    ("MASTER_ADDR", None),
    ("MASTER_PORT", None),
    ("MASTER_PORT", "http"),
    ("MASTER_PORT", "70000"),
]


@pytest.mark.parametrize(("name", "value"), TORCHRUN)
def test_torchrun_s_variables_by_hand(
    name: str, value: str | None, monkeypatch: pytest.MonkeyPatch, gandsl: Gandsl, tmp_path: Path
) -> None:
    for variable, text in (ALL | {name: value}).items():
        monkeypatch.delenv(variable, raising=False)
        if text is not None:
            monkeypatch.setenv(variable, text)
    done = gandsl("train", QUICK, "--data", "x", "-o", tmp_path / "run", "--device", "cpu")
    assert done.exit_code == 6 and name in done.stderr and "torchrun" in done.stderr
    assert not (tmp_path / "run").exists()


WITHOUT = """
import json, sys
from typer.testing import CliRunner
from gandsl.cli.app import app
for commands in json.load(sys.stdin):
    for command in commands:
        done = CliRunner().invoke(app, command, prog_name="gandsl")
        print(json.dumps([done.exit_code, done.stderr]))
    sys.modules["torch"] = None  # as Python answers for a package that is not installed
"""
FRONT = [
    ["--help"],
    ["check", QUICK],
    ["show", QUICK],
    ["show", QUICK, "--ir"],
    ["cost", QUICK],
    ["graph", QUICK, "-o", "graph.html"],
    ["diff", QUICK, "--set", "width=8"],
    ["diff", QUICK, QUICK],
    ["schema"],
    ["explain", "conv"],
    ["explain", "G0101"],
]
BACK = [
    ["cost", QUICK, "--memory", "--budget", "1GiB"],  # without an answer that is remembered
    ["compile", QUICK, "-o", "out"],
    ["train", QUICK, "--data", "x"],
    ["train", QUICK, "--data", "x", "--device", "cpu"],
    ["sample", QUICK, "--weights", "x.safetensors"],
    ["import", "x.pkl"],
    ["export-weights", "x.safetensors", "-o", "x.pt"],
]


def test_without_torch(tmp_path: Path) -> None:
    """What needs none imports none: a broken one ends nothing there. The others say that it is missing."""
    (tmp_path / "torch.py").write_text("raise RuntimeError('torch was imported')")
    places = ":".join(map(str, (tmp_path, ROOT, ROOT / "runtime")))
    environment = os.environ | {"PYTHONPATH": places, "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        input=json.dumps([FRONT, BACK], default=str),
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    answers: list[Any] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
    assert len(answers) == len(FRONT) + len(BACK)
    for command, (code, said) in zip(FRONT, answers[: len(FRONT)], strict=True):
        assert code == 0, (command, said)
    for command, (code, said) in zip(BACK, answers[len(FRONT) :], strict=True):
        told = " ".join(said.split())
        assert code == 6 and "this command needs torch, which is not installed" in told, (command, said)
        assert "help: pip install torch (https://pytorch.org" in told


def test_packages() -> None:
    missing = ModuleNotFoundError("No module named 'safetensors.torch'", name="safetensors.torch")
    assert absent(missing) == (
        "this command needs safetensors, which is not installed",
        "pip install safetensors",
    )
    broken = ImportError("cannot import name 'x'", name="torch.nn")
    found = absent(broken)
    assert found and found[0].startswith("this command needs torch, which can't be loaded: cannot import")
    lost = absent(OSError("libcudart.so.12: cannot open shared object file: No such file or directory"))
    assert lost and "libcudart.so.12" in lost[0]
    assert absent(ModuleNotFoundError("No module named 'gandsl.x'", name="gandsl.x")) is None  # ours to mend
    assert absent(ValueError("x")) is None
