"""Slots in a game: a network may fill one, which is then called there."""

from __future__ import annotations

from typing import Any

from gandsl.frontend.context import Context, Fill
from gandsl.frontend.game.call import KEYS, CallTarget, call, options_of, program_of
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.nodes.arguments import Argument, arguments_of
from gandsl.frontend.nodes.body import NETWORK
from gandsl.frontend.values import Above
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry, Scalar
from gandsl.spec.values import POISON


def unfold_slot(
    unfolder: GameUnfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above
) -> Any:
    """What fills the slot, as in a network; of a network what its call gives. POISON after reporting."""
    named = tree.entries["slot"].value
    fill = context.slots.get(named.text) if isinstance(named, Scalar) else None
    if fill is None or fill.after or unfolder.network(fill.use) is None:
        return NETWORK["slot"](unfolder, entry, tree, context, above)
    program = program_of(unfolder, Scalar(fill.use, fill.use, True, fill.span), fill.context)
    if program is None:
        return POISON
    given = _inputs(program, arguments_of(tree, "slot", context), fill)
    written = {key: Entry(key, span, value) for key, (span, value) in fill.arguments.items() if key in KEYS}
    options = options_of(unfolder, trees.Mapping(written, fill.span), program, fill.context)
    return call(unfolder, entry.key, program, given, options, context, fill.span)


def _inputs(program: CallTarget, ports: dict[str, Argument], fill: Fill) -> dict[str, Argument]:
    """Tensors by input: a port of the slot that the network has not is its first input."""
    first = next(iter(program.inputs), None)
    found = {
        name if name in program.inputs or first is None else first: argument
        for name, argument in ports.items()
    }
    own = {
        name: Argument(tree, fill.context, span)
        for name, (span, tree) in fill.arguments.items()
        if name not in KEYS
    }
    return found | own
