"""The fenced blocks of a document, and all of one kind as one script that can be run."""

from __future__ import annotations

import re
from pathlib import Path

FENCE = re.compile(r"^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(document: Path, kind: str) -> list[str]:
    """The texts of the blocks that are marked as of this kind."""
    found = FENCE.finditer(document.read_text("utf-8"))
    return [block["text"] for block in found if block["kind"] == kind]


def script(document: Path, kind: str = "python") -> str:
    """The blocks of a kind at their own lines, so that an error names the document's."""
    whole = document.read_text("utf-8")
    lines = [""] * whole.count("\n")
    for block in FENCE.finditer(whole):
        if block["kind"] == kind:
            first = whole.count("\n", 0, block.start("text"))
            text = block["text"].splitlines()
            lines[first : first + len(text)] = text
    return "\n".join(lines) + "\n"
