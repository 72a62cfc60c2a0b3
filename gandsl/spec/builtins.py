"""The functions of the expression language, as a table."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.records import dataclass
from gandsl.spec.operators import MAX_LIST, bounded, known, number, whole
from gandsl.spec.values import ABSENT, Size, as_size, is_number, is_quantity, show, type_name


def _items(value: Any, doing: str) -> list[Any]:
    if isinstance(value, list):
        return value
    known(value, doing)
    raise Fault("G0105", f"{doing} wants a list, not {type_name(value)}")


def _filled(value: Any, doing: str) -> list[Any]:
    items = _items(value, doing)
    if not items:
        raise Fault("G0112", f"{doing} of an empty list")
    return items


def _extreme(choose: Callable[..., Any], doing: str) -> Callable[..., Any]:
    def function(*args: Any) -> Any:
        items = _filled(args[0], doing) if len(args) == 1 and isinstance(args[0], list) else list(args)
        if all(is_quantity(item) for item in items) and len({item.in_steps for item in items}) == 1:
            return choose(items, key=lambda item: item.amount)
        if all(isinstance(item, Size) for item in items):
            return choose(items, key=lambda item: item.long)
        return choose(number(item, doing) for item in items)

    return function


def _sqrt(x: Any) -> float:
    value = number(x, "`sqrt`")
    if value < 0:
        raise Fault("G0112", f"the root of {show(value)} is no real number")
    return math.sqrt(value)


def _log2(x: Any) -> int | float:
    value = number(x, "`log2`")
    if value <= 0:
        raise Fault("G0112", f"{show(value)} has no logarithm")
    result = math.log2(value)
    return int(result) if result.is_integer() and 2.0**result == value else result


def _rounded(rule: Callable[[float], int], doing: str) -> Callable[[Any], Any]:
    return lambda x: bounded(rule(number(x, doing)))


def _range(*args: Any) -> list[int]:
    found = range(*(whole(arg, "`range`") for arg in args)) if not _zero_step(args) else range(0)
    if len(found) > MAX_LIST:
        raise Fault("G0108", f"a list of {len(found):,} entries; the most is {MAX_LIST:,}")
    return list(found)


def _zero_step(args: tuple[Any, ...]) -> bool:
    if len(args) == 3 and whole(args[2], "`range`") == 0:
        raise Fault("G0112", "`range` cannot walk in steps of 0")
    return False


def _sum(items: Any) -> Any:
    return bounded(sum(number(item, "`sum`") for item in _items(items, "`sum`")))


def _entries(*args: Any) -> list[Any]:
    found = [one for arg in args for one in (arg if isinstance(arg, list) else [known(arg, "`entries`")])]
    if len(found) > MAX_LIST:
        raise Fault("G0108", f"a list of more than {MAX_LIST} entries")
    return found


def _size(value: Any, doing: str) -> Size:
    size = as_size(known(value, doing))
    if size is None:
        raise Fault(
            "G0105", f"{doing} wants sizes: whole numbers from 1 on, or [height, width], not {show(value)}"
        )
    return size


def _doubling(start: Any, end: Any) -> list[Size]:
    size = _size(end, "`doubling`")
    first = start if isinstance(start, Size) else as_size(start) if isinstance(start, list) else None
    least = number(start, "`doubling`") if first is None else first.long
    if least < 1:
        raise Fault("G0112", f"`doubling` starts at 1 or more, not at {show(least)}")
    sizes = [size] if size.long >= least else []
    while sizes and not any(side % 2 for side in size.sides) and size.long // 2 >= least:
        size = size.mapped(lambda side: side // 2)
        sizes.append(size)
    if first is not None and sizes and sizes[-1] != first:
        raise Fault(
            "G0112",
            f"{end} is not {first} times a power of two",
            f"the halvings of {end} end at {sizes[-1]}: with one number, `doubling({first.long}, …)`, "
            "that is where it starts",
        )
    return sizes[::-1]


def cut_short(sizes: Sequence[Size], args: Sequence[Any]) -> str | None:
    """What `doubling` or `halving` says where an odd size ends the halving at twice its start or more."""
    numbers = [arg for arg in args if is_number(arg)]  # a size is the exact start
    start = min(numbers, default=0)
    least = min(sizes, key=lambda size: size.long, default=None)
    if least is None or not start or least.long < 2 * start or least.long == start:
        return None
    odd = next(side for side in (least.long, *least.sides) if side % 2)
    return f"the sizes start at {'×'.join(map(str, least.sides))}, not at {start}: {odd} can't be halved"


def _first_present(*args: Any) -> Any:
    return next(filter(_is_present, args), ABSENT)


def _is_present(value: Any) -> bool:
    return value is not ABSENT and value is not None


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function, how many arguments it takes (most = None: any number), and what it does."""

    function: Callable[..., Any]
    least: int
    most: int | None
    doc: str

    @property
    def arity(self) -> str:
        """How many arguments it takes, in words: `2`, `1 to 3`, `at least 1`."""
        if self.most is None:
            return f"at least {self.least}"
        return str(self.least) if self.most == self.least else f"{self.least} to {self.most}"


BUILTINS: dict[str, Builtin] = {
    "min": Builtin(_extreme(min, "`min`"), 1, None, "the least of its arguments, or of one list"),
    "max": Builtin(_extreme(max, "`max`"), 1, None, "the greatest of its arguments, or of one list"),
    "abs": Builtin(lambda x: abs(number(x, "`abs`")), 1, 1, "without its sign"),
    "sqrt": Builtin(_sqrt, 1, 1, "square root"),
    "log2": Builtin(_log2, 1, 1, "logarithm to base 2; a whole number for powers of two"),
    "floor": Builtin(_rounded(math.floor, "`floor`"), 1, 1, "the whole number below"),
    "ceil": Builtin(_rounded(math.ceil, "`ceil`"), 1, 1, "the whole number above"),
    "round": Builtin(_rounded(round, "`round`"), 1, 1, "the nearest whole number; halves go to the even one"),
    "len": Builtin(lambda xs: len(_items(xs, "`len`")), 1, 1, "how many entries a list has"),
    "sum": Builtin(_sum, 1, 1, "of a list of numbers"),
    "range": Builtin(_range, 1, 3, "range(n): 0 to n - 1; range(a, b): a to b - 1; range(a, b, step)"),
    "reverse": Builtin(lambda xs: _items(xs, "`reverse`")[::-1], 1, 1, "the list backwards"),
    "first": Builtin(lambda xs: _filled(xs, "`first`")[0], 1, 1, "the first entry of a list"),
    "last": Builtin(lambda xs: _filled(xs, "`last`")[-1], 1, 1, "the last entry of a list"),
    "entries": Builtin(_entries, 1, None, "one list of the entries of its arguments; what is no list is one"),
    "zip_with_index": Builtin(
        lambda xs: [[x, i] for i, x in enumerate(_items(xs, "`zip_with_index`"))],
        1,
        1,
        "the list's entries, each as [entry, index]",
    ),
    "doubling": Builtin(_doubling, 2, 2, "doubling(a, b): the sizes from a to b, each twice the last"),
    "halving": Builtin(lambda b, a: _doubling(a, b)[::-1], 2, 2, "halving(b, a): doubling(a, b) backwards"),
    "present": Builtin(_is_present, 1, 1, "whether no condition has left the value out"),
    "first_present": Builtin(_first_present, 1, None, "the first argument that is not absent"),
}
"""Name → function. Arguments come evaluated; a function returns a value or raises Fault."""
