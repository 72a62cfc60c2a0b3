"""`defaults:` of a network or a node, checked against the op table."""

from __future__ import annotations

from typing import Any

from gandsl.diagnostics import Span
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context, Defaults
from gandsl.frontend.nodes.lookup import of_games
from gandsl.frontend.nodes.packages import find_op
from gandsl.frontend.unfolder import Unfolder
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.ops.weights import BIAS_PARAMS, WEIGHT_PARAMS
from gandsl.spec import tree as trees
from gandsl.spec.tree import Tree
from gandsl.spec.values import POISON


def make_defaults(unfolder: Unfolder, tree: Tree | None, context: Context) -> Defaults | None:
    """`defaults:` of a network or a node, checked against the op table."""
    if tree is None:
        return context.defaults
    values: dict[str, dict[str, Any]] = {}
    places: dict[tuple[str, str], Span] = {}
    if not isinstance(tree, trees.Mapping):
        unfolder.at(context).add("G0010", "`defaults` maps ops to their parameters", tree.span)
        return context.defaults
    for entry in tree:
        op = find_op(unfolder, entry.key, context.home)
        if op is None and entry.key != "weighted":
            message = f"there is no op `{entry.key}`"
            help = did_you_mean(entry.key, [*OPS, "weighted"])
            if entry.key in GAME_OPS:
                message, help = of_games(entry.key)
            unfolder.at(context).add("G0201", message, entry.key_span, help=help)
            continue
        if not isinstance(entry.value, trees.Mapping):
            unfolder.at(context).add(
                "G0010", f"the defaults of `{entry.key}` map parameters to values", entry.value.span
            )
            continue
        params = {param.name: param for param in (op.params if op else (*WEIGHT_PARAMS, *BIAS_PARAMS))}
        for setting in entry.value:
            param = params.get(setting.key)
            if param is None:
                message = f"there is no parameter of `{entry.key}`, `{setting.key}`"
                help = did_you_mean(setting.key, params)
                unfolder.at(context).add("G0205", message, setting.key_span, help=help)
                continue
            value = unfolder.parameter(param, setting.value, context, f"`{entry.key}`")
            if value is not POISON:
                values.setdefault(entry.key, {})[setting.key] = value
                places[entry.key, setting.key] = setting.key_span
    unfolder.tally.defaults.update((span, key) for key, span in places.items())
    return Defaults(values, context.defaults, places, unfolder.tally.read)
