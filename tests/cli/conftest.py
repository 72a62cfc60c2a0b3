"""The command line as a test calls it: in this process, or as a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from gandsl.cli.app import app

if TYPE_CHECKING:
    from tests.cli.trained import Trained

ROOT = Path(__file__).parent.parent.parent
SPECS = ROOT / "specs"
BROKEN_LINE = 7

Gandsl = Callable[..., Result]


@pytest.fixture
def gandsl(monkeypatch: pytest.MonkeyPatch) -> Gandsl:
    """`gandsl("check", path)`: exit code, standard output and error. 80 columns, no colour."""
    for name in ("FORCE_COLOR", "GANDSL_TRACEBACK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")

    def call(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="gandsl")

    return call


@pytest.fixture
def process() -> Callable[..., subprocess.Popen[str]]:
    """The command in a process of its own, with pipes."""

    def start(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "gandsl", *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}", "COLUMNS": "80"}
        usual = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
        return subprocess.Popen(command, **(usual | options))

    return start


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the commands of `tests.cli.commands` work on."""
    from tests.cli.commands import prepare

    place = tmp_path_factory.mktemp("made")
    prepare(place)
    return place


@pytest.fixture
def plain(gandsl: Gandsl, tmp_path: Path) -> Trained:
    """A generator of latents and classes, and `gandsl sample` of it."""
    from tests.cli.trained import PLAIN, Trained

    return Trained(gandsl, tmp_path, PLAIN)


@pytest.fixture
def styled(gandsl: Gandsl, tmp_path: Path) -> Trained:
    """One that has a style space, without classes."""
    from tests.cli.trained import STYLED, Trained

    return Trained(gandsl, tmp_path, STYLED)


@pytest.fixture
def labelled(gandsl: Gandsl, tmp_path: Path) -> Trained:
    """One that has both."""
    from tests.cli.trained import LABELLED, Trained

    return Trained(gandsl, tmp_path, LABELLED)


@pytest.fixture
def specs() -> Path:
    """The folder of the specs that come with gandsl."""
    return SPECS


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A spec with a misspelt op in line BROKEN_LINE."""
    path = tmp_path / "broken.yaml"
    text = (SPECS / "tiny.yaml").read_text()
    assert text.split("\n")[BROKEN_LINE - 1].count("{op: linear,") == 1
    path.write_text(text.replace("{op: linear,", "{op: lniear,", 1))
    return path
