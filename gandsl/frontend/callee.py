"""The op or block that a node names; what is wrong with the name is reported."""

from __future__ import annotations

from gandsl.diagnostics import Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.diagnostics.synonyms import instead, ours
from gandsl.frontend.context import Context
from gandsl.frontend.unfolder import Unfolder
from gandsl.ir.op import Op
from gandsl.ir.ops import OPS
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl
from gandsl.spec.tree import Scalar


def name_of(unfolder: Unfolder, tree: trees.Mapping, form: str, context: Context) -> Scalar | None:
    """The name that stands behind `op`, `block`, `topology` or `slot`."""
    value = tree.entries[form].value
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value
    unfolder.report(context, "G0010", f"`{form}` is given a name", value.span)
    return None


def op_of(unfolder: Unfolder, tree: trees.Mapping, context: Context) -> tuple[Op, Span] | None:
    """The op, and where it is named."""
    name = name_of(unfolder, tree, "op", context)
    if name is None:
        return None
    op = OPS.get(name.text) if name.text != "input" else None
    if op is not None:
        return op, name.span
    if unfolder.library.block(name.text, context.home) is not None:
        message, help = f"`{name.text}` is a block, not an op", f"write `block: {name.text}`"
        unfolder.report(context, "G0201", message, name.span, help=help)
    else:
        names = [known for known in OPS if known != "input"]
        others = unfolder.library.candidates(context.home)
        help = meant(name.text, names, "block", others) or "`gandsl explain --ops` lists the ops"
        unfolder.report(context, "G0201", f"there is no op `{name.text}`", name.span, help=help)
    return None


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
    """Whether an unknown `lib.NAME` is so because of `lib`; reported then."""
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
        op = next((op for op in ours(local) if op in OPS), None)
        add = f"write `op: {op}`" if op else f"add `imports: {{{space}: ./FILE.yaml}}`"
        help = f"did you mean `{near}.{local}`?" if near else add
    unfolder.report(context, "G0405", message, span, help=help)
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
    ops = [known for known in OPS if known != "input"]
    hint = (
        f"write `op: {name.text}`"
        if name.text in ops
        else meant(name.text, names, "op", ops) or did_you_mean(name.text, names)
    )
    unfolder.report(context, "G0202", f"there is no {form} `{name.text}`", name.span, help=hint)
    return None
