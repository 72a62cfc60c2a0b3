"""Nodes made a second time, with the weights of the first: `{reuse: conv0, x: other}`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Again, Context
from gandsl.frontend.nodes import lookup
from gandsl.frontend.nodes.arguments import Argument, Use, arguments_of, refuse_unknown
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above
from gandsl.records import dataclass
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry, Scalar
from gandsl.spec.values import ABSENT, POISON


@dataclass(frozen=True)
class Reusable:
    """How a node of an op, a block or a slot came about. `ports`: what a second use is given anew."""

    ports: tuple[str, ...]
    use: Use
    call: Callable[[Use], Any]


def make(ports: Iterable[str], use: Use, context: Context, call: Callable[[Use], Any]) -> Any:
    """The value of a node, which can be used again in `context` and below."""
    context.made[use.name] = Reusable(tuple(ports), use, call)
    return call(use)


def unfold_reuse(
    unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above
) -> Any:
    """What a node above gives for other inputs: its parameters, its fillings and its layers are the same."""
    named = lookup.name_of(unfolder, tree, "reuse", context)
    first = None if named is None else _first(unfolder, entry.key, named, context)
    if named is None or first is None:
        return POISON
    given = Use(entry.key, context, named.span, arguments_of(tree, "reuse", context), above)
    where = f"what uses `{named.text}` again"
    given, failed = refuse_unknown(unfolder, given, list(first.ports), where, "input")
    if failed:
        return POISON
    of = first.use
    kept = {name: argument for name, argument in of.arguments.items() if name not in first.ports}
    first_id = of.context.path if of.inline else of.context.at(of.name, module=True)
    again = Again(context.at(entry.key, module=True), first_id)
    inside = replace(
        context, defaults=of.context.defaults, slots=of.context.slots, blocks=of.context.blocks, again=again
    )
    arguments: dict[str, Argument] = kept | dict(given.arguments)
    use = replace(
        of, name=entry.key, context=inside, span=named.span, arguments=arguments, above=above, inline=False
    )
    return make(first.ports, use, context, first.call)


def _first(unfolder: Unfolder, name: str, named: Scalar, context: Context) -> Reusable | None:
    """The node that is used again; None after reporting, or where that failed itself."""
    told = named.text
    value = context.scope.lookup(told) if told in context.scope else None
    if value is POISON:
        return None
    if value is not ABSENT and told in context.made:
        return context.made[told]
    label = context.absent.get(told)
    if value is ABSENT:
        message, help = f"`{told}` is absent here: `{name}` has nothing to use again", None
    elif "." in told:
        message = f"`{told}` is inside a block, which is not seen from outside"
        help = f"`{told.partition('.')[0]}` can be used again as a whole"
    elif told in context.scope:
        message = f"`{told}` is no op, block or slot of this body, so that it could be used again"
        help = "what repeats is a block: `reuse` names the node that it was used at first"
    else:
        message, help = f"there is no node `{told}` above `{name}`", did_you_mean(told, context.made)
    secondary = [label] if label and value is ABSENT else []
    unfolder.at(context).add("G0230", message, named.span, secondary=secondary, help=help)
    return None
