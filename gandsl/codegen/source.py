"""One network as a module of Python source: its classes, inner ones first, laid into the template."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from keyword import iskeyword

from gandsl.codegen.binding import bind
from gandsl.codegen.bodies import Path, path_of
from gandsl.codegen.classes import Argument, Child, Class, Classes, Method, Slot, is_width
from gandsl.codegen.compose import Composer
from gandsl.codegen.forward import Forward, Printed
from gandsl.codegen.hints import Hint, hints_of, ports_of
from gandsl.codegen.naming import name_classes, name_methods
from gandsl.codegen.pieces import Program, programs_of
from gandsl.codegen.places import Places
from gandsl.codegen.pretty import Expr, assigned, call, collection, keyword, lay, literal, mapping, quoted
from gandsl.codegen.primitives import signature
from gandsl.codegen.shapes import returns, shape_text, signature_doc
from gandsl.codegen.sharing import share
from gandsl.codegen.template import fill
from gandsl.codegen.text import class_name, docstring, local_name
from gandsl.diagnostics.diagnostic import InvariantError
from gandsl.frontend.names import RESERVED
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.lowering.table import Layer, lower
from gandsl.spec.document import BlockDecl


@dataclass(frozen=True)
class PrintedClass:
    """A class, ready for the template."""

    name: str
    doc: list[str]
    init: list[str]  # the constructor's signature; empty where nn.Module's will do
    lines: list[str]
    methods: list[Printed]


def network_source(
    network: NetworkIR,
    about: str,
    places: Places,
    block_of: Callable[[Hint], BlockDecl | None],
    checkpointed: Sequence[str] = (),
) -> str:
    """The module's text. `about` opens its docstring; `block_of` finds the block behind a hint.

    `checkpointed`: ids of stages that training checkpoints; those that are no module of their own are not.
    """
    programs = programs_of(network)
    pieces = list({id(piece): piece for program in programs for piece in program.pieces}.values())
    layers = layers_of(network)
    _refuse_names(layers)
    composer = Composer(pieces, layers)
    bodies = [composer.compose(piece) for piece in pieces]
    called = {".".join(inner.scope) for body in bodies for inner in body.calls()}
    hints = hints_of(network)
    keys = {
        scope: f"{hint.what} {hint.name if hint.what == 'block' else ''}" for scope, hint in hints.items()
    }
    classes = Classes(bodies, composer.modules(bodies), layers, keys)
    top = class_name(network.name)
    name_classes(classes, hints, top)
    name_methods(classes)
    share(classes)
    classes.settle(composer.order)
    bind(classes)
    printer = _Printer(classes, composer, places, hints, block_of, ports_of(network, hints))
    inner = [printer.print(class_) for class_ in classes.all if class_.first != ()]
    root = printer.print(classes.of[()])
    methods = {method.name: method for method in root.methods}
    for program in programs:
        if len(program.pieces) > 1:
            methods[program.method] = _chained(program, network)
    last = max(0, len(network.levels) - 1)
    order = list(dict.fromkeys(program.method for program in programs))
    ordered = sorted(
        methods.values(), key=lambda one: order.index(one.name) if one.name in order else len(order)
    )
    text = "\n".join(line for part in (*inner, root) for line in part.lines)
    text += "\n".join(line for part in (*inner, root) for method in part.methods for line in method.text)
    kept = tuple(id_ for id_ in checkpointed if id_ in called)
    return fill(
        "network.py.jinja",
        doc=docstring(about, 0),
        classes=inner,
        root=root,
        math="math." in text,
        modules=[name for name in ("layers", "ops") if f"{name}." in text],
        methods=ordered,
        ports=_ports(network),
        levels=lay(literal(network.levels), 4, "levels = ") if network.levels else [],
        checkpointed=lay(literal(kept), 4, "checkpointed = ") if kept else [],
        moved=lay(mapping(network.moved), 4, "moved = ") if network.moved else [],
        has_styles=network.main.styles is not None,
        table=[
            f"{' ' * 12}({quoted(p.entry)}, {p.variant.level}, {p.variant.fading}): self.{p.method},"
            for p in sorted(programs, key=lambda p: (p.variant, p.entry))
        ],
        last=last,
    )


def layers_of(network: NetworkIR) -> dict[str, Graph]:
    """Each node that is a layer, run or not, → a program that holds it, in the lowering's order."""
    found: dict[str, Graph] = {}
    for variant in sorted(network.programs):
        graph = network.programs[variant]
        for node in graph:
            if node.op != "input" and isinstance(lower(graph.call(node), node), Layer):
                found.setdefault(node.id, graph)
    return found


def _refuse_names(ids: Iterable[str]) -> None:
    for id_ in ids:
        for name in id_.split("."):
            if name in RESERVED or iskeyword(name):
                raise InvariantError(f"{id_}: `{name}` cannot name a module, since Python or torch uses it")


def _ports(network: NetworkIR) -> list[str]:
    """`inputs = (Port(…), …)` and `outputs = (…)` of the full program."""
    graph = network.main
    inputs: list[Expr] = []
    for node in graph.inputs:
        port: list[Expr] = [quoted(node.id), quoted(node.type.kind), literal(node.type.shape)]
        if node.attrs.get("distribution"):
            port.append(keyword("distribution", quoted(node.attrs["distribution"])))
        inputs.append(call("Port", port))
    outputs: list[Expr] = [
        call("Port", [quoted(name), quoted(graph.output_kinds[name]), literal(graph[id_].type.shape)])
        for name, id_ in graph.outputs.items()
    ]
    return [*lay(collection(inputs), 4, "inputs = "), *lay(collection(outputs), 4, "outputs = ")]


def _chained(program: Program, network: NetworkIR) -> Printed:
    """`forward` of a network with a style space: mapping, then synthesis."""
    mapping, synthesis = program.pieces
    taken: set[str] = set()
    names: dict[str, str] = {}
    for id_ in mapping.inputs:
        names[id_] = local_name(id_, taken)
        taken.add(names[id_])
    inner = call(f"self.{mapping.name}", list(names.values()))
    outer = call(f"self.{synthesis.name}", [inner, *(names[id_] for id_ in synthesis.inputs[1:])])
    graph = network.programs[program.variant]
    assert graph.styles == synthesis.inputs[0]
    made = [graph[id_].type for id_ in program.pieces[-1].outputs]
    kind = returns(len(made))
    head = call(f"def {program.method}", ["self", *(f"{name}: Tensor" for name in names.values())])
    read = [f"{name} {_plain_shape(graph, id_)}" for id_, name in names.items()]
    doc = signature_doc(read, [_plain_shape(graph, id_) for id_ in synthesis.outputs])
    return Printed(program.method, [*lay(head, 4, behind=f" -> {kind}:"), *doc, *lay(outer, 8, "return ")])


def _plain_shape(graph: Graph, id_: str) -> str:
    return shape_text({(): graph[id_].type}, {}, Class([()], [], []))


@dataclass(frozen=True)
class _Printer:
    """Prints the classes of one network."""

    classes: Classes
    composer: Composer
    places: Places
    hints: Mapping[Path, Hint]
    block_of: Callable[[Hint], BlockDecl | None]
    ports: Mapping[Path, Mapping[str, str]]
    params: dict[int, list[str]] = field(default_factory=dict)

    def print(self, class_: Class) -> PrintedClass:
        arguments = class_.arguments
        order = [method.name for method in class_.methods]
        lines = [f"        self.{a.name} = {a.name}" for a in arguments if a.stored]
        for child in class_.children:
            before, made = assigned(path_of(child.name), self._built(class_, child))
            lines += lay(made, 8, before)
        by_name = [a for a in arguments if not a.positional]
        signature_ = [
            "self",
            *(_declared(a) for a in arguments if a.positional),
            *(["*"] if by_name else []),
            *(_declared(a) for a in by_name),
        ]
        init = lay(call("def __init__", signature_), 4, behind=" -> None:") if lines else []
        methods = [self._method(class_, method) for method in _callees_first(self.classes, class_)]
        methods.sort(key=lambda printed: order.index(printed.name))
        return PrintedClass(class_.name, docstring(self._about(class_), 4), init, lines, methods)

    def _method(self, class_: Class, method: Method) -> Printed:
        lender = next(scope for scope in class_.scopes if scope in method.written)
        ports = self.ports.get(lender, {})
        return Forward(self.classes, self.composer, class_, method, ports, self.params).print()

    def _built(self, class_: Class, child: Child) -> Expr:
        """The constructor's call: widths by position, the rest by name, defaults left out."""
        if child.inner is not None:
            arguments = child.inner.arguments
            given = [_value(slot) for slot in child.slots]
            return call(
                child.inner.name,
                [
                    value if a.positional else keyword(a.name, value)
                    for a, value in zip(arguments, given, strict=True)
                ],
            )
        name = next(iter(child.layers.values())).name
        known = signature("layers", name)
        slots = {slot.param: slot for slot in child.slots}
        expr: list[Expr] = []
        leading = [param for param in known.positional if param in slots and is_width(param)]
        for param in (*leading, *(param for param in slots if param not in leading)):
            slot = slots[param]
            if (
                slot.argument is None
                and param in known.defaults
                and repr(known.defaults[param]) == repr(slot.literal)
            ):
                continue
            value = _value(slot)
            expr.append(value if param in leading else keyword(param, value))
        return call(f"layers.{name}", expr)

    def _about(self, class_: Class) -> str:
        if class_.first == ():
            return f"The {class_.name.lower()}; its parameters are named by the spec's node ids."
        hint = self.hints.get(class_.first, Hint())
        ids = [".".join(scope) for scope in class_.scopes]
        where = ", ".join(ids) if len(ids) < 4 else f"{ids[0]}, {ids[1]}, … {ids[-1]}"
        if hint.what == "block":
            block = self.block_of(hint)
            doc = " ".join(block.doc.split()) if block else ""
            place = f" ({self.places.of(block.span)})" if block else ""
            return f"{doc}\n\nBlock `{hint.name}`{place}: {where}.".lstrip()
        if hint.what == "stage":
            spans = {self.hints[scope].used for scope in class_.scopes if scope in self.hints}
            place = f" ({self.places.of(span)})" if len(spans) == 1 and (span := spans.pop()) else ""
            return f"{'Stage' if len(ids) == 1 else 'Stages'} {where}{place}."
        return f"The layers of {where}."


def _value(slot: Slot) -> Expr:
    return slot.derived if slot.argument else literal(slot.literal)


def _callees_first(classes: Classes, class_: Class) -> list[Method]:
    """Methods that others of the class call are printed before these, since they name their arguments."""
    methods = {id(method): method for method in class_.methods}
    called = {
        id(method): [
            id(classes.method_of(step.body))
            for body in method.written.values()
            for step in body.steps
            if step.body is not None and step.body.scope == body.scope
        ]
        for method in class_.methods
    }
    return [methods[one] for one in TopologicalSorter(called).static_order()]


def _declared(argument: Argument) -> str:
    return f"{argument.name}: {annotation(argument.values.values())}"


def annotation(values: Iterable[object]) -> str:
    """The type of a constructor's argument."""
    return " | ".join(
        dict.fromkeys(sorted({_type(value) for value in values}, key=lambda name: (name == "None", name)))
    )


def _type(value: object) -> str:
    if isinstance(value, tuple):
        return f"tuple[{', '.join(_type(item) for item in value)}]"
    return "None" if value is None else type(value).__name__


__all__ = ["Variant", "network_source"]
