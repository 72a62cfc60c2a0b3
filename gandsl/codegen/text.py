"""Text from a spec on its way into source: as comments, docstrings and identifiers, in no other way."""

from __future__ import annotations

import keyword
import re
import unicodedata
from collections.abc import Collection, Iterator

WIDTH = 110  # of a line; tests hold the printed source against `ruff format` and `ruff check` at this length

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # controls, bidi and zero width, surrogates, unassigned
_BLANK = frozenset("\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u3164\uffa0")  # soft hyphen, fillers


def visible(text: str, limit: int = 2000) -> str:
    """One line of printable text, at most `limit` columns: white space becomes one blank, the unseen escapes.

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


def docstring(text: str, indent: int, limit: int = 2000) -> list[str]:
    """A docstring's lines, quotes and margin included: paragraphs wrapped, quotes and backslashes escaped."""
    paragraphs = [visible(paragraph, limit) for paragraph in text.split("\n\n")]
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


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of whole words; a word longer than a line is cut. Backslashes double, and so weigh double."""
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


def is_identifier(name: str) -> bool:
    """Whether `name` can stand in source as it is."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_TAKEN_CLASSES = {"Any", "Callable", "Network", "Port", "Tensor", "Module"}


def class_name(text: str, taken: Collection[str] = ()) -> str:
    """`res_up` → `ResUp`, made unique among `taken`; always an identifier."""
    words = [word[:1].upper() + word[1:] for word in _WORDS.findall(text)]
    name = "".join(words)[:48] or "Block"
    if name[0].isdigit():
        name = f"Block{name}"
    if keyword.iskeyword(name) or name in _TAKEN_CLASSES:
        name += "Block"
    return unique(name, taken, "")


# What a local variable must not hide: Python's functions (written out, since each version adds some), what
# the source imports, and letters that look like digits.
_TAKEN_LOCALS = frozenset(
    [
        "abs",
        "aiter",
        "all",
        "anext",
        "any",
        "ascii",
        "bin",
        "bool",
        "breakpoint",
        "bytearray",
        "bytes",
        "callable",
        "chr",
        "classmethod",
        "compile",
        "complex",
        "copyright",
        "credits",
        "delattr",
        "dict",
        "dir",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "exit",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "help",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "license",
        "list",
        "locals",
        "map",
        "max",
        "memoryview",
        "min",
        "next",
        "object",
        "oct",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "quit",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "slice",
        "sorted",
        "staticmethod",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
        "case",
        "match",
        "layers",
        "math",
        "nn",
        "ops",
        "self",
        "l",
        "O",
        "I",
    ]
)


def local_name(wanted: str, taken: Collection[str] = ()) -> str:
    """A name for a local variable or argument, as near to `wanted` as can be; always an identifier."""
    name = re.sub(r"\W", "_", wanted, flags=re.ASCII)
    if not name or not is_identifier(name + "_") or name.startswith("__"):
        name = f"v{name}" if name.strip("_") else "value"
    if name in _TAKEN_LOCALS or keyword.iskeyword(name):
        name += "_"
    return unique(name, taken)


def unique(name: str, taken: Collection[str], joint: str = "_") -> str:
    """`name`, or the first of `name_2`, `name_3`, … that is free."""
    if name not in taken:
        return name
    number = 2
    while f"{name}{joint}{number}" in taken:
        number += 1
    return f"{name}{joint}{number}"
