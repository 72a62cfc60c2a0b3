"""The functions that a game's expressions may call besides: of expectations, and of what networks learn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.functions import functions, of_one
from gandsl.frontend.game.algebra import GameAlgebra
from gandsl.frontend.game.values import PartValue
from gandsl.frontend.values import first_output
from gandsl.ir.graph import Graph, Node
from gandsl.spec.builtins import Builtin
from gandsl.spec.operators import known
from gandsl.spec.values import show, type_name

_OF_ONE = {
    "mean": "the mean over numbers and samples: a Scalar",
    "norm": "the Euclidean norm of weights, or of a gradient by them: a Scalar",
}


def functions_of_games(algebra: GameAlgebra) -> Mapping[str, Builtin]:
    """All of them, by name; those of tensors make nodes by `algebra`."""
    own = {name: Builtin(of_one(algebra, name), 1, 1, doc) for name, doc in _OF_ONE.items()}
    more = {
        "weights": Builtin(
            _weights(algebra), 1, None, "weights(network): what it learns; ids that follow are left out"
        ),
        "weight": Builtin(_weight(algebra), 1, 1, "weight(network.node): what one node learns"),
    }
    return {**functions(algebra), **own, **more}


def _weights(algebra: GameAlgebra) -> Callable[..., Any]:
    def weights(network: Any, *skip: Any) -> Any:
        part = _part(network, "`weights`")
        left_out = tuple(
            one for group in skip for one in (group if isinstance(group, list | tuple) else [group])
        )
        for one in left_out:
            if one not in part.ids:
                help = did_you_mean(str(one), part.ids)
                raise Fault("G0217", f"`{part.network}` has no node {show(one)} to leave out", help)
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
    """Whether a node has weights of two dimensions or more, and these are its own."""
    shapes = () if node.shares else graph.learned.get(node.id, {}).values()
    return any(len(shape) > 1 for shape in shapes)


def _part(value: Any, doing: str) -> PartValue:
    value = known(first_output(value), doing)
    if not isinstance(value, PartValue):
        raise Fault("G0105", f"{doing} wants a network, or a part of one, not {type_name(value)}")
    return value
