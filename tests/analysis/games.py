"""Small games by hand: a builder of a game's graph, beside that of networks in `tests.graphs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gandsl.diagnostics.span import Span
from gandsl.ir.game import GAME, GameIR
from gandsl.ir.graph import Graph, NetworkIR, Node, Provenance, Variant
from gandsl.ir.op import Call
from gandsl.ir.ops import PRIMITIVES
from gandsl.ir.split import entry_graph
from gandsl_runtime.plan.game import GamePlan, GameState, Player, Term

FILE = "game.yaml"


@dataclass
class Builder:
    """Each call adds a node, on a line of its own, and gives its id."""

    networks: Mapping[str, NetworkIR] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)

    def __call__(self, id_: str, op: str, /, inputs: Mapping[str, Any] | None = None, **attrs: Any) -> str:
        """`inputs`: by port, an id or a list of them."""
        row = PRIMITIVES[op]
        ports = {
            port: (given,) if isinstance(given, str) else tuple(given)
            for port, given in (inputs or {}).items()
        }
        values = {param.name: attrs.pop(param.name, param.default) for param in row.params}
        assert not attrs, attrs
        call = Call({port: tuple(self.nodes[one].type for one in ids) for port, ids in ports.items()}, values)
        line = len(self.nodes) + 1
        place = Provenance(Span(FILE, line, 1, line, 10))
        self.nodes[id_] = Node(id_, op, ports, values, row.result(call), place)
        return id_

    def item(self, id_: str, kind: str, *shape: int) -> str:
        return self(id_, "item", field=id_, kind=kind, shape=shape)

    def draw(self, id_: str, kind: str, *shape: int, **attrs: Any) -> str:
        return self(id_, "draw", kind=kind, shape=shape, **{"distribution": "normal", **attrs})

    def call(self, id_: str, network: str, given: Mapping[str, str], **attrs: Any) -> str:
        """A call, and an `output` node for each output: `ID.NAME`. Its own id is given."""
        entry = attrs.setdefault("entry", "forward")
        program = entry_graph(self.networks[network].main, entry)
        made = tuple(
            (name, kind, tuple(program[program.outputs[name]].type.shape))
            for name, kind in program.output_kinds.items()
        )
        attrs = {"weights": "own", "mode": "", "holds": (), "draws": id_, "all": False, **attrs}
        self(
            id_,
            "call",
            {"inputs": list(given.values())},
            network=network,
            names=tuple(given),
            outputs=made,
            **attrs,
        )
        for index, (name, kind, shape) in enumerate(made):
            self(f"{id_}.{name}", "output", {"x": id_}, index=index, kind=kind, shape=shape)
        return id_

    def gradient(self, id_: str, of: str, *by: str) -> str:
        """The gradient by each of `by`: `ID_0`, `ID_1`, …; the id of the first is given."""
        self(f"{id_}.of", "gradient", {"of": of, "by": list(by)})
        for index, one in enumerate(by):
            type_ = self.nodes[one].type
            self(
                f"{id_}_{index}",
                "output",
                {"x": f"{id_}.of"},
                index=index,
                kind=type_.kind,
                shape=type_.shape,
            )
        return f"{id_}_0"

    def one(self, id_: str, op: str, x: str, **attrs: Any) -> str:
        return self(id_, op, {"x": x}, **attrs)

    def two(self, id_: str, op: str, a: str, b: str | float, **attrs: Any) -> str:
        if isinstance(b, str):
            return self(id_, op, {"a": a, "b": b}, **attrs)
        return self(id_, op, {"a": a}, number=b, **attrs)

    def graph(self, terms: Mapping[str, str]) -> Graph:
        return Graph(GAME, self.nodes, dict(terms), dict.fromkeys(terms, "Scalar"))

    def game(
        self,
        players: Mapping[str, tuple[Sequence[str], Sequence[Term]]],
        states: Sequence[GameState] = (),
        **plan: Any,
    ) -> GameIR:
        """A game of players, each with what it trains and its terms, in turns as listed."""
        made = {name: Player(name, tuple(trains), tuple(terms)) for name, (trains, terms) in players.items()}
        order = plan.pop("order", tuple((name,) for name in made))
        terms = {term.id: term.node for player in made.values() for term in player.terms}
        places = {
            name: Span(FILE, 900 + line, 1, 900 + line, 10)
            for line, name in enumerate((*made, *terms, *(s.id for s in states), *plan.get("logs", {})))
        }
        return GameIR({Variant(): self.graph(terms)}, GamePlan(made, order, tuple(states), **plan), places)
