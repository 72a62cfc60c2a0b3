"""One network as a module of Python source: its classes, inner ones first, laid into the template."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gandsl.codegen.analysis.calls import modules_of
from gandsl.codegen.analysis.classes import Class
from gandsl.codegen.analysis.methods import ProgramMethod
from gandsl.codegen.analysis.network import analyzed
from gandsl.codegen.analysis.origins import ScopeOrigin, ports_of
from gandsl.codegen.identifiers import local_name
from gandsl.codegen.printing.classes import ClassPrinter
from gandsl.codegen.printing.layout import Expr, call, collection, keyword, lay, literal, mapping, quoted
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.methods import PrintedMethod
from gandsl.codegen.printing.shapes import returns, shape_text, signature_doc
from gandsl.codegen.printing.template import fill
from gandsl.codegen.printing.text import docstring
from gandsl.ir.graph import Graph, NetworkIR
from gandsl.ir.split import call_order
from gandsl.spec.document import BlockDecl
from gandsl_runtime.weights_file import WeightsFile


def network_source(
    network: NetworkIR,
    about: str,
    locations: Locations,
    block_of: Callable[[ScopeOrigin], BlockDecl | None],
    recomputed: Sequence[str] = (),
) -> str:
    """The module's text. `about` opens its docstring; `block_of` finds the block behind an origin.

    `recomputed`: ids of stages that training computes again; those that are no module of their own are not.
    """
    found = analyzed(network)
    programs, classes = found.programs, found.classes
    printer = ClassPrinter(
        classes, found.composer, locations, found.origins, block_of, ports_of(network, found.origins)
    )
    inner = [printer.print(class_) for class_ in classes.all if class_.first != ()]
    root = printer.print(classes.of[()])
    methods = {method.name: method for method in root.methods}
    for program in programs:
        if len(program.parts) > 1:
            methods[program.method] = _chained(program, network)
    last = max(0, len(network.levels) - 1)
    order = list(dict.fromkeys(program.method for program in programs))
    ordered = sorted(
        methods.values(), key=lambda one: order.index(one.name) if one.name in order else len(order)
    )
    text = "\n".join(line for part in (*inner, root) for line in part.lines)
    text += "\n".join(line for part in (*inner, root) for method in part.methods for line in method.text)
    kept = tuple(id_ for id_ in recomputed if id_ in found.called)
    return fill(
        "network.py.jinja",
        doc=docstring(about, 0),
        classes=inner,
        root=root,
        math="math." in text,
        added=sorted({module for graph in network.programs.values() for module in modules_of(graph)}),
        modules=[name for name in ("layers", "ops") if f"{name}." in text],
        methods=ordered,
        ports=_ports(network),
        levels=lay(literal(network.levels), 4, "levels = ") if network.levels else [],
        recomputed=lay(literal(kept), 4, "recomputed = ") if kept else [],
        moved=lay(mapping(network.moved), 4, "moved = ") if network.moved else [],
        has_styles=network.main.styles is not None,
        start=_start(network.start) if network.start else [],
        precision=network.precision,
        table=[
            f"{' ' * 12}({quoted(p.entry)}, {p.variant.level}, {p.variant.fading}): self.{p.method},"
            for p in sorted(programs, key=lambda p: (p.variant, p.entry))
        ],
        last=last,
    )


def _start(of: WeightsFile) -> list[str]:
    """`_starts_from = WeightsFile(…)`: the file that the network's weights start from."""
    said = {"part": of.part, "layout": of.layout}
    given: list[Expr] = [quoted(of.file), keyword("sha256", quoted(of.sha256))]
    given += [keyword(name, quoted(text)) for name, text in said.items() if text]
    given += [keyword("keys", mapping(of.keys))] if of.keys else []
    given += [keyword("unused", literal(of.unused))] if of.unused else []
    return lay(call("WeightsFile", given), 4, "_starts_from = ")


def _ports(network: NetworkIR) -> list[str]:
    """`inputs = (Port(…), …)` and `outputs = (…)` of the full program."""
    graph = network.main
    inputs: list[Expr] = []
    for node in map(graph.__getitem__, call_order(graph)):
        port: list[Expr] = [quoted(node.id), quoted(node.type.kind), literal(node.type.shape)]
        if node.attrs.get("distribution"):
            port.append(keyword("distribution", quoted(node.attrs["distribution"])))
        inputs.append(call("Port", port))
    outputs: list[Expr] = [
        call("Port", [quoted(name), quoted(graph.output_kinds[name]), literal(graph[id_].type.shape)])
        for name, id_ in graph.outputs.items()
    ]
    return [*lay(collection(inputs), 4, "inputs = "), *lay(collection(outputs), 4, "outputs = ")]


def _chained(program: ProgramMethod, network: NetworkIR) -> PrintedMethod:
    """`forward` of a network with a style space: mapping, then synthesis."""
    mapping, synthesis = program.parts
    taken: set[str] = set()
    names: dict[str, str] = {}
    for id_ in mapping.inputs:
        names[id_] = local_name(id_, taken)
        taken.add(names[id_])
    inner = call(f"self.{mapping.name}", list(names.values()))
    outer = call(f"self.{synthesis.name}", [inner, *(names[id_] for id_ in synthesis.inputs[1:])])
    graph = network.programs[program.variant]
    assert graph.styles == synthesis.inputs[0]
    made = [graph[id_].type for id_ in program.parts[-1].outputs]
    kind = returns(len(made))
    head = call(f"def {program.method}", ["self", *(f"{name}: Tensor" for name in names.values())])
    read = [f"{name} {_plain_shape(graph, id_)}" for id_, name in names.items()]
    doc = signature_doc(read, [_plain_shape(graph, id_) for id_ in synthesis.outputs])
    return PrintedMethod(
        program.method, [*lay(head, 4, behind=f" -> {kind}:"), *doc, *lay(outer, 8, "return ")]
    )


def _plain_shape(graph: Graph, id_: str) -> str:
    return shape_text({(): graph[id_].type}, {}, Class([()], [], []))
