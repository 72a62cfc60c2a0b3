"""Did you mean …? The nearest known name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

LONGEST = 60  # characters compared: the search is quadratic, and no name is longer
COMPARED = 500  # names
LISTED = 12  # names listed where none is near


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name most like `word`, or None where none is near. Case, `-` and `_` do not count."""
    from difflib import get_close_matches  # imported only when something is misspelt

    def plain(name: str) -> str:
        return name[:LONGEST].lower().replace("-", "").replace("_", "")

    wanted = plain(word)
    names = {short: name for name in known if _may_match(short := plain(name), wanted)}
    close = get_close_matches(wanted, islice(names, COMPARED), n=1, cutoff=0.6)
    return names[close[0]] if close else None


def _may_match(name: str, word: str) -> bool:
    """Whether two lengths can reach a similarity of 0.6, which is 2 · common / (sum of lengths)."""
    return 7 * min(len(name), len(word)) >= 3 * max(len(name), len(word))


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "known here:") -> str | None:
    """A help text for the unknown `word`: the nearest known name, else a list of them; None without any."""
    names = list(dict.fromkeys(known))
    if not names:
        return None
    near = nearest(word, names)
    if near is not None:
        return f"did you mean `{near}`?"
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{otherwise} " + ", ".join(f"`{name}`" for name in names[:LISTED]) + more
