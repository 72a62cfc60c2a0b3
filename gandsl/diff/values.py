"""Values side by side: parameters in force, fields of the plan, each with its path; and how they are told."""

from __future__ import annotations

from typing import Any

from gandsl.spec.values import Size
from gandsl_runtime.plan import difference
from gandsl_runtime.plan.difference import MISSING, ValueChange, changes, flat, same

__all__ = ["MISSING", "ValueChange", "changes", "flat", "plain", "same", "shown"]


def shown(value: Any) -> str:
    """A value for the reader: text without quotes, sizes as 96×160, sequences in brackets."""
    if isinstance(value, Size):
        return str(value).replace("x", "×")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    return difference.shown(value)


def plain(value: Any) -> Any:
    """A value for JSON: sizes as lists of their sides, what is missing as null."""
    if value is MISSING:
        return None
    if isinstance(value, Size):
        return [*value.sides]
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value if isinstance(value, bool | int | float | str | None) else str(value)
