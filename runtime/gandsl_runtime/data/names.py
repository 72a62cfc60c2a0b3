"""Names of images and folders as messages may hold them."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import normalize


def spelled(name: str) -> str:
    """A name, and its code points where the name alone does not show them, or would write to the terminal."""
    if not name.isprintable():
        return f"{name!a}"
    composed = normalize("NFC", name)
    return name if composed == name else f"{composed} (as {name!a})"


def and_more(names: Sequence[str]) -> str:
    """How many other names there are."""
    return f" (and {len(names) - 1} more)" if len(names) > 1 else ""
