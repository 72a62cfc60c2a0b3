"""YAML text → tree with spans: bounded, iterative, and without the parts of YAML that bite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import Any

import yaml

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.records import dataclass
from gandsl.spec.commas import rejoin_entries, rejoin_items
from gandsl.spec.scalars import FORBIDDEN, resolve
from gandsl.spec.syntax import is_rest, leave_out, report_syntax
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree, to_plain

__all__ = ["MAX_BYTES", "MAX_DEPTH", "MAX_NODES", "read_text", "to_plain"]

MAX_BYTES = 2**20
MAX_DEPTH = 64
MAX_NODES = 50_000

_TOO_DEEP = "maximum nesting depth"  # of libyaml's own bound, which it may meet while it looks ahead
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    start: Any
    mapping: bool
    flow: bool
    items: list[Tree] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    key: tuple[str, Span] | None = None
    torn: bool = False  # holds a plain scalar with an open parenthesis


def read_text(text: str, file: str, diagnostics: Diagnostics) -> Tree | None:
    """Read one YAML document. Returns None (with errors reported) where there is no tree to go on with.

    Duplicate keys, anchors, aliases, tags and odd keys are reported, each at its place, and reading goes on.
    Line ends may be LF, CRLF or CR; a byte order mark at the start is passed over.
    """
    text = normalized(text)
    diagnostics.sources.setdefault(file, text)
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "replace")) > MAX_BYTES:
        diagnostics.add("G0006", f"the file is larger than {MAX_BYTES // 1024} KiB", Span.point(file))
        return None
    lines = text.split("\n")
    if bad := FORBIDDEN.search(text):
        line = text.count("\n", 0, bad.start())
        column = bad.start() - (text.rfind("\n", 0, bad.start()) + 1)
        diagnostics.add(
            "G0002",
            f"the character U+{ord(bad[0]):04X} cannot stand in a spec",
            Span.point(file, line + 1, column + 1),
            help="delete it, or write it as an escape in double quotes",
        )
        return None
    try:
        return _Reader(file, lines, diagnostics).read(yaml.parse(text, Loader=_LOADER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark and _TOO_DEEP in str(getattr(error, "problem", "")):
            diagnostics.add("G0006", f"nested more than {MAX_DEPTH} deep", _point(file, mark))
        else:
            report_syntax(error, lines, file, diagnostics)
            _report_others(lines, file, diagnostics)
        return None


MOST_SLIPS = 20  # syntax errors of one file that are looked for


def _report_others(lines: list[str], file: str, diagnostics: Diagnostics) -> None:
    """Report what is wrong below the first syntax error, each with what was wrong before it left out."""
    lines, seen = list(lines), set[int]()
    slip = next((one for one in reversed(diagnostics.errors) if one.code == "G0003"), None)
    while slip and slip.span and slip.span.line not in seen and len(seen) < MOST_SLIPS:
        seen.add(slip.span.line)
        leave_out(lines, slip.span.line - 1)
        try:
            for _ in yaml.parse("\n".join(lines), Loader=_LOADER):
                pass
            return
        except yaml.YAMLError as error:
            found = Diagnostics()
            report_syntax(error, lines, file, found)
            slip = found.errors[0]
            if slip.span and slip.span.line not in seen and not is_rest(lines[slip.span.line - 1]):
                diagnostics.extend([slip])


def normalized(text: str) -> str:
    """Without a byte order mark, every line end a line feed: what spans count in."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


class _Reader:
    """Builds the tree from parser events; its stack is a list, so that depth costs no Python frames."""

    def __init__(self, file: str, lines: list[str], diagnostics: Diagnostics) -> None:
        self.file, self.lines, self.diagnostics = file, lines, diagnostics
        self.stack: list[_Open] = []
        self.root: Tree | None = None
        self.nodes = 0

    def read(self, events: Iterator[Any]) -> Tree | None:
        documents = 0
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._anchor_or_tag(event)
                    if not self._enter(event):
                        return None
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._leave(event)
                case yaml.AliasEvent():
                    self._refuse(event, f"`*{event.anchor}`: aliases are not part of the language")
                    self._put(Scalar(None, "", True, self._span(event.start_mark, event.end_mark)))
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents == 2:
                        self._refuse(event, "a second document starts here: a spec is one document")
                        return self.root
            if self.nodes > MAX_NODES:
                self._bound(event, f"the file holds more than {MAX_NODES:,} values")
                return None
        if self.root is None:
            self.diagnostics.add("G0013", "the file is empty", Span.point(self.file))
        return self.root

    def _span(self, start: Any, end: Any) -> Span:
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def _scalar(self, event: Any) -> None:
        text = event.value
        plain = event.implicit[0]
        if event.anchor is not None or event.tag is not None:
            self._anchor_or_tag(event)
            plain = not event.style
        here = self._span(event.start_mark, event.end_mark)
        top = self.stack[-1] if self.stack else None
        if here.line == here.end_line and here.column == here.end_column:  # nothing written: point at the key
            here = (
                top.key[1] if top and top.key else Span.point(self.file, here.line, max(here.column - 1, 1))
            )
        if top and plain and top.flow and "(" in text and text.count("(") > text.count(")"):
            top.torn = True
        self._put(Scalar(resolve(text) if plain else text, text, plain, here))

    def _put(self, tree: Tree) -> None:
        """Hand a finished value to the collection it stands in."""
        self.nodes += 1
        if not self.stack:
            if self.root is None:
                self.root = tree
            return
        top = self.stack[-1]
        if not top.mapping:
            top.items.append(tree)
        elif top.key is None:
            top.key = self._key(tree)
        else:
            key, span = top.key
            top.entries.append(Entry(key, span, tree))
            top.key = None

    def _key(self, tree: Tree) -> tuple[str, Span]:
        if isinstance(tree, Scalar):
            if tree.text == "<<" and tree.plain:
                self.diagnostics.add("G0005", "`<<`: merge keys are not part of the language", tree.span)
            return tree.text, tree.span
        self.diagnostics.add("G0005", "a key is text, not a list or a mapping", tree.span)
        return "", tree.span

    def _enter(self, event: Any) -> bool:
        if len(self.stack) >= MAX_DEPTH:
            self._bound(event, f"nested more than {MAX_DEPTH} deep")
            return False
        self.stack.append(
            _Open(event.start_mark, isinstance(event, yaml.MappingStartEvent), event.flow_style)
        )
        return True

    def _leave(self, event: Any) -> None:
        done = self.stack.pop()
        children = [entry.value for entry in done.entries] if done.mapping else done.items
        start = self._span(done.start, done.start)
        if done.flow or not children:
            span = self._span(done.start, event.end_mark)
        else:  # a block collection ends with its last value, not where the next thing begins
            span = start.to(children[-1].span)
        if done.mapping:
            entries = rejoin_entries(done.entries, self.diagnostics) if done.torn else done.entries
            self._put(Mapping(self._unique(entries), span))
        else:
            items = rejoin_items(done.items, self.diagnostics) if done.torn else done.items
            self._put(Sequence(tuple(items), span))

    def _unique(self, entries: list[Entry]) -> dict[str, Entry]:
        """By key; the first of several stays."""
        known: dict[str, Entry] = {}
        for entry in entries:
            first = known.setdefault(entry.key, entry)
            if first is not entry and entry.key_span != first.key_span:
                self.diagnostics.add(
                    "G0004",
                    f"the key `{entry.key}` stands here a second time",
                    entry.key_span,
                    secondary=(Label(first.key_span, "first given here"),),
                    help="delete one of the two, or rename it",
                )
        return known

    def _anchor_or_tag(self, event: Any) -> None:
        if event.anchor is not None:
            self._refuse(
                event, f"`&{event.anchor}`: anchors are not part of the language", len(event.anchor) + 1
            )
        if event.tag is not None:
            self._refuse(event, "tags are not part of the language")

    def _refuse(self, event: Any, message: str, width: int | None = None) -> None:
        mark = event.start_mark
        line = self.lines[mark.line] if mark.line < len(self.lines) else ""
        word = re.compile(r"[^\s,\[\]{}]*").match(line, mark.column)
        width = width or max(len(word[0]) if word else 1, 1)
        span = Span(self.file, mark.line + 1, mark.column + 1, mark.line + 1, mark.column + 1 + width)
        self.diagnostics.add("G0005", message, span)

    def _bound(self, event: Any, message: str) -> None:
        self.diagnostics.add("G0006", message, _point(self.file, event.start_mark))


def _point(file: str, mark: Any) -> Span:
    return Span.point(file, mark.line + 1, mark.column + 1)
