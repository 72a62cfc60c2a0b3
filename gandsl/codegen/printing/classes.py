"""Classes of the printed source: their docstrings, constructors and attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter

from gandsl.codegen.analysis.classes import Child, Class, Classes, ConstructorArgument, Method, is_width
from gandsl.codegen.analysis.nesting import Composer
from gandsl.codegen.analysis.origins import ScopeOrigin
from gandsl.codegen.analysis.statements import Path, path_of
from gandsl.codegen.printing.layout import (
    Expr,
    assigned,
    call,
    keyword,
    lay,
)
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.methods import MethodPrinter, PrintedMethod, value_of
from gandsl.codegen.printing.text import docstring
from gandsl.spec.document import BlockDecl


@dataclass(frozen=True)
class PrintedClass:
    """A class, ready for the template."""

    name: str
    doc: list[str]
    init: list[str]  # the constructor's signature; empty where nn.Module's will do
    lines: list[str]
    methods: list[PrintedMethod]


@dataclass(frozen=True)
class ClassPrinter:
    """Prints the classes of one network."""

    classes: Classes
    composer: Composer
    locations: Locations
    origins: Mapping[Path, ScopeOrigin]
    block_of: Callable[[ScopeOrigin], BlockDecl | None]
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

    def _method(self, class_: Class, method: Method) -> PrintedMethod:
        lender = next(scope for scope in class_.scopes if scope in method.written)
        ports = self.ports.get(lender, {})
        return MethodPrinter(self.classes, self.composer, class_, method, ports, self.params).print()

    def _built(self, class_: Class, child: Child) -> Expr:
        """The constructor's call: widths by position, the rest by name, defaults left out."""
        if child.inner is not None:
            arguments = child.inner.arguments
            given = [value_of(slot) for slot in child.slots]
            return call(
                child.inner.name,
                [
                    value if a.positional else keyword(a.name, value)
                    for a, value in zip(arguments, given, strict=True)
                ],
            )
        made = next(iter(child.layers.values()))
        known = made.signature
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
            value = value_of(slot)
            expr.append(value if param in leading else keyword(param, value))
        return call(made.called, expr)

    def _about(self, class_: Class) -> str:
        if class_.first == ():
            return f"The {class_.name.lower()}; its parameters are named by the spec's node ids."
        origin = self.origins.get(class_.first, ScopeOrigin())
        ids = [".".join(scope) for scope in class_.scopes]
        where = ", ".join(ids) if len(ids) < 4 else f"{ids[0]}, {ids[1]}, … {ids[-1]}"
        if origin.what == "block":
            block = self.block_of(origin)
            doc = " ".join(block.doc.split()) if block else ""
            place = f" ({self.locations.of(block.span)})" if block else ""
            return f"{doc}\n\nBlock `{origin.name}`{place}: {where}.".lstrip()
        if origin.what == "stage":
            spans = {self.origins[scope].used for scope in class_.scopes if scope in self.origins}
            place = f" ({self.locations.of(span)})" if len(spans) == 1 and (span := spans.pop()) else ""
            return f"{'Stage' if len(ids) == 1 else 'Stages'} {where}{place}."
        return f"The layers of {where}."


def _callees_first(classes: Classes, class_: Class) -> list[Method]:
    """Methods that others of the class call are printed before these, since they name their arguments."""
    methods = {id(method): method for method in class_.methods}
    called = {
        id(method): [
            id(classes.method_of(statement.body))
            for body in method.written.values()
            for statement in body.statements
            if statement.body is not None and statement.body.module == body.module
        ]
        for method in class_.methods
    }
    return [methods[one] for one in TopologicalSorter(called).static_order()]


def _declared(argument: ConstructorArgument) -> str:
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
