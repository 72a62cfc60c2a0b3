"""Text from a spec on its way into source, as comments and docstrings: escaped, of bounded width."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

WIDTH = 110  # of a line; tests hold the printed source against `ruff format` and `ruff check` at this length

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidi and zero width, surrogates, unassigned
_BLANK = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0")  # soft hyphen, fillers


def visible(text: str, limit: int = 2000) -> str:
    """One line of printable text, at most `limit` columns: white space becomes one blank, what can't be seen
    an escape.

    Unicode 3.2 says what can be seen: every Python carries it, so that all print alike.
    """
    pieces: list[str] = []
    room = limit
    for character in " ".join(text.split()):
        piece = _escape(character) if _is_unseen(character) else character
        room -= columns(piece)
        if room < 1:
            return "".join(pieces).rstrip() + "…"
        pieces.append(piece)
    return "".join(pieces)


def _is_unseen(character: str) -> bool:
    if 0x1D2C <= ord(character) <= 0x1D6A:  # raised letters, as in Jᵀ: of Unicode 4, which every Python has
        return False
    category = unicodedata.ucd_3_2_0.category(character)
    return category in _UNSEEN or (category == "Zs" and character != " ") or character in _BLANK


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def columns(text: str) -> int:
    """The columns that `text` takes, or more: East Asian and all rare characters count two."""
    return sum(1 if ord(c) < 0x1100 or 0x2000 <= ord(c) < 0x2E80 else 2 for c in text)


def comment(text: str) -> str:
    """The text after `# ` on a line of its own or behind a statement."""
    return f"# {visible(text, 90)}"


def docstring(text: str, indent: int) -> list[str]:
    """A docstring's lines, quotes and margin included: paragraphs wrapped, quotes and backslashes escaped."""
    paragraphs = [visible(paragraph, 2000) for paragraph in text.split("\n\n")]
    lines: list[str] = []
    for paragraph in filter(None, paragraphs):
        lines += [*([""] if lines else []), *_wrapped(paragraph, WIDTH - indent - 8)]
    return quoted(lines or ["-"], indent)


def quoted(lines: list[str], indent: int) -> list[str]:
    """Lines of text as a docstring."""
    lines = [line.replace('"""', '\\"\\"\\"') for line in lines]
    if lines[0].startswith(('"', '\\"')):
        lines[0] = f" {lines[0]}"
    margin = " " * indent
    if len(lines) == 1:
        end = '\\"' if lines[0].endswith('"') else lines[0][-1]
        return [f'{margin}"""{lines[0][:-1]}{end}"""']
    return [
        f'{margin}"""{lines[0]}',
        *(f"{margin}{line}" if line else "" for line in lines[1:]),
        f'{margin}"""',
    ]


def wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of whole words, for comments; a word longer than a line is cut."""
    return (line.replace("\\\\", "\\") for line in _wrapped(text, width))


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of whole words; a word longer than a line is cut. A doubled backslash counts two."""
    line = ""
    for word in text.split(" "):
        piece = word.replace("\\", "\\\\")
        if line and columns(line) + 1 + columns(piece) <= width:
            line += " " + piece
            continue
        if line:
            yield line
        line = ""
        for character in word:
            step = character.replace("\\", "\\\\")
            if columns(line) + columns(step) > width:
                yield line
                line = ""
            line += step
    yield line
