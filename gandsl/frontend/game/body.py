"""Bodies of a game, and of the blocks in it: the forms of a network's node, and those of a game."""

from __future__ import annotations

from typing import Any

from gandsl.frontend.context import Context
from gandsl.frontend.game.call import unfold_call
from gandsl.frontend.game.draw import unfold_draw
from gandsl.frontend.game.keys import refuse_others
from gandsl.frontend.game.moving import moving
from gandsl.frontend.game.op import unfold_op
from gandsl.frontend.game.slot import unfold_slot
from gandsl.frontend.game.state import unfold_state
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.nodes.body import NETWORK, Forms, walk
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry
from gandsl.spec.values import POISON


def unfold_game_body(
    unfolder: Unfolder, body: trees.Mapping, context: Context, above: Above
) -> tuple[Context, Any]:
    """Unfold every node of a body in a game: the context with their names, and the last present one."""
    return walk(unfolder, body, context, above, GAME)


def _value(unfolder: GameUnfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above) -> Any:
    """`{value: EXPRESSION}`, or a number that the clock changes: a curve, stairs."""
    if not refuse_others(unfolder, tree, ("value",), "a value", context):
        return POISON
    written = tree.entries["value"].value
    if not isinstance(written, trees.Mapping):
        return unfolder.own(entry.key, written, context)
    number = moving(unfolder, written, context, f"`{entry.key}`")
    if number is POISON:
        return POISON
    return unfolder.builder.source(entry.key, "clock", {"number": number}, context, written.span)


GAME: Forms = {
    **{form: unfold for form, unfold in NETWORK.items() if form != "reuse"},  # there are no weights
    "op": unfold_op,
    "slot": unfold_slot,
    "value": _value,
    "draw": unfold_draw,
    "state": unfold_state,
    "network": unfold_call,
}
"""What a node of a game may be."""
