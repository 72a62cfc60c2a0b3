"""What our HTML pages have in common: they load nothing, run their own script, hold data that can't act."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from html import escape
from importlib.resources import files
from string import Template

_HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="$policy">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="gandsl">
<title>$title</title>
"""


def render(package: str, scripts: Iterable[str], title: str, data: object, allowed: str, **parts: str) -> str:
    """A package's page: the common head, then its own `page.html` with the style sheet and all `parts`.

    Its policy (Content-Security-Policy) admits its own script, and beside it what `allowed` says alone.
    """
    script, seal = _script_of(package, scripts)
    policy = f"default-src 'none'; {allowed}; style-src 'unsafe-inline'; script-src 'sha256-{seal}'"
    return Template(_HEAD + part(package, "page.html")).substitute(
        parts,
        policy=f"{policy}; base-uri 'none'; form-action 'none'",
        title=escape(title),
        style=part(package, "page.css"),
        data=_inert(data),
        script=script,
    )


def part(package: str, name: str) -> str:
    """A file of a package's folder `page`."""
    return files(package).joinpath("page", name).read_text(encoding="utf-8")


def _script_of(package: str, names: Iterable[str]) -> tuple[str, str]:
    """The page's script, and the digest by which its Content-Security-Policy admits it: `'sha256-…'`."""
    script = '"use strict";\n' + "\n".join(part(package, name) for name in names)
    return script, base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _inert(data: object) -> str:
    """JSON that a page may hold: no text of it can end a script or begin a comment.

    Raises ValueError for numbers that are not finite.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c")
