"""From a flat program to nested bodies: which scope computes what, in which order, from which values.

A scope (a prefix of ids: a block, a stage) becomes a call where its nodes can run in one go. Where a value
goes out and comes back, the scope is *opened*: the body around it calls its layers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from gandsl.codegen.atoms import atoms_of, homes_of
from gandsl.codegen.bodies import Body, Path, Step, path_of
from gandsl.codegen.pieces import Piece
from gandsl.codegen.schedule import Schedule

GLUE = 4  # nodes without state up to which a scope without state is written out where it is used

_RANKS = {
    "Feature": 0,
    "Image": 1,
    "Tokens": 2,
    "Vector": 3,
    "Latent": 3,
    "Style": 4,
    "Styles": 5,
    "Label": 6,
    "Scalar": 7,
}


class Composer:
    """Composes the bodies of one network's pieces. `layers` are the ids of all nodes that are layers."""

    def __init__(self, pieces: Sequence[Piece], layers: Collection[str]) -> None:
        self._layers = {path_of(id_) for id_ in layers}
        self._with_layers = {path[:depth] for path in self._layers for depth in range(len(path))}
        # the module of a layer's name is the layer: what lies below it stands beside it
        self._opened = self._glue(pieces) | self._layers
        self._homes = homes_of(pieces)
        self._image_channels = {
            piece.graph[id_].type.shape[0]
            for piece in pieces
            for id_ in (*piece.graph.outputs.values(), *(node.id for node in piece.graph.inputs))
            if len(piece.graph[id_].type.shape) == 3
        }

    def compose(self, piece: Piece) -> Body:
        """The piece as the body of the network itself."""
        atoms = atoms_of(piece, self._homes)
        schedule = Schedule(piece, atoms, self._opened)
        return Body((), piece, piece.inputs, self._steps(piece, schedule, (), atoms), piece.outputs)

    def modules(self, bodies: Iterable[Body]) -> set[Path]:
        """Scopes that become modules: those with layers, and those that some body calls."""
        called = {inner.scope for body in bodies for inner in body.calls()}
        return (self._with_layers - self._layers) | called

    def is_image(self, piece: Piece, id_: str) -> bool:
        """Whether a value looks like an image: a feature with as many channels as the network's images."""
        type_ = piece.graph[id_].type
        return type_.kind == "Image" or (type_.kind == "Feature" and type_.shape[0] in self._image_channels)

    def order(self, body: Body, id_: str) -> tuple[int, int]:
        """Of two results, the one that is returned first has less: by rank, then by when they are made."""
        return self.rank(body.piece, id_), body.piece.nodes.index(id_)

    def rank(self, piece: Piece, id_: str) -> int:
        """Order of arguments and results: features, images, vectors, styles, labels, the fade."""
        kind = piece.graph[id_].type.kind
        return _RANKS.get(kind, 2) + (kind == "Feature" and self.is_image(piece, id_))

    def _glue(self, pieces: Sequence[Piece]) -> set[Path]:
        """Scopes without layers that are too small for a module of their own, in every program."""
        most: dict[Path, int] = {}
        for piece in pieces:
            sizes: dict[Path, int] = {}
            for path in map(path_of, piece.nodes):
                for depth in range(1, len(path)):
                    sizes[path[:depth]] = sizes.get(path[:depth], 0) + 1
            most |= {path: max(size, most.get(path, 0)) for path, size in sizes.items()}
        return {path for path, size in most.items() if size <= GLUE and path not in self._with_layers}

    def _steps(
        self, piece: Piece, schedule: Schedule, scope: Path, atoms: Sequence[Step]
    ) -> tuple[Step, ...]:
        steps: list[Step] = []
        for (place, result), parts in schedule.units(scope, atoms):
            steps.append(parts[0] if result else self._call(piece, schedule, place, parts))
        return tuple(steps)

    def _call(self, piece: Piece, schedule: Schedule, scope: Path, atoms: Sequence[Step]) -> Step:
        made = {id_ for atom in atoms for id_ in atom.results}
        read = dict.fromkeys(id_ for atom in atoms for id_ in atom.reads if id_ not in made)
        params = tuple(sorted(read, key=lambda id_: self.rank(piece, id_)))
        outputs = [
            id_
            for id_ in sorted(made, key=schedule.order.__getitem__)
            if id_ in piece.outputs
            or any(reader.place[: len(scope)] != scope for reader in schedule.readers.get(id_, ()))
        ]
        outputs.sort(key=lambda id_: self.rank(piece, id_))
        body = Body(scope, piece, params, self._steps(piece, schedule, scope, atoms), tuple(outputs))
        return Step(scope, params, body.outputs, body)
