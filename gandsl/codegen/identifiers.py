"""Identifiers for printed source: of classes, of local variables, unique among those that are taken."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection


def is_identifier(name: str) -> bool:
    """Whether `name` can stand in source as it is."""
    return name.isascii() and name.isidentifier() and not keyword.iskeyword(name)


_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_TAKEN_CLASSES = {"Any", "Callable", "Network", "Port", "Tensor", "Module"}


def class_name(text: str) -> str:
    """`res_up` → `ResUp`; always an identifier."""
    words = [word[:1].upper() + word[1:] for word in _WORDS.findall(text)]
    name = "".join(words)[:48] or "Block"
    if name[0].isdigit():
        name = f"Block{name}"
    return f"{name}Block" if keyword.iskeyword(name) or name in _TAKEN_CLASSES else name


# What a local variable must not hide: Python's functions (written out, since each version adds some), what
# the source imports, and letters that look like digits.
_TAKEN_LOCALS = frozenset(
    """
    abs aiter all anext any ascii bin bool breakpoint bytearray bytes callable chr classmethod
    compile complex copyright credits delattr dict dir divmod enumerate eval exec exit filter float
    format frozenset getattr globals hasattr hash help hex id input int isinstance issubclass iter
    len license list locals map max memoryview min next object oct open ord pow print property quit
    range repr reversed round set setattr slice sorted staticmethod str sum super tuple type vars
    zip case match layers math nn ops self l O I
    """.split()  # noqa: SIM905 - a list of words
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
