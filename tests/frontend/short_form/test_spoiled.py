"""Short forms that are fine, each spoiled at one token: one message, at that token of the short form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.spec.tree import Entry, Mapping, Tree
from tests.frontend.game.spoiled_bases import FIELDS, Base
from tests.frontend.game.spoiling import Spoiled, put, scalars
from tests.specs.reduced import SPECS

NAMES = (
    "acgan",
    "biggan",
    "dcgan",
    "lsgan",
    "msg_gan",
    "pggan",
    "r3gan",
    "stylegan2",
    "stylegan2/ada",
    "wgan_gp",
)
CODES = {"G0008", "G0602", "G0603", "G0620"}


def entries(tree: Tree | None) -> Iterator[Entry]:
    for entry in tree if isinstance(tree, Mapping) else ():
        yield entry
        yield from entries(entry.value)


def spoiled(name: str) -> Iterator[Spoiled]:
    """Keys misspelt, and values of a wrong kind, of what a game is made of."""
    text = (SPECS / f"{name}.yaml").read_text("utf-8")
    folder = (SPECS / name).parent
    base = Base(name, re.sub(r"^extends: (\S+)$", rf"extends: {folder}/\1", text, flags=re.MULTILINE))
    for entry in base.mapping("training"):
        if entry.key in FIELDS:
            yield put(base, entry.key_span, f"{entry.key}x")
            yield from (put(base, one.key_span, f"{one.key}x") for one in entries(entry.value))
            for wrong in ("nonsense", "-1", "[a]"):
                yield from (put(base, one.span, wrong) for one in scalars(entry.value))


def hold(one: Spoiled, folder: Path) -> None:
    path = folder / "spoiled.yaml"
    path.write_text(one.text)
    _, found = analyze(path)
    said = [(it.span.file, it.span.line, it.span.column) for it in found.errors if it.span is not None]
    line = one.text.split("\n")[one.line - 1].strip()
    assert said == [(str(path), one.line, one.column)], f"{line}: {[it.message for it in found.errors]}"
    assert {it.code for it in found.errors} <= CODES


def test_some_spoiled_short_forms(tmp_path: Path) -> None:
    for one in (*[*spoiled("r3gan")][::12], *spoiled("dcgan")):
        hold(one, tmp_path)


@pytest.mark.thorough
def test_spoiled_short_forms(tmp_path: Path) -> None:
    found = [one for name in NAMES for one in spoiled(name)]
    assert len(found) > 150
    for one in found:
        hold(one, tmp_path)
