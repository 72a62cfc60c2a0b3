"""What a name stands for: the op or block of a node, what fills a slot. What is wrong with it is reported."""

from __future__ import annotations

from dataclasses import replace

from gandsl.diagnostics import Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.diagnostics.synonyms import instead, ours
from gandsl.frontend.context import Context, Fill
from gandsl.frontend.nodes.packages import find_op, reported_added
from gandsl.frontend.unfolder import Unfolder
from gandsl.ir.op import Op
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl
from gandsl.spec.tree import Scalar, Tree

IDENTITY = "none"  # fills a slot with nothing: x passes through


def name_of(unfolder: Unfolder, tree: trees.Mapping, form: str, context: Context) -> Scalar | None:
    """The name that stands behind `op`, `block`, `topology` or `slot`."""
    value = tree.entries[form].value
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value
    unfolder.at(context).add("G0010", f"`{form}` is given a name", value.span)
    return None


def op_of(unfolder: Unfolder, tree: trees.Mapping, context: Context) -> tuple[Op, Span] | None:
    """The op, and where it is named."""
    name = name_of(unfolder, tree, "op", context)
    if name is None:
        return None
    op = find_op(unfolder, name.text, context.home)
    if op is not None:
        return op, name.span
    if unfolder.library.block(name.text, context.home) is not None:
        message, help = f"`{name.text}` is a block, not an op", f"write `block: {name.text}`"
        unfolder.at(context).add("G0201", message, name.span, help=help)
    elif name.text in GAME_OPS:
        message, help = of_games(name.text)
        unfolder.at(context).add("G0201", message, name.span, help=help)
    elif name.text in OPS and name.text != "input":
        report_layer(unfolder, name.text, name.span, context)
    elif not reported_added(unfolder, name.text, name.span, context):
        others = unfolder.library.candidates(context.home)
        help = meant(name.text, [*unfolder.ops], "block", others) or "`gandsl explain --ops` lists the ops"
        unfolder.at(context).add("G0201", f"there is no op `{name.text}`", name.span, help=help)
    return None


def report_layer(unfolder: Unfolder, name: str, span: Span, context: Context) -> None:
    """Report an op of networks in the body of a game."""
    message = f"`{name}` has layers, and these are of networks"
    help = "write a network for it, which some player trains or whose `weights` are said"
    if OPS[name].holds_nothing:
        help = "write a network for it; it has no weights, so nobody need train that"
    unfolder.at(context).add("G0348", message, span, help=help)


def of_games(name: str) -> tuple[str, str]:
    """What is said of an op of games in a network, and what one can do."""
    return (
        f"`{name}` is an op of games, and this is a network",
        "nodes under `game:` may use it; `gandsl explain --ops` lists the ops of networks first",
    )


def meant(word: str, names: list[str], other: str, others: list[str]) -> str | None:
    """What to write for an unknown name: one of `names`, or one of `others` under the key `other`."""
    for near in (lambda known: next((n for n in ours(word) if n in known), None), lambda k: nearest(word, k)):
        if found := near(names):
            return f"did you mean `{found}`?"
        if found := near(others):
            return f"write `{other}: {found}`"
        if sentence := instead(word):
            return sentence
    return None


def import_is_missing(unfolder: Unfolder, name: str, span: Span, context: Context) -> bool:
    """Whether `lib.NAME` is unknown because of `lib`; reported if so."""
    space, _, local = name.rpartition(".")
    imports, standard = context.home.imports, unfolder.library.namespaces()
    if not space or (space in standard and space not in imports):
        return False
    if space in imports:
        known = [
            other for other in unfolder.library.candidates(context.home) if other.startswith(f"{space}.")
        ]
        message, help = f"the import `{space}` has no block `{local}`", did_you_mean(name, known)
    else:
        near = nearest(space, [*imports, *standard])
        message = f"nothing is imported as `{space}`"
        op = next((op for op in ours(local) if op in unfolder.ops), None)
        add = f"write `op: {op}`" if op else f"add `imports: {{{space}: ./FILE.yaml}}`"
        help = f"did you mean `{near}.{local}`?" if near else add
    unfolder.at(context).add("G0405", message, span, help=help)
    return True


def block_of(unfolder: Unfolder, tree: trees.Mapping, context: Context) -> tuple[BlockDecl, Span] | None:
    """The block or topology, and where it is named."""
    form = "topology" if "topology" in tree.entries else "block"
    name = name_of(unfolder, tree, form, context)
    if name is None:
        return None
    block = unfolder.library.block(name.text, context.home)
    if block is None and form == "topology":
        block = unfolder.library.block(f"topology.{name.text}", context.home)
    if block is not None:
        return block, name.span
    if import_is_missing(unfolder, name.text, name.span, context):
        return None
    names = unfolder.library.candidates(context.home)
    if form == "topology":
        names = [known.removeprefix("topology.") for known in names if known.startswith("topology.")]
    ops = [*unfolder.ops]
    again = f"`{{reuse: {name.text}}}` is the node of this name again, with its weights"
    hint = (
        f"write `op: {name.text}`"
        if name.text in ops
        else meant(name.text, names, "op", ops)
        or (again if unfolder.reuses and name.text in context.made else did_you_mean(name.text, names))
    )
    unfolder.at(context).add("G0202", f"there is no {form} `{name.text}`", name.span, help=hint)
    return None


def make_fill(unfolder: Unfolder, tree: Tree, context: Context) -> Fill | None:
    """`batch`, `{use: batch, …}`, or a list: one after another.

    A name of the surrounding block's slots passes its filling on.
    """
    if isinstance(tree, Scalar) and isinstance(tree.value, str):
        if tree.text in context.slots:
            return context.slots[tree.text]
        return Fill(tree.text, {}, context, tree.span)
    if isinstance(tree, trees.Mapping):
        use = tree.entries.get("use")
        if use is not None and isinstance(use.value, Scalar):
            arguments = {entry.key: (entry.key_span, entry.value) for entry in tree if entry.key != "use"}
            return Fill(use.value.text, arguments, context, use.value.span)
    if isinstance(tree, trees.Sequence) and len(tree.items):
        made = [make_fill(unfolder, item, context) for item in tree.items]
        row = [one for fill in made if fill is not None for one in fill.row]
        return None if None in made else replace(row[0], after=tuple(row[1:]))
    unfolder.at(context).add(
        "G0303",
        "a slot is filled with a name, with {use: NAME, argument: value, …}, or a list of them",
        tree.span,
    )
    return None


def resolve(unfolder: Unfolder, name: str, namespace: str | None, context: Context) -> Op | BlockDecl | None:
    """This file's blocks and imports, the interface's namespace in the standard library, then ops."""
    found = unfolder.library.block(name, context.home)
    if found is None and namespace:
        found = unfolder.library.block(f"{namespace}.{name}", context.home)
    return found or find_op(unfolder, name, context.home)


def candidates(unfolder: Unfolder, namespace: str | None, context: Context) -> list[str]:
    """Every name that could fill a slot, for did-you-mean."""
    names = unfolder.library.candidates(context.home)
    short = [name.removeprefix(f"{namespace}.") for name in names] if namespace else []
    return sorted({*names, *short, *unfolder.ops, IDENTITY})
