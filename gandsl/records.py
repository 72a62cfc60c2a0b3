"""Dataclasses that are quick to define: to compare, hash and show them, three functions serve all classes.

The standard decorator writes and compiles six functions for each frozen class, and a command that answers at
once defines some two hundred of them. Here it writes the constructor; the rest is looked up in the class's
fields. That nobody sets a field of a frozen one is what the type checker sees to, as for a `Final`: to refuse
it at run time, too, is a tenth of what `check` takes.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls=None, /, *, eq=True, repr=True, frozen=False, order=False, **options):
        """As `dataclasses.dataclass`; quicker for those that are frozen and have no order."""
        if cls is None:
            return lambda made: dataclass(made, eq=eq, repr=repr, frozen=frozen, order=order, **options)
        if order or not frozen:
            return dataclasses.dataclass(cls, eq=eq, repr=repr, frozen=frozen, order=order, **options)
        own = vars(cls)
        made = dataclasses.dataclass(cls, eq=False, repr=False, **options)
        if repr and "__repr__" not in own:
            made.__repr__ = _shown
        if eq:
            compared = [field.name for field in dataclasses.fields(made) if field.compare]
            made.__compared__ = staticmethod(_values(compared))
            for name, function in (("__eq__", _equal), ("__hash__", _hashed)):
                if own.get(name) is None:  # a class with an `__eq__` of its own has None for a hash
                    setattr(made, name, function)
        return made


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
