"""What goes wrong becomes one message and a documented exit code."""

from __future__ import annotations

import errno
import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from gandsl.cli.exits import Exit
from gandsl.cli.guard import guarded
from gandsl.diagnostics import InvariantError
from gandsl_runtime import errors
from tests.cli.conftest import ROOT, Gandsl


def ended(
    capsys: pytest.CaptureFixture[str], error: BaseException | None, result: int = 0
) -> tuple[int, str]:
    def command() -> int:
        if error is not None:
            raise error
        return result

    with pytest.raises(typer.Exit) as end:
        guarded(command)()
    return end.value.exit_code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (None, 0, ""),
        (KeyboardInterrupt(), 130, "stopped"),
        (
            FileNotFoundError(errno.ENOENT, "No such file or directory", "a.yaml"),
            1,
            "cannot open a.yaml: no such file",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "b"), 1, "cannot open b: permission denied"),
        (OSError(errno.ENOSPC, "No space left on device", "c.svg"), 5, "no space left for c.svg"),
        (
            errors.DataError("no images in x", "give others"),
            3,
            "error: no images in x\n  = help: give others",
        ),
        (errors.MissingExtra("the logo", "logo"), 6, "pip install"),
        (errors.Interrupted(15, "stopped by SIGTERM", "resume"), 143, "stopped by SIGTERM"),
    ],
)
def test_faults(
    capsys: pytest.CaptureFixture[str], error: BaseException | None, code: int, words: str
) -> None:
    exit_code, said = ended(capsys, error)
    assert exit_code == code and words in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    "error", [ValueError("oops"), InvariantError("the graph is upside down"), RecursionError()]
)
def test_a_bug_is_reported_without_a_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: Exception
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("GANDSL_TRACEBACK", raising=False)
    code, said = ended(capsys, error)
    assert code == 70 and "has a bug" in said and "Traceback" not in said
    (report,) = tmp_path.glob("gandsl-bug-*.txt")
    assert str(report) in said and "Traceback" in report.read_text()
    monkeypatch.setenv("GANDSL_TRACEBACK", "1")
    assert "Traceback" in ended(capsys, error)[1]


def test_usage_errors_are_left_to_typer() -> None:
    def command() -> int:
        raise typer.BadParameter("no")

    with pytest.raises(typer.BadParameter):
        guarded(command)()


def test_every_fault_of_the_runtime_has_its_row() -> None:
    for name, fault in inspect.getmembers(errors, inspect.isclass):
        if issubclass(fault, errors.RuntimeFault):
            assert fault.exit_code in set(Exit), name
    meanings = {
        errors.DataError: Exit.DATA,
        errors.CheckpointError: Exit.CHECKPOINT,
        errors.OutOfSpace: Exit.DISK,
    }
    meanings |= {errors.MissingExtra: Exit.ENVIRONMENT, errors.Diverged: Exit.DIVERGED}
    assert {fault: fault.exit_code for fault in meanings} == meanings


def test_the_manual_has_the_same_table() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    rows = dict(re.findall(r"^\| (\d+) \| (.+?) \|$", text, re.MULTILINE))
    assert {int(code): meaning for code, meaning in rows.items()} == {int(e): e.meaning for e in Exit}


def test_a_reader_that_leaves_is_no_error(process: Callable[..., Any], specs: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        child = process("show", specs / "stylegan2.yaml", "--ir", "--full", stdout=writer)
        _, said = child.communicate(timeout=60)
    finally:
        os.close(writer)
    assert child.returncode == 0 and said == ""


def test_a_terminal_without_arrows(process: Callable[..., Any], specs: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}", "PYTHONIOENCODING": "ascii"}
    child = process("diff", specs / "tiny.yaml", "--set", "training.batch=8", env=environment)
    text, said = child.communicate(timeout=60)
    assert child.returncode == 0 and said == "" and "batch: 32 \\u2192 8" in text


def test_unreadable_spec(gandsl: Gandsl, tmp_path: Path) -> None:
    for path in (tmp_path / "none.yaml", tmp_path):
        done = gandsl("cost", path)
        assert done.exit_code == 1 and "error[G0" in done.stderr
    binary = tmp_path / "x.yaml"
    binary.write_bytes(b"\xff\xfe\x00")
    assert gandsl("check", binary).exit_code == 1


def test_output_into_a_folder_that_is_not_there(gandsl: Gandsl, specs: Path, tmp_path: Path) -> None:
    """It is made, as every command makes it; what can't be is named."""
    assert gandsl("graph", specs / "tiny.yaml", "-o", tmp_path / "new" / "x.svg").exit_code == 0
    done = gandsl("graph", specs / "tiny.yaml", "-o", tmp_path / "new" / "x.svg" / "y.svg")
    assert done.exit_code == 1 and "x.svg is no folder" in done.stderr.replace("\n", " ")


def test_listing_commands_imports_none() -> None:
    import subprocess
    import sys

    listing = "print([m for m in sys.modules if 'gandsl.cli.commands.' in m])"
    code = f"import sys\nfrom gandsl.cli.app import app\n{listing}"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
