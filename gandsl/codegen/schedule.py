"""The order of statements in one scope, and which inner scopes can be called there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gandsl.codegen.bodies import Path, Step
from gandsl.codegen.pieces import Piece
from gandsl.ir.op import Trait

if TYPE_CHECKING:
    import networkx

Unit = tuple[Path, str]
"""An inner scope and "", or the place of a single statement and its first result."""

Units = dict[Unit, list[Step]]
CROWD = 3  # readers from which the order of their gradients' sum shows in its last bits


class Schedule:
    """One program's statements, and what their order must keep: values, draws, the sums of gradients."""

    def __init__(self, piece: Piece, atoms: Sequence[Step], opened: Collection[Path]) -> None:
        self._opened = opened  # scopes that are never called
        self.order = {id_: index for index, id_ in enumerate((*piece.inputs, *piece.nodes))}
        self.readers: dict[str, list[Step]] = {}
        for atom in atoms:
            for id_ in atom.reads:
                self.readers.setdefault(id_, []).append(atom)
        draws = [atom for atom in atoms if piece.graph[atom.results[0]].spec.has(Trait.RANDOM)]
        # a selection's gradient is zero but for its own style, so that these may be summed in any order
        crowds = {
            id_: [reader for reader in readers if piece.graph[reader.results[0]].op != "select"]
            for id_, readers in self.readers.items()
        }
        outside = Counter(piece.outputs)  # who reads an output adds a gradient too
        self._chains = [
            draws,
            *(crowd for id_, crowd in crowds.items() if len(crowd) + outside[id_] >= CROWD),
        ]

    def units(self, scope: Path, atoms: Sequence[Step]) -> list[tuple[Unit, list[Step]]]:
        """What the scope's body calls, in order: inner scopes with their statements, and single statements.

        The order is as near to the program's as can be. A scope that would have to wait for something that
        waits for it is opened: its statements stand alone.
        """
        opened = set(self._opened)
        while True:
            units = self._group(scope, atoms, opened)
            knot = self._knot(units)
            if not knot:
                break
            opened.add(self._loosest(scope, atoms, opened, units, knot))
        first = {
            unit: min(self.order[id_] for step in steps for id_ in step.results)
            for unit, steps in units.items()
        }
        import networkx

        ordered = networkx.lexicographical_topological_sort(self._graph(units), key=first.__getitem__)
        return [(unit, units[unit]) for unit in ordered]

    def _group(self, scope: Path, atoms: Sequence[Step], opened: Collection[Path]) -> Units:
        """Statements by the outermost scope inside this one that they are part of and that is not opened."""
        units: Units = {}
        for atom in atoms:
            inner = (atom.place[:depth] for depth in range(len(scope) + 1, len(atom.place)))
            closed = next((path for path in inner if path not in opened), None)
            units.setdefault((closed, "") if closed else (atom.place, atom.results[0]), []).append(atom)
        return units

    def _graph(self, units: Units) -> networkx.DiGraph[Unit]:
        """Who must come before whom."""
        import networkx

        maker = {id_: unit for unit, atoms in units.items() for atom in atoms for id_ in atom.results}
        edges = {
            (maker[id_], unit)
            for unit, atoms in units.items()
            for atom in atoms
            for id_ in atom.reads
            if id_ in maker
        }
        for chain in self._chains:
            edges |= {*pairwise(maker[atom.results[0]] for atom in chain if atom.results[0] in maker)}
        graph: networkx.DiGraph[Unit] = networkx.DiGraph()
        graph.add_nodes_from(units)
        graph.add_edges_from((a, b) for a, b in edges if a != b)
        return graph

    def _knot(self, units: Units) -> set[Unit]:
        """Units that wait for each other, if there are any."""
        import networkx

        knots = (part for part in networkx.strongly_connected_components(self._graph(units)) if len(part) > 1)
        return min(knots, key=sorted, default=set())

    def _loosest(
        self,
        scope: Path,
        atoms: Sequence[Step],
        opened: Collection[Path],
        units: Mapping[Unit, Sequence[Step]],
        knot: set[Unit],
    ) -> Path:
        """The scope to open: the smallest of those that untie the knot, else the smallest."""
        scopes = sorted((unit for unit in knot if not unit[1]), key=lambda unit: (len(units[unit]), unit))
        for path, _ in scopes:
            if not self._knot(self._group(scope, atoms, {*opened, path})):
                return path
        return scopes[0][0]
