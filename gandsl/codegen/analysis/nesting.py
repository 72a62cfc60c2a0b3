"""From a flat program to nested bodies: which scope computes what, in which order, from which values.

A scope (a prefix of ids: a block, a stage) becomes a call where its nodes can run in one go. Where a value
goes out and comes back, the scope is *opened*: the body around it calls its layers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gandsl.codegen.analysis.methods import FlatMethod
from gandsl.codegen.analysis.ordering import StatementOrder
from gandsl.codegen.analysis.sharing import shared_scopes
from gandsl.codegen.analysis.statements import (
    Body,
    Path,
    Statement,
    flat_statements,
    homes_of,
    path_of,
    place_of,
)
from gandsl.ir.types import PICTURES

GLUE = 4  # nodes without state up to which a scope without state is written out where it is used

_RANKS = {
    "Feature": 0,
    **dict.fromkeys(PICTURES, 1),
    "Tokens": 2,
    "Vector": 3,
    "Latent": 3,
    "Style": 4,
    "Styles": 5,
    "Label": 6,
    "Scalar": 7,
}


class Composer:
    """Composes the bodies of one network's methods. `layers` are the ids of all nodes that are layers."""

    def __init__(self, methods: Sequence[FlatMethod], layers: Collection[str]) -> None:
        self._layers = {path_of(id_) for id_ in layers}
        self._with_layers = {path[:depth] for path in self._layers for depth in range(len(path))}
        self._shares, foreign = shared_scopes(methods)
        # the module of a layer's name is the layer: what lies below it stands beside it
        self._opened = (self._glue(methods) - {*self._shares}) | self._layers | foreign
        self._homes = homes_of(methods)
        self._image_channels = {
            flat.graph[id_].type.shape[0]
            for flat in methods
            for id_ in (*flat.graph.outputs.values(), *(node.id for node in flat.graph.inputs))
            if flat.graph[id_].type.sides
        }

    def compose(self, flat: FlatMethod) -> Body:
        """A method as the body of the network itself."""
        statements = flat_statements(flat, self._homes)
        order = StatementOrder(flat, statements, self._opened)
        return Body((), flat, flat.inputs, self._statements(flat, order, (), statements), flat.outputs)

    def modules(self, bodies: Iterable[Body]) -> set[Path]:
        """Scopes that become modules: those with layers, and those that some body calls."""
        called = {inner.module for body in bodies for inner in body.calls()}
        return (self._with_layers - self._layers) | called

    def is_image(self, flat: FlatMethod, id_: str) -> bool:
        """Whether a value looks like an image: a feature with as many channels as the network's images."""
        type_ = flat.graph[id_].type
        return type_.kind in PICTURES or (type_.kind == "Feature" and type_.shape[0] in self._image_channels)

    def order(self, body: Body, id_: str) -> tuple[int, int]:
        """Of two results, the one that is returned first has less: by rank, then by when they are made."""
        return self.rank(body.flat, id_), body.flat.nodes.index(id_)

    def rank(self, flat: FlatMethod, id_: str) -> int:
        """Order of arguments and results: features, images, vectors, styles, labels, the fade."""
        kind = flat.graph[id_].type.kind
        return _RANKS.get(kind, 2) + (kind == "Feature" and self.is_image(flat, id_))

    def _glue(self, methods: Sequence[FlatMethod]) -> set[Path]:
        """Scopes without layers that are too small for a module of their own, in every program."""
        most: dict[Path, int] = {}
        for flat in methods:
            sizes: dict[Path, int] = {}
            for path in (place_of(flat.graph, id_) for id_ in flat.nodes):
                for depth in range(1, len(path)):
                    sizes[path[:depth]] = sizes.get(path[:depth], 0) + 1
            most |= {path: max(size, most.get(path, 0)) for path, size in sizes.items()}
        return {path for path, size in most.items() if size <= GLUE and path not in self._with_layers}

    def _statements(
        self, flat: FlatMethod, order: StatementOrder, scope: Path, statements: Sequence[Statement]
    ) -> tuple[Statement, ...]:
        return tuple(
            parts[0] if result else self._call(flat, order, place, parts)
            for (place, result), parts in order.units(scope, statements)
        )

    def _call(
        self, flat: FlatMethod, order: StatementOrder, scope: Path, statements: Sequence[Statement]
    ) -> Statement:
        inside = {id_ for statement in statements for id_ in statement.results}
        read = dict.fromkeys(id_ for statement in statements for id_ in statement.reads if id_ not in inside)
        params = tuple(sorted(read, key=lambda id_: self.rank(flat, id_)))
        outputs = [
            id_
            for id_ in sorted(inside, key=order.index.__getitem__)
            if id_ in flat.outputs
            or any(reader.place[: len(scope)] != scope for reader in order.readers.get(id_, ()))
        ]
        outputs.sort(key=lambda id_: self.rank(flat, id_))
        made = self._statements(flat, order, scope, statements)
        body = Body(scope, flat, params, made, tuple(outputs), self._shares.get(scope))
        return Statement(scope, params, body.outputs, body)
