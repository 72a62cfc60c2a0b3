"""From a document to the IR: every network and every program of a family unfolded, and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Diagnostics, Span
from gandsl.frontend.builder import Tally
from gandsl.frontend.context import Context
from gandsl.frontend.module import ModuleIR
from gandsl.frontend.network import own_precision, unfold_network, weights_file
from gandsl.frontend.nodes.body import unfold_body
from gandsl.frontend.nodes.packages import require
from gandsl.frontend.reporting import Enough, Reporter
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import first_output
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.spec.document import Document, NetworkDecl, moved_in
from gandsl.spec.files import SHOWN_STANDARD
from gandsl.spec.library import Library
from gandsl.spec.scope import Budget
from gandsl.spec.values import ABSENT, POISON, Size, as_size

if TYPE_CHECKING:
    from gandsl.frontend.game.unfolder import GameUnfolder
    from gandsl.ir.game import GameIR
    from gandsl.spec.document import DataDecl, GameDecl
    from gandsl_runtime.plan import Plan

MAX_LEVELS = 16  # each is two programs: stable, and while it fades in


def elaborate(document: Document, diagnostics: Diagnostics) -> ModuleIR | None:
    """The spec as IR, as far as it unfolds: networks and plans that fail are missing, and reported.

    None where the levels of a growing family are not known.
    """
    try:
        return _elaborated(document, _Session(document, diagnostics), diagnostics)
    except Enough:
        return None


def elaborate_game(
    document: Document, networks: Mapping[str, NetworkIR], plan: Plan, diagnostics: Diagnostics
) -> GameIR | None:
    """What a plan's loss stands for over networks that are in the IR already; None after reporting."""
    session = _Session(document, diagnostics)
    sizes = session.levels()
    return None if sizes is None else session.game(networks, sizes, plan)


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
            levels = _levels(programs, sizes)
            moved, start = moved_in(name, document.moved), weights_file(network, document)
            networks[name] = NetworkIR(name, programs, levels, moved, requires, start, own_precision(network))
            for graph in programs.values():
                graph.verify()
    plan = session.plan()
    game = cache(lambda: session.game(networks, sizes, plan))
    if document.tells_game or (plan is not None and plan.own_loss):
        game()  # what is wrong in it is to be reported; what a short form alone says has its own rules
    return ModuleIR(
        document.name, document, params, networks, plan, diagnostics.sources, session.idle_defaults(), game
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
        programs: dict[Variant, Graph] = {}
        for variant in _variants(sizes):
            unfolder = self._unfolder(network.name, _family(variant, sizes))
            graph = unfold_network(unfolder, network, unfolder.scope_of(self._document))
            if graph is None:
                return None
            programs[variant] = graph
        return programs

    def game(self, networks: Mapping[str, NetworkIR], sizes: list[Size], plan: Plan | None) -> GameIR | None:
        """The game; None where there is none, and after reporting."""
        try:
            return self._game(networks, sizes, plan)
        except Enough:
            return None

    def _game(self, networks: Mapping[str, NetworkIR], sizes: list[Size], plan: Plan | None) -> GameIR | None:
        found = self._declared(networks, plan)
        if found is None:
            return None
        declared, data = found
        from gandsl.frontend.game.body import unfold_game_body
        from gandsl.frontend.game.make import Declaration, unfold_game
        from gandsl.frontend.game.unfolder import GameUnfolder

        reporter = self._reporters.setdefault("game", Reporter(self._diagnostics, "game", SHOWN_STANDARD))

        def unfolder(variant: Variant, seen: Mapping[str, Any]) -> GameUnfolder:
            return GameUnfolder(
                self._document,
                self._library,
                reporter,
                self._budget,
                _family(variant, sizes) | self._batch(plan, variant, sizes),
                self._tally,
                unfold_game_body,
                seen,
                [*declared.players],
            )

        whole = Declaration(self._document, declared, data, networks, plan)
        return unfold_game(whole, _variants(sizes), unfolder)

    def _declared(
        self, networks: Mapping[str, NetworkIR], plan: Plan | None
    ) -> tuple[GameDecl, Mapping[str, DataDecl]] | None:
        """The game and the data's fields, as written or as the short form stands for them."""
        from gandsl.frontend.short_form.game_tree import game_tree
        from gandsl.spec.fields import entries_in
        from gandsl.spec.game import data, game

        if self._document.game is not None:
            return self._document.game, self._document.data
        tree = game_tree(self._document, networks, plan, self._diagnostics)
        if tree is None:
            return None
        fields = entries_in({name: entry.value for name, entry in tree.entries.items()}, "data")
        declared = game(tree.entries["game"], self._document, self._diagnostics)
        read = {entry.key: data(entry, self._diagnostics) for entry in fields}
        return None if declared is None else (declared, read)

    def _batch(self, plan: Plan | None, variant: Variant, sizes: list[Size]) -> dict[str, Any]:
        """What is known to a game's expressions besides: the step's batch, and that nothing fades in."""
        from gandsl_runtime.plan.schedule import Stage, batch

        known: dict[str, Any] = {"alpha": ABSENT} if sizes else {}
        if plan is not None:
            stage = Stage(variant.level if sizes else None, variant.fading)
            known["batch"] = batch(plan, [size.sides for size in sizes], stage)
        elif self._document.training is not None:
            known["batch"] = POISON  # the plan failed, which was reported
        return known

    def plan(self) -> Any:
        if self._document.training is None:
            return None
        from gandsl.frontend.plan.make import make_plan

        unfolder = self._unfolder("training plan", {})
        context = Context(self._document, unfolder.scope_of(self._document))
        return make_plan(unfolder, self._document.training, context)


def _levels(programs: Mapping[Variant, Graph], sizes: list[Size]) -> tuple[tuple[int, ...], ...]:
    """The sides of each level: of lone numbers as many as what the network takes or gives has."""
    main = programs[max(programs)]
    ends = [*main.inputs, *(main[id_] for id_ in main.outputs.values())]
    count = next((len(node.type.sides) for node in ends if node.type.sides), 2)
    return tuple((size.of(count) or size).sides for size in sizes)


def _variants(sizes: list[Size]) -> list[Variant]:
    """The programs of a family; one where nothing grows."""
    levels = range(len(sizes))
    return [Variant(level, fading) for level in levels for fading in ((False, True)[: 1 + bool(level)])] or [
        Variant()
    ]


def _family(variant: Variant, sizes: list[Size]) -> dict[str, Any]:
    """What is known to every expression of a program of a family."""
    if not sizes:
        return {}
    return {
        "level": variant.level,
        "level_size": sizes[variant.level],
        "levels": len(sizes),
        "fading": variant.fading,
    }
