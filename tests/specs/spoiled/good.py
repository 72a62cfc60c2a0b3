"""Good specs to spoil, and slips: one in each, where it was made, and the codes that a reader would expect."""
# ruff: noqa: E501 - tables and specs stand as they are

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gandsl.diagnostics import Diagnostics, Span
from gandsl.ir.ops import OPS
from gandsl.spec.builtins import BUILTINS
from gandsl.spec.reader import read_text
from gandsl.spec.shapes import RECORDS
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree

ROOT = Path(__file__).parents[3]
FILE = "spec.yaml"
# the good specs, with the resolution that keeps them small
GOOD = {
    "dcgan": "16",
    "quickstart": "14",
    "biggan": "32",
    "stylegan2": "8",
    "pggan": "8",
    "chimera": "16",
    "new/rectangle_rgba": "[12, 20]",
    "new/skip_excitation": "64",
    "new/unet_discriminator": "16",
}
# how the yardstick reads: a code fits a slip if it is one of these
NAMES = {"G0102", "G0103"}
LOST = {"G0008", "G0009", "G0012", "G0205", "G0206", "G0313"}


@dataclass(frozen=True)
class Slip:
    """A stretch of text replaced. `places`: where a reader would look for it, in the spoiled text."""

    span: Span
    text: str
    codes: frozenset[str]
    places: tuple[Span, ...] = ()


@dataclass(frozen=True)
class Spoiled:
    spec: str
    kind: str
    text: str
    slip: Slip
    base: str = ""  # a file base.yaml beside it

    @property
    def places(self) -> tuple[Span, ...]:
        first, *_, last = self.slip.text.split("\n") if "\n" in self.slip.text else (self.slip.text,) * 2
        start = self.slip.span
        if self.slip.places:
            return self.slip.places
        if "\n" in self.slip.text:
            end = (start.line + self.slip.text.count("\n"), len(last) + 1)
        else:
            end = (start.line, start.column + max(len(first), 1))
        return (Span(FILE, start.line, start.column, *end),)


@dataclass
class Good:
    """A good spec, as text and tree."""

    name: str
    text: str
    rng: random.Random
    tree: Mapping = field(init=False)
    words: set[str] = field(init=False)

    def __post_init__(self) -> None:
        tree = read_text(self.text, FILE, Diagnostics())
        assert isinstance(tree, Mapping)
        self.tree = tree
        fields = {field.name for record in RECORDS for field in record.fields}
        self.words = {*re.findall(r"[A-Za-z_]\w*", self.text), *OPS, *BUILTINS, *fields}

    @classmethod
    def load(cls, name: str, resolution: str, rng: random.Random) -> Good:
        folder = ROOT / "tests" / "specs" if name.startswith("new/") else ROOT / "specs"
        text = (folder / f"{name}.yaml").read_text(encoding="utf-8")
        text = text.replace("classes: {type: int, default: 0", "classes: {type: int, default: 10")
        text, changed = re.subn(
            r"(\n  resolution: \{type: size, default: )(\d+|\[.*?\])", rf"\g<1>{resolution}", text
        )
        assert changed == 1, name
        return cls(name, text, rng)

    def misspelt(self, word: str) -> str:
        """The word with one slip of the fingers, and no other word of the spec."""
        for _ in range(50):
            at = self.rng.randrange(len(word))
            ways = [word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:]]
            if at + 1 < len(word):
                ways.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
            new = self.rng.choice(ways)
            if len(new) > 1 and new not in self.words and new.isidentifier():
                return new
        return word + "q"

    def at(self, pattern: str, group: int = 0) -> Iterator[Span]:
        """Where a pattern stands in the text, within a line."""
        for number, line in enumerate(self.text.split("\n"), 1):
            for match in re.finditer(pattern, line):
                yield Span(FILE, number, match.start(group) + 1, number, match.end(group) + 1)

    def slice(self, span: Span) -> str:
        lines = self.text.split("\n")
        assert span.line == span.end_line
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]

    def spoil(self, slip: Slip) -> str:
        lines = self.text.split("\n")
        before = [*lines[: slip.span.line - 1], lines[slip.span.line - 1][: slip.span.column - 1]]
        after = [lines[slip.span.end_line - 1][slip.span.end_column - 1 :], *lines[slip.span.end_line :]]
        return "\n".join(before) + slip.text + "\n".join(after)

    # ---- walks

    def bodies(self) -> Iterator[Mapping]:
        holders = [self.tree.get("generator"), self.tree.get("discriminator")]
        blocks = self.tree.get("blocks")
        holders += [entry.value for entry in blocks] if isinstance(blocks, Mapping) else []
        for holder in holders:
            if isinstance(holder, Mapping) and isinstance(body := holder.get("body"), Mapping):
                yield from self._inner(body)

    def _inner(self, body: Mapping) -> Iterator[Mapping]:
        yield body
        for entry in body:
            if isinstance(entry.value, Mapping) and isinstance(inner := entry.value.get("body"), Mapping):
                yield from self._inner(inner)

    def nodes(self, *forms: str) -> Iterator[tuple[Entry, Mapping]]:
        """Nodes of a form, with their entries."""
        for body in self.bodies():
            for entry in body:
                if isinstance(entry.value, Mapping) and any(form in entry.value for form in forms):
                    yield entry, entry.value

    def arguments(self, form: str) -> Iterator[tuple[Mapping, Entry]]:
        for _, node in self.nodes(form):
            for entry in node:
                if entry.key not in (form, "when", "unless", "inline", "defaults", "doc"):
                    yield node, entry

    def expressions(self) -> Iterator[Scalar]:
        """Scalars of nodes that are expressions for sure."""
        for form in ("op", "block", "topology"):
            for node, entry in self.arguments(form):
                op = OPS.get(text_of(node.get("op")))
                param = op.param(entry.key) if op else None
                if param is None or param.type not in ("enum", "str"):
                    yield from leaves_of(entry.value) if param or (op and op.port(entry.key)) else ()

    def fields(self, *path: str) -> Tree | None:
        here: Tree | None = self.tree
        for step in path:
            here = here.get(step) if isinstance(here, Mapping) else None
        return here


def text_of(tree: Tree | None) -> str:
    return tree.text if isinstance(tree, Scalar) else ""


def leaves_of(tree: Tree) -> Iterator[Scalar]:
    if isinstance(tree, Scalar):
        yield tree
    elif isinstance(tree, Sequence):
        for item in tree.items:
            yield from leaves_of(item)


def slip_of(span: Span, text: str, codes: str | set[str], *places: Span) -> Slip:
    return Slip(span, text, frozenset(codes.split() if isinstance(codes, str) else codes), places)


def point_of(span: Span) -> Span:
    return Span.point(span.file, span.line, span.column)


Kind = Callable[[Good], Iterator[Slip]]
