"""The dataclasses of `gandsl.records` do what the standard ones do: compared on every kind of class.

But for what the type checker refuses: setting a field of a frozen one.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import pickle
from collections.abc import Callable
from dataclasses import field
from typing import Any

import pytest

from gandsl import records

OPTIONS = [
    dict(zip(("frozen", "slots", "eq", "repr", "order", "kw_only"), chosen, strict=True))
    for chosen in itertools.product((True, False), repeat=6)
    if not (chosen[4] and not chosen[2])  # an order without equality is refused by both
]
VALUES = [
    {"a": a, "b": b, "c": c} for a, b, c in itertools.product((1, True, "x"), (float("nan"), ()), ([], None))
]


def classes(made: Callable[..., Any], options: dict[str, bool]) -> dict[str, type]:
    """Classes of one name each: plain, derived, without fields, with methods of their own."""

    @made(**options)
    class Plain:
        a: Any = None
        b: Any = field(default=0, compare=False)
        c: Any = field(default_factory=list, repr=False)

    @made(**options)
    class Derived(Plain):
        d: int = 3

    @made(**options)
    class Single:
        a: Any = 1

    @made(**options)
    class Empty:
        pass

    @made(**{**options, "order": False})
    class Own:
        a: Any = 1

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __repr__(self) -> str:
            return "its own"

    return {one.__name__: one for one in (Plain, Derived, Single, Empty, Own)}


def outcome(act: Callable[[], Any]) -> Any:
    """What comes of it; of an exception its kind."""
    try:
        return act()
    except Exception as error:  # noqa: BLE001  # whatever it is, both raise it
        return type(error)


def shown(one: object) -> str:
    """How it is shown, without an address."""
    return repr(one).split(" object at ")[0]


def told(made: dict[str, type], frozen: bool) -> list[Any]:
    """All that users of a class can see of it."""
    found: list[Any] = []
    for cls in made.values():
        names = [one.name for one in dataclasses.fields(cls)]
        given = [{name: value for name, value in one.items() if name in names} for one in VALUES]
        objects = [cls(**one) for one in given]
        found += [names, hasattr(objects[0], "__dict__"), cls.__match_args__]  # type: ignore[attr-defined]
        for one in objects:
            found += [shown(one), outcome(lambda one=one: one == copy.copy(one))]
            found += [outcome(lambda one=one: hash(one) == hash(copy.copy(one)))]
            if not frozen:
                found += [outcome(lambda one=one: setattr(one, "z", 2))]
        for one, other in itertools.product((cls(**one) for one in given), (cls(**one) for one in given)):
            found += [one == other, one != other, outcome(lambda one=one, other=other: one < other)]
        for other in made.values():
            found.append(cls(a=1) == other(a=1) if "a" in names and other.__name__ != "Empty" else None)
        found.append(
            shown(dataclasses.replace(cls(), a=5)) if "a" in names and "Own" not in str(cls) else None
        )
    return found


@pytest.mark.parametrize("options", OPTIONS, ids=lambda one: ", ".join(k for k, on in one.items() if on))
def test_they_do_what_the_standard_ones_do(options: dict[str, bool]) -> None:
    standard = told(classes(dataclasses.dataclass, options), options["frozen"])
    assert len(standard) > 200
    assert told(classes(records.dataclass, options), options["frozen"]) == standard


@records.dataclass(frozen=True, slots=True)
class Pair:
    """Where pickle finds it."""

    a: Any
    b: Any = None


def test_pickled_and_copied() -> None:
    one = Pair(1, (2, Pair(3)))
    assert pickle.loads(pickle.dumps(one)) == copy.deepcopy(one) == one


def test_what_holds_itself_is_shown() -> None:
    one = Pair([])
    one.a.append(one)
    assert repr(one) == "Pair(a=[...], b=None)"
