"""From a flat program to nested bodies: which scope computes what, in which order, from which values.

A scope (a prefix of ids: a block, a stage) becomes a call where its nodes can run in one go. Where a value goes out
and comes back, the scope is *opened*: the body around it calls its layers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from gandsl.codegen.pieces import Piece
from gandsl.ir.op import Trait

if TYPE_CHECKING:
    import networkx

Path = tuple[str, ...]

GLUE = 4  # nodes without state up to which a scope without state is written out where it is used


def path_of(id_: str) -> Path:
    """`s8.conv0` as ("s8", "conv0")."""
    return tuple(id_.split("."))


@dataclass(frozen=True)
class Step:
    """One statement: a node, the unpacking of a list of styles, or (with a body) the call of a scope."""

    place: Path  # of the node or the scope
    reads: tuple[str, ...]
    results: tuple[str, ...]
    body: Body | None = None

    @property
    def unpacks(self) -> bool:
        return self.body is None and len(self.results) > 1


@dataclass(frozen=True)
class Body:
    """What a scope computes in one program."""

    scope: Path
    piece: Piece
    params: tuple[str, ...]  # ids from outside
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]  # ids that something outside reads

    def calls(self) -> Iterable[Body]:
        """This body and all bodies inside it."""
        yield self
        for step in self.steps:
            if step.body is not None:
                yield from step.body.calls()


class Composer:
    """Composes the bodies of one network's pieces."""

    def __init__(self, pieces: Sequence[Piece], layers: Collection[str]) -> None:
        self._layers = {path_of(id_) for id_ in layers}
        self._with_state = {path[:depth] for path in self._layers for depth in range(len(path))}
        self._opened = self._always_open(pieces)
        self._readers = self._selecting(pieces)
        self._image_channels = {
            graph[id_].type.shape[0]
            for piece in pieces
            for graph in (piece.graph,)
            for id_ in (*graph.outputs.values(), *(node.id for node in graph.inputs))
            if len(graph[id_].type.shape) == 3
        }

    def compose(self, piece: Piece) -> Body:
        """The piece as the body of the network itself."""
        steps = _Program(piece, self).steps((), self._atoms(piece))
        return Body((), piece, piece.inputs, steps, piece.outputs)

    def modules(self, bodies: Iterable[Body]) -> set[Path]:
        """Scopes that become modules: those with layers, and those that some body calls."""
        return (self._with_state - self._layers) | {inner.scope for body in bodies for inner in body.calls()}

    def is_image(self, piece: Piece, id_: str) -> bool:
        """Whether a value looks like an image: a feature with as many channels as the network's."""
        type_ = piece.graph[id_].type
        return type_.kind == "Image" or (type_.kind == "Feature" and type_.shape[0] in self._image_channels)

    def rank(self, piece: Piece, id_: str) -> int:
        """Order of arguments and results: features, images, vectors, styles, labels, the fade."""
        kind = piece.graph[id_].type.kind
        return _RANKS.get(kind, 2) + (1 if kind == "Feature" and self.is_image(piece, id_) else 0)

    def _always_open(self, pieces: Sequence[Piece]) -> set[Path]:
        """Glue, and scopes whose name a layer has already (the layer is the module of that name)."""
        most: dict[Path, int] = {}
        for piece in pieces:
            sizes: dict[Path, int] = {}
            for id_ in piece.nodes:
                path = path_of(id_)
                for depth in range(1, len(path)):
                    sizes[path[:depth]] = sizes.get(path[:depth], 0) + 1
            for path, size in sizes.items():
                most[path] = max(size, most.get(path, 0))
        glue = {path for path, size in most.items() if size <= GLUE and path not in self._with_state}
        return glue | self._layers

    def _atoms(self, piece: Piece) -> list[Step]:
        """Steps of one node each; selections of one list of styles are one, as near to their readers as can be."""
        graph = piece.graph
        lists: dict[str, list[str]] = {}
        for id_ in piece.nodes:
            if graph[id_].op == "select":
                lists.setdefault(graph[id_].operands[0], []).append(id_)
        unpacked: dict[str, str] = {}  # selection → the first of its list
        for ids in lists.values():
            if len(ids) > 1 and sorted(graph[id_].attrs["index"] for id_ in ids) == list(range(len(ids))):
                unpacked.update(dict.fromkeys(ids, ids[0]))
        atoms: list[Step] = []
        for id_ in piece.nodes:
            node = graph[id_]
            if unpacked.get(id_, id_) != id_:
                continue
            group = lists[node.operands[0]] if id_ in unpacked else [id_]
            results = (
                tuple(sorted(group, key=lambda one: graph[one].attrs["index"])) if len(group) > 1 else (id_,)
            )
            place = path_of(id_)
            if node.op == "select":
                place = (*self._readers[node.operands[0]], place[-1])
            atoms.append(Step(place, node.operands, results))
        return atoms

    @staticmethod
    def _selecting(pieces: Sequence[Piece]) -> dict[str, Path]:
        """List of styles → the innermost scope around all readers of its styles, in any program."""
        readers: dict[str, list[Path]] = {}
        for piece in pieces:
            chosen = {
                id_: piece.graph[id_].operands[0] for id_ in piece.nodes if piece.graph[id_].op == "select"
            }
            for id_ in piece.nodes:
                for operand in piece.graph[id_].operands:
                    if operand in chosen:
                        readers.setdefault(chosen[operand], []).append(path_of(id_)[:-1])
            for id_ in chosen.keys() & {*piece.outputs}:
                readers.setdefault(chosen[id_], []).append(())
        return {styles: _common(paths) for styles, paths in readers.items()}


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


def _common(paths: Sequence[Path]) -> Path:
    """The innermost scope around all."""
    if not paths:
        return ()
    first, last = min(paths), max(paths)
    depth = next(
        (i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:depth]


@dataclass
class _Program:
    """The composition of one piece."""

    piece: Piece
    composer: Composer

    @cached_property
    def order(self) -> Mapping[str, int]:
        return {id_: index for index, id_ in enumerate((*self.piece.inputs, *self.piece.nodes))}

    @cached_property
    def readers(self) -> Mapping[str, tuple[Path, ...]]:
        """Id → the places of the steps that read it; () for the network's outputs."""
        found: dict[str, list[Path]] = {id_: [()] for id_ in self.piece.outputs}
        for atom in self.composer._atoms(self.piece):
            for id_ in atom.reads:
                found.setdefault(id_, []).append(atom.place)
        return {id_: tuple(places) for id_, places in found.items()}

    def steps(self, scope: Path, atoms: Sequence[Step]) -> tuple[Step, ...]:
        opened: set[Path] = set(self.composer._opened)
        while True:
            units = self._units(scope, atoms, opened)
            knot = self._knot(units)
            if not knot:
                break
            opened.add(self._loosest(scope, atoms, opened, units, knot))
        return tuple(self._step(place, units[place]) for place in self._order(units))

    def _units(self, scope: Path, atoms: Sequence[Step], opened: Collection[Path]) -> dict[Path, list[Step]]:
        """Atoms by what they are part of in this scope's body: a scope inside it that is not opened, or themselves."""
        units: dict[Path, list[Step]] = {}
        for atom in atoms:
            depths = range(len(scope) + 1, len(atom.place))
            unit = next((atom.place[:d] for d in depths if atom.place[:d] not in opened), (*atom.place, ""))
            units.setdefault(unit, []).append(atom)
        return units

    def _edges(self, units: Mapping[Path, Sequence[Step]]) -> set[tuple[Path, Path]]:
        """Who must come before whom: values, and draws of random numbers in the program's order."""
        maker = {id_: unit for unit, atoms in units.items() for atom in atoms for id_ in atom.results}
        edges = {
            (maker[id_], unit)
            for unit, atoms in units.items()
            for atom in atoms
            for id_ in atom.reads
            if id_ in maker
        }
        draws = sorted(
            (id_ for id_ in maker if self.piece.graph[id_].spec.has(Trait.RANDOM)), key=self.order.__getitem__
        )
        edges |= {(maker[a], maker[b]) for a, b in pairwise(draws)}
        return {(a, b) for a, b in edges if a != b}

    def _graph(self, units: Mapping[Path, Sequence[Step]]) -> networkx.DiGraph[Path]:
        import networkx

        graph: networkx.DiGraph[Path] = networkx.DiGraph()
        graph.add_nodes_from(units)
        graph.add_edges_from(self._edges(units))
        return graph

    def _knot(self, units: Mapping[Path, Sequence[Step]]) -> set[Path]:
        """Units that wait for each other, if there are any."""
        import networkx

        knots = (part for part in networkx.strongly_connected_components(self._graph(units)) if len(part) > 1)
        return min(knots, key=lambda part: sorted(part), default=set())

    def _loosest(
        self,
        scope: Path,
        atoms: Sequence[Step],
        opened: Collection[Path],
        units: Mapping[Path, Sequence[Step]],
        knot: set[Path],
    ) -> Path:
        """The scope to open: the smallest of those that untie the knot, else the smallest."""
        scopes = sorted((unit for unit in knot if unit[-1]), key=lambda unit: (len(units[unit]), unit))
        for candidate in scopes:
            if not self._knot(self._units(scope, atoms, {*opened, candidate})):
                return candidate
        return scopes[0]

    def _order(self, units: Mapping[Path, Sequence[Step]]) -> list[Path]:
        """An order of evaluation, as near to the program's as can be."""
        import networkx

        first = {
            unit: min(self.order[id_] for atom in atoms for id_ in atom.results)
            for unit, atoms in units.items()
        }
        return list(networkx.lexicographical_topological_sort(self._graph(units), key=first.__getitem__))

    def _step(self, place: Path, atoms: Sequence[Step]) -> Step:
        if not place[-1]:
            return atoms[0]
        made = {id_ for atom in atoms for id_ in atom.results}
        rank = self.composer.rank
        params = dict.fromkeys(id_ for atom in atoms for id_ in atom.reads if id_ not in made)
        ordered = tuple(sorted(params, key=lambda id_: rank(self.piece, id_)))
        outputs = [id_ for id_ in self.order if id_ in made and self._leaves(id_, place)]
        outputs.sort(key=lambda id_: rank(self.piece, id_))
        body = Body(place, self.piece, ordered, self.steps(place, atoms), tuple(outputs))
        return Step(place, ordered, body.outputs, body)

    def _leaves(self, id_: str, scope: Path) -> bool:
        return any(reader[: len(scope)] != scope for reader in self.readers.get(id_, ()))
