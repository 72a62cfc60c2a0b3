"""Bodies: named nodes in order, each one of the forms of a node; by default it reads the tensor above."""

from __future__ import annotations

import keyword
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context
from gandsl.frontend.nodes import lookup
from gandsl.frontend.nodes.arguments import COMMON, Argument, Use, arguments_of
from gandsl.frontend.nodes.block import call_block
from gandsl.frontend.nodes.defaults import make_defaults
from gandsl.frontend.nodes.fold import unfold_fold
from gandsl.frontend.nodes.left_out import check_left_out
from gandsl.frontend.nodes.op import call_op
from gandsl.frontend.nodes.reuse import make, unfold_reuse
from gandsl.frontend.nodes.slot import call_slot
from gandsl.frontend.references import expressions_of, names_of
from gandsl.frontend.reporting import reasons
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above, flows
from gandsl.spec import tree as trees
from gandsl.spec.scope import Scope
from gandsl.spec.tree import Entry
from gandsl.spec.values import ABSENT, POISON

Form = Callable[[Any, Entry, trees.Mapping, Context, Above], Any]
"""Of a node: `op`, `block`, …; given the unfolder, the node, where it stands, and what is above it."""


Forms = Mapping[str, Form]
"""What the nodes of a body may be, by the key that says so."""


def unfold_body(
    unfolder: Unfolder, body: trees.Mapping, context: Context, above: Above
) -> tuple[Context, Any]:
    """Unfold every node of a network's body. Returns the context with their names, and the last present."""
    return walk(unfolder, body, context, above, NETWORK)


def walk(
    unfolder: Unfolder, body: trees.Mapping, context: Context, above: Above, forms: Forms
) -> tuple[Context, Any]:
    """Unfold every node of a body: the context with their names in sight, and the last present node."""
    names = Scope(context.scope)
    inside = replace(context, scope=names, absent=dict(context.absent), made=dict(context.made))
    values = inside.scope.values
    last = above.value
    forward = _forward(unfolder, body)
    for entry in body:
        _refuse_no_name(unfolder, entry, inside)
        outer = inside.made.get(entry.key)
        if entry.key in forward and _reads_below(unfolder, entry, forward[entry.key], inside):
            value: Any = POISON
        else:
            with unfolder.unfolding(entry, inside):
                value = unfold_node(unfolder, entry, inside, above, forms)
        values[entry.key] = value
        if inside.made.get(entry.key) is outer:
            inside.made.pop(entry.key, None)  # another node's, of the same name
        if value is ABSENT:
            inside.absent[entry.key] = _reason(entry, inside)
            continue
        inside.absent.pop(entry.key, None)
        last = value
        if flows(value):
            above = Above(value, entry.key, entry.key_span)
    return inside, last


def _refuse_no_name(unfolder: Unfolder, entry: Entry, context: Context) -> None:
    """Report a node whose name is no identifier."""
    name = entry.key
    if not name.isidentifier() or not name.isascii() or name.startswith("_") or keyword.iskeyword(name):
        unfolder.at(context).add(
            "G0011",
            f"`{name}` is not a name for a node",
            entry.key_span,
            help="letters, digits and _, beginning with a letter; no Python keyword",
        )


def _reason(entry: Entry, context: Context) -> Label:
    """Where and why a node is absent: its condition, or what it reads."""
    tree = entry.value
    conditions = [tree.get(key) for key in ("when", "unless")] if isinstance(tree, trees.Mapping) else []
    for condition in conditions:
        if condition is not None and not trees.is_null(condition):
            return Label(condition.span, f"`{entry.key}` is left out by this")
    read = [reason for scalar in expressions_of(tree) for reason in reasons(scalar, context)]
    return read[0] if read else Label(entry.key_span, f"`{entry.key}` is absent here")


def _forward(unfolder: Unfolder, body: trees.Mapping) -> dict[str, list[tuple[Span, Entry]]]:
    """As `_forward_reads`, which of a block that is used again is the same."""
    known = unfolder.tally.forward
    if id(body) not in known:
        known[id(body)] = (body, _forward_reads(body))  # held, so that no other body gets its id
    return known[id(body)][1]


def _forward_reads(body: trees.Mapping) -> dict[str, list[tuple[Span, Entry]]]:
    """Node → the places where it names itself or a node below it, and those nodes."""
    found: dict[str, list[tuple[Span, Entry]]] = {}
    below = dict(body.entries)
    for entry in body:
        for scalar in expressions_of(entry.value):
            for name, span in names_of(scalar):
                if name in below:
                    found.setdefault(entry.key, []).append((span, below[name]))
        del below[entry.key]
    return found


def _reads_below(
    unfolder: Unfolder, entry: Entry, places: list[tuple[Span, Entry]], context: Context
) -> bool:
    """Report names that can only mean this node itself or one further down."""
    unknown = [(span, other) for span, other in places if other.key not in context.scope]
    for span, other in unknown:
        itself = other is entry
        unfolder.at(context).add(
            "G0306",
            f"`{entry.key}` reads itself"
            if itself
            else f"`{entry.key}` reads `{other.key}`, which stands below it",
            span,
            secondary=() if itself else [Label(other.key_span, "defined here")],
            help="a network has no cycles" if itself else f"move `{other.key}` above `{entry.key}`",
        )
    return bool(unknown)


def unfold_node(unfolder: Unfolder, entry: Entry, context: Context, above: Above, forms: Forms) -> Any:
    """The value of one node: a tensor, outputs of a block, any value, ABSENT; POISON after reporting."""
    tree = entry.value
    unfolder.tally.count()
    if trees.is_null(tree):
        help = f"a node has one of {', '.join(forms)}"
        unfolder.at(context).add("G0013", f"`{entry.key}` is empty", tree.span, help=help)
        return POISON
    if isinstance(tree, trees.Sequence) and any(isinstance(item, trees.Mapping) for item in tree.items):
        message = f"`{entry.key}` is a list of nodes, and a node has a name of its own"
        help = "write them below each other: each reads the one above; a block makes one node of them"
        unfolder.at(context).add("G0313", message, tree.span, help=help)
        return POISON
    if not isinstance(tree, trees.Mapping):
        return unfolder.own(entry.key, tree, context)
    written = [form for form in forms if form in tree.entries]
    if len(written) != 1:
        _report_form(unfolder, entry, written, context, forms)
        return POISON
    wanted = unfolder.condition(tree.get("when"), context, True)
    unwanted = unfolder.condition(tree.get("unless"), context, False)
    if wanted is POISON or unwanted is POISON:
        return POISON
    if not wanted or unwanted:
        check_left_out(unfolder, tree, context)
        return ABSENT
    return forms[written[0]](unfolder, entry, tree, context, above)


def _report_form(
    unfolder: Unfolder, entry: Entry, written: list[str], context: Context, forms: Forms
) -> None:
    assert isinstance(entry.value, trees.Mapping)
    if written:
        second = entry.value.entries[written[1]]
        unfolder.at(context).add(
            "G0313",
            f"`{entry.key}` has both `{written[0]}` and `{written[1]}`",
            second.key_span,
            help="keep one of them",
        )
        return
    for key in entry.value.entries.values():
        of_games = _OF_GAMES.get(key.key) if forms is NETWORK else None
        if hint := of_games or did_you_mean(key.key, forms):
            unfolder.at(context).add(
                "G0313", f"`{entry.key}` has no op, block, slot or fold", key.key_span, help=hint
            )
            return
    unfolder.at(context).add(
        "G0313",
        f"`{entry.key}` has no op, block, slot or fold",
        entry.key_span,
        help=f"a node has one of {', '.join(forms)}",
    )


# forms of node that games alone have → what networks have in their place
_OF_GAMES = {
    "network": "a network calls no other: calls stand under `game:`; a block serves several networks",
    "draw": 'what is drawn is an input of the network, `{type: "Latent[n]", distribution: …}`, or noise',
    "state": "states stand under `game:`, and are given to a network by an input",
}


def _value(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above) -> Any:
    unknown = [other for other in tree if other.key not in COMMON and other.key != "value"]
    for other in unknown:
        unfolder.at(context).add("G0205", f"a value takes no `{other.key}`", other.key_span)
    if unknown:
        return POISON
    return unfolder.own(entry.key, tree.entries["value"].value, context)


def _op(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above) -> Any:
    named = lookup.op_of(unfolder, tree, context)
    if named is None:
        return POISON
    op, span = named
    use = Use(entry.key, context, span, arguments_of(tree, "op", context), above, context.blocks)
    return make([port.name for port in op.ports], use, context, lambda use: call_op(unfolder, op, use))


def _block(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above) -> Any:
    named = lookup.block_of(unfolder, tree, context)
    if named is None:
        return POISON
    block, span = named
    form = "topology" if "topology" in tree.entries else "block"
    use = _nested(unfolder, entry, tree, span, arguments_of(tree, form, context), context, above)
    return make(block.ports, use, context, lambda use: call_block(unfolder, block, use))


def _slot(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above) -> Any:
    name = lookup.name_of(unfolder, tree, "slot", context)
    if name is None:
        return POISON
    arguments = arguments_of(tree, "slot", context)
    use = _nested(unfolder, entry, tree, name.span, arguments, context, above)
    block = context.blocks[-1] if context.blocks else None
    slot = block.slots.get(name.text) if block else None
    interface = unfolder.library.interface(slot.type, block.home) if block and slot else None
    ports = interface.ports if interface else ()
    return make(ports, use, context, lambda use: call_slot(unfolder, name.text, name.span, use))


def _nested(
    unfolder: Unfolder,
    entry: Entry,
    tree: trees.Mapping,
    span: Span,
    arguments: Mapping[str, Argument],
    context: Context,
    above: Above,
) -> Use:
    inline = unfolder.condition(tree.get("inline"), context, False) is True
    defaults = make_defaults(unfolder, tree.get("defaults"), context)
    inside = replace(context, defaults=defaults)
    return Use(entry.key, inside, span, arguments, above, context.blocks, inline)


def _fold(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above) -> Any:
    defaults = make_defaults(unfolder, tree.get("defaults"), context)
    return unfold_fold(unfolder, entry, tree, replace(context, defaults=defaults), above)


NETWORK: Forms = {
    "op": _op,
    "block": _block,
    "topology": _block,
    "slot": _slot,
    "fold": _fold,
    "value": _value,
    "reuse": unfold_reuse,
}
"""What a node of a network may be."""
