"""Did you mean …? The nearest known name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like `word`, or None where none is near. Case, `-` and `_` do not count."""
    from difflib import get_close_matches  # imported only when something is misspelt

    def plain(name: str) -> str:
        return name.lower().replace("-", "").replace("_", "")

    names = {plain(name): name for name in known}
    close = get_close_matches(plain(word), names, n=1, cutoff=0.6)
    return names[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str], listed: int = 12) -> str | None:
    """A help text for the unknown `word`: the nearest known name, else all of them if they are few."""
    names = sorted(set(known))
    near = nearest(word, names)
    if near is not None:
        return f"did you mean `{near}`?"
    if 0 < len(names) <= listed:
        return "known here: " + ", ".join(f"`{name}`" for name in names)
    return None
