"""libyaml's complaints in plain words, at the place that is wrong."""

from __future__ import annotations

from typing import Any

from gandsl.diagnostics import Diagnostics, Label, Span

# what libyaml says (a part of it) → what we say, and the remedy
_WORDS: tuple[tuple[str, str, str | None], ...] = (
    ("',' or ']'", "the bracket `[` is not closed, or a comma is missing", "close it with `]`"),
    ("',' or '}'", "the brace `{` is not closed, or a comma is missing", "close it with `}`"),
    (
        "mapping values are not allowed",
        "a `: ` cannot stand here",
        "put the value in quotes if the colon belongs to it, or start a new line, indented like the last",
    ),
    (
        "cannot start any token",
        "no value can start with this character",
        "put the value in quotes",
    ),
    ("unexpected end of stream", "the quote is not closed", "close it with the same quote"),
    ("unexpected document indicator", "the quote is not closed", "close it with the same quote"),
    (
        "unknown escape character",
        "unknown escape in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    ("expected '-' indicator", "this line is no item of the list above it", "check the indentation"),
    (
        "expected key",
        "this is no key of the mapping above it",
        "check the indentation, and brackets just above",
    ),
    ("could not find expected ':'", "the key has no `:`", "write `key: value`"),
    (
        "did not find expected <document start>",
        "text behind the end of the document",
        "check the indentation",
    ),
    ("incompatible YAML document", "the file asks for another version of YAML", "delete the `%YAML` line"),
)
_TAB = ("a tab: YAML is indented with spaces", "replace the tab by spaces")
_OPENERS = {"flow sequence": "[", "flow mapping": "{", "quoted scalar": "quote"}


def report_syntax(error: Any, lines: list[str], file: str, diagnostics: Diagnostics) -> None:
    """Report a yaml.YAMLError (a MarkedYAMLError, or a ReaderError without marks) as G0003."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", error))
    if mark is None:
        diagnostics.add("G0003", f"YAML cannot be read: {problem}", Span.point(file))
        return
    character = lines[mark.line][mark.column : mark.column + 1] if mark.line < len(lines) else ""
    message, remedy = next(
        ((words, help) for part, words, help in _WORDS if part in problem),
        (f"YAML cannot be read: {problem}", None),
    )
    if character == "\t":
        message, remedy = _TAB
    elif remedy and "starts" not in message and character in ("@", "`", "%") and "start with" in message:
        message = f"no value can start with `{character}`"
    here = _at(mark, lines, file)
    opener = getattr(error, "context_mark", None)
    opened = any(part in str(getattr(error, "context", "")) for part in _OPENERS)
    if opener is None or not opened:
        diagnostics.add("G0003", message, here, help=remedy)
    elif opener.line != mark.line or character == "":
        # the reader noticed far behind the slip: what was left open is the better place to look at
        diagnostics.add("G0003", message, _at(opener, lines, file), label="opened here", help=remedy)
    else:
        label = Label(_at(opener, lines, file), "opened here")
        diagnostics.add("G0003", message, here, secondary=(label,), help=remedy)


def _at(mark: Any, lines: list[str], file: str) -> Span:
    """The character at a mark; behind the last line, the last character of the text."""
    if mark.line < len(lines):
        return Span.point(file, mark.line + 1, mark.column + 1)
    last = max((number for number, line in enumerate(lines) if line.strip()), default=0)
    return Span.point(file, last + 1, max(len(lines[last]) if lines else 1, 1))
