"""Names: what may be one, since it becomes part of ids and of Python source."""

from __future__ import annotations

import re
from keyword import iskeyword

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.expressions import KEYWORDS

MAX_LENGTH = 64
PATTERN = r"[A-Za-z_][A-Za-z0-9_]*"
_NAME = re.compile(PATTERN)


def is_name(text: str) -> bool:
    """Whether `text` has the form of a name and is no word of the expression language or of Python."""
    return fault(text) is None


def fault(text: str, printed: bool = True) -> str | None:
    """What keeps `text` from being a name, of Python source too (`printed`); None where nothing does."""
    if not _NAME.fullmatch(text):
        return "a name is a letter or underscore, then letters, digits and underscores"
    if text in KEYWORDS:
        return "it is a word of the expression language"
    if printed and (iskeyword(text) or text.startswith("__")):
        return "it is taken in Python, and names become Python source"
    return f"it is longer than {MAX_LENGTH} characters" if len(text) > MAX_LENGTH else None


def check_name(text: str, span: Span, diagnostics: Diagnostics, *, printed: bool = True) -> bool:
    """Whether `text` may be a name; reports G0011 at `span` where it may not."""
    wrong = fault(text, printed)
    if wrong is None:
        return True
    close = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    help = f"`{close}` would do" if is_name(close) else None
    shown = text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH] + "…"
    diagnostics.add("G0011", f"`{shown}` is not a valid name: {wrong}", span, help=help)
    return False
