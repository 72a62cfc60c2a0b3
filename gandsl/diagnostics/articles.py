"""The article of a word in a message, by how it sounds."""

from __future__ import annotations

import re

_AN = re.compile(r"`?(?!one|uni|use|eu)(?:[aeiou]|8|11\b|18\b)", re.IGNORECASE)


def a(word: object) -> str:
    """`an Image[3, 8]`, `a Latent[4]`, `a one_hot`, `an 8×8`."""
    return f"{'an' if _AN.match(str(word)) else 'a'} {word}"
