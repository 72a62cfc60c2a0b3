"""What the blocks of losses and penalties say, for the plan and for the tables of docs/training.md.

`python -m tests.frontend.short_form.told` writes both. It reads no plan, which reads what this writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.document import BlockDecl, Document
from gandsl.spec.library import Library
from gandsl.spec.places import STANDARD
from gandsl.spec.reader import read_text
from gandsl.spec.tree import Mapping, to_plain

ROOT = Path(__file__).parents[3]
PLAN, PAGE = ROOT / "runtime/gandsl_runtime/plan/blocks.json", ROOT / "docs/training.md"
SIDES = {"discriminator": "D", "generator": "G"}
NOWHERE = Span.point("nowhere")
LIBRARY = Library(Diagnostics())


@cache
def block(name: str) -> BlockDecl:
    """A block of the standard library."""
    found = LIBRARY.block(name, Document("nowhere", "", 1, "nowhere", "", "", Mapping({}, NOWHERE)))
    assert found is not None, name
    return found


@cache
def _read(name: str) -> dict[str, Any]:
    read = read_text((Path(STANDARD) / "game" / name).read_text("utf-8"), name, Diagnostics())
    assert isinstance(read, Mapping)
    found: dict[str, Any] = to_plain(read)
    return found


def names() -> list[str]:
    """All losses, then the blocks that parts of the plan stand for."""
    losses = [f"loss.{name}" for name in _read("loss.yaml")["blocks"]]
    return losses + list(dict.fromkeys(one["block"] for made in _read("short.yaml").values() for one in made))


def rows() -> dict[str, dict[str, Any]]:
    """By block: what it computes, its source, its parameters but those of the game alone."""
    return {name: _row(name) for name in names()}


def _row(name: str) -> dict[str, Any]:
    of = block(name)
    params = {
        key: {
            "type": one.type,
            "default": to_plain(one.default) if one.default else None,
            **({"min": one.minimum} if one.minimum is not None else {}),
            **({"max": one.maximum} if one.maximum is not None else {}),
            **({"choices": list(one.choices)} if one.choices else {}),
            "doc": one.doc,
        }
        for key, one in of.params.items()
    }
    return {"doc": of.doc, "source": of.source, "params": params}


def losses() -> Iterator[str]:
    """Rows of the table of losses."""
    for name in names():
        if name.startswith("loss."):
            of = block(name)
            yield _line(f"`{name.removeprefix('loss.')}`", of.doc.removesuffix("."), of.source)


def penalties() -> Iterator[str]:
    """Rows of the table of penalties: those of one block side by side."""
    parts: dict[tuple[str, ...], list[str]] = {}
    for part, made in _read("short.yaml").items():
        if part.startswith("regularizers."):
            blocks = tuple(dict.fromkeys(one["block"] for one in made))
            parts.setdefault(blocks, []).append(part)
    for blocks, of in parts.items():
        sides = dict.fromkeys(SIDES[one["player"]] for part in of for one in _read("short.yaml")[part])
        said = "; ".join(block(name).doc.removesuffix(".") for name in blocks)
        sources = dict.fromkeys(block(name).source for name in blocks)
        fields = ", ".join(f"`{part.removeprefix('regularizers.')}`" for part in of)
        yield _line(fields, ", ".join(sides), said, "; ".join(sources))


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def plan_text() -> str:
    """`blocks.json`."""
    return json.dumps(rows(), ensure_ascii=False, indent=1) + "\n"


def page_text(page: str) -> str:
    """The page, with the tables as they should be."""
    for first, lines in (("loss", losses()), ("under `regularizers`", penalties())):
        head = re.compile(rf"(\| `?{re.escape(first)}`? \|.*\n\|[-|]+\n)(?:\|.*\n)+")
        found = "".join(f"{line}\n" for line in lines)
        page, count = head.subn(lambda match, found=found: match[1] + found, page)  # type: ignore[misc]
        assert count == 1, first
    return page


if __name__ == "__main__":
    PLAN.write_text(plan_text(), "utf-8")
    PAGE.write_text(page_text(PAGE.read_text("utf-8")), "utf-8")
