"""What is wrong deep inside: told once, at the user's own line, with the way that led there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostic
from gandsl.diagnostics.text import render_text
from tests.analysis.small import PLAIN, edited

SPEC = edited(
    PLAIN,
    (
        "generator:\n",
        "blocks:\n  pair:\n    ports: {x: Feature}\n    params: {groups: int}\n    body:\n"
        "      act: {op: relu}\n      norm: {block: norm.group, groups: groups}\ngenerator:\n",
    ),
    (
        "    up: {op: upsample}",
        "    stages:\n      fold: {i: range(2)}\n      body: {pair: {block: pair, groups: 3}}\n"
        "    up: {op: upsample}",
    ),
)


def test_a_fault_in_the_standard_library(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC, encoding="utf-8")
    _, diagnostics = analyze(path)
    sources = {name.removeprefix(f"{tmp_path}/"): text for name, text in diagnostics.sources.items()}
    text = render_text([here(one, tmp_path) for one in diagnostics], sources)
    library = sources["gandsl/std/norm.yaml"].split("\n")
    row = next(number for number, line in enumerate(library, 1) if "op: group_norm" in line)
    margin = " " * len(str(row))
    assert text == dedent(f"""\
        error[G0215]: 8 channels cannot be split into 3 groups
        {margin}┌─ spec.yaml:12:21
        {12:>{len(margin)}}│       norm: {{block: norm.group, groups: groups}}
        {margin}│                     ^^^^^^^^^^
        {margin}┌─ gandsl/std/norm.yaml:{row}:38
        {row}│       norm: {{op: group_norm, groups: "min(groups, x.channels)", eps: eps}}
        {margin}│                                      -------------------------
        {margin}│                                      here in the standard library
        {margin}= note: in block `group` (spec.yaml:12:21), block `pair` (spec.yaml:20:28),
        {margin}        stage s0 (spec.yaml:19:7) of the generator""")


def here(one: Diagnostic, folder: Path) -> Diagnostic:
    """The diagnostic with its file named as from its own folder."""
    assert one.span is not None
    notes = tuple(note.replace(f"{folder}/", "") for note in one.notes)
    return replace(one, span=one.span._replace(file="spec.yaml"), notes=notes)
