"""Bodies: named nodes in order, each one of the forms of a node, threaded from one to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend import block_call, fold, op_call, slot_call
from gandsl.frontend.arguments import Argument, Use
from gandsl.frontend.context import Context
from gandsl.frontend.defaults import make_defaults
from gandsl.frontend.mentions import names_of
from gandsl.frontend.names import refuse_reserved
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Record, plain
from gandsl.ir.ops import OPS
from gandsl.spec import tree as trees
from gandsl.spec.evaluate import Scope
from gandsl.spec.tree import Entry, Scalar, Tree
from gandsl.spec.values import ABSENT, POISON

FORMS = ("op", "block", "topology", "slot", "fold", "value")
COMMON = {"when", "unless", "doc"}
NESTING = {"inline", "defaults"}  # of blocks, topologies and slots


def unfold_body(unfolder: Unfolder, body: trees.Mapping, context: Context, above: Any) -> tuple[Context, Any]:
    """Unfold every node. Returns the context with the nodes' names in sight, and the last present node."""
    inside = replace(context, scope=Scope(context.scope))
    values = inside.scope.values
    forward = _forward_reads(body)
    for entry in body:
        refuse_reserved(unfolder, entry, inside)
        if entry.key in forward and _reads_below(unfolder, entry, forward[entry.key], inside):
            value: Any = POISON
        else:
            value = unfold_node(unfolder, entry, inside, above)
        values[entry.key] = value
        if value is not ABSENT:
            above = value
    return inside, above


def _forward_reads(body: trees.Mapping) -> dict[str, list[tuple[Span, Entry]]]:
    """Node → the places where it names itself or a node below it, and those nodes."""
    found: dict[str, list[tuple[Span, Entry]]] = {}
    below = dict(body.entries)
    for entry in body:
        for scalar in _expressions(entry.value):
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
        unfolder.report(
            context,
            "G0306",
            f"`{entry.key}` reads itself"
            if itself
            else f"`{entry.key}` reads `{other.key}`, which stands below it",
            span,
            secondary=() if itself else ((other.key_span, "defined here"),),
            help="a network has no cycles" if itself else f"move `{other.key}` above `{entry.key}`",
        )
    return bool(unknown)


# keys of a node whose text is a name or a choice rather than an expression
_NAME_KEYS = {"op", "block", "topology", "slot", "use", "doc", "inline", "defaults"}


def _expressions(tree: Tree) -> list[Scalar]:
    """The scalars of a node that speak names of the body around it."""
    if isinstance(tree, Scalar):
        return [tree] if isinstance(tree.value, str) else []
    if isinstance(tree, trees.Sequence):
        return [scalar for item in tree.items for scalar in _expressions(item)]
    if "use" in tree.entries:
        return []  # a filled slot: its names may be handed in by the slot's user
    # a fold's inside has names of its own, an op's enum parameters hold names of choices
    keep = {"fold", "carry", "when", "unless"} if "fold" in tree.entries else set(tree.entries) - _NAME_KEYS
    op = tree.get("op")
    if isinstance(op, Scalar) and (known := OPS.get(op.text)):
        keep -= {param.name for param in known.params if param.type in ("enum", "str")}
    return [scalar for entry in tree if entry.key in keep for scalar in _expressions(entry.value)]


def unfold_node(unfolder: Unfolder, entry: Entry, context: Context, above: Any) -> Any:
    """The value of one node: a Tensor, a Record, any value, ABSENT, or POISON after reporting."""
    tree = entry.value
    unfolder.builder.count_use()
    if trees.is_null(tree):
        help = f"a node has one of {', '.join(FORMS)}"
        unfolder.report(context, "G0013", f"`{entry.key}` is empty", tree.span, help=help)
        return POISON
    if not isinstance(tree, trees.Mapping):
        return unfolder.evaluate(tree, context)
    forms = [form for form in FORMS if form in tree.entries]
    if len(forms) != 1:
        _report_form(unfolder, entry, forms, context)
        return POISON
    wanted = unfolder.condition(tree.get("when"), context, True)
    unwanted = unfolder.condition(tree.get("unless"), context, False)
    if wanted is POISON or unwanted is POISON:
        return POISON
    if not wanted or unwanted:
        return ABSENT
    return _UNFOLD[forms[0]](unfolder, entry, tree, context, above)


def _report_form(unfolder: Unfolder, entry: Entry, forms: list[str], context: Context) -> None:
    assert isinstance(entry.value, trees.Mapping)
    if forms:
        second = entry.value.entries[forms[1]]
        unfolder.report(
            context,
            "G0313",
            f"`{entry.key}` has both `{forms[0]}` and `{forms[1]}`",
            second.key_span,
            help="keep one of them",
        )
        return
    for key in entry.value.entries.values():
        if hint := did_you_mean(key.key, FORMS):
            unfolder.report(
                context, "G0313", f"`{entry.key}` has no op, block, slot or fold", key.key_span, help=hint
            )
            return
    unfolder.report(
        context,
        "G0313",
        f"`{entry.key}` has no op, block, slot or fold",
        entry.key_span,
        help=f"a node has one of {', '.join(FORMS)}",
    )


def _value(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Any) -> Any:
    unknown = [other for other in tree if other.key not in COMMON and other.key != "value"]
    for other in unknown:
        unfolder.report(context, "G0205", f"a value takes no `{other.key}`", other.key_span)
    if unknown:
        return POISON
    return unfolder.evaluate(tree.entries["value"].value, context)


def _op(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Any) -> Any:
    name = _name(unfolder, tree, "op", context)
    if name is None:
        return POISON
    op = OPS.get(name.text) if name.text != "input" else None
    if op is None:
        names = [known for known in OPS if known != "input"]
        block = unfolder.library.block(name.text, context.home)
        if block is not None:
            unfolder.report(
                context,
                "G0201",
                f"`{name.text}` is a block, not an op",
                name.span,
                help=f"write `block: {name.text}`",
            )
        else:
            unfolder.report.unknown(context, "G0201", "op", name.text, name.span, names)
        return POISON
    arguments = _arguments(tree, "op", context, COMMON)
    return op_call.call_op(unfolder, op, Use(entry.key, context, name.span, arguments, above, context.blocks))


def _block(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Any) -> Any:
    form = "topology" if "topology" in tree.entries else "block"
    name = _name(unfolder, tree, form, context)
    if name is None:
        return POISON
    block = unfolder.library.block(name.text, context.home)
    if block is None and form == "topology":
        block = unfolder.library.block(f"topology.{name.text}", context.home)
    if block is None:
        names = unfolder.library.candidates(context.home)
        if form == "topology":
            names = [known.removeprefix("topology.") for known in names if known.startswith("topology.")]
        hint = f"write `op: {name.text}`" if name.text in OPS else did_you_mean(name.text, names)
        unfolder.report(context, "G0202", f"there is no {form} `{name.text}`", name.span, help=hint)
        return POISON
    arguments = _arguments(tree, form, context, COMMON | NESTING)
    return block_call.call_block(
        unfolder, block, _nested(unfolder, entry, tree, name.span, arguments, context, above)
    )


def _slot(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Any) -> Any:
    name = _name(unfolder, tree, "slot", context)
    if name is None:
        return POISON
    arguments = _arguments(tree, "slot", context, COMMON | NESTING)
    use = _nested(unfolder, entry, tree, name.span, arguments, context, above)
    return slot_call.call_slot(unfolder, name.text, name.span, use)


def _nested(
    unfolder: Unfolder,
    entry: Entry,
    tree: trees.Mapping,
    span: Span,
    arguments: Mapping[str, Argument],
    context: Context,
    above: Any,
) -> Use:
    inline = unfolder.condition(tree.get("inline"), context, False) is True
    defaults = make_defaults(unfolder, tree.get("defaults"), context)
    inside = replace(context, defaults=defaults)
    return Use(entry.key, inside, span, arguments, above, context.blocks, inline)


def _fold(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Any) -> Any:
    defaults = make_defaults(unfolder, tree.get("defaults"), context)
    return fold.unfold_fold(unfolder, entry, tree, replace(context, defaults=defaults), above)


_UNFOLD = {"op": _op, "block": _block, "topology": _block, "slot": _slot, "fold": _fold, "value": _value}


def _name(unfolder: Unfolder, tree: trees.Mapping, form: str, context: Context) -> Scalar | None:
    value = tree.entries[form].value
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value
    unfolder.report(context, "G0010", f"`{form}` is given a name", value.span)
    return None


def _arguments(tree: trees.Mapping, form: str, context: Context, reserved: set[str]) -> dict[str, Argument]:
    return {
        entry.key: Argument(entry.value, context, entry.key_span)
        for entry in tree
        if entry.key != form and entry.key not in reserved
    }


def unfold_outputs(
    unfolder: Unfolder,
    body: trees.Mapping,
    outputs: Mapping[str, Scalar],
    context: Context,
    above: Any,
    where: str,
    span: Span,
) -> Any:
    """Unfold a block's body and make the record of its outputs."""
    inside, last = unfold_body(unfolder, body, context, above)
    if not outputs:
        values = {"x": plain(last)}
    else:
        values = {name: plain(unfolder.evaluate(tree, inside)) for name, tree in outputs.items()}
    first = next(iter(values.values()))
    if first is ABSENT:
        place = next(iter(outputs.values())).span if outputs else span
        unfolder.report(context, "G0310", f"the output of {where} is absent", place)
        return POISON
    if all(value is POISON for value in values.values()):
        return POISON
    return Record(values)
