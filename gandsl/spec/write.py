"""Plain data as YAML that this language's reader reads back: short things on a line, long ones in blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gandsl.spec.scalars import FORBIDDEN, resolve
from gandsl.spec.values import Size

WIDTH = 100
_LONGEST_KEY = 1000  # characters, quotes included, from which a key needs its `?` (YAML 1.2, section 7.4)
_PLAIN = re.compile(r"[A-Za-z_][\w.+*/()<>=@²³×–-]*(?: [\w.+*/()<>=@²³×–-]+)*")


def quoted(text: str) -> str:
    """Any text (but lone surrogates, which YAML cannot say) as a scalar on one line, in double quotes."""
    return FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def to_yaml(data: Mapping[str, Any]) -> str:
    """A mapping of strings to dicts, lists, str, int, float, bool and None as YAML 1.2."""
    return "\n".join(_block(data, 0)) + "\n"


def _block(data: Mapping[str, Any], indent: int) -> Iterator[str]:
    space = " " * indent
    for key, value in data.items():
        name = key_text(str(key))
        head = f"{space}{name}:" if name[0] != "?" else f"{space}{name}\n{space}:"
        line = f"{head} {flow(value)}"
        if isinstance(value, Mapping) and value and (len(line) > WIDTH or indent == 0):
            yield head
            yield from _block(value, indent + 2)
        elif isinstance(value, list | tuple) and value and len(line) > WIDTH:
            yield head
            yield from (f"{space}  - {flow(item)}" for item in value)
        else:
            yield line


def flow(value: Any) -> str:
    """Any plain value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key_text(str(k))}: {flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, Size):
        return f"[{', '.join(map(str, value.sides))}]"
    return scalar_text(value)


def key_text(text: str) -> str:
    """A key of a mapping."""
    name = scalar_text(text)
    return name if len(name) < _LONGEST_KEY else f"? {name}"


def scalar_text(value: Any) -> str:
    """A number, a text, a truth value or null, in quotes where it needs them."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    text = str(value)
    if isinstance(value, str) and not _is_plain(text):
        return quoted(text)
    return text


def _is_plain(text: str) -> bool:
    """Whether a text needs no quotes anywhere, not even where a comma may follow (`spec/commas.py`)."""
    return bool(_PLAIN.fullmatch(text)) and resolve(text) == text and text.count("(") <= text.count(")")
