"""The order of statements in one scope, and which inner scopes can be called there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from gandsl.codegen.analysis.methods import FlatMethod
from gandsl.codegen.analysis.statements import Path, Statement
from gandsl.ir.op import Trait

if TYPE_CHECKING:
    import networkx

Unit = tuple[Path, str]
"""An inner scope and "", or the place of a single statement and its first result."""

Units = dict[Unit, list[Statement]]
CROWD = 3  # readers from which the order of their gradients' sum shows in its last bits


class StatementOrder:
    """One program's statements, and what their order must keep: values, draws, the sums of gradients."""

    def __init__(self, flat: FlatMethod, statements: Sequence[Statement], opened: Collection[Path]) -> None:
        self._opened = opened  # scopes that are never called
        self.index = {id_: index for index, id_ in enumerate((*flat.inputs, *flat.nodes))}
        self.readers: dict[str, list[Statement]] = {}
        for statement in statements:
            for id_ in statement.reads:
                self.readers.setdefault(id_, []).append(statement)
        draws = [
            statement for statement in statements if flat.graph[statement.results[0]].spec.has(Trait.RANDOM)
        ]
        # a selection's gradient is zero but for its own style, so that these may be summed in any order
        crowds = {
            id_: [reader for reader in readers if flat.graph[reader.results[0]].op != "select"]
            for id_, readers in self.readers.items()
        }
        outside = Counter(flat.outputs)  # who reads an output adds a gradient too
        layers: dict[str, list[Statement]] = {}
        for statement in statements:
            node = flat.graph[statement.results[0]]
            if node.spec.layer is not None:
                layers.setdefault(node.layer, []).append(statement)
        self._chains = [
            draws,
            *layers.values(),  # of calls of one layer the order of its gradients' sum, and of its state
            *(crowd for id_, crowd in crowds.items() if len(crowd) + outside[id_] >= CROWD),
        ]

    def units(self, scope: Path, statements: Sequence[Statement]) -> list[tuple[Unit, list[Statement]]]:
        """What the scope's body calls, in order: inner scopes with their statements, and single statements.

        The order is as near to the program's as can be. A scope that would have to wait for something that
        waits for it is opened: its statements stand alone.
        """
        opened = set(self._opened)
        while True:
            units = self._group(scope, statements, opened)
            knot = self._knot(units)
            if not knot:
                break
            opened.add(self._loosest(scope, statements, opened, units, knot))
        first = {
            unit: min(self.index[id_] for statement in statements for id_ in statement.results)
            for unit, statements in units.items()
        }
        import networkx

        ordered = networkx.lexicographical_topological_sort(self._graph(units), key=first.__getitem__)
        return [(unit, units[unit]) for unit in ordered]

    def _group(self, scope: Path, statements: Sequence[Statement], opened: Collection[Path]) -> Units:
        """Statements by the outermost scope inside this one that they are part of and that is not opened."""
        units: Units = {}
        for statement in statements:
            inner = (statement.place[:depth] for depth in range(len(scope) + 1, len(statement.place)))
            closed = next((path for path in inner if path not in opened), None)
            units.setdefault((closed, "") if closed else (statement.place, statement.results[0]), []).append(
                statement
            )
        return units

    def _graph(self, units: Units) -> networkx.DiGraph[Unit]:
        """Who must come before whom."""
        import networkx

        maker = {
            id_: unit
            for unit, statements in units.items()
            for statement in statements
            for id_ in statement.results
        }
        edges = {
            (maker[id_], unit)
            for unit, statements in units.items()
            for statement in statements
            for id_ in statement.reads
            if id_ in maker
        }
        for chain in self._chains:
            edges |= {
                *pairwise(maker[statement.results[0]] for statement in chain if statement.results[0] in maker)
            }
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
        statements: Sequence[Statement],
        opened: Collection[Path],
        units: Mapping[Unit, Sequence[Statement]],
        knot: set[Unit],
    ) -> Path:
        """The scope to open: the smallest of those that untie the knot, else the smallest."""
        scopes = sorted((unit for unit in knot if not unit[1]), key=lambda unit: (len(units[unit]), unit))
        for path, _ in scopes:
            if not self._knot(self._group(scope, statements, {*opened, path})):
                return path
        return scopes[0][0]
