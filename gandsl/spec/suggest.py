"""Did you mean …? The nearest of the names that would have been right."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """The name most like `wrong`, None where nothing is near."""
    from difflib import get_close_matches  # here: only a mistake needs it

    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(wrong.lower()[:60], by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str = "there is") -> str | None:
    """A help line: the nearest name, or the list of names where none is near; None without any names."""
    names = list(dict.fromkeys(known))
    if not names:
        return None
    near = nearest(wrong, names)
    if near is not None:
        return f"did you mean `{near}`?"
    shown = ", ".join(f"`{name}`" for name in names[:12])
    return f"{otherwise} {shown}" + (f" and {len(names) - 12} more" if len(names) > 12 else "")
