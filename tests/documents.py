"""The blocks of a document: what each is, what was decided about it, and how shown output is compared."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import typer

from gandsl.cli.app import app

ROOT = Path(__file__).parent.parent
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")),
)
PROGRAMS = ("gandsl", "make", "pip", "python", "torchrun")
COMMANDS = ("sh", "bash", "console")
APPLIED = re.compile(r"`([^`]+\.py)`, (?:(new|at its end)|last in `(\w+)`|behind `([^`]+)`):")
"""Above a block that is to be put into a file: which file, and where in it."""
NOTE = re.compile(r"<!-- (not run|held by): (.+) -->")
_FENCE = re.compile(r"```(\w*)$")
_CONTINUED = re.compile(r" *\\\n *")


@dataclass(frozen=True)
class Block:
    """Text between fences, or indented by four. `line`: its first line's; `note`: what was decided."""

    page: str
    line: int
    kind: str
    text: str
    note: tuple[str, str] | None = None
    above: str = ""  # the line above it

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def commands(self) -> list[str]:
        """Commands, continued lines as one; of a console's session those after `$`."""
        lines = _CONTINUED.sub(" ", self.text).splitlines()
        if self.kind == "console":
            return [line[2:] for line in lines if line.startswith("$ ")]
        return [line for line in lines if line.strip() and not line.startswith("#")]

    @property
    def session(self) -> list[tuple[str, str]]:
        """Of a console: each command and what is shown of its output."""
        _, *parts = re.split(r"^\$ (.*)\n", _CONTINUED.sub(" ", self.text), flags=re.MULTILINE)
        return list(zip(parts[::2], parts[1::2], strict=True))


def blocks_of(page: str, root: Path = ROOT) -> Iterator[Block]:
    """All blocks of a page, in order. One that is indented is a console's, commands, or text."""
    lines = (root / page).read_text("utf-8").splitlines()
    note: tuple[str, str] | None = None
    above, at = "", 0
    while at < len(lines):
        fence = _FENCE.match(lines[at])
        if fence or (lines[at].startswith("    ") and not (at and lines[at - 1].strip())):
            first = at + bool(fence)
            end = first
            while end < len(lines) and _inside(lines, end, bool(fence)):
                end += 1
            text = "".join(line[0 if fence else 4 :] + "\n" for line in lines[first:end]).rstrip("\n") + "\n"
            yield Block(page, first + 1, fence[1] if fence else _kind(text), text, note, above)
            note, above, at = None, "", end + bool(fence)
            continue
        if lines[at].strip():
            found = NOTE.fullmatch(lines[at].strip())
            note, above = (found[1], found[2]) if found else None, lines[at].strip()
            if APPLIED.fullmatch(above):
                note = ("held by", "tests/test_contributing.py")
        at += 1


def _inside(lines: list[str], at: int, fenced: bool) -> bool:
    return lines[at] != "```" if fenced else lines[at].startswith("    ") or not lines[at]


def _kind(text: str) -> str:
    first = text.split(None, 1)[0]
    return "console" if first == "$" else "sh" if first in PROGRAMS else "text"


def script(page: str, root: Path = ROOT) -> str:
    """The Python blocks of a page at their own lines, so that an error names the document's."""
    lines = [""] * (root / page).read_text("utf-8").count("\n")
    for block in blocks_of(page, root):
        if block.kind == "python" and block.note is None:
            text = block.text.splitlines()
            lines[block.line - 1 : block.line - 1 + len(text)] = text
    return "\n".join(lines) + "\n"


def agrees(shown: str, said: str) -> bool:
    """Is this what a command said? `…` stands for any text in a line, alone in a line for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in shown.rstrip().splitlines()
    )
    plain = "".join(line.rstrip() + "\n" for line in said.splitlines())
    return re.fullmatch(pattern + r"\n*", plain) is not None


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
