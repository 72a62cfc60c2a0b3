"""What the README shows is true; its commands, and those at the end of `make demo`, are there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gandsl.cli.app import COMMANDS, app
from tests.documents import blocks

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "README.md"
README = PAGE.read_text("utf-8")
make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def tried(line: str) -> None:
    """The command and the options of a line are there; nothing runs. Raises UsageError."""
    _, *arguments = shlex.split(line, comments=True)
    command = typer.main.get_command(app)
    context = command.make_context("gandsl", [], resilient_parsing=True)
    while hasattr(command, "get_command"):
        command = command.get_command(context, arguments.pop(0))
        assert command, line
    with suppress(typer.BadParameter):  # an argument that the text leaves out
        command.make_context(command.name, arguments)


def test_specs_are_the_files() -> None:
    found = {text: re.search(r"^name: (\w+)$", text, re.MULTILINE) for text in blocks(PAGE, "yaml")}
    assert len(found) == 2
    for text, name in found.items():
        assert name and text == (ROOT / "specs" / f"{name[1]}.yaml").read_text("utf-8")


def test_printed_source_is_the_compiler_s() -> None:
    (source,) = (text for text in blocks(PAGE, "py"))
    assert source in (ROOT / "generated" / "quickstart" / "generator.py").read_text("utf-8")


def test_the_diff_is_what_the_command_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "80")
    (shown,) = re.findall(r"^    \$ gandsl (diff .*)\n((?:    .*\n|\n)+)", README, re.MULTILINE)
    said = CliRunner().invoke(app, shlex.split(shown[0])).stdout.splitlines()
    lines = [line[4:] for line in shown[1].splitlines()]
    assert len(lines) > 10
    assert [line for line in lines if line.strip() != "…" and line not in said] == []


def test_commands_are_there() -> None:
    lines = re.findall(r"gandsl ([a-z-]+)([^`|\n]*)", README)
    commands = [f"gandsl {name}{rest}" for name, rest in lines if name in COMMANDS]
    assert len(commands) > 12
    with pytest.raises(Exception, match="No such option: --no-such"):
        tried("gandsl train x --no-such")
    for command in commands:
        tried(command)


# --- make -------------------------------------------------------------------------------------------


def environment(folder: Path, **scripts: str) -> Path:
    """A virtual environment whose programs are these shell scripts."""
    (folder / "bin").mkdir(parents=True)
    for name, script in scripts.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    return folder


def made(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = ["make", "--silent", "--no-print-directory", *map(str, arguments), f"PYTHON={sys.executable}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


@make
def test_the_demo_ends_with_what_to_type_next(tmp_path: Path) -> None:
    venv = environment(tmp_path / "venv", python="exit 1", gandsl='echo "ran $1"')
    (venv / ".user").touch()  # it is set up
    done = made("demo", f"VENV={venv}", f"RUN={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    said = done.stdout.partition("next:")
    assert said[0].split() == ["ran", "compile", "ran", "train"]
    commands = said[2].strip().splitlines()
    assert [shlex.split(line)[1] for line in commands] == ["sample", "train", "diff", "train"]
    for command in commands:
        tried(command)


@make
def test_setting_up_shows_what_it_is_at_and_fails_with_what_pip_said(tmp_path: Path) -> None:
    venv = environment(tmp_path / "venv", python="echo Collecting torch; echo no such wheel >&2; exit 3")
    done = made(venv / ".user", f"VENV={venv}")
    assert done.returncode == 2 and "minutes" in done.stdout
    assert "Collecting torch\nno such wheel" in done.stderr and not (venv / ".user").exists()
    (venv / "bin" / "python").write_text("#!/bin/sh\nexit 0\n")
    assert made(venv / ".user", f"VENV={venv}").returncode == 0 and (venv / ".user").exists()
