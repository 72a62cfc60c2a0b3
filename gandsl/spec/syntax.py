"""libyaml's complaints in plain words, at the place that is wrong."""

from __future__ import annotations

import re
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
    ("cannot start any token", "no value can start with this character", "put the value in quotes"),
    ("alphabetic or numeric", "a value that starts with `*` or `&` needs quotes", None),
    ("unexpected end of stream", "the quote is not closed", "close it with the same quote"),
    ("unexpected document indicator", "the quote is not closed", "close it with the same quote"),
    (
        "unknown escape character",
        "unknown escape in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    ("expected '-' indicator", "this line is no item of the list above it", "check the indentation"),
    ("expected key", "this is no key of the mapping above it", "check the indentation"),
    ("expected ':'", "the key has no `:`", "write `key: value`"),
    ("expected <document start>", "text behind the end of the document", "check the indentation"),
    ("expected node content", "a value is wanted here", None),
    (
        "block sequence entries are not allowed",
        "a list cannot start on the line of its key",
        "put each `- ` on a line of its own, or write `[a, b]`",
    ),
    ("expected comment or line break", "nothing can follow `|` or `>` on their line", None),
    ("incompatible YAML document", "the file asks for another version of YAML", "delete the `%YAML` line"),
)
_CHARACTERS = {
    "\t": ("a tab: YAML is indented with spaces", "replace the tab by spaces"),
    "@": ("no value can start with `@`", "put the value in quotes"),
    "%": ("no value can start with `%`", "put the value in quotes"),
    "`": ("no value can start with a backquote", "put the value in quotes"),
}
_OPENERS = ("flow sequence", "flow mapping", "quoted scalar", "simple key")


def report_syntax(error: Any, lines: list[str], file: str, diagnostics: Diagnostics) -> None:
    """Report a yaml.YAMLError (a MarkedYAMLError, or a ReaderError without marks) as G0003."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", error))
    if mark is None:
        diagnostics.add("G0003", f"YAML cannot be read: {problem}", Span.point(file))
        return
    line = lines[mark.line] if mark.line < len(lines) else ""
    message, remedy = _explain(problem, line[: mark.column], line[mark.column :])
    here = _at(mark, lines, file)
    opener = getattr(error, "context_mark", None)
    context = str(getattr(error, "context", ""))
    quote = _open_quote(lines, opener.line if opener else mark.line, mark.line)
    if quote:
        span = Span.point(file, *quote)
        diagnostics.add("G0003", "the quote is not closed", span, help="close it with the same quote")
    elif opener is None or not any(part in context for part in _OPENERS):
        diagnostics.add("G0003", message, here, help=remedy)
    elif opener.line != mark.line or mark.column >= len(line):
        # noticed far behind the slip: what was left open is the better place to look at
        diagnostics.add("G0003", message, _at(opener, lines, file), label="opened here", help=remedy)
    else:
        label = Label(_at(opener, lines, file), "opened here")
        diagnostics.add("G0003", message, here, secondary=(label,), help=remedy)


_KEY = re.compile(r"( *(?:- )?)([\w.-]+):(?= |$)")


def leave_out(lines: list[str], number: int) -> None:
    """Put nothing where a line is wrong, and where lines belong to it: what it is the key of is null."""
    line = lines[number]
    key = _KEY.match(line)
    margin = len(line) - len(line.lstrip(" "))
    lines[number] = f"{key[1]}{key[2]}: null" if key else ""
    for below in range(number + 1, len(lines)):
        indent = len(lines[below]) - len(lines[below].lstrip(" "))
        if lines[below].strip() and (indent <= margin or not key):
            return
        lines[below] = ""


def is_rest(line: str) -> bool:
    """Whether a line only ends what began on one that was left out."""
    return not line.strip(" ]}),'\"")


_LONGEST = 4096  # characters of a line that are looked at
_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"|' r"'(?:[^']|'')*'")
_BEHIND = re.compile(r"\s*([,:\]}]|#|$)")
_PLAIN = re.compile(r"(?:(?!: |\s#)[^,\[\]{}])+")


def _open_quote(lines: list[str], first: int, last: int) -> tuple[int, int] | None:
    """Line and column of a quote that begins a value and has no partner on its line."""
    for number in range(first, min(last, len(lines) - 1) + 1):
        line, at = lines[number][:_LONGEST], 0
        suspect = None  # a text with something behind it: its end may be the beginning of the next one
        while at < len(line):
            if line[at] in "\"'":
                text = _TEXT.match(line, at)
                if text is None:
                    return number + 1, (at if suspect is None else suspect) + 1
                if suspect is None and not _BEHIND.match(line, text.end()):
                    suspect = at
                at = text.end()
            elif line[at] == "#" and (at == 0 or line[at - 1].isspace()):
                break
            elif line[at] in " \t,:[]{}?-":
                at += 1
            else:
                plain = _PLAIN.match(line, at)
                at = plain.end() if plain else at + 1
    return None


def _explain(problem: str, before: str, behind: str) -> tuple[str, str | None]:
    """A message and a remedy, from libyaml's words and the line before and behind the place."""
    word = re.search(r"[^\s,\[\]{}:]+$", before)
    if behind[:1] in ("[", "{") and word and "expected ','" in problem:
        closing = behind.find("]" if behind[0] == "[" else "}")
        rest = re.match(r"[^,\[\]{}]*", behind[closing + 1 :]) if closing > 0 else None
        whole = word[0] + (behind[: closing + 1] + rest[0].rstrip() if rest else behind[:1] + "…")
        message = f"inside {{…}} and […], `{behind[0]}` cannot stand in the middle of a value"
        return message, f'put the value in quotes: "{whole}"'
    if "cannot start any token" in problem and behind[:1] in _CHARACTERS:
        return _CHARACTERS[behind[:1]]
    last = before.rstrip()[-1:]
    if "expected key" in problem and last:
        if last in "'\"":
            return "nothing can follow the closing quote", "put the whole value in one pair of quotes"
        return f"nothing can follow `{last}` here", "delete it, or put the whole value in quotes"
    return next(
        ((words, remedy) for part, words, remedy in _WORDS if part in problem),
        (f"YAML cannot be read: {problem}", None),
    )


def _at(mark: Any, lines: list[str], file: str) -> Span:
    """The character at a mark; behind the last line, the last character of the text."""
    if mark.line < len(lines):
        return Span.point(file, mark.line + 1, mark.column + 1)
    last = max((number for number, line in enumerate(lines) if line.strip()), default=0)
    return Span.point(file, last + 1, max(len(lines[last]) if lines else 1, 1))
