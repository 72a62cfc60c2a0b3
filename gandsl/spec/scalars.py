"""What a plain scalar means: the core schema of YAML 1.2 (section 10.3.2), not the tables of YAML 1.1."""

from __future__ import annotations

import re

# what YAML 1.1 took for truth values, and is text in 1.2 → what to write
FORMER_TRUTH = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}

# what YAML forbids, and what it would take for a line break where editors see none: only escapes can say it
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")

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


def former_truth(text: str) -> str | None:
    """A hint for `no` where a truth value is wanted; None for a text that never was one."""
    word = FORMER_TRUTH.get(text.lower())
    return word and f"`{text}` is text in YAML 1.2: write `{word}`"


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
