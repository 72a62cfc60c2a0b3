"""A game unfolded: its graph at each variant, and its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Label
from gandsl.frontend.builder import TooManyNodes
from gandsl.frontend.context import Context
from gandsl.frontend.game.plan import unfold_plan
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import PartValue
from gandsl.frontend.nodes.block import is_kind, shape_of
from gandsl.frontend.reporting import Enough
from gandsl.frontend.values import Above
from gandsl.ir.game import GAME, GameIR
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.spec.document import DataDecl, Document, GameDecl, PortDecl
from gandsl.spec.scope import Scope
from gandsl.spec.values import ABSENT, POISON, Poison

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan
    from gandsl_runtime.plan.game import GamePlan

MakeUnfolder = Callable[[Variant, Mapping[str, PartValue | Poison]], GameUnfolder]


@dataclass(frozen=True)
class Declaration:
    """A game as it is declared, with what it is a game of. `networks` that failed are missing."""

    document: Document
    game: GameDecl
    data: Mapping[str, DataDecl]
    networks: Mapping[str, NetworkIR]
    plan: Plan | None


def unfold_game(declared: Declaration, variants: list[Variant], unfolder_for: MakeUnfolder) -> GameIR | None:
    """The game at each variant; None after reporting."""
    graphs: dict[Variant, Graph] = {}
    plans: dict[Variant, GamePlan] = {}
    for variant in variants:
        unfolder = unfolder_for(variant, _networks(declared, variant))
        made = _variant(unfolder, declared, variant)
        if made is None:
            return None
        graphs[variant], plans[variant] = made
    main = plans[max(variant for variant in plans if not variant.fading)]
    return GameIR(graphs, main, _places(declared.game), plans)


def _networks(declared: Declaration, variant: Variant) -> dict[str, PartValue | Poison]:
    """What the names of networks stand for."""
    return {
        name: PartValue(name, "", declared.networks[name].programs[variant])
        if name in declared.networks
        else POISON
        for name in declared.document.networks
    }


def _variant(
    unfolder: GameUnfolder, declared: Declaration, variant: Variant
) -> tuple[Graph, GamePlan] | None:
    decl = declared.game
    if variant.fading:
        unfolder.fade(Context(declared.document, Scope()), decl.span)
    root = unfolder.scope_of(declared.document)
    context = Context(declared.document, Scope(Scope(root, unfolder.networks)))
    try:
        fine = all([_field(unfolder, one, context) for one in declared.data.values()])
        inside, _ = unfolder.body(decl.body, context, Above())
        plan = unfold_plan(unfolder, decl, inside, declared.plan)
    except TooManyNodes:
        unfolder.at(context).add("G0309", "the game unfolds to too many nodes", decl.span)
        raise Enough from None
    broken = [name for name, value in inside.scope.values.items() if value is POISON]
    if plan is None or broken or not fine:
        return None
    outputs = {term.id: term.node for player in plan.players.values() for term in player.terms}
    graph = Graph(GAME, unfolder.builder.nodes, outputs, dict.fromkeys(outputs, "Scalar"))
    graph.verify()
    return graph, plan


def _field(unfolder: GameUnfolder, decl: DataDecl, context: Context) -> bool:
    """A field of the data as a tensor in sight, or absent; whether it is sound."""
    values = context.scope.values
    values[decl.name] = POISON
    port = PortDecl(
        decl.name,
        decl.kind,
        decl.dims,
        False,
        decl.when,
        decl.unless,
        None,
        None,
        "",
        decl.span,
        decl.kind_span,
        decl.broken,
    )
    if decl.broken or not is_kind(unfolder, port, context):
        return False
    for condition, wanted in ((decl.when, True), (decl.unless, False)):
        if condition is None:
            continue
        value = unfolder.evaluate_expr(condition, context)
        if not isinstance(value, bool):
            if value is not POISON:
                unfolder.at(context).add("G0105", "a condition is true or false", condition.span)
            return False
        if value is not wanted:
            values[decl.name] = ABSENT
            context.absent[decl.name] = Label(decl.span, "this field is left out by its condition")
            return True
    type_ = shape_of(unfolder, port, context)
    if type_ is POISON:
        return False
    attrs = {"field": decl.name, "kind": type_.kind, "shape": type_.shape}
    with unfolder.builder.unfolding(decl.name):
        values[decl.name] = unfolder.builder.source(decl.name, "item", attrs, context, decl.span)
    return values[decl.name] is not POISON


def _places(decl: GameDecl) -> dict[str, Any]:
    """Where players, terms, logs and nodes of the body are declared, by id."""
    terms = {
        f"{player.name}.{term.name}": term.span
        for player in decl.players.values()
        for term in player.terms.values()
    }
    nodes = {entry.key: entry.key_span for entry in decl.body}
    return {**nodes, **{name: player.span for name, player in decl.players.items()}, **terms}
