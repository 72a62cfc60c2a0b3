"""The functions that expressions of networks and games may call: those of the language, and of tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.frontend.algebra import TensorAlgebra, a_tensor, axis_of, is_tensor
from gandsl.frontend.values import entry_by_entry, first_output, leaves
from gandsl.ir.ops.axes import AXES, REDUCTIONS, TRANSPOSED
from gandsl.spec.builtins import BUILTINS, Builtin
from gandsl.spec.operators import bounded, known, number
from gandsl.spec.values import ABSENT, show, type_name

# function → op, what it does of a number (None: nothing), and what it is
_OF_ONE: dict[str, tuple[Callable[[float], float] | None, str]] = {
    "relu": (lambda x: max(x, 0.0), "x above 0, else 0"),
    "softplus": (None, "log(1 + exp(x))"),
    "sigmoid": (None, "1 / (1 + exp(-x))"),
    "tanh": (math.tanh, "hyperbolic tangent"),
    "silu": (None, "x * sigmoid(x)"),
    "abs": (None, "without its sign"),
    "sqrt": (None, "square root"),
    "exp": (math.exp, "e to the power of x"),
    "log": (math.log, "natural logarithm"),
    "sin": (math.sin, "sine, of radians"),
    "cos": (math.cos, "cosine, of radians"),
    "round": (None, "the nearest whole number; halves go to the even one"),
    "stop_gradient": (None, "x, for a constant"),
    "normalize_gradient": (None, "x, whose gradient has the mean length 1 over all samples"),
    "sign": (lambda x: float((x > 0) - (x < 0)), "1 above 0, -1 below, 0 at 0"),
    "sample_mean": (None, "the mean of each sample's own numbers: a Number"),
    "sample_sum": (None, "the sum of each sample's own numbers: a Number"),
    "row_sum": (None, "the sum of each vector of Styles or Tokens: a Vector"),
}

# functions of numbers → what does that of tensors
_INSTEAD = {"sum": "`total(…)` adds up the entries of a list, `sample_sum(…)` a sample's own numbers"}

_AXIS = "the axis of `reduce`"
_OF_GAMES = {
    "mean": "`sample_mean(x)` is that of a sample's own numbers, `reduce(x, 'mean', 'channels')` of an axis",
}


def functions(algebra: TensorAlgebra) -> Mapping[str, Builtin]:
    """All of them, by name; those of tensors make nodes by `algebra`."""
    own = {name: Builtin(of_one(algebra, name), 1, 1, doc) for name, (_, doc) in _OF_ONE.items()}
    own |= {
        "max": replace(BUILTINS["max"], function=_extreme(algebra, "max", "maximum")),
        "min": replace(BUILTINS["min"], function=_extreme(algebra, "min", "minimum")),
        "clip": Builtin(
            _clip(algebra), 3, 3, "clip(x, low, high): x within these bounds, of which one may be absent"
        ),
        "scale_gradient": Builtin(
            _scale_gradient(algebra), 2, 2, "scale_gradient(x, w): x; its gradient is multiplied by w"
        ),
        "below": Builtin(_below(algebra), 2, 2, "below(a, b): 1 where a < b, else 0"),
        "where": Builtin(_where(algebra), 3, 3, "where(c, a, b): a where c is above 0, else b"),
        "lerp": Builtin(
            lambda a, b, weight: entry_by_entry(algebra.lerp, a, b, weight),
            3,
            3,
            "lerp(a, b, w): a + w (b - a)",
        ),
        "average": Builtin(_joined(algebra, "average"), 1, 1, "the mean of a list's entries; of no list, x"),
        "total": Builtin(_joined(algebra, "total"), 1, 1, "the sum of a list's entries; of no list, x"),
        "softmax": Builtin(
            _over(algebra, "softmax"), 1, 2, "softmax(x, 'tokens'): shares along an axis; default channels"
        ),
        "log_softmax": Builtin(_over(algebra, "log_softmax"), 1, 2, "the logarithm of softmax"),
        "largest": Builtin(
            _over(algebra, "largest"), 1, 2, "largest(x): 1 where the largest along an axis is, else 0"
        ),
        "reduce": Builtin(
            _reduce(algebra), 3, 3, "reduce(x, 'mean', 'space'): mean, sum, max, min, variance of an axis"
        ),
        "matmul": Builtin(
            _matmul(algebra),
            2,
            3,
            "matmul(a, b): the product of matrices; matmul(a, b, 'b') with b transposed",
        ),
    }
    of_numbers = {
        name: replace(BUILTINS[name], function=_of_numbers(name, BUILTINS[name], instead))
        for name, instead in _INSTEAD.items()
    }
    elsewhere = {name: Builtin(_of_games(name, instead), 0, None, "") for name, instead in _OF_GAMES.items()}
    return {**BUILTINS, **of_numbers, **elsewhere, **own}


def of_one(algebra: TensorAlgebra, name: str) -> Callable[[Any], Any]:
    """The function of a tensor that is the op of its name; of a number, where it says anything of one."""
    plain, doing = _OF_ONE.get(name, (None, ""))[0], f"`{name}`"
    language = BUILTINS.get(name)

    def one(x: Any) -> Any:
        if is_tensor(x):
            return algebra.make(name, {"x": x})
        if language is not None:
            return language.function(x)
        if plain is None:
            return a_tensor(x, doing)  # which it is not
        value = number(x, doing)
        try:
            return bounded(plain(value))
        except (ValueError, OverflowError) as error:
            raise Fault("G0112", f"{doing} of {show(value)} is no real number") from error

    return lambda x: entry_by_entry(one, x)


def _of_numbers(name: str, builtin: Builtin, instead: str) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        if any(is_tensor(first_output(one)) for one in leaves(list(values))):
            raise Fault("G0105", f"`{name}` is for numbers, not for tensors", instead)
        return builtin.function(*values)

    return function


def _of_games(name: str, instead: str) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        raise Fault("G0103", f"`{name}` is a function of games, over the samples of a batch", instead)

    return function


def _extreme(algebra: TensorAlgebra, name: str, op: str) -> Callable[..., Any]:
    """The greatest or least: of a list's entries, or of several arguments, entry by entry."""
    of_numbers = BUILTINS[name].function

    def two(a: Any, b: Any) -> Any:
        if is_tensor(a) or is_tensor(b):
            return algebra.of_two(op, a, b, f"`{name}`")
        return of_numbers(a, b)

    def function(*values: Any) -> Any:
        given = [first_output(one) for one in values]
        if not any(is_tensor(first_output(one)) for one in leaves(given)):
            return of_numbers(*values)
        first, *others = list(given[0]) if len(given) == 1 and isinstance(given[0], list | tuple) else given
        found = first_output(known(first, f"`{name}`"))
        for other in others:
            found = entry_by_entry(two, found, known(other, f"`{name}`"))
        return found

    return function


def _clip(algebra: TensorAlgebra) -> Callable[..., Any]:
    def one(x: Any, low: Any, high: Any) -> Any:
        low, high = (
            None if end is ABSENT else float(number(end, "a bound of `clip`")) for end in (low, high)
        )
        if low is not None and high is not None and low > high:
            raise Fault("G0112", f"`clip` wants the lower bound first, not {show(low)} and {show(high)}")
        if is_tensor(x):
            return x if low is high is None else algebra.make("clip", {"x": x}, low=low, high=high)
        within = number(x, "`clip`")
        within = within if low is None else max(within, low)
        return within if high is None else min(within, high)

    return lambda x, low, high: entry_by_entry(lambda each: one(each, low, high), x)


def _below(algebra: TensorAlgebra) -> Callable[..., Any]:
    def one(a: Any, b: Any) -> Any:
        if is_tensor(a) or is_tensor(b):
            return algebra.of_two("below", a, b, "`below`")
        return 1.0 if number(a, "`below`") < number(b, "`below`") else 0.0

    return lambda a, b: entry_by_entry(one, a, b)


def _scale_gradient(algebra: TensorAlgebra) -> Callable[..., Any]:
    def one(x: Any, by: Any) -> Any:
        given = {"x": a_tensor(x, "`scale_gradient`")}
        if is_tensor(by):
            return algebra.make("scale_gradient", given | {"by": by})
        factor = float(number(by, "the factor of `scale_gradient`"))
        return algebra.make("scale_gradient", given, factor=factor)

    return lambda x, by: entry_by_entry(lambda each: one(each, first_output(by)), x)


def _where(algebra: TensorAlgebra) -> Callable[..., Any]:
    def one(condition: Any, a: Any, b: Any) -> Any:
        if not is_tensor(condition):
            return a if number(condition, "the condition of `where`") > 0 else b
        if is_tensor(a) and is_tensor(b):
            return algebra.make("where", {"condition": condition, "a": a, "b": b})
        if not is_tensor(a) and not is_tensor(b):
            low, high = (float(number(one, "`where`")) for one in (b, a))
            truth = algebra.of_two("below", 0.0, condition, "`where`")
            return algebra.binary("+", algebra.binary("*", truth, high - low), low)
        port, tensor, constant = ("a", a, b) if is_tensor(a) else ("b", b, a)
        given = {"condition": condition, port: tensor}
        return algebra.make("where", given, number=float(number(constant, "`where`")))

    return lambda condition, a, b: entry_by_entry(one, condition, a, b)


def _over(algebra: TensorAlgebra, name: str) -> Callable[..., Any]:
    """A function along an axis; where none is said, over channels, or the features of each vector."""

    def one(x: Any, over: Any) -> Any:
        tensor = a_tensor(x, f"`{name}`")
        return algebra.make(name, {"x": tensor}, over=over or axis_of(tensor, "features"))

    def function(x: Any, over: Any = None) -> Any:
        if over is not None:
            _word(over, AXES, f"the axis of `{name}`")
        return entry_by_entry(lambda each: one(each, over), x)

    return function


def _reduce(algebra: TensorAlgebra) -> Callable[..., Any]:
    def function(x: Any, how: Any, over: Any) -> Any:
        for word, known_words, what in ((how, REDUCTIONS, "what `reduce` takes"), (over, AXES, _AXIS)):
            _word(word, known_words, what)
        return entry_by_entry(
            lambda each: algebra.make("reduce", {"x": a_tensor(each, "`reduce`")}, how=how, over=over), x
        )

    return function


def _word(value: Any, known_words: tuple[str, ...], what: str) -> None:
    if value not in known_words:
        shown = show(value) if isinstance(value, str) else type_name(value)
        words = ", ".join(f"'{word}'" for word in known_words)
        raise Fault("G0209", f"{what} cannot be {shown}", f"one of {words}, in quotes")


def _matmul(algebra: TensorAlgebra) -> Callable[..., Any]:
    def function(a: Any, b: Any, transpose: Any = "none") -> Any:
        _word(transpose, TRANSPOSED, "what `matmul` transposes")

        def one(a: Any, b: Any) -> Any:
            tensors = {"a": a_tensor(a, "`matmul`"), "b": a_tensor(b, "`matmul`")}
            return algebra.make("matmul", tensors, transpose=transpose)

        return entry_by_entry(one, a, b)

    return function


def _joined(algebra: TensorAlgebra, name: str) -> Callable[[Any], Any]:
    def join(x: Any) -> Any:
        x = first_output(x)
        if not isinstance(x, list | tuple):
            return a_tensor(x, f"`{name}`")
        entries = [a_tensor(one, f"`{name}`") for one in leaves(x)]
        if not entries:
            raise Fault("G0112", f"`{name}` of an empty list")
        return entries[0] if len(entries) == 1 else algebra.make(name, {"terms": entries})

    return join
