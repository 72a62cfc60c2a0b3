"""The keys of a game's own forms of node: which there are, and choices among words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.frontend.context import Context
from gandsl.frontend.nodes.arguments import COMMON
from gandsl.frontend.unfolder import Unfolder
from gandsl.spec import tree as trees
from gandsl.spec.params import Declared
from gandsl.spec.tree import Scalar, Tree
from gandsl.spec.values import POISON


def refuse_others(
    unfolder: Unfolder, tree: trees.Mapping, known: Sequence[str], what: str, context: Context
) -> bool:
    """Whether a node has no keys but these; reported otherwise."""
    others = [entry for entry in tree if entry.key not in known and entry.key not in COMMON]
    for entry in others:
        help = did_you_mean(entry.key, known, "it has")
        unfolder.at(context).add("G0205", f"{what} takes no `{entry.key}`", entry.key_span, help=help)
    return not others


def choice(unfolder: Unfolder, param: Declared, tree: Tree, context: Context) -> Any:
    """One of a parameter's words, as it is written; POISON after reporting."""
    text = tree.text if isinstance(tree, Scalar) else ""
    if text in param.choices:
        return text
    if isinstance(tree, Scalar) and text in context.scope:  # a parameter of the block around
        return unfolder.parameter(param, tree, context, "")
    help = did_you_mean(text, [word for word in param.choices if word], "it is one of")
    shown = f"`{text}`" if text else trees.describe(tree)
    unfolder.at(context).add("G0209", f"`{param.name}` cannot be {shown}", tree.span, help=help)
    return POISON


def draws_of(unfolder: Unfolder, tree: Tree, context: Context) -> Any:
    """The id whose draws are taken; POISON after reporting.

    It need not be that of a node: draws had ids before there were games. A slip of a node's name is told.
    """
    text = tree.text if isinstance(tree, Scalar) else ""
    near = None if text in context.scope else nearest(text, context.scope.names())
    if text and near is None:
        return text
    message = f"there is no node `{text}` whose draws could be taken"
    unfolder.at(context).add("G0356", message, tree.span, help=near and f"did you mean `{near}`?")
    return POISON
