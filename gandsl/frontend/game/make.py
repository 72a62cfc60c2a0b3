"""A game unfolded: its graph at each variant, and its plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from gandsl.frontend.builder import TooManyNodes
from gandsl.frontend.context import Context
from gandsl.frontend.game.fields import unfold_fields
from gandsl.frontend.game.plan import unfold_plan
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import PartValue
from gandsl.frontend.reporting import Enough
from gandsl.frontend.values import Above
from gandsl.ir.game import GAME, GameIR
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.records import dataclass
from gandsl.spec.document import DataDecl, Document, GameDecl
from gandsl.spec.scope import Scope
from gandsl.spec.values import POISON, Poison

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
        data = unfold_fields(unfolder, declared.data, context)
        inside, _ = unfolder.body(decl.body, context, Above())
        plan = unfold_plan(unfolder, decl, inside, declared.plan, data or {})
    except TooManyNodes:
        unfolder.at(context).add("G0309", "the game unfolds to too many nodes", decl.span)
        raise Enough from None
    broken = [name for name, value in inside.scope.values.items() if value is POISON]
    if plan is None or broken or data is None:
        return None
    outputs = {term.id: term.node for player in plan.players.values() for term in player.terms}
    graph = Graph(GAME, unfolder.builder.nodes, outputs, dict.fromkeys(outputs, "Scalar"))
    graph.verify()
    return graph, plan


def _places(decl: GameDecl) -> dict[str, Any]:
    """Where players, terms, logs and nodes of the body are declared, by id."""
    terms = {
        f"{player.name}.{term.name}": term.span
        for player in decl.players.values()
        for term in player.terms.values()
    }
    nodes = {entry.key: entry.key_span for entry in decl.body}
    return {**nodes, **{name: player.span for name, player in decl.players.items()}, **terms}
