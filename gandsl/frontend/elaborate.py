"""From a document to the IR: every network and every program of a family unfolded, and the plan."""

from __future__ import annotations

from typing import Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.frontend.builder import Tally
from gandsl.frontend.context import Context
from gandsl.frontend.module import ModuleIR
from gandsl.frontend.network import unfold_network
from gandsl.frontend.nodes.body import unfold_body
from gandsl.frontend.nodes.packages import require
from gandsl.frontend.reporting import Enough, Reporter
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import first_output
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.spec.document import Document, NetworkDecl, moved_in
from gandsl.spec.evaluate import Budget
from gandsl.spec.files import SHOWN_STANDARD
from gandsl.spec.library import Library
from gandsl.spec.values import POISON, Size, as_size

MAX_LEVELS = 16  # each is two programs: stable, and while it fades in


def elaborate(document: Document, diagnostics: Diagnostics) -> ModuleIR | None:
    """The spec as IR, as far as it unfolds: networks and plans that fail are missing, and reported.

    None where the levels of a growing family are not known.
    """
    try:
        return _elaborated(document, _Session(document, diagnostics), diagnostics)
    except Enough:
        return None


def _elaborated(document: Document, session: _Session, diagnostics: Diagnostics) -> ModuleIR | None:
    session.packages()
    params = session.parameters()
    sizes = session.levels()
    if sizes is None:
        return None
    networks: dict[str, NetworkIR] = {}
    requires = {prefix: package.text for prefix, package in document.requires.items()}
    for name, network in document.networks.items():
        programs = session.programs(network, sizes)
        if programs is not None:
            levels = tuple((size.h, size.w) for size in sizes)
            networks[name] = NetworkIR(name, programs, levels, moved_in(name, document.moved), requires)
            for graph in programs.values():
                graph.verify()
    plan = session.plan()
    return ModuleIR(
        document.name, document, params, networks, plan, diagnostics.sources, session.idle_defaults()
    )


class _Session:
    """What the programs of one spec share: libraries, budget, parsed expressions, reports made."""

    def __init__(self, document: Document, diagnostics: Diagnostics) -> None:
        self._document = document
        self._diagnostics = diagnostics
        self._library = Library(diagnostics)
        self._budget = Budget()
        self._tally = Tally()
        self._reporters: dict[str, Reporter] = {}

    def _unfolder(self, where: str, family: dict[str, Any]) -> Unfolder:
        reporter = self._reporters.setdefault(where, Reporter(self._diagnostics, where, SHOWN_STANDARD))
        return Unfolder(
            self._document, self._library, reporter, self._budget, family, self._tally, unfold_body
        )

    def packages(self) -> None:
        """What the spec requires is looked up, though no node may name an op of it: passes are added too."""
        self._tally.required[id(self._document)] = require(self._document, self._diagnostics)

    def levels(self) -> list[Size] | None:
        """The sizes of a growing family, [] for all others, None after reporting."""
        growth = self._document.growth
        if growth is None:
            return []
        unfolder = self._unfolder("growth", {})
        context = Context(self._document, unfolder.scope_of(self._document))
        found = first_output(unfolder.evaluate_expr(growth.over, context))
        if found is POISON:
            return None
        sizes = [as_size(value) for value in found] if isinstance(found, list | tuple) else []
        if len(sizes) > MAX_LEVELS:
            unfolder.at(context).add(
                "G0309", f"{len(sizes)} levels are more than {MAX_LEVELS}", growth.over.span
            )
            return None
        if not sizes or None in sizes:
            unfolder.at(context).add("G0105", "`growth` runs over a list of sizes", growth.over.span)
            return None
        return [size for size in sizes if size is not None]

    def parameters(self) -> dict[str, Any]:
        """The parameters in force; POISON for one that was refused, and reported."""
        scope = self._unfolder("params", {}).scope_of(self._document)
        return {name: scope.lookup(name) for name in self._document.params}

    def idle_defaults(self) -> dict[Span, tuple[str, str]]:
        """`defaults:` that no op has read, in any program."""
        written, read = self._tally.defaults, self._tally.read
        return {span: setting for span, setting in written.items() if span not in read}

    def programs(self, network: NetworkDecl, sizes: list[Size]) -> dict[Variant, Graph] | None:
        """Every program of the network's family; one if it does not grow. None after reporting."""
        variants = [
            Variant(level, fading)
            for level in range(len(sizes))
            for fading in ((False, True) if level else (False,))
        ]
        programs: dict[Variant, Graph] = {}
        for variant in variants or [Variant()]:
            family = (
                {
                    "level": variant.level,
                    "level_size": sizes[variant.level],
                    "levels": len(sizes),
                    "fading": variant.fading,
                }
                if sizes
                else {}
            )
            unfolder = self._unfolder(network.name, family)
            graph = unfold_network(unfolder, network, unfolder.scope_of(self._document))
            if graph is None:
                return None
            programs[variant] = graph
        return programs

    def plan(self) -> Any:
        if self._document.training is None:
            return None
        from gandsl.frontend.plan.make import make_plan

        unfolder = self._unfolder("training plan", {})
        context = Context(self._document, unfolder.scope_of(self._document))
        return make_plan(unfolder, self._document.training, context)
