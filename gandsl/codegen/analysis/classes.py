"""Scopes that are alike share a class, as far as structure goes: the first half of an anti-unification."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gandsl.codegen.analysis.calls import NodeCall, primitive
from gandsl.codegen.analysis.statements import Body, Path, Statement, path_of
from gandsl.codegen.analysis.structure import Ref, Structure, structure_of
from gandsl.ir.graph import Graph, Node

Values = dict[Path, Any]
"""Instance (its scope) → value there."""


@dataclass
class Slot:
    """A place for a literal: a parameter of a layer, function or inner class. `values` may lack instances."""

    owner: str  # the layer, statement or inner module that it belongs to
    param: str
    values: Values
    in_forward: bool = False
    argument: ConstructorArgument | None = None  # what stands there, where it is no literal,
    times: int = 1  # multiplied by this
    over: int = 1  # and divided by this

    @property
    def literal(self) -> Any:
        """The value, where all instances agree."""
        return next(iter(self.values.values()))

    @property
    def derived(self) -> str:
        """What stands there, in terms of the argument."""
        assert self.argument is not None
        name = f"self.{self.argument.name}" if self.in_forward else self.argument.name
        return (
            f"{self.times} * {name}"
            if self.times > 1
            else f"{name} // {self.over}"
            if self.over > 1
            else name
        )

    @property
    def varies(self) -> bool:
        """Whether instances differ."""
        return len({spelled(value) for value in self.values.values()}) > 1


@dataclass
class ConstructorArgument:
    """A constructor's argument. Slots that always hold equal values share one."""

    values: Values
    slots: list[Slot]
    name: str = ""
    positional: bool = False
    derived: list[Slot] = field(default_factory=list)  # slots that hold a multiple of it, or a part

    @property
    def stored(self) -> bool:
        """Whether forward needs it."""
        return any(slot.in_forward for slot in (*self.slots, *self.derived))


@dataclass
class Child:
    """An attribute: a layer (one primitive for each instance) or a module of an inner class."""

    name: str
    layers: dict[Path, NodeCall] = field(default_factory=dict)
    inner: Class | None = None
    slots: list[Slot] = field(default_factory=list)


@dataclass
class Method:
    """A forward. `bodies` has one for each instance that uses it; `written` is what is printed of them."""

    key: Hashable
    bodies: dict[Path, Body]
    outputs: list[
        Ref
    ]  # whatever some instance's surroundings read; once `settle`d, in the order of the return
    program: bool = False  # it is a program of the network, whose outputs have their order, and may be twice
    name: str = ""
    written: dict[Path, Body] = field(default_factory=dict)
    slots: dict[int, list[Slot]] = field(default_factory=dict)  # statement → its literals
    again: list[Body] = field(default_factory=list)  # further calls of an instance, where a spec reuses it


@dataclass
class Class:
    """A class of the printed source."""

    scopes: list[Path]
    children: list[Child]
    methods: list[Method]
    arguments: list[ConstructorArgument] = field(default_factory=list)
    name: str = ""

    @property
    def first(self) -> Path:
        return self.scopes[0]

    def method(self, key: Hashable) -> Method:
        return next(method for method in self.methods if method.key == key)


def spelled(value: Any) -> str:
    """Equal for values that print alike: 1, 1.0 and True are three."""
    return repr(value)


class Classes:
    """All classes of one network, inner ones first."""

    def __init__(
        self,
        bodies: Sequence[Body],
        modules: Iterable[Path],
        layers: Mapping[str, tuple[Graph, Node]],
        origins: Mapping[Path, str],
    ) -> None:
        self._layers = layers
        self._origins = origins
        self._primitives: dict[tuple[int, str], NodeCall] = {}
        self._keys: dict[
            int, tuple[Hashable, Structure]
        ] = {}  # id of a body → its method's key, its structure
        self._firsts: dict[Path, Hashable] = {}
        self.of: dict[Path, Class] = {}
        self.all: list[Class] = []
        self._members: dict[Path, dict[str, Path]] = {}  # scope → child name → its path, in order
        self._register(modules)
        within: dict[Path, list[Body]] = {}
        for body in bodies:
            for inner in body.calls():
                within.setdefault(inner.module, []).append(inner)
        groups: dict[Hashable, list[Class]] = {}
        self._order = {scope: index for index, scope in enumerate(self._members)}
        for scope in sorted(self._members, key=lambda path: -len(path)):
            self._place(scope, within.get(scope, []), groups)
        for class_ in self.all:
            class_.scopes.sort(key=self.appearance)

    def _register(self, modules: Iterable[Path]) -> None:
        """Children in the order of first layers; what lies below a layer follows it, under a dotted name."""
        self._members[()] = {}
        for path in [*map(path_of, self._layers), *sorted(modules)]:
            scope: Path = ()
            for depth in range(1, len(path) + 1):
                inner = path[:depth]
                self._members[scope].setdefault(".".join(inner[len(scope) :]), inner)
                if ".".join(inner) not in self._layers:
                    scope = inner
                    self._members.setdefault(scope, {})

    # ---- alike or not

    def primitive(self, body: Body, statement: Statement) -> NodeCall:
        """The call that a statement of one node is."""
        key = (id(body.flat.graph), statement.results[0])
        if key not in self._primitives:
            graph = body.flat.graph
            self._primitives[key] = primitive(graph, graph[statement.results[0]])
        return self._primitives[key]

    def layer(self, body: Body, statement: Statement) -> str:
        """The id of the layer that a statement of one node runs, if it runs one."""
        if statement.unpacks:
            return ""
        one = self.primitive(body, statement)
        return one.node.layer if one.is_layer else ""

    def structure(self, body: Body) -> Structure:
        return self._keys[id(body)][1]

    def appearance(self, scope: Path) -> int:
        """Where a scope comes in the order of the source."""
        return self._order[scope]

    def first_method(self, scope: Path) -> Hashable:
        """What the scope computes in the first program that runs it; None if none does."""
        return self._firsts.get(scope)

    def method_of(self, body: Body) -> Method:
        """The method that computes a body."""
        return self.of[body.module].method(self._keys[id(body)][0])

    def new_structure(self, body: Body) -> Structure:
        """The structure of a body whose inner bodies are known."""
        return structure_of(body, self.primitive, lambda inner: self._keys[id(inner)])

    def adopt(self, body: Body, method: Method) -> None:
        """Let `body`, part of one that is known, be computed by `method`."""
        structure = self.new_structure(body)
        self._keys[id(body)] = (method.key, structure)
        method.bodies.setdefault(body.module, body)
        method.written.setdefault(body.module, body)
        method.outputs += [ref for id_ in body.outputs if (ref := structure.refs[id_]) not in method.outputs]

    def results(self, body: Body) -> list[str]:
        """All that the method which computes `body` returns, in its order, as ids of this instance."""
        ids = {ref: id_ for id_, ref in self.structure(body).refs.items()}
        return [ids[ref] for ref in self.method_of(body).outputs]

    def settle(self, rank: Callable[[Body, str], Any]) -> None:
        """Fix the order in which each method returns its results; `rank` compares those of an instance."""
        for class_ in self.all:
            for method in class_.methods:
                if not method.program:
                    body = next(method.bodies[scope] for scope in class_.scopes if scope in method.bodies)
                    ids = {ref: id_ for id_, ref in self.structure(body).refs.items()}
                    ranks = {ref: rank(body, ids[ref]) for ref in method.outputs}
                    method.outputs.sort(key=ranks.__getitem__)

    def _place(self, scope: Path, bodies: Sequence[Body], groups: dict[Hashable, list[Class]]) -> None:
        """Find or found the class of a scope: the first with like children and a method in common."""
        children = [self._child(name, path, scope) for name, path in self._members[scope].items()]
        methods = self._methods(scope, bodies)
        keys = {method.key for method in methods}
        like = groups.setdefault(self._likeness(scope, children), [])
        new = Class([scope], children, methods)
        for other in like:
            if keys & {m.key for m in other.methods} or not (keys or other.methods):
                self.of[scope] = _merged(other, new)
                return
        like.append(new)
        self.all.append(new)
        self.of[scope] = new

    def _likeness(self, scope: Path, children: Sequence[Child]) -> Hashable:
        parts = tuple(
            (child.name, id(child.inner))
            if child.inner
            else (child.name, child.layers[scope].called, tuple(sorted(child.layers[scope].kwargs)))
            for child in children
        )
        return self._origins.get(scope, ""), scope == (), parts

    def _child(self, name: str, path: Path, scope: Path) -> Child:
        if path in self.of:
            return Child(name, inner=self.of[path])
        return Child(name, layers={scope: primitive(*self._layers[".".join(path)])})

    def _methods(self, scope: Path, bodies: Sequence[Body]) -> list[Method]:
        """One for each structure, and one more where another program has the same with other literals."""
        found: dict[Hashable, Method] = {}
        literals: dict[Hashable, list[str]] = {}
        for body in bodies:
            structure = self.new_structure(body)
            spelling = spelled(
                [
                    sorted(self.primitive(body, s).kwargs.items())
                    for s in body.statements
                    if self.calls_op(body, s)
                ]
            )
            known = literals.setdefault(structure.key, [])
            if spelling not in known:
                known.append(spelling)
            key = (structure.key, known.index(spelling), body.flat.name if scope == () else "")
            self._keys[id(body)] = (key, structure)
            self._firsts.setdefault(scope, key)
            if scope == ():
                outputs = [structure.refs[id_] for id_ in body.outputs]
                found[key] = Method(key, {scope: body}, outputs, program=True, written={scope: body})
                continue
            method = found.setdefault(key, Method(key, {scope: body}, [], written={scope: body}))
            if body.shares is not None and method.bodies[scope] is not body:
                method.again.append(body)
            method.outputs += [
                ref for id_ in body.outputs if (ref := structure.refs[id_]) not in method.outputs
            ]
        return list(found.values())

    def calls_op(self, body: Body, statement: Statement) -> bool:
        """Whether a statement calls a function, which has its literals in the forward."""
        return (
            statement.body is None and not statement.unpacks and not self.primitive(body, statement).is_layer
        )


def is_width(param: str) -> bool:
    """Whether a parameter is a number of channels, features or classes."""
    return param.endswith(("channels", "features", "classes"))


def family(param: str) -> str:
    """Parameters that may share an argument: all widths are one family, all others their own."""
    return "width" if is_width(param) or param in ("start", "count") else param


def _merged(a: Class, b: Class) -> Class:
    """One class of two with like children."""
    for mine, theirs in zip(a.children, b.children, strict=True):
        mine.layers.update(theirs.layers)
    for method in b.methods:
        twin = next((m for m in a.methods if m.key == method.key), None)
        if twin is None:
            a.methods.append(method)
        else:
            twin.bodies.update(method.bodies)
            twin.written.update(method.written)
            twin.again += method.again
            twin.outputs += [ref for ref in method.outputs if ref not in twin.outputs]
    a.scopes += b.scopes
    return a
