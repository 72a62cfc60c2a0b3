"""A body that grows node by node: the op table says what may follow, and what type it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gandsl.ir.op import Call, Op, Port, ShapeError, Trait
from gandsl.ir.ops import OPS
from gandsl.ir.types import TensorType, is_a
from gandsl.spec.values import Size
from tests.random_specs.again import Again, Use
from tests.random_specs.kinds import Types, fits, sided
from tests.random_specs.recipe import GROWABLE
from tests.random_specs.values import attributes, complete, written

LARGEST, LONGEST = 1600, 20  # numbers in a value, and its longest side
ONCE = ("noise",)  # learns a strength and draws, and so has no second use (G0231)
NAMES = (
    "x",
    "self",
    "y",
    "input",
    "args",
    "torch",
    "ops",
    "out",
    "type_",
    "list",
    "nn",
    "result",
    "z",
    "run",
)


@dataclass(frozen=True)
class Text:
    """A parameter written as an expression, and its value in each world."""

    text: str
    values: tuple[Any, ...]


@dataclass
class Names:
    """Names that no node has yet; now and then one that generated source might trip over."""

    rng: Random
    taken: set[str] = field(default_factory=set)

    def new(self, stem: str = "n") -> str:
        if self.rng.random() < 0.1:
            stem = self.rng.choice(NAMES)
            if stem not in self.taken:
                self.taken.add(stem)
                return stem
        number = len(self.taken)
        while f"{stem}{number}" in self.taken:
            number += 1
        self.taken.add(f"{stem}{number}")
        return f"{stem}{number}"


@dataclass
class Body:
    """Nodes as a spec writes them, and the values in sight with their types."""

    rng: Random
    names: Names
    worlds: int = 1
    seen: dict[str, Types] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    reads: set[str] = field(default_factory=set)
    above: str | None = None  # what an omitted first port reads
    ops: tuple[Op, ...] = GROWABLE  # that may stand here
    again: Again | None = None  # makes some nodes twice

    def offer(self, text: str, types: Types, above: bool = False) -> str:
        """A value in sight: an input, a port, an expression."""
        self.seen[text] = types
        self.unread.append(text)
        if all(one.kind == "Styles" for one in types):
            for index in range(min(one.shape[0] for one in types)):
                self.seen[f"{text}[{index}]"] = tuple(TensorType("Style", one.shape[1:]) for one in types)
        if above:
            self.above = text
        return text

    def keep(
        self, name: str, node: dict[str, Any], types: Types, reads: Sequence[str], use: Use | None = None
    ) -> str:
        """A node, which becomes a value in sight. `use`: how it may be made twice."""
        self.nodes |= {name: node} if use is None or self.again is None else self.again.written(use)
        for text in reads:
            self.read(text)
        return self.offer(name, types, above=True)

    def read(self, text: str) -> None:
        """From now on somebody reads this value."""
        self.reads.add(text)
        for name in (text, text.split("[")[0]):
            if name in self.unread:
                self.unread.remove(name)

    def of(self, *kinds: str, sides: Sequence[int] = ()) -> list[str]:
        """Values of these kinds in every world, spatial ones with so many sides (if said)."""
        fitting = [t for t, types in self.seen.items() if all(fits(one, kinds) for one in types)]
        return [t for t in fitting if not sides or all(sided(one, sides) for one in self.seen[t])]

    # ---- one node

    def attempt(
        self, op: Op, tries: int = 40, wanted: Sequence[str] = (), reads: Sequence[str] = (), **fixed: Any
    ) -> str | None:
        """A node of this op with random operands and parameters; None where nothing fits.

        `wanted`: kinds of the result. `reads`: values, of which it reads one.
        """
        for _ in range(tries if op in self.ops else 0):
            inputs = self._operands(op, reads)
            if inputs is None:
                return None
            attrs = attributes(self.rng, op, self._near(inputs)) | fixed
            try:
                types = self._types(op, inputs, attrs)
            except ShapeError:
                continue
            if all(map(small, types)) and (not wanted or all(fits(one, wanted) for one in types)):
                return self.add(op.name, inputs, attrs, types)
        return None

    def add(
        self, op: str, inputs: dict[str, list[str]], attrs: dict[str, Any], types: Types | None = None
    ) -> str:
        """A node of this op with these operands. Raises ShapeError."""
        row = OPS[op]
        types = self._types(row, inputs, attrs) if types is None else types
        inputs = {port.name: self._in_range(op, port, inputs.get(port.name, [])) for port in row.ports}
        node: dict[str, Any] = {"op": op}
        for position, port in enumerate(row.ports):
            given = inputs.get(port.name)
            if not given:
                continue
            read_above = position == 0 and not port.variadic and not port.optional
            silent = read_above and given[0] == self.above
            if not (silent and self.rng.random() < 0.6):
                node[port.name] = list(given) if port.variadic else given[0]
        node |= {name: v.text if isinstance(v, Text) else written(v) for name, v in attrs.items()}
        # who takes the size of the batch alone leaves the value for others to read
        read = [t for port in row.ports if not port.counts for t in inputs.get(port.name, ())]
        name, guarded = self.names.new(), _is_guarded(row) and row.layer is None
        kinds = {port.name: port.kinds for port in row.ports}
        first = "" if row.ports[0].variadic or row.ports[0].optional else row.ports[0].name
        use = Use(name, node, types, inputs, self.seen, first, kinds, row.layer is not None)
        return self.keep(name, node, types, read, None if guarded or op in ONCE else use)

    def _in_range(self, op: str, port: Port, texts: list[str]) -> list[str]:
        """Operands where the op is a finite number: roots, logarithms and quotients of numbers above 1/2."""
        if port.positive or (op == "divide" and port.name == "b"):
            soft = [self.add("softplus", {"x": [text]}, {}) for text in texts]
            return [self.add("plus", {"a": [text]}, {"number": 0.5}) for text in soft]
        return [self.add("tanh", {"x": [text]}, {}) for text in texts] if op == "exp" else texts

    def _types(self, op: Op, inputs: dict[str, list[str]], attrs: dict[str, Any]) -> Types:
        found = []
        for group in range(self.worlds):
            here = {name: v.values[group] if isinstance(v, Text) else v for name, v in attrs.items()}
            call = Call(
                {port: tuple(self.seen[t][group] for t in texts) for port, texts in inputs.items()},
                complete(op, here),
            )
            found.append(op.result(call))
        return tuple(found)

    def _operands(self, op: Op, reads: Sequence[str]) -> dict[str, list[str]] | None:
        """Values for each port: unread ones by preference, of like shapes where there are several."""
        inputs: dict[str, list[str]] = {}
        for port in op.ports:
            if port.optional and self.rng.random() < 0.4:
                continue
            fitting = self.of(*port.kinds, sides=port.sides)
            if not fitting:
                if port.optional:
                    continue
                return None
            first = next((texts[0] for texts in inputs.values() if texts), None)
            number = self.rng.randint(1, 3) if port.variadic else 1
            inputs[port.name] = [self._one(port, fitting, first, reads) for _ in range(number)]
            if port.variadic:
                alike = [t for t in fitting if self.seen[t] == self.seen[inputs[port.name][0]]]
                if self.rng.random() < 0.7:
                    inputs[port.name][1:] = [self.rng.choice(alike) for _ in range(number - 1)]
        used = {t for texts in inputs.values() for t in texts}
        return None if reads and not used & set(reads) else inputs

    def _one(self, port: Port, fitting: list[str], first: str | None, reads: Sequence[str]) -> str:
        rng = self.rng
        if first is not None:
            heads = tuple(one.shape[:1] for one in self.seen[first])
            whole = [t for t in fitting if self.seen[t] == self.seen[first]]
            channels = [t for t in fitting if tuple(one.shape[:1] for one in self.seen[t]) == heads]
            if (alike := (whole if rng.random() < 0.5 else []) or channels) and rng.random() < 0.8:
                return rng.choice(alike)
        elif reads and (asked := [t for t in fitting if t in reads]):
            return rng.choice(asked)
        new = [t for t in fitting if t in self.unread or t.split("[")[0] in self.unread]
        return rng.choice(new if new and rng.random() < 0.7 else fitting)

    def _near(self, inputs: dict[str, list[str]]) -> list[int]:
        """Numbers that parameters of such operands often are: their sides, and divisors of them."""
        sides = {s for texts in inputs.values() for t in texts for one in self.seen[t] for s in one.shape}
        return sorted(sides | {s // k for s in sides for k in (2, 3, 4, 6, 8, 16) if s % k == 0})

    # ---- several nodes

    def grow(self, ops: Iterator[Op], count: int) -> None:
        """So many more nodes, of ops as they come; where one does not fit, what it lacks is made first."""
        for _ in range(count):
            op = next(ops)
            if self.attempt(op) is None and self._provide(op):
                self.attempt(op)

    def _provide(self, op: Op) -> bool:
        """Make values of the kinds and shapes that the op lacks."""
        first = op.ports[0]
        texts = self.of(*first.kinds, sides=first.sides)
        if not texts:
            made = self.signal() if first.sides == (1,) else self._into(first.kinds)
            if made is None:
                return False
            texts = [made]
        anchor = self.rng.choice(texts)
        for port in op.ports[1:]:
            if "Vector" in port.kinds and "Vector" not in first.kinds[:1]:
                self.vector(channels=anchor)
            elif not self.of(*port.kinds) and self._into(port.kinds) is None:
                return False
        return True

    def _into(self, kinds: Sequence[str]) -> str | None:
        """A value of one of these kinds, through whatever ops lead there."""
        for op in self.rng.sample(self.ops, len(self.ops)):
            if (made := self.attempt(op, tries=6, wanted=kinds)) is not None:
                return made
        return None

    def vector(self, features: int | None = None, channels: str | None = None) -> str:
        """A vector of so many numbers, or of as many as `channels` has channels."""
        sources = self.of("Vector") or [
            self.add("global_pool", {"x": [self.rng.choice(self.of("Feature"))]}, {})
        ]
        if channels is not None:
            wanted: Any = Text(f"{channels}.channels", tuple(one.shape[0] for one in self.seen[channels]))
            if not all(is_a(one.kind, "Feature") for one in self.seen[channels]):
                wanted = Text(f"{channels}.dim", tuple(one.shape[-1] for one in self.seen[channels]))
        else:
            wanted = features
        return self.add("linear", {"x": [self.rng.choice(sources)]}, {"features": wanted})

    def feature(self) -> str:
        """Some feature of two sides, made of a vector where there is none."""
        if found := self.of("Feature", sides=(2,)):
            new = [t for t in found if t in self.unread]
            return self.rng.choice(new or found)
        if tokens := self.of("Tokens"):
            return self._square(self.rng.choice(tokens))
        if labels := [] if self.of("Vector") else self.of("Label"):
            self.add("one_hot", {"y": [labels[0]]}, {})
        channels, side = self.rng.randint(2, 4), self.rng.randint(2, 5)
        flat = self.vector(channels * side * side)
        return self.add("reshape", {"x": [flat]}, {"channels": channels, "size": Size(side, side)})

    def signal(self) -> str:
        """A feature of one side, made of a vector: what none of the inputs is."""
        channels, length = self.rng.randint(1, 3), self.rng.randint(12, 24)
        flat = self.vector(channels * length)
        return self.add("reshape", {"x": [flat]}, {"channels": channels, "size": Size(length)})

    def vector_of(self, text: str) -> str:
        """A value of any kind as a vector."""
        kind = self.seen[text][0].kind
        if kind == "Styles":
            return self.rng.choice([t for t in self.seen if t.startswith(f"{text}[")])
        if kind == "Label":
            return self.add("one_hot", {"y": [text]}, {})
        if kind in ("Number", "Scalar"):
            return self.add("times", {"a": [self.vector(features=3)], "b": [text]}, {})
        if kind == "Tokens":
            text, kind = self._square(text), "Feature"
        if is_a(kind, "Feature"):
            return self.add(self.rng.choice(["flatten", "global_pool"]), {"x": [text]}, {})
        return text

    def turned_into(self, text: str, port: Port) -> str:
        """A feature as a value that this port takes."""
        kinds = port.kinds
        if "Feature" in kinds:
            return self.signal() if port.sides == (1,) else text
        if "Tokens" in kinds:
            return self.add("to_tokens", {"x": [text]}, {})
        flat = self.vector_of(text)
        if "Styles" in kinds:
            flat = self.add("linear", {"x": [flat]}, {"features": 6})
            return self.add("chunks", {"x": [flat]}, {"count": 2})
        return flat

    def _square(self, tokens: str) -> str:
        return self.add("from_tokens", {"x": [tokens]}, {"size": Size(self.seen[tokens][0].shape[0], 1)})

    def joined(self, main: str) -> str:
        """`main`, with all that nobody reads added to it, so that every node counts."""
        for text in [t for t in self.unread if t != main and not t.startswith("alpha")]:
            if text in self.unread:
                before = self.state()
                try:
                    main = self._join(main, text)
                except ShapeError:  # of tokens whose number differs by world
                    self.back_to(before)
        return main

    def joined_vector(self, main: str) -> str:
        """As `joined`, for a vector."""
        wanted = Text(f"{main}.dim", tuple(one.shape[0] for one in self.seen[main]))
        for text in [t for t in self.unread if t != main and not t.startswith("alpha")]:
            if text in self.unread:
                before = self.state()
                try:
                    part = self.add("linear", {"x": [self.vector_of(text)]}, {"features": wanted})
                    main = self.add("add", {"terms": [main, part]}, {})
                except ShapeError:  # of tokens whose number differs by world
                    self.back_to(before)
        return main

    def state(self) -> tuple[Any, ...]:
        """What `back_to` takes."""
        return dict(self.nodes), dict(self.seen), list(self.unread), set(self.reads), self.above

    def back_to(self, state: tuple[Any, ...]) -> None:
        """As if nothing had been made since."""
        nodes, seen, unread, reads, self.above = state
        self.nodes.clear()
        self.nodes |= nodes
        self.seen, self.unread, self.reads = dict(seen), list(unread), set(reads)

    def _join(self, main: str, text: str) -> str:
        kind = self.seen[text][0].kind
        if kind == "Styles":
            text = self.rng.choice([t for t in self.seen if t.startswith(f"{text}[")])
            kind = "Style"
        if kind in ("Number", "Scalar"):
            return self.add("times", {"a": [main], "b": [text]}, {})
        if kind == "Label":
            text, kind = self.add("one_hot", {"y": [text]}, {}), "Vector"
        if kind == "Tokens":
            text, kind = self._square(text), "Feature"
        channels = Text(f"{main}.channels", tuple(one.shape[0] for one in self.seen[main]))
        if is_a(kind, "Feature") and sided(self.seen[text][0], (2,)):
            sizes = Text(f"{main}.size", tuple(Size(*one.shape[1:]) for one in self.seen[main]))
            text = self.add("resize", {"x": [text]}, {"size": sizes})
            text = self.add("conv", {"x": [text]}, {"channels": channels, "kernel": 1})
            return self.add("add", {"terms": [main, text]}, {})
        scale = self.add("linear", {"x": [self.vector_of(text)]}, {"features": channels})
        return self.add("modulate", {"x": [main], "scale": [scale]}, {})


def small(type_: TensorType) -> bool:
    """Whether a value is small enough for a test."""
    return type_.elements <= LARGEST and max(type_.shape, default=1) <= (
        LONGEST if len(type_.shape) == 3 else LARGEST
    )


def _is_guarded(op: Op) -> bool:
    """Whether `_in_range` makes something of what it takes."""
    return op.name in ("divide", "exp") or any(port.positive for port in op.ports)


def stops(op: Op) -> bool:
    """Whether a last node of this op would leave an image without a latent, a logit without an image."""
    return op.has(Trait.CONSTANT) or all(port.counts for port in op.ports)
