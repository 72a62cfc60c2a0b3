"""What a game is beside its graph: players, turns, states, and what is logged, shown and watched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gandsl.frontend.builder import numbered
from gandsl.frontend.context import Context
from gandsl.frontend.game.logs import logged
from gandsl.frontend.game.player import sampled, turns, unfold_player
from gandsl.frontend.game.state import Moved, below, players_of, unfold_next
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import GameTensor
from gandsl.frontend.values import first_output, leaves
from gandsl.ir.graph import Node
from gandsl.ir.types import PICTURES
from gandsl.spec.document import GameDecl
from gandsl.spec.tree import Scalar
from gandsl.spec.values import ABSENT, POISON, type_name
from gandsl_runtime.plan.game import DataField, GamePlan, GamePool, GameState, Player, Term

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan


def unfold_plan(
    unfolder: GameUnfolder,
    decl: GameDecl,
    context: Context,
    plan: Plan | None,
    data: Mapping[str, DataField],
) -> GamePlan | None:
    """The plan of the game whose body and data have been unfolded; None after reporting."""
    found = {name: unfold_player(unfolder, one, context, plan) for name, one in decl.players.items()}
    players = {name: player for name, player in found.items() if player is not None}
    moved = [unfold_next(unfolder, state) for state in unfolder.waiting]
    logs = _logs(unfolder, decl, context)
    shows = _shows(unfolder, decl, context)
    watches, boundary = _watches(unfolder, decl, context), _boundary(unfolder, decl, context)
    if len(players) < len(found) or None in moved or None in (logs, shows, watches) or boundary is POISON:
        return None
    order = turns(unfolder, decl, players, context)
    if order is None:
        return None
    nodes = unfolder.builder.nodes
    players = {name: _told(player, nodes) for name, player in players.items()}
    states = _states(unfolder, [one for one in moved if one is not None], players)
    if states is None or logs is None or shows is None or watches is None:
        return None
    return GamePlan(
        players,
        order,
        states,
        "step" if decl.fresh == "step" else "phase",
        logs,
        shows,
        watches,
        data,
        _pools(nodes),
        boundary,
    )


def _pools(nodes: Mapping[str, Node]) -> tuple[GamePool, ...]:
    """What is kept for the nodes that replay."""
    found = []
    for node in nodes.values():
        if node.op == "replay":
            kept, (x,) = nodes[node.inputs["pooled"][0]], node.inputs["x"]
            found.append(GamePool(node.id, x, kept.attrs["size"], tuple(kept.attrs["shape"])))
    return tuple(found)


def _told(player: Player, nodes: Mapping[str, Node]) -> Player:
    return replace(player, terms=tuple(sampled(term, nodes) for term in player.terms))


def _states(
    unfolder: GameUnfolder, moved: list[Moved], players: Mapping[str, Player]
) -> tuple[GameState, ...] | None:
    nodes = unfolder.builder.nodes
    computing = {name: below(nodes, _ends(player.terms)) for name, player in players.items()}
    found: list[GameState] = []
    for state in moved:
        hearing = players_of(unfolder, state, computing)
        if hearing is None:
            return None
        of = state.of
        found.append(GameState(of.id, state.next, state.heard, hearing, of.start, of.every, of.moved))
    return tuple(found)


def _ends(terms: tuple[Term, ...]) -> list[str]:
    """The nodes that terms name."""
    return [id_ for term in terms for id_ in (term.node, term.weight) if isinstance(id_, str)]


def _logs(unfolder: GameUnfolder, decl: GameDecl, context: Context) -> dict[str, str] | None:
    inside = context.inside("logs", "logs", decl.span)
    found, nodes = {}, set[str]()
    for name, tree in decl.logs.items():
        node = re.sub(r"\W", "_", name)
        while node in nodes:  # `a/b` and `a_b`
            node += "_"
        nodes.add(node)
        found[name] = logged(unfolder, name, node, tree, inside, tree.span)
    return None if POISON in found.values() else found


def _shows(unfolder: GameUnfolder, decl: GameDecl, context: Context) -> tuple[str, ...] | None:
    found: list[str] = []
    fine = True
    for place, tree in enumerate(decl.shows):
        value = _tensors(unfolder, f"show{place or ''}", tree, context)
        fine = fine and value is not None
        for tensor in (value or [])[-1:]:  # of the sizes of one image the last
            if tensor.type.sides:
                found.append(tensor.id)
                continue
            message = f"what is shown is an image, not {tensor.kind_name}"
            unfolder.at(context, tree).add("G0355", message, tree.span)
            fine = False
    return tuple(found) if fine else None


def _watches(unfolder: GameUnfolder, decl: GameDecl, context: Context) -> dict[str, str] | None:
    found: dict[str, str] = {}
    fine = True
    for name, tree in decl.watches.items():
        if name == _BOUNDARY:
            continue
        value = _tensors(unfolder, f"watch_{name}", tree, context)
        fine = fine and value is not None
        for tensor in value or []:
            if _watched(name, tensor):
                continue
            wanted = "an image" if name in _IMAGES else "what a network says of each sample"
            message = f"`{name}` of `watches` is {wanted}, not {tensor.kind_name}"
            unfolder.at(context, tree).add("G0355", message, tree.span)
            fine = False
        found |= {numbered(name, place): tensor.id for place, tensor in enumerate(value or [])}
    return found if fine else None


_IMAGES = ("samples", "items")  # of what is watched
_BOUNDARY = "boundary"  # a number beside what is watched


def _boundary(unfolder: GameUnfolder, decl: GameDecl, context: Context) -> Any:
    """The logit that divides real from generated; None where none does, POISON after reporting."""
    tree = decl.watches.get(_BOUNDARY)
    value = ABSENT if tree is None else first_output(unfolder.evaluate(tree, context))
    if value is ABSENT or value is POISON:
        return None if value is ABSENT else POISON
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    assert tree is not None
    message = f"`{_BOUNDARY}` of `watches` is a number, or absent, not {type_name(value)}"
    unfolder.at(context, tree).add("G0355", message, tree.span)
    return POISON


def _watched(name: str, tensor: GameTensor) -> bool:
    """Whether the guard can look at a tensor under this name."""
    if name in _IMAGES:
        return bool(tensor.type.sides)
    return tensor.type.sampled and tensor.type.kind not in (*PICTURES, "Label")


def _tensors(unfolder: GameUnfolder, name: str, tree: Scalar, context: Context) -> list[Any] | None:
    """The tensors that a text names, [] where it is absent; None after reporting."""
    with unfolder.builder.unfolding(context.at(name)):
        value = first_output(unfolder.own(name, tree, context))
    if value is POISON:
        return None
    found = [first_output(one) for one in leaves(value)]
    if all(isinstance(one, GameTensor) or one is ABSENT for one in found):
        return [one for one in found if one is not ABSENT]
    wrong = next(one for one in found if not isinstance(one, GameTensor))
    unfolder.at(context, tree).add("G0355", f"a tensor is wanted here, not {type_name(wrong)}", tree.span)
    return None
