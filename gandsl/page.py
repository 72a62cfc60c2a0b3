"""What our HTML pages have in common: they load nothing, run their own script, hold data that can't act."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from importlib.resources import files


def part(package: str, name: str) -> str:
    """A file of a package's folder `page`."""
    return files(package).joinpath("page", name).read_text(encoding="utf-8")


def script_of(package: str, names: Iterable[str]) -> tuple[str, str]:
    """The page's script, and the digest by which its Content-Security-Policy admits it: `'sha256-…'`."""
    script = '"use strict";\n' + "\n".join(part(package, name) for name in names)
    return script, base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def inert(data: object) -> str:
    """JSON that a page may hold: no text of it can end a script or begin a comment.

    Raises ValueError for numbers that are not finite.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
