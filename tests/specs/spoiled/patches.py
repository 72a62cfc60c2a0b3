"""Slips in a patch: a small file that extends a good one, spoiled by hand."""
# ruff: noqa: E501 - tables and specs stand as they are

from __future__ import annotations

from collections.abc import Iterator

from gandsl.diagnostics import Span
from gandsl.spec.tree import Mapping
from tests.specs.spoiled.good import (
    FILE,
    Good,
    Spoiled,
    slip_of,
)

PATCHED = """\
gandsl: 1
name: mine
extends: base.yaml
set: {training.batch: 16}
patch:
  - set: {training.loss: hinge}
  - insert_after: {at: discriminator.NODE, name: extra, node: {op: relu}}
  - replace: {at: discriminator.NODE, node: {op: relu}}
  - delete: discriminator.extra
params: {more: 3}
"""
PATCHES = (  # what is replaced, by what, which part of it is wrong, codes
    ("extends: base.yaml", "extends: bsae.yaml", "bsae.yaml", "G0402"),
    ("extends: base.yaml", "extends: spec.yaml", "spec.yaml", "G0401"),
    ("extends: base.yaml", "extends: [base.yaml, {a: 1}]", "{a: 1}", "G0010"),
    ("extends: base.yaml", "doc: nothing", "set", "G0409"),
    ("training.batch: 16", "training.bacth: 16", "bacth", "G0008 G0403"),
    ("training.batch: 16", "trainig.batch: 16", "trainig", "G0403"),
    ("training.batch: 16", "params.resolutoin: 16", "resolutoin", "G0403"),
    ("training.batch: 16", "training.batch: many", "many", "G0602"),
    ("training.batch: 16", "generator.body: null", "null", "G0407"),
    ("training.batch: 16", "training: 3", "3", "G0010"),
    ("training.loss: hinge", "training.loss: hnge", "hnge", "G0602"),
    ("insert_after", "insert_behind", "insert_behind", "G0406"),
    ("insert_after: {at: discriminator.NODE", "insert_after: {at: discriminator.nowhere", "nowhere", "G0403"),
    ("insert_after: {at: discriminator.NODE", "insert_after: {at: discrminator.NODE", "discrminator", "G0403"),
    ("name: extra, ", "", "insert_after", "G0406"),
    ("name: extra", "name: NODE", "NODE", "G0404"),
    ("name: extra", "name: ex-tra", "ex-tra", "G0011"),
    ("name: extra", "nmae: extra", "nmae", "G0406"),
    ("NODE, node: {op: relu}}\n  - del", "NODE, node: {op: rleu}}\n  - del", "rleu", "G0201"),
    ("replace: {at: discriminator.NODE, node: {op: relu}}", "replace: discriminator.NODE", "discriminator.NODE", "G0406"),
    ("delete: discriminator.extra", "delete: discriminator.extar", "extar", "G0403"),
    ("delete: discriminator.extra", "delete: discriminator.inputs", "discriminator.inputs", "G0407"),
    ("delete: discriminator.extra", "delete: {at: discriminator.extra}", "{at: discriminator.extra}", "G0406"),
    ("  - delete: discriminator.extra", "  - delete: discriminator.extra\n    set: {}", "set", "G0406"),
    ("params: {more: 3}", "params: {resolution: 3}", "resolution", "G0404"),
    ("params: {more: 3}", "training: {batch: 3}", "training", "G0404"),
    ("params: {more: 3}", "moved: {generator.was: generator.wsa}", "generator.wsa", "G0408"),
    ("params: {more: 3}", "imports: {lib: nowhere.yaml}", "nowhere.yaml", "G0402"),
)  # fmt: skip


def patched(good: Good) -> Iterator[Spoiled]:
    body = good.fields("discriminator", "body")
    assert isinstance(body, Mapping)
    node = next(entry.key for entry in body)
    text = PATCHED.replace("NODE", node)
    for old, new, part, codes in PATCHES:
        old, new, part = (piece.replace("NODE", node) for piece in (old, new, part))
        assert text.count(old) == 1, old
        spoiled = text.replace(old, new)
        start = text.index(old)
        at = spoiled.index(part, start if part in spoiled[start:] and part in new else 0)
        line = spoiled.count("\n", 0, at) + 1
        column = at - spoiled.rfind("\n", 0, at)
        where = Span(FILE, line, column, line, column + len(part))
        yield Spoiled(good.name, f"patch: {new}", spoiled, slip_of(where, part, codes, where), good.text)
