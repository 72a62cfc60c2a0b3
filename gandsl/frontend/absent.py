"""Nodes that a condition leaves out are looked over too: no slip waits for the day it is switched on."""

from __future__ import annotations

from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend import callee
from gandsl.frontend.arguments import Use, arguments_of, refuse_unknown
from gandsl.frontend.context import Context
from gandsl.frontend.mentions import expressions_of, names_of
from gandsl.frontend.unfolder import Unfolder
from gandsl.spec import tree as trees
from gandsl.spec.tree import Scalar
from gandsl.spec.values import ABSENT


def look_over(unfolder: Unfolder, tree: trees.Mapping, context: Context) -> None:
    """Report names of ops, blocks, arguments and values that do not exist, and what is no expression."""
    literal: set[str] = set()  # arguments that are names of something else than a value
    if "op" in tree.entries:
        op = callee.op_of(unfolder, tree, context)
        if op is None:
            return
        names = [port.name for port in op[0].ports] + [param.name for param in op[0].params]
        use = Use("", context, op[1], arguments_of(tree, "op", context), ABSENT)
        refuse_unknown(unfolder, use, names, f"`{op[0].name}`", "port or parameter")
    elif "block" in tree.entries or "topology" in tree.entries:
        block = callee.block_of(unfolder, tree, context)
        if block is None or block[0].broken:
            return
        form = "topology" if "topology" in tree.entries else "block"
        names = [*block[0].ports, *block[0].params, *block[0].slots]
        use = Use("", context, block[1], arguments_of(tree, form, context), ABSENT)
        refuse_unknown(unfolder, use, names, f"block `{block[0].name}`", "port, parameter or slot")
        params = block[0].params.values()
        literal = {*block[0].slots, *(param.name for param in params if param.type in ("enum", "str"))}
    wanted = {key: entry for key, entry in tree.entries.items() if key not in literal}
    for scalar in expressions_of(trees.Mapping(wanted, tree.span)):
        if unfolder.readable(scalar, context):
            _names(unfolder, scalar, context)


def _names(unfolder: Unfolder, scalar: Scalar, context: Context) -> None:
    for name, span in names_of(scalar):
        if name not in context.scope:
            help = did_you_mean(name, context.scope.names())
            unfolder.report(context, "G0102", f"unknown name `{name}`", span, help=help)
