"""What the README shows is true; its commands, and those at the end of `make demo`, are there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gandsl.cli.app import COMMANDS
from tests.documents import blocks_of, tried

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
make = pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")


def test_specs_are_the_files() -> None:
    texts = [block.text for block in blocks_of("README.md") if block.kind == "yaml"]
    found = {text: re.search(r"^name: (\w+)$", text, re.MULTILINE) for text in texts}
    assert len(found) == 2
    for text, name in found.items():
        assert name and text == (ROOT / "specs" / f"{name[1]}.yaml").read_text("utf-8")


def test_printed_source_is_the_compiler_s() -> None:
    (source,) = (block.text for block in blocks_of("README.md") if block.kind == "py")
    assert source in (ROOT / "generated" / "quickstart" / "generator.py").read_text("utf-8")


def test_commands_are_there() -> None:
    lines = re.findall(r"gandsl ([a-z-]+)([^`|\n]*)", README)
    commands = [f"gandsl {name}{rest}" for name, rest in lines if name in COMMANDS]
    assert len(commands) > 12
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
