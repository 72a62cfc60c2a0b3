"""A method of a printed class: arguments, statements, result; names and shapes for all instances at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gandsl.codegen.analysis.calls import modules_of
from gandsl.codegen.analysis.classes import Class, Classes, Method, Slot, spelled
from gandsl.codegen.analysis.names import value_ids
from gandsl.codegen.analysis.nesting import Composer
from gandsl.codegen.analysis.statements import Body, Statement, path_of
from gandsl.codegen.analysis.structure import Ref
from gandsl.codegen.identifiers import local_name
from gandsl.codegen.printing.expressions import Text, has_form, written
from gandsl.codegen.printing.held import HeldValues
from gandsl.codegen.printing.layout import (
    Bracketed,
    Expr,
    attribute,
    call,
    collection,
    keyword,
    lay,
    literal,
    on_one_line,
)
from gandsl.codegen.printing.shapes import BODY, returns, shape_text, signature_doc
from gandsl.codegen.printing.text import WIDTH, columns, comment
from gandsl.ir.types import PICTURES

_BY_KIND = {"Latent": "z", "Label": "y", "Scalar": "alpha", "Styles": "ws"}


@dataclass(frozen=True)
class PrintedMethod:
    """A method, ready for the template: all of its lines."""

    name: str
    text: list[str]


class MethodPrinter:
    """Prints one method."""

    def __init__(
        self,
        classes: Classes,
        composer: Composer,
        class_: Class,
        method: Method,
        ports: Mapping[str, str],
        params: dict[int, list[str]],
    ) -> None:
        self.classes, self.composer, self.class_, self.method = classes, composer, class_, method
        self.ports = ports  # id that the instance which lends its names is given → port of the block
        self.params = (
            params  # id of a method → its arguments' names; methods are printed after those they call
        )
        self.bodies = {scope: method.written[scope] for scope in class_.scopes if scope in method.written}
        self.body: Body = next(iter(self.bodies.values()))  # the instance that lends its names
        # all calls of which shapes are told, by their own scopes
        self.uses = {
            body.scope: body for body in (*map(method.bodies.get, self.bodies), *method.again) if body
        }
        self.ids = {scope: value_ids(classes, body) for scope, body in self.uses.items()}
        self.refs = classes.structure(method.bodies[self.body.module]).refs
        self.names: dict[str, str] = {}  # id → expression
        self.taken = {module.partition(".")[0] for module in modules_of(self.body.flat.graph)}

    def print(self) -> PrintedMethod:
        self._name_params()
        params = [self.names[id_] for id_ in self.body.params]
        results = self.classes.results(self.method.bodies[self.body.module])
        lines: list[str] = []
        returned = False
        self.held = HeldValues(self.body, {self.ids[self.body.scope][ref] for ref in self._asked()})
        for index, statement in enumerate(self.body.statements):
            last = index == len(self.body.statements) - 1
            makes = (
                list(statement.results) if statement.body is None else self.classes.results(statement.body)
            )
            returned = last and results == makes and not statement.unpacks
            lines += self._step(index, statement, "return " if returned else None)
        if results and not returned:
            values = [self.names[id_] for id_ in results]
            one = on_one_line(collection(values))[1:-1]
            if len(values) == 1:
                lines.append(f"{' ' * BODY}return {values[0]}")
            elif columns(one) + BODY + 7 <= WIDTH:
                lines.append(f"{' ' * BODY}return {one}")
            else:
                lines += lay(collection(values), BODY, "return ")
        kind = returns(len(results))
        head = call(f"def {self.method.name}", ["self", *(f"{name}: Tensor" for name in params)])
        read = [f"{self.names[id_]} {self._shape(id_)}" for id_ in self.body.params]
        labels = self.body.flat.graph.outputs if self.method.program else (self.names[r] for r in results)
        named = [f"{label} " if len(results) > 1 else "" for label in labels]
        made = [f"{name}{self._shape(id_)}" for name, id_ in zip(named, results, strict=True)] or ["nothing"]
        doc = signature_doc(read, made)
        return PrintedMethod(self.method.name, [*lay(head, 4, behind=f" -> {kind}:"), *doc, *lines])

    # ---- names

    def _name(self, id_: str, wanted: str) -> str:
        name = local_name(wanted, self.taken)
        self.taken.add(name)
        self.names[id_] = name
        return name

    def _name_params(self) -> None:
        """Arguments that want one name put their reader's before it; the first feature is always x."""
        wanted = {id_: self._wanted(id_) for id_ in self.body.params}
        asked = Counter(wanted.values())
        for id_, name in wanted.items():
            if asked[name] > 1 and not (name in ("x", "image") and name not in self.taken):
                statement = next(
                    (statement for statement in self.body.statements if id_ in statement.reads), None
                )
                name = f"{statement.place[-1].strip('_')}_{name}" if statement else name
            self._name(id_, name)
        self.params[id(self.method)] = [self.names[id_] for id_ in self.body.params]

    def _wanted(self, id_: str) -> str:
        """The first that there is: the block's port, a name of its kind, its reader's, its source's."""
        leaf = id_.rpartition(".")[2].strip("_")
        kind = self.body.flat.graph[id_].type.kind
        index = self.body.params.index(id_)
        if id_ in self.ports:
            return self.ports[id_].strip("_")
        if self.body.flat.graph[id_].op == "input":
            return leaf
        if kind in _BY_KIND:
            return _BY_KIND[kind]
        if index == 0 and kind in ("Feature", "Vector", "Tokens", *PICTURES):
            return kind.lower() if kind in PICTURES else "x"
        if self.composer.is_image(self.body.flat, id_):
            return "image"
        sources = {body.params[index].rpartition(".")[2].strip("_") for body in self.bodies.values()}
        fallback = {"Style": "style", "Feature": "skip"}.get(kind, leaf if len(sources) == 1 else "x")
        return self._as_read(id_) or fallback

    def _as_read(self, id_: str) -> str:
        """What its first reader calls it: the argument of a method, or an op's port if that says much."""
        statement = next((statement for statement in self.body.statements if id_ in statement.reads), None)
        if statement is None or statement.unpacks:
            return ""
        if statement.body is not None:
            return self.params[id(self.classes.method_of(statement.body))][statement.reads.index(id_)]
        node = self.body.flat.graph[statement.results[0]]
        port = next((port for port, ids in node.inputs.items() if id_ in ids), "")
        return port if len(port) > 1 and port not in ("terms", "like") else ""

    def _local(self, statement: Statement, id_: str) -> str:
        """The wanted name of a value that a statement makes."""
        place = statement.place[len(self.body.scope) :]
        if statement.body is None:
            select = self.body.flat.graph[id_].op == "select" and self.class_.first != ()
            depth = len(self.body.scope) + len(place) - 1  # of a scope written out here, if place is in one
            alone = sum(other.place[:depth] == statement.place[:depth] for other in self.body.statements) == 1
            return "style" if select else "_".join(place[:-1] if len(place) > 1 and alone else place)
        if not place:
            return "_".join(path_of(id_)[len(self.body.scope) :])
        assert statement.body is not None
        outputs = self.classes.results(statement.body)
        if outputs[0] == id_:
            return "_".join(place)
        leaf = id_.rpartition(".")[2]
        inside = "image" if self.composer.is_image(self.body.flat, id_) else leaf.strip("_")
        return f"{'_'.join(place)}_{inside}"

    # ---- statements

    def _step(self, index: int, statement: Statement, before: str | None) -> list[str]:
        """The lines of a statement, and of what waited for its reader; none where this one waits."""
        lines = self._written(self.held.apart(statement))
        if before is None and self.held.may_wait(statement) and not self._is_layer(statement):
            text = self._expression(index, statement)
            if self.held.wait(index, statement, text):
                return lines
        lines += self._written(self.held.behind(statement))
        names, taken = dict(self.names), set(self.taken)
        made = self._statement(index, statement, before)
        if self.held.waiting and any(columns(line) > WIDTH for line in made):
            self.names, self.taken = names, taken
            lines += self._written(self.held.all())
            made = self._statement(index, statement, before)
        self.held.forget()
        return lines + made

    def _written(self, waited: Sequence[tuple[int, Statement]]) -> list[str]:
        """Statements of their own for what waited."""
        return [line for index, statement in waited for line in self._statement(index, statement, None)]

    def _is_layer(self, statement: Statement) -> bool:
        return self.classes.primitive(self.body, statement).is_layer

    def _text(self, id_: str) -> str:
        """What stands for a value as an argument."""
        return self._operand(id_).text

    def _operand(self, id_: str) -> Text:
        return self.held.texts.get(id_) or Text(self.names[id_])

    def _asked(self) -> set[Ref]:
        """What the surroundings of any instance read."""
        return {ref for ref in self.method.outputs if ref in self.ids[self.body.scope]}

    def _expression(self, index: int, statement: Statement) -> Text:
        """A primitive in one line."""
        node = self.classes.primitive(self.body, statement).node
        graph, slots = self.body.flat.graph, {slot.param: slot for slot in self.method.slots[index]}
        types = {port: graph[ids[0]].type for port, ids in node.inputs.items()}
        found = written(
            node,
            {port: self._operand(ids[0]) for port, ids in node.inputs.items()},
            {port: type_.shape for port, type_ in types.items() if type_.kind != "Scalar"},
            lambda param: (
                None if param == "exponent" and slots[param].argument else on_one_line(value_of(slots[param]))
            ),
        )
        return found or Text(on_one_line(self._primitive(index, statement)))

    def _statement(self, index: int, statement: Statement, before: str | None) -> list[str]:
        if statement.unpacks:
            return self._unpack(statement)
        notes = (
            [self._shape(statement.results[0])]
            if before is None and statement.results and self._tells(statement)
            else []
        )
        if statement.body is not None:
            expr, target = self._call(statement)
        elif (term := self._only_term(index, statement)) is not None:
            self.names[statement.results[0]] = self._text(term)
            return [f"{' ' * BODY}return {self._text(term)}"] if before else []
        else:
            one = self.classes.primitive(self.body, statement)
            form = not one.is_layer and has_form(one.node.op)
            expr = self._expression(index, statement).text if form else self._primitive(index, statement)
            read = self.refs[statement.results[0]] in self._used()
            target = (
                self._name(statement.results[0], self._local(statement, statement.results[0])) if read else ""
            )
        return annotated(_assigned(target, expr, before), ", ".join(notes), BODY)

    def _unpack(self, statement: Statement) -> list[str]:
        """`w = [ops.select(ws, index=i) for i in range(14)]`; the styles are then w[0], w[1], …"""
        styles = self.names[statement.reads[0]]
        name = local_name(
            styles[:-1] if len(styles) > 1 and styles.endswith("s") else f"{styles}_list", self.taken
        )
        self.taken.add(name)
        self.names |= {id_: f"{name}[{number}]" for number, id_ in enumerate(statement.results)}
        line = (
            f"{' ' * BODY}{name} = [ops.select({styles}, index=i) for i in range({len(statement.results)})]"
        )
        return annotated([line], f"each {self._shape(statement.results[0])}", BODY)

    def _call(self, statement: Statement) -> tuple[Expr, str]:
        assert statement.body is not None
        method = self.classes.method_of(statement.body)
        below = statement.body.module[len(self.body.module) :]
        module = attribute(below)
        function = module if method.name == "forward" else f"{module}.{method.name}"
        if not below:
            function = f"self.{method.name}"
        outputs = self.classes.results(statement.body)
        used = self._used()
        targets = [  # what is returned twice, or was given, has its name already
            self._name(id_, self._local(statement, id_))
            if self.refs.get(id_) in used and id_ not in self.names
            else "_"
            for id_ in outputs
        ]
        named = "" if {*targets} <= {"_"} else ", ".join(targets)
        return call(function, [self._text(id_) for id_ in statement.reads]), named

    def _used(self) -> set[Ref]:
        """What the statements and surroundings of any instance read."""
        found = {*self.method.outputs}
        for scope, body in self.bodies.items():
            refs = self.classes.structure(self.method.bodies[scope]).refs
            found |= {refs[id_] for statement in body.statements for id_ in statement.reads}
        return found

    def _primitive(self, index: int, statement: Statement) -> Expr:
        one = self.classes.primitive(self.body, statement)
        args: list[Expr] = [
            collection([self._text(id_) for id_ in arg], "[]") if isinstance(arg, tuple) else self._text(arg)
            for arg in one.args
        ]
        args += [keyword(name, self._text(id_)) for name, id_ in one.keyword_args.items()]
        if one.is_layer:
            return call(attribute(path_of(one.node.layer)[len(self.body.module) :]), args)
        defaults = one.signature.defaults
        args += [
            keyword(slot.param, value_of(slot))
            for slot in self.method.slots[index]
            if not _is_default(slot, defaults)
        ]
        return call(one.called, args)

    def _only_term(self, index: int, statement: Statement) -> str | None:
        """The term of a sum or concatenation of one, unscaled: the statement is that term, to the bit."""
        one = self.classes.primitive(self.body, statement)
        if one.node.op not in ("add", "concat") or len(one.args) != 1 or len(one.args[0]) != 1:
            return None
        scaled = [slot for slot in self.method.slots[index] if slot.argument or slot.literal != 1.0]
        return None if scaled else one.args[0][0]

    # ---- comments

    def _tells(self, statement: Statement) -> bool:
        """Whether the shape differs from the first operand's, and so is worth a comment."""
        graph = self.body.flat.graph
        return (
            not statement.reads
            or graph[statement.results[0]].type.shape != graph[statement.reads[0]].type.shape
        )

    def _shape(self, id_: str) -> str:
        """`[N, channels, 2H, 2W]`: numbers where all instances agree, else in terms of the arguments."""
        ref = self.refs.get(id_)
        types = {
            scope: body.flat.graph[self.ids[scope][ref]].type
            if ref is not None
            else body.flat.graph[id_].type
            for scope, body in self.uses.items()
            if ref is None or ref in self.ids[scope]
        }
        base = next((p for p in self.body.params if self.body.flat.graph[p].type.sides), None)
        bases = {
            scope: body.flat.graph[body.params[self.body.params.index(base)]].type
            for scope, body in self.uses.items()
            if base is not None
        }
        modules = {scope: body.module for scope, body in self.uses.items()}
        return shape_text(types, bases, self.class_, modules)


def _assigned(target: str, expr: Expr, before: str | None) -> list[str]:
    """`target = expr`, or with `before` a return; too many targets stand one on a line."""
    if before is not None or not target:
        return lay(expr, BODY, before or "")
    opening = f"{target} = {expr.head}(" if isinstance(expr, Bracketed) else target
    if ", " not in target or BODY + columns(opening) <= WIDTH:
        return lay(expr, BODY, f"{target} = ")
    margin = " " * BODY
    targets = [f"{margin}(", *(f"{margin}    {name}," for name in target.split(", "))]
    return [*targets, *lay(expr, BODY, ") = ")]


def value_of(slot: Slot) -> Expr:
    """What stands at a slot: an argument, or a literal."""
    return slot.derived if slot.argument else literal(slot.literal)


def _is_default(slot: Slot, defaults: Mapping[str, object]) -> bool:
    return (
        slot.argument is None
        and slot.param in defaults
        and spelled(defaults[slot.param]) == spelled(slot.literal)
    )


def annotated(lines: list[str], note: str, indent: int) -> list[str]:
    """Statements with a comment behind them, or above where there is no room."""
    if not note:
        return lines
    text = comment(note)
    if len(lines) == 1 and columns(lines[0]) + 2 + columns(text) <= WIDTH:
        return [f"{lines[0]}  {text}"]
    return [f"{' ' * indent}{text}", *lines]
