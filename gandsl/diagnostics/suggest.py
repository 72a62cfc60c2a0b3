"""Did you mean …? The nearest known name to a misspelt one."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from gandsl.diagnostics.synonyms import ours, said_otherwise

LONGEST = 60  # characters compared: the search is quadratic, and no name is longer
COMPARED = 500  # names
LISTED = 12  # names listed where none is near
ALIKE = 0.7  # of difflib's ratio; at 0.6 `detach` is near `tanh`, and `nonsense` near `one_sided`
ALIKE_SHORT = 0.6  # of words of up to three letters: `nn` is near `n`


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name that `word` is another word for, else the one most like it; None where none is near.

    Case, `-` and `_` do not count.
    """
    from difflib import get_close_matches  # imported only when something is misspelt

    def plain(name: str) -> str:
        return name[:LONGEST].lower().replace("-", "").replace("_", "")

    known = list(known)
    if meant := next((name for name in ours(word) if name in known), None):
        return meant
    wanted = plain(word)
    if wanted.isdigit():  # `128` is nothing like `12`
        return None
    alike = ALIKE if len(wanted) > 3 else ALIKE_SHORT
    names = {short: name for name in known if _may_match(short := plain(name), wanted, alike)}
    close = get_close_matches(wanted, islice(names, COMPARED), n=1, cutoff=alike)
    return names[close[0]] if close else None


def _may_match(name: str, word: str, alike: float) -> bool:
    """Whether two lengths can reach a similarity, which is 2 · common / (sum of lengths)."""
    return 2 * min(len(name), len(word)) >= alike * (len(name) + len(word))


def did_you_mean(word: str, known: Iterable[str], otherwise: str = "known here:") -> str | None:
    """A help text for the unknown `word`: the nearest known name, else a list of them; None without any."""
    names = list(dict.fromkeys(known))
    if not names:
        return None
    near = nearest(word, names)
    if near is not None:
        return f"did you mean `{near}`?"
    if (sentence := said_otherwise(word)) is not None:
        return sentence
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return f"{otherwise} " + ", ".join(f"`{name}`" for name in names[:LISTED]) + more
