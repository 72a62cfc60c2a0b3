"""Values of parameters: whether two are the same, and how a spec writes one."""

from __future__ import annotations

from typing import Any

from gandsl.spec.values import Size, as_size


def same(one: Any, other: Any) -> bool:
    """Whether two values of a parameter are equal; a size may be one number, a list any sequence."""
    if isinstance(one, Size) or isinstance(other, Size):
        return as_size(one) == as_size(other)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return list(one) == list(other)
    return bool(one == other)


def shown(value: Any) -> str:
    """A parameter's value as a spec writes it."""
    if isinstance(value, Size):
        return str(value.plain)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {shown(item)}' for name, item in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)
