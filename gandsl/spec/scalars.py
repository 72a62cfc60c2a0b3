"""What a plain scalar means: the core schema of YAML 1.2 (section 10.3.2), not the tables of YAML 1.1."""

from __future__ import annotations

import re

_CONSTANTS: dict[str, bool | float | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_NUMBER = re.compile(
    r"(?P<int>[-+]?[0-9]+)|0o(?P<oct>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)"
    r"|(?P<float>[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)"
)
_NUMBER_STARTS = frozenset("+-.0123456789")
_BASE = {"int": 10, "oct": 8, "hex": 16}
_LONGEST_INT = (
    40  # digits; beyond it a number can only be refused, which a float (or infinity) carries as well
)


def resolve(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar: `no` is text, `1e-3` a float, `0o17` is 15, `017` is 17."""
    if text[:1] in _NUMBER_STARTS:
        found = _NUMBER.fullmatch(text)
        if found:
            kind = found.lastgroup or "float"
            digits = found[kind]
            if kind == "float" or (kind == "int" and len(digits) > _LONGEST_INT):
                return float(digits)
            return int(digits, _BASE[kind]) if len(digits) <= _LONGEST_INT else float("inf")
    return _CONSTANTS.get(text, text)
