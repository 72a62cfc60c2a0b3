"""The functions that a game's expressions may call: those of the language, and of tensors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.frontend.game.algebra import GameAlgebra, a_tensor, is_tensor
from gandsl.frontend.game.values import PartValue, entry_by_entry, leaves
from gandsl.frontend.values import first_output
from gandsl.ir.graph import Graph, Node
from gandsl.spec.builtins import BUILTINS, Builtin
from gandsl.spec.operators import bounded, known, number
from gandsl.spec.values import ABSENT, show, type_name

# function → op, what it does of a number (None: nothing), and what it is
_OF_ONE: dict[str, tuple[Callable[[float], float] | None, str]] = {
    "relu": (lambda x: max(x, 0.0), "x above 0, else 0"),
    "softplus": (None, "log(1 + exp(x))"),
    "sigmoid": (None, "1 / (1 + exp(-x))"),
    "tanh": (math.tanh, "hyperbolic tangent"),
    "abs": (None, "without its sign"),
    "sqrt": (None, "square root"),
    "exp": (math.exp, "e to the power of x"),
    "log": (math.log, "natural logarithm"),
    "sign": (lambda x: float((x > 0) - (x < 0)), "1 above 0, -1 below, 0 at 0"),
    "stop_gradient": (None, "x, for a constant"),
    "mean": (None, "the mean over numbers and samples: a Scalar"),
    "sample_mean": (None, "the mean of each sample's own numbers: a Number"),
    "sample_sum": (None, "the sum of each sample's own numbers: a Number"),
    "norm": (None, "the Euclidean norm of weights, or of a gradient by them: a Scalar"),
    "row_sum": (None, "the sum of each vector of Styles or Tokens: a Vector"),
}

# functions of numbers → what does that of tensors
_INSTEAD = {
    "sum": "`total(…)` adds up the entries of a list, `sample_sum(…)` a sample's own numbers",
    "max": "`relu(x)`, or `clip(x, low, absent)`",
    "min": "`clip(x, absent, high)`",
}


def functions(algebra: GameAlgebra) -> Mapping[str, Builtin]:
    """All of them, by name; those of tensors make nodes by `algebra`."""
    own = {name: Builtin(_of_one(algebra, name), 1, 1, doc) for name, (_, doc) in _OF_ONE.items()}
    more = {
        "clip": Builtin(
            _clip(algebra), 3, 3, "clip(x, low, high): x within these bounds, of which one may be absent"
        ),
        "below": Builtin(_below(algebra), 2, 2, "below(a, b): 1 where a < b, else 0"),
        "lerp": Builtin(_lerp(algebra), 3, 3, "lerp(a, b, w): a + w (b - a)"),
        "average": Builtin(_joined(algebra, "average"), 1, 1, "the mean of a list's entries; of no list, x"),
        "total": Builtin(_joined(algebra, "total"), 1, 1, "the sum of a list's entries; of no list, x"),
        "weights": Builtin(
            _weights(algebra), 1, None, "weights(network): what it learns; ids that follow are left out"
        ),
        "weight": Builtin(_weight(algebra), 1, 1, "weight(network.node): what one node learns"),
    }
    numbers = {
        name: replace(BUILTINS[name], function=_of_numbers(name, BUILTINS[name], instead))
        for name, instead in _INSTEAD.items()
    }
    return {**BUILTINS, **numbers, **own, **more}


def _of_numbers(name: str, builtin: Builtin, instead: str) -> Callable[..., Any]:
    def function(*values: Any) -> Any:
        if any(is_tensor(first_output(one)) for one in leaves(list(values))):
            raise Fault("G0105", f"`{name}` is for numbers, not for tensors", instead)
        return builtin.function(*values)

    return function


def _of_one(algebra: GameAlgebra, name: str) -> Callable[[Any], Any]:
    plain, doing = _OF_ONE[name][0], f"`{name}`"
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


def _clip(algebra: GameAlgebra) -> Callable[..., Any]:
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


def _below(algebra: GameAlgebra) -> Callable[..., Any]:
    def one(a: Any, b: Any) -> Any:
        if is_tensor(a) or is_tensor(b):
            return algebra.of_two("below", a, b, "`below`")
        return 1.0 if number(a, "`below`") < number(b, "`below`") else 0.0

    return lambda a, b: entry_by_entry(one, a, b)


def _lerp(algebra: GameAlgebra) -> Callable[..., Any]:
    def one(a: Any, b: Any, weight: Any) -> Any:
        if is_tensor(a) and is_tensor(b):
            if not is_tensor(weight):
                weight = algebra.make("clock", {}, number=float(number(weight, "the weight of `lerp`")))
            return algebra.make("lerp", {"a": a, "b": b, "weight": weight})
        return algebra.binary("+", a, algebra.binary("*", weight, algebra.binary("-", b, a)))

    return lambda a, b, weight: entry_by_entry(one, a, b, weight)


def _joined(algebra: GameAlgebra, name: str) -> Callable[[Any], Any]:
    def join(x: Any) -> Any:
        x = first_output(x)
        if not isinstance(x, list | tuple):
            return a_tensor(x, f"`{name}`")
        entries = [a_tensor(one, f"`{name}`") for one in leaves(x)]
        if not entries:
            raise Fault("G0112", f"`{name}` of an empty list")
        return entries[0] if len(entries) == 1 else algebra.make(name, {"terms": entries})

    return join


def _weights(algebra: GameAlgebra) -> Callable[..., Any]:
    def weights(network: Any, *skip: Any) -> Any:
        part = _part(network, "`weights`")
        left_out = tuple(
            one for group in skip for one in (group if isinstance(group, list | tuple) else [group])
        )
        for one in left_out:
            if not isinstance(one, str) or not _is_there(part, one):
                raise Fault("G0217", f"`{part.network}` has no node {show(one)} to leave out")
        return algebra.make("weights", {}, network=part.network, path=part.path, skip=left_out)

    return weights


def _weight(algebra: GameAlgebra) -> Callable[[Any], Any]:
    def weight(part: Any) -> Any:
        found = _part(part, "`weight`")
        node = found.graph.nodes.get(found.path)
        if node is None or not _learns(node, found.graph):
            what = (
                f"`{found.name}` is no node that learns"
                if found.path
                else f"`{found.name}` is a whole network"
            )
            raise Fault("G0332", what, "write `weight(network.node)`, or `weights(network)` for all of them")
        return algebra.make("weights", {}, network=found.network, path=found.path)

    return weight


def _learns(node: Node, graph: Graph) -> bool:
    """Whether a node has weights of two dimensions or more."""
    return any(len(shape) > 1 for shape in node.spec.weights(graph.call(node)).values())


def _part(value: Any, doing: str) -> PartValue:
    value = known(first_output(value), doing)
    if not isinstance(value, PartValue):
        raise Fault("G0105", f"{doing} wants a network, or a part of one, not {type_name(value)}")
    return value


def _is_there(part: PartValue, id_: str) -> bool:
    """Whether a network has nodes of an id, or below it."""
    return any(node == id_ or node.startswith(f"{id_}.") for node in part.graph.nodes)
