"""What the source of one network consists of: the steps of the analysis, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from keyword import iskeyword

from gandsl.codegen.analysis.arguments import bind
from gandsl.codegen.analysis.classes import Classes
from gandsl.codegen.analysis.common_code import share
from gandsl.codegen.analysis.methods import ProgramMethod, programs_of
from gandsl.codegen.analysis.names import name_classes, name_methods
from gandsl.codegen.analysis.nesting import Composer
from gandsl.codegen.analysis.origins import ScopeOrigin, origins_of
from gandsl.codegen.analysis.statements import Path
from gandsl.codegen.identifiers import class_name
from gandsl.diagnostics.errors import InvariantError
from gandsl.frontend.reserved import is_reserved
from gandsl.ir.graph import Graph, NetworkIR, Node
from gandsl.lowering.table import Layer, lower


@dataclass(frozen=True)
class SourceParts:
    """All that is to be printed of one network."""

    programs: list[ProgramMethod]
    classes: Classes  # with names, methods, constructors' arguments
    composer: Composer
    origins: Mapping[Path, ScopeOrigin]
    called: frozenset[str]  # ids of scopes that are modules and called as such


def analyzed(network: NetworkIR) -> SourceParts:
    """The network's programs as methods of classes that are shared as far as they are alike."""
    programs = programs_of(network)
    methods = list({id(flat): flat for program in programs for flat in program.parts}.values())
    layers = layers_of(network)
    _refuse_names(layers)
    composer = Composer(methods, layers)
    bodies = [composer.compose(flat) for flat in methods]
    called = frozenset(".".join(inner.module) for body in bodies for inner in body.calls())
    origins = origins_of(network)
    keys = {
        scope: f"{origin.what} {origin.name if origin.what == 'block' else ''}"
        for scope, origin in origins.items()
    }
    classes = Classes(bodies, composer.modules(bodies), layers, keys)
    name_classes(classes, origins, class_name(network.name))
    name_methods(classes)
    share(classes)
    classes.settle(composer.order)
    bind(classes)
    return SourceParts(programs, classes, composer, origins, called)


def layers_of(network: NetworkIR) -> dict[str, tuple[Graph, Node]]:
    """Each layer, run or not, → a node that runs it, and its program; in the lowering's order."""
    found: dict[str, tuple[Graph, Node]] = {}
    for variant in sorted(network.programs):
        graph = network.programs[variant]
        for node in graph:
            if node.op != "input" and isinstance(lower(graph.call(node), node), Layer):
                found.setdefault(node.layer, (graph, node))
    return found


def _refuse_names(ids: Iterable[str]) -> None:
    for id_ in ids:
        names = id_.split(".")
        for count, name in enumerate(names, 1):
            if is_reserved(".".join(names[:count])) or iskeyword(name):
                raise InvariantError(f"{id_}: `{name}` cannot name a module, since Python or torch uses it")
