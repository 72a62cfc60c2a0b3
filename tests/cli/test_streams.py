"""Standard streams closed, full, or without a reader: only words are lost, and a lost result is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from gandsl.cli import main
from gandsl.cli.app import COMMANDS
from tests.cli.commands import EVERY, TINY
from tests.cli.conftest import ROOT

NAMES = ("in", "out", "err")
STATES = {
    "all is well": {},
    "out full": {"out": "full"},
    "all closed": dict.fromkeys(NAMES, "closed"),
}
MORE = {
    "out closed": {"out": "closed"},
    "out gone": {"out": "gone"},
    **{f"err {state}": {"err": state} for state in ("closed", "full", "gone")},
    "in closed": {"in": "closed"},
    "out and err full": {"out": "full", "err": "full"},
    "out and err gone": {"out": "gone", "err": "gone"},
}
ELSEWHERE = {"train"}  # commands whose result is no text
OTHERS = {
    "a wrong spec": lambda made, to: ["check", made / "net.pt"],
    "a wrong command": lambda made, to: ["chekc", TINY],
    "a missing argument": lambda made, to: ["check"],
    "help": lambda made, to: ["--help"],
    "help of a command": lambda made, to: ["train", "--help"],
    "version": lambda made, to: ["--version"],
}


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def put(number: int, state: str, file: Path) -> None:
    """Bring a descriptor of this process into a state."""
    os.close(number)
    if state == "closed":
        return
    if state == "gone":
        reader, writer = os.pipe()
        os.close(reader)
    else:
        where = {"full": "/dev/full", "empty": "/dev/null"}.get(state, file)
        writer = os.open(where, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    if writer != number:
        os.dup2(writer, number)
        os.close(writer)


def ended(arguments: list[object], states: dict[str, str], folder: Path) -> Ended:
    """The command in a fork of this process, which has imported most, with streams in such states."""
    files = [folder.with_name(f"{folder.name}.{name}") for name in NAMES]
    child = os.fork()
    if not child:
        code = 99
        try:
            for number, (name, file) in enumerate(zip(NAMES, files, strict=True)):
                put(number, states.get(name, "file" if number else "empty"), file)
            as_python_starts()
            sys.argv = ["gandsl", *map(str, arguments)]
            os.chdir(folder)
            main()
        except SystemExit as end:
            code = int(end.code or 0)
            sys.stdout.flush()  # as at Python's end, where an error makes it 120
            sys.stderr.flush()
        finally:
            os._exit(code)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return Ended(code, *(file.read_text() if file.exists() else "" for file in files[1:]))


def as_python_starts() -> None:
    """What is closed is None."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            stream = open(number, "w" if number else "r", closefd=False)  # noqa: SIM115  # as long as the process
        except OSError:
            stream = None
        setattr(sys, name, stream)


def holds(folder: Path) -> dict[str, bytes]:
    """What a command has written, but for what tells of times and places."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return {
        name: b"" if name.startswith("run/") or path.suffix == ".pt" else path.read_bytes()
        for name, path in files.items()
    }


def compare(name: str, states: dict[str, dict[str, str]], made: Path, place: Path) -> None:
    """A command in some states ends as it does where all is well, with the same files and nothing in them."""
    for number, (said, state) in enumerate(states.items()):
        folder = place / f"{number:02}"
        folder.mkdir()
        done = ended((EVERY | OTHERS)[name](made, folder), state, folder)
        if not number:
            usual, files = done, holds(folder)
            assert usual.code < 3 and usual.out + usual.err
        assert not re.search("Traceback|Exception", done.err), said
        lost = state.get("out") == "full" and bool(usual.out) and name not in ELSEWHERE
        assert done.code == (usual.code or 5 * lost), (said, done)
        assert ("error: no space left for standard output\n" in done.err) == (lost and "err" not in state)
        assert holds(folder) == files, said


def test_every_command_is_tried() -> None:
    assert {name.split()[0] for name in EVERY} == set(COMMANDS)


@pytest.mark.parametrize("name", [*EVERY, *OTHERS])
def test_a_command_whose_streams_are_not_as_they_should_be(name: str, made: Path, tmp_path: Path) -> None:
    compare(name, STATES, made, tmp_path)


@pytest.mark.thorough
@pytest.mark.parametrize("name", [*EVERY, *OTHERS])
def test_a_command_in_every_state_of_its_streams(name: str, made: Path, tmp_path: Path) -> None:
    compare(name, STATES | MORE, made, tmp_path)


@pytest.mark.parametrize("how", ["> /dev/full", ">&-", "2>&-", "<&- >&- 2>&-", "| true", "2>&1 | true"])
def test_nothing_is_said_while_python_ends(how: str) -> None:
    """As a shell starts it, to the end of the process: there Python flushes, and turns errors into 120."""
    command = f"{sys.executable} -m gandsl schema {how}; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}"}
    done = subprocess.run(
        ["bash", "-c", command],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    full = "error: no space left for standard output\n  = help: free some space and try again\n"
    assert (done.returncode, done.stderr) == ((5, full) if "full" in how else (0, ""))
