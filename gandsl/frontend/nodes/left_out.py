"""Nodes that a condition leaves out are checked too, so that a slip is found before they are switched on."""

from __future__ import annotations

from collections.abc import Collection

from gandsl.diagnostics.suggest import did_you_mean
from gandsl.diagnostics.synonyms import instead
from gandsl.frontend.context import Context, Fill
from gandsl.frontend.nodes import lookup
from gandsl.frontend.nodes.arguments import Argument, Use, arguments_of, names_written, refuse_unknown
from gandsl.frontend.nodes.lookup import IDENTITY, candidates, make_fill, resolve
from gandsl.frontend.references import calls_of, expressions_of, names_of, scalars_of
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above
from gandsl.ir.op import Op
from gandsl.ir.ops import GAME_OPS
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl, SlotDecl
from gandsl.spec.tree import Scalar


def check_left_out(unfolder: Unfolder, tree: trees.Mapping, context: Context) -> None:
    """Report names in an absent node that do not exist, and texts that are no expressions."""
    form = next((form for form in ("op", "block", "topology") if form in tree.entries), None)
    literal: set[str] = set()
    if form is not None:
        named = (lookup.op_of if form == "op" else lookup.block_of)(unfolder, tree, context)
        if named is None:
            return
        target, span = named
        use = Use("", context, span, arguments_of(tree, form, context), Above())
        literal = _refuse_unknown(unfolder, target, use)
        if isinstance(target, BlockDecl):
            _fillings(unfolder, tree, target, context)
    wanted = {key: entry for key, entry in tree.entries.items() if key not in literal}
    _read(unfolder, expressions_of(trees.Mapping(wanted, tree.span)), context, ())


def _fillings(unfolder: Unfolder, tree: trees.Mapping, block: BlockDecl, context: Context) -> None:
    for name, slot in block.slots.items():
        written = tree.get(name)
        fill = make_fill(unfolder, written, context) if written is not None else None
        if fill is not None:
            filling_is_known(unfolder, fill, slot, block)


def filling_is_known(unfolder: Unfolder, fill: Fill, slot: SlotDecl, block: BlockDecl) -> bool:
    """Whether the name that fills a slot stands for something; reported if not, like slips in arguments."""
    seen = unfolder.tally.fillings
    for one in fill.row:
        if (key := (one.span, slot.type)) not in seen:
            seen[key] = _look_up(unfolder, one, slot, block)
    return all(seen[one.span, slot.type] for one in fill.row)


def _look_up(unfolder: Unfolder, fill: Fill, slot: SlotDecl, block: BlockDecl) -> bool:
    interface = unfolder.library.interface(slot.type, block.home)
    if fill.use == IDENTITY or interface is None:
        return True
    if unfolder.network(fill.use) is not None:
        return True  # its call says what is wrong with what it is given
    target = resolve(unfolder, fill.use, interface.namespace, fill.context)
    if target is None and lookup.import_is_missing(unfolder, fill.use, fill.span, fill.context):
        return False
    if target is None:
        what = f"block or op that fits a slot for {interface.name}, called"
        names = candidates(unfolder, interface.namespace, fill.context)
        help = instead(fill.use) or did_you_mean(fill.use, names)
        message = f"there is no {what} `{fill.use}`"
        if fill.use in GAME_OPS:
            message, help = lookup.of_games(fill.use)
        unfolder.at(fill.context).add("G0202", message, fill.span, help=help)
        return False
    if isinstance(target, BlockDecl) and target.broken:
        return True
    arguments = {
        name: Argument(tree, fill.context, key_span) for name, (key_span, tree) in fill.arguments.items()
    }
    literal = _refuse_unknown(unfolder, target, Use("", fill.context, fill.span, arguments, Above()))
    for name, (_, tree) in fill.arguments.items():
        if name not in literal:
            _read(unfolder, scalars_of(tree), fill.context, interface.gives)
    return True


def _refuse_unknown(unfolder: Unfolder, target: Op | BlockDecl, use: Use) -> set[str]:
    """Report arguments of no such name; returns those whose texts name choices or fillings, not values."""
    if isinstance(target, Op):
        refuse_unknown(unfolder, use, names_written(target), f"`{target.name}`", "port or parameter")
        return {param.name for param in target.params if param.type in ("enum", "str", "any")}
    names = [*target.ports, *target.params, *target.slots]
    refuse_unknown(unfolder, use, names, f"block `{target.name}`", "port, parameter or slot")
    choices = {name for name, param in target.params.items() if param.type in ("enum", "str")}
    return choices | set(target.slots)


def _read(unfolder: Unfolder, scalars: list[Scalar], context: Context, given: Collection[str]) -> None:
    """Report texts that are no expressions, and names that are neither in sight nor `given`."""
    for scalar in scalars:
        if not unfolder.readable(scalar, context):
            continue
        scope = context.scope
        for name, span in names_of(scalar):
            if name not in scope and name not in given:
                help = did_you_mean(name, [*scope.names(), *given])
                unfolder.at(context).add("G0102", f"unknown name `{name}`", span, help=help)
        for name, span in calls_of(scalar):
            if name not in scope and name not in given and name not in scope.builtins:
                help = did_you_mean(name, [*scope.names(), *given, *scope.builtins])
                unfolder.at(context).add("G0103", f"unknown function `{name}`", span, help=help)
