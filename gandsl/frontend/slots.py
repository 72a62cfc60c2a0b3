"""Slots: what fills them, and what the name of a filling stands for."""

from __future__ import annotations

from gandsl.frontend.context import Context
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Fill
from gandsl.ir.op import Op
from gandsl.ir.ops import OPS
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl
from gandsl.spec.tree import Scalar, Tree

IDENTITY = "none"  # fills a slot with nothing: x passes through


def make_fill(unfolder: Unfolder, tree: Tree, context: Context) -> Fill | None:
    """`batch`, or `{use: batch, …}`; a name of the surrounding block's slots passes its filling on."""
    if isinstance(tree, Scalar) and isinstance(tree.value, str):
        if tree.text in context.slots:
            return context.slots[tree.text]
        return Fill(tree.text, {}, context, tree.span)
    if isinstance(tree, trees.Mapping):
        use = tree.entries.get("use")
        if use is not None and isinstance(use.value, Scalar):
            arguments = {entry.key: (entry.key_span, entry.value) for entry in tree if entry.key != "use"}
            return Fill(use.value.text, arguments, context, use.value.span)
    unfolder.report(
        context, "G0303", "a slot is filled with a name, or with {use: NAME, argument: value, …}", tree.span
    )
    return None


def resolve(unfolder: Unfolder, name: str, namespace: str | None, context: Context) -> Op | BlockDecl | None:
    """This file's blocks and imports, the interface's namespace in the standard library, then ops."""
    found = unfolder.library.block(name, context.home)
    if found is None and namespace:
        found = unfolder.library.block(f"{namespace}.{name}", context.home)
    return found or (OPS.get(name) if name != "input" else None)


def candidates(unfolder: Unfolder, namespace: str | None, context: Context) -> list[str]:
    """Every name that could fill a slot, for did-you-mean."""
    names = unfolder.library.candidates(context.home)
    short = [name.removeprefix(f"{namespace}.") for name in names] if namespace else []
    return sorted({*names, *short, *OPS, IDENTITY} - {"input"})
