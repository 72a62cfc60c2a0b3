"""Ops in a game's body: those of games, and those of networks that keep nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gandsl.frontend.builder import numbered
from gandsl.frontend.context import Context
from gandsl.frontend.game.numbers import number_of, pipe_of, whole_of
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.game.values import GameTensor
from gandsl.frontend.nodes import lookup
from gandsl.frontend.nodes.arguments import Argument, Use, arguments_of, names_written, refuse_unknown
from gandsl.frontend.nodes.op import call_op
from gandsl.frontend.spelling import WRITTEN
from gandsl.frontend.values import Above, TensorValue, first_output, leaves
from gandsl.ir.op import Op
from gandsl.spec import tree as trees
from gandsl.spec.tree import Entry, Scalar
from gandsl.spec.values import POISON, Poison, type_name


def unfold_op(
    unfolder: GameUnfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above
) -> Any:
    """The node's tensor, or the list of those that it gives; POISON after reporting."""
    named = lookup.op_of(unfolder, tree, context)
    if named is None:
        return POISON
    op, span = named
    if op.layer is not None:  # of a package
        lookup.report_layer(unfolder, op.name, span, context)
        return POISON
    if op.name in WRITTEN:
        unfolder.at(context).add("G0346", f"`{op.name}` is written as {WRITTEN[op.name]}", span)
        return POISON
    use = Use(entry.key, context, span, arguments_of(tree, "op", context), above, context.blocks)
    if op.name in _PREPARED:
        use, failed = refuse_unknown(unfolder, use, names_written(op), f"`{op.name}`", "port or parameter")
        prepared = _PREPARED[op.name](unfolder, use)
        if failed or prepared is POISON:
            return POISON
        use = replace(use, arguments=prepared)
    called = _join(unfolder, op, use) if op.name == "join" else call_op(unfolder, op, use)
    return _parts(called) if op.name == "split" else called


def _parts(split: Any) -> Any:
    """Of a list, each part is a list again, as it was before it was joined."""
    if not isinstance(split, list) or not all(isinstance(parts, list) for parts in split):
        return split
    return [list(part) for part in zip(*split, strict=True)]


def _join(unfolder: GameUnfolder, op: Op, use: Use) -> Any:
    """Batches joined; of lists their entries, one by one."""
    written = use.arguments.get("terms")
    if written is None or not isinstance(written.tree, trees.Sequence):
        return call_op(unfolder, op, use)
    values = [first_output(unfolder.evaluate(part, written.context)) for part in written.tree.items]
    lengths = {len(value) for value in values if isinstance(value, list)}
    if not lengths or POISON in values:
        return call_op(unfolder, op, use)
    if len(lengths) > 1 or not all(isinstance(value, list) for value in values):
        message = "lists are joined with lists of as many entries"
        unfolder.at(use.context).add("G0330", message, written.tree.span)
        return POISON
    entries = zip(*values, strict=True)
    found = [
        call_op(
            unfolder,
            op,
            replace(
                use, name=numbered(use.name, place), arguments={"terms": _known(written, "terms", [*terms])}
            ),
        )
        for place, terms in enumerate(entries)
    ]
    return POISON if POISON in found else found


Arguments = Mapping[str, Argument]


def _split(unfolder: GameUnfolder, use: Use) -> Arguments | Poison:
    """`as: JOINED`: into as many parts, of as many batches each, as were joined."""
    arguments, context = use.arguments, use.context
    written = arguments.get("as")
    if written is None:
        return arguments
    value = unfolder.evaluate(written.tree, written.context)
    if value is POISON:
        return POISON
    found = next(leaves(first_output(value)), None)
    node = unfolder.builder.nodes[found.id] if isinstance(found, TensorValue) else None
    if node is None or node.op != "join":
        what = f"`{written.tree.text}`" if isinstance(written.tree, Scalar) else "this"
        message = f"`split` wants what was joined, and {what} is no `join`"
        unfolder.at(context).add(
            "G0347", message, written.tree.span, help="`as: JOINED`, a node with `op: join`"
        )
        return POISON
    times = [unfolder.builder.nodes[one].type.times for one in node.operands]
    others = {name: argument for name, argument in arguments.items() if name != "as"}
    return others | {"counts": _known(written, "counts", times)}


def _known(written: Argument, name: str, value: Any) -> Argument:
    """An argument whose value has been found."""
    inside = written.context.child({name: value})
    return Argument(Scalar(name, name, True, written.tree.span), inside, written.key_span)


def _augment(unfolder: GameUnfolder, use: Use) -> Arguments | Poison:
    """`p`: a number is the parameter `chance`, what changes is the port. `pipe`: as the plan has it."""
    found, context = dict(use.arguments), use.context
    if "pipe" in found:
        pipe = pipe_of(unfolder, found["pipe"].tree, found["pipe"].context)
        if pipe is POISON:
            return POISON
        found["pipe"] = _known(found["pipe"], "pipe", pipe)
    if (draws := found.get("draws")) and isinstance(draws.tree, Scalar):
        found["draws"] = _known(draws, "draws", draws.tree.text)  # an id, no expression
    if "p" in found:
        written = found.pop("p")
        value = number_of(unfolder, written.tree, written.context, "`p` of `augment`")
        if value is POISON:
            return POISON
        if value is None:
            unfolder.at(written.context).add("G0333", "`p` of `augment` is null", written.tree.span)
            return POISON
        if isinstance(value, int | float):
            return found | {"chance": written}
        if not isinstance(value, TensorValue):
            with unfolder.builder.reading(context, written.tree.span):
                value = unfolder.builder.make("clock", {}, number=value)
        found["p"] = _known(written, "p", value)
    return found


def _replay(unfolder: GameUnfolder, use: Use) -> Arguments | Poison:
    """`size`: how many samples are kept; what is kept for x's samples are sources of the game."""
    written, size = (use.arguments.get(name) for name in ("x", "size"))
    if written is None or size is None:
        missing = "x" if written is None else "size"
        unfolder.at(use.context).add("G0206", f"`replay` needs `{missing}`", use.span)
        return POISON
    x = first_output(unfolder.evaluate(written.tree, written.context))
    count = whole_of(unfolder, size.tree, size.context, "`size` of a pool")
    if x is POISON or count is POISON:
        return POISON
    if not isinstance(x, GameTensor) or x.type.times > 1 or not x.type.sampled or x.type.kind == "Label":
        message = f"`replay` keeps samples of one tensor, not {type_name(x)}"
        unfolder.at(written.context).add("G0650", message, written.tree.span)
        return POISON
    if x.type.sides and unfolder.grows:
        message = f"a pool keeps samples of one size, and those of {x.type} grow with the networks"
        unfolder.at(written.context).add("G0651", message, written.tree.span)
        return POISON
    id_, type_ = use.context.at(use.name), x.type
    attrs = {"kind": type_.kind, "shape": type_.shape, "of": id_, "size": count}
    found = {"x": _known(written, "x", x)}
    for port, instead in (("pooled", False), ("instead", True)):
        given = attrs | {"instead": instead}
        kept = unfolder.builder.source(f"{use.name}.{port}", "kept", given, use.context, use.span)
        if kept is POISON:
            return POISON
        found[port] = _known(written, port, kept)
    return found


_PREPARED = {"split": _split, "augment": _augment, "replay": _replay}
