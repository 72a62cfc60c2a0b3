"""Plain data as YAML that this language's reader reads back: short things on a line, long ones in blocks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from gandsl.spec.scalars import resolve

WIDTH = 100
_PLAIN = re.compile(r"[A-Za-z_][\w.+*/()<>=@²³×–-]*(?: [\w.+*/()<>=@²³×–-]+)*")


def to_yaml(data: Mapping[str, Any]) -> str:
    """A mapping of strings to dicts, lists, str, int, float, bool and None as YAML 1.2."""
    return "\n".join(_block(data, 0)) + "\n"


def _block(data: Mapping[str, Any], indent: int) -> Iterator[str]:
    space = " " * indent
    for key, value in data.items():
        head = f"{space}{_scalar(str(key))}:"
        line = f"{head} {_flow(value)}"
        if isinstance(value, Mapping) and value and (len(line) > WIDTH or indent == 0):
            yield head
            yield from _block(value, indent + 2)
        elif isinstance(value, list | tuple) and len(line) > WIDTH:
            yield head
            yield from (f"{space}  - {_flow(item)}" for item in value)
        else:
            yield line


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float):
        return {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}.get(repr(value), repr(value))
    text = str(value)
    if isinstance(value, str) and not (_PLAIN.fullmatch(text) and resolve(text) == text):
        return json.dumps(text, ensure_ascii=False)
    return text
