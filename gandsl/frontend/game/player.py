"""Players: which networks they train, when, and by which terms; and the turns in which they move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Label
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context
from gandsl.frontend.game.numbers import whole_of
from gandsl.frontend.game.state import below
from gandsl.frontend.game.term import unfold_term, while_of
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import PartValue
from gandsl.ir.graph import Node
from gandsl.spec.document import GameDecl, PlayerDecl
from gandsl.spec.tree import Mapping as MappingTree
from gandsl.spec.tree import Scalar
from gandsl.spec.values import POISON
from gandsl_runtime.plan.game import Player, Term

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan


def unfold_player(
    unfolder: GameUnfolder, decl: PlayerDecl, context: Context, plan: Plan | None
) -> Player | None:
    """The player with its terms; None after reporting."""
    unfolder.player = decl.name
    terms = [unfold_term(unfolder, decl.name, term, context, plan) for term in decl.terms.values()]
    unfolder.player = ""
    trained = [_trained(unfolder, written, context) for written in decl.trains]
    given = _numbers(unfolder, decl, context, plan)
    if None not in trained and not _once(unfolder, decl, context):
        return None
    if None in trained or POISON in given.values():
        return None
    return Player(
        decl.name,
        tuple(name for name in trained if name is not None),
        tuple(term for term in terms if term is not None),
        **given,
    )


def _trained(unfolder: GameUnfolder, written: Scalar, context: Context) -> str | None:
    """A network, or a part of one by its id; None after reporting."""
    name, _, path = written.text.partition(".")
    network = unfolder.networks.get(name)
    if network is None:
        help = did_you_mean(name, [*unfolder.networks], "networks are")
        unfolder.at(context).add("G0341", f"there is no network `{name}`", written.span, help=help)
        return None
    if isinstance(network, PartValue) and path and path not in network.ids:
        help = did_you_mean(path, sorted(network.ids))
        unfolder.at(context).add("G0341", f"`{name}` has no part `{path}`", written.span, help=help)
        return None
    return written.text


def _once(unfolder: GameUnfolder, decl: PlayerDecl, context: Context) -> bool:
    """Whether a player trains nothing twice, which would move it twice; reported if not."""
    for index, name in enumerate(decl.trains):
        for other in decl.trains[:index]:
            if _overlap(name.text, other.text):
                label = Label(other.span, f"`{other.text}`")
                message = f"`{decl.name}` trains `{name.text}` twice"
                unfolder.at(context).add("G0354", message, name.span, secondary=[label], help="name it once")
                return False
    return True


def _numbers(unfolder: GameUnfolder, decl: PlayerDecl, context: Context, plan: Plan | None) -> dict[str, Any]:
    of = f"of `{decl.name}`"
    found: dict[str, Any] = {}
    if decl.steps is not None:
        found["steps"] = whole_of(unfolder, decl.steps, context, f"`steps` {of}")
    found |= while_of(unfolder, decl.name, decl.start, decl.until, context, plan)
    if decl.optimizer is not None:
        found["optimizer"] = _optimizer(unfolder, decl.optimizer, context)
    return found


def _optimizer(unfolder: GameUnfolder, tree: MappingTree, context: Context) -> Any:
    from gandsl.frontend.plan.make import make_part
    from gandsl_runtime.plan import OPTIMIZERS

    kind = tree.get("kind")
    name = kind.text if isinstance(kind, Scalar) else "adam"
    if kind is not None and name not in OPTIMIZERS:
        help = did_you_mean(name, OPTIMIZERS)
        unfolder.at(context).add("G0602", f"there is no optimizer `{name}`", kind.span, help=help)
        return POISON
    return make_part(unfolder, tree, context, OPTIMIZERS[name])


def turns(
    unfolder: GameUnfolder, decl: GameDecl, players: Mapping[str, Player], context: Context
) -> tuple[tuple[str, ...], ...] | None:
    """The turns of a step, by players' names; None after reporting."""
    if decl.order is None:
        return tuple((name,) for name in players)
    fine = True
    for turn in decl.order:
        moving = [players[name.text] for name in turn if name.text in players]
        if len(moving) > 1:
            fine = all([_alone(unfolder, decl, player, context) for player in moving]) and fine
            fine = _apart(unfolder, decl, moving, context) and fine
    found = tuple(tuple(name.text for name in turn if name.text in players) for turn in decl.order)
    return tuple(turn for turn in found if turn) if fine else None


def _alone(unfolder: GameUnfolder, decl: GameDecl, player: Player, context: Context) -> bool:
    if player.steps == 1:
        return True
    steps = decl.players[player.name].steps
    message = f"`{player.name}` moves with others in one turn, so its `steps` are 1, not {player.steps}"
    place = steps.span if steps else decl.players[player.name].span
    unfolder.at(context).add("G0354", message, place, help="give it a turn of its own in `order`")
    return False


def _apart(unfolder: GameUnfolder, decl: GameDecl, moving: list[Player], context: Context) -> bool:
    """Whether players of one turn train different weights; reported if not."""
    for index, player in enumerate(moving):
        for other in moving[:index]:
            for mine in player.trains:
                shared = next((theirs for theirs in other.trains if _overlap(mine, theirs)), None)
                if shared is not None:
                    _report_shared(unfolder, decl, player, other, mine, context)
                    return False
    return True


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _report_shared(
    unfolder: GameUnfolder, decl: GameDecl, player: Player, other: Player, name: str, context: Context
) -> None:
    place = next(one.span for one in decl.players[player.name].trains if one.text == name)
    unfolder.at(context).add(
        "G0354",
        f"`{player.name}` and `{other.name}` move in one turn, and both train `{name}`",
        place,
        secondary=[Label(decl.players[other.name].span, "the other player")],
        help="give each a turn of its own in `order`",
    )


def sampled(term: Term, nodes: Mapping[str, Node]) -> Term:
    """The term, told whether it, or its weight, depends on any sample."""
    ends = [term.node, *([term.weight] if isinstance(term.weight, str) else [])]
    return replace(term, sampled=any(nodes[one].type.sampled for one in below(nodes, ends)))
