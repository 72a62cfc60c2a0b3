"""Dataclasses that are quick to define: to compare, hash, show and freeze them, a few functions serve all.

The standard decorator writes and compiles six functions for each frozen class, and a command that answers at
once defines some hundred of them. Here it is the constructor alone; the rest looks up the class's fields.
"""

from __future__ import annotations

import dataclasses
from dataclasses import MISSING, FrozenInstanceError
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, init=True, eq=True, repr=True, frozen=False, order=False, **options):
        """As `dataclasses.dataclass`; quicker for those that are frozen and have no order."""
        if cls is None:
            return lambda made: dataclass(
                made, init=init, eq=eq, repr=repr, frozen=frozen, order=order, **options
            )
        if order:
            return dataclasses.dataclass(
                cls, init=init, eq=eq, repr=repr, frozen=frozen, order=True, **options
            )
        own = vars(cls)
        made = dataclasses.dataclass(cls, eq=False, repr=False, init=init and not frozen, **options)
        if repr and "__repr__" not in own:
            made.__repr__ = _shown
        if eq:
            compared = [field.name for field in dataclasses.fields(made) if field.compare]
            made.__compared__ = staticmethod(_values(compared))
            for name, function in (("__eq__", _equal), ("__hash__", _hashed if frozen else None)):
                if own.get(name) is None:  # a class with an `__eq__` of its own has None for a hash
                    setattr(made, name, function)
        if frozen:
            if init:
                made.__init__ = _constructor(made)
            made.__setattr__, made.__delattr__ = _set, _delete
            if options.get("slots"):
                made.__getstate__, made.__setstate__ = _state, _restored
        return made


def _constructor(cls: type) -> Any:
    """`__init__` of a frozen class. It is compiled, since objects are made by the thousand."""
    known: dict[str, Any] = {"set_": object.__setattr__, "LEFT_OUT": object()}
    signature: dict[bool, list[str]] = {False: ["self"], True: ["*"]}  # by place; by name alone
    body = []
    for field in dataclasses.fields(cls):
        name, default = field.name, f"default_{field.name}"
        made, given = field.default_factory is not MISSING, field.default is not MISSING
        known[default] = field.default_factory if made else field.default
        value = name if field.init else default
        if made:
            value = f"{default}() if {name} is LEFT_OUT else {name}" if field.init else f"{default}()"
        if field.init:
            signature[field.kw_only is True].append(
                f"{name}={'LEFT_OUT' if made else default}" if made or given else name
            )
        if field.init or made or given:
            body.append(f" set_(self, {name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        body.append(" self.__post_init__()")
    named = signature[True] if len(signature[True]) > 1 else []
    lines = [f"def __init__({', '.join(signature[False] + named)}):", *(body or [" pass"])]
    exec("\n".join(lines), known)  # noqa: S102  # of a class's own names, as the standard decorator does it
    return known["__init__"]


def _set(self: Any, name: str, _: Any) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delete(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _restored(self: Any, state: list[Any]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)


def _values(names: list[str]) -> Any:
    """What gets the values of these attributes, as a tuple."""
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda of: (getattr(of, name),)
        case _:
            return attrgetter(*names)


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    values = self.__compared__
    return values(self) == values(other)


def _hashed(self: Any) -> int:
    return hash(self.__compared__(self))


@recursive_repr()
def _shown(self: Any) -> str:
    fields = [field.name for field in dataclasses.fields(self) if field.repr]
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in fields)})"
