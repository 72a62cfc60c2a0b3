"""What becomes of the arguments that a network was made with: a table for each, and none is passed over.

A pickle that keeps them is read by its table: an argument that is not in the pickle has the constructor's
default, one that is not in the table ends the import. Where a file keeps none, the tables still say which
parameters of the spec it does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from gandsl.interop.errors import InteropError


class Fate(Enum):
    """What becomes of an option; its value is the heading in docs/checkpoints.md."""

    APPLIED = "applied"  # a parameter of the spec, or a field of its plan, is set to it
    HELD = "held"  # the shapes tell it, and it has to say the same
    REFUSED = "refused"  # at any other value than its default nothing is loaded
    IDLE = "no effect"  # it changes no number
    UNSEEN = "no trace"  # no state_dict tells it and no parameter stands for it: it is taken for its default


class Missing(Enum):
    """Instead of a default or a value."""

    REQUIRED = "required"
    UNSAID = "as the shapes say"


REQUIRED, UNSAID = Missing.REQUIRED, Missing.UNSAID
Value = Callable[[Any], Any]  # from an option's value to the parameter's; ValueError says why there is none


@dataclass(frozen=True, slots=True)
class Option:
    """One argument of a constructor. Those of nested mappings have dotted names."""

    name: str
    default: Any
    fate: Fate
    parameter: str = ""  # of the spec, or `training.…` of its plan
    value: Value = lambda given: given
    why: str = ""  # why it is refused or has no effect
    when: str = ""  # a parameter; where that is 0 the option counts for nothing


def applied(name: str, parameter: str, default: Any = REQUIRED, value: Value = lambda given: given) -> Option:
    """An option that no shape tells, and that a parameter of the spec stands for."""
    return Option(name, default, Fate.APPLIED, parameter, value)


def held(
    name: str, parameter: str = "", default: Any = REQUIRED, value: Value = lambda given: given
) -> Option:
    """An option that shapes tell: the spec's parameter by this or by the same name has to be equal.

    None is how constructors write "as another one", which says nothing.
    """
    return Option(name, default, Fate.HELD, parameter or name, lambda x: UNSAID if x is None else value(x))


def refused(name: str, default: Any, why: str) -> Option:
    """An option that no parameter stands for."""
    return Option(name, default, Fate.REFUSED, why=why)


def idle(name: str, default: Any, why: str) -> Option:
    """An option that changes no number: memory, speed, what is trained."""
    return Option(name, default, Fate.IDLE, why=why)


def unseen(name: str, default: Any) -> Option:
    """An option that leaves no trace in a state_dict, and that no parameter stands for."""
    return Option(name, default, Fate.UNSEEN, why="taken to be at its default, as the report says")


def under(prefix: str, *options: Option) -> tuple[Option, ...]:
    """Options of a nested mapping."""
    return tuple(replace(option, name=f"{prefix}.{option.name}") for option in options)


def labelled(*options: Option) -> tuple[Option, ...]:
    """Options that count where there are classes."""
    return tuple(replace(option, when="classes") for option in options)


def one_of(values: Mapping[Any, Any]) -> Value:
    """The value that stands beside it, of those there are."""

    def value(given: Any) -> Any:
        if not isinstance(given, str | int | float | None) or given not in values:
            raise ValueError(f"what the spec can be is {', '.join(map(str, values))}")
        return values[given]

    return value


@dataclass(frozen=True, slots=True)
class RecordedOption:
    """An option with the value that a network was made with."""

    option: Option
    given: Any
    where: str  # the file, and the network in it

    @property
    def said(self) -> str:
        """As a message names it."""
        return f"{self.option.name} = {written(self.given)}"

    def value(self) -> Any:
        """What the parameter has to be. Raises InteropError where it can be no such thing."""
        try:
            return self.option.value(self.given)
        except (ValueError, TypeError, LookupError) as error:
            raise self.unfit(str(error)) from error

    def unfit(self, why: str) -> InteropError:
        """The refusal of an option by its name."""
        return InteropError(
            f"{self.where} was made with {self.said}: {why}. Nothing was loaded",
            "there is no remedy here: without it the network would compute something else",
        )


def recorded(
    table: Sequence[Option], arguments: Mapping[str, Any] | None, positional: Sequence[Any], where: str
) -> list[RecordedOption]:
    """Every option that counts in a network, with its value: the constructor's default where none is kept.

    Empty where the file keeps no arguments. Raises InteropError for an argument that the table does not
    know, and for one that is refused.
    """
    if not table or arguments is None:
        return []
    given = _named(table, arguments, positional, where)
    if strange := sorted(given.keys() - {option.name for option in table}):
        said = f"{strange[0]} = {written(given[strange[0]])}"
        raise InteropError(
            f"{where} was made with {said}, an option that this importer does not know, so nothing is loaded",
            "where it changes nothing, save the network's state_dict, which records none, and import that",
        )
    every = [RecordedOption(option, given.get(option.name, option.default), where) for option in table]
    there = {one.option.parameter: one.given for one in every}
    found = [
        one
        for one in every
        if one.given is not REQUIRED and (not one.option.when or there.get(one.option.when))
    ]
    for one in found:
        if one.option.fate is Fate.REFUSED and one.given != one.option.default:
            raise one.unfit(one.option.why)
    return found


def _named(
    table: Sequence[Option], arguments: Mapping[str, Any], positional: Sequence[Any], where: str
) -> dict[str, Any]:
    """The arguments by name, those without one by their place among the constructor's."""
    order = list(dict.fromkeys(option.name.partition(".")[0] for option in table))
    if len(positional) > len(order):
        raise InteropError(
            f"{where} was made with {len(positional)} arguments, and its constructor has {len(order)}"
        )
    waiting: list[tuple[str, Any]] = [
        *zip(order, positional, strict=False),
        *((str(name), value) for name, value in arguments.items()),
    ]
    nested = {option.name.rpartition(".")[0] for option in table}
    found: dict[str, Any] = {}
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, Mapping) and name in nested:
            waiting.extend((f"{name}.{key}", item) for key, item in value.items())
        else:
            found[name] = value
    return found


def written(value: Any) -> str:
    """A value as Python writes it; what is no plain value by its type."""
    plain = isinstance(value, int | float | str | list | tuple | None)
    return repr(value) if plain else f"a {type(value).__name__}"


def untold(table: Iterable[Option], params: Mapping[str, Any]) -> Iterator[str]:
    """The parameters in force that options alone would tell."""
    for option in table:
        if (
            option.fate is Fate.APPLIED
            and option.parameter in params
            and (not option.when or params.get(option.when))
        ):
            yield option.parameter
