"""What a use of an op, block or slot is given, and how that becomes the tensors of its ports."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from gandsl.diagnostics import Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.frontend.context import Context
from gandsl.frontend.reporting import reasons
from gandsl.frontend.spelling import ALONE, SPELT
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above, TensorValue, first_output
from gandsl.ir.op import Op, Port
from gandsl.records import dataclass
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl
from gandsl.spec.tree import Tree
from gandsl.spec.values import ABSENT, POISON, Poison


@dataclass(frozen=True)
class Argument:
    """What a use gives under one name, and the context in which that is evaluated."""

    tree: Tree
    context: Context
    key_span: Span


@dataclass(frozen=True)
class Use:
    """One use of an op or block: where it stands and what it was given."""

    name: str  # of the node
    context: Context  # where the node stands
    span: Span  # of the op's or block's name in the text
    arguments: Mapping[str, Argument]
    above: Above  # for an omitted first port
    chain: tuple[BlockDecl, ...] = ()  # blocks whose text holds this use, outermost first
    inline: bool = False


COMMON = {"when", "unless", "doc"}  # keys of every node
_NESTING = {"inline", "defaults"}  # of blocks, topologies and slots


@cache
def names_taken(op: Op) -> tuple[str, ...]:
    """What a use of an op may give it: ports, parameters, what stands for one."""
    ports, params = (port.name for port in op.ports), (param.name for param in op.params)
    return (*ports, *params, *SPELT.get(op.name, ()))


@cache
def names_needed(op: Op) -> frozenset[str]:
    """What of that a use has to give."""
    ports = {port.name for port in op.ports if not port.optional}
    return frozenset(ports.union(param.name for param in op.params if param.required))


def names_written(op: Op) -> Sequence[str]:
    """What a node of the op may say in a spec."""
    return ALONE.get(op.name) or names_taken(op)


def arguments_of(tree: trees.Mapping, form: str, context: Context) -> dict[str, Argument]:
    """What a node gives to its op, block or slot."""
    taken = {form, *COMMON} if form in ("op", "reuse") else {form, *COMMON, *_NESTING}
    return {
        entry.key: Argument(entry.value, context, entry.key_span) for entry in tree if entry.key not in taken
    }


def refuse_unknown(
    unfolder: Unfolder,
    use: Use,
    names: Sequence[str],
    where: str,
    what: str,
    needed: Collection[str] | None = None,
) -> tuple[Use, bool]:
    """Report arguments with a name that the callee does not have; whether there are any.

    The use comes back with each under the name that was likely meant, where that one is `needed` (default:
    all are): it is not missing then. Without those that are null, which is as if they were not written.
    """
    unknown = [name for name in use.arguments if name not in names]
    known = {
        name: argument
        for name, argument in use.arguments.items()
        if name in names and not trees.is_null(argument.tree)
    }
    for name in unknown:
        argument = use.arguments[name]
        near = nearest(name, names)
        if near is not None and near in (names if needed is None else needed):
            known.setdefault(near, argument)
        unfolder.at(argument.context).add(
            "G0205",
            f"{where} has no {what} `{name}`",
            argument.key_span,
            help=_again(unfolder, use, argument)
            if near == "weight"
            else did_you_mean(name, names) or (f"it has {', '.join(names)}" if names else None),
        )
    return use if known == use.arguments else replace(use, arguments=known), bool(unknown)


def _again(unfolder: Unfolder, use: Use, argument: Argument) -> str:
    """What to write for a misspelt `weight`, which may mean the weights of another node."""
    text = argument.tree.text if isinstance(argument.tree, trees.Scalar) else ""
    if unfolder.reuses and text in use.context.made:
        return f"`{{reuse: {text}}}` is that node again, with the weights it has"
    return "did you mean `weight`?"


def one_tensor(
    unfolder: Unfolder,
    name: str,
    kinds: tuple[str, ...],
    optional: bool,
    argument: Argument | None,
    use: Use,
    position: int,
    where: str,
) -> tuple[TensorValue, ...] | Poison:
    """The tensor of a port in a tuple, () for an optional one that is absent; POISON after reporting."""
    if argument is not None:
        value = unfolder.tensor(argument.tree, kinds, argument.context, port=name, where=where)
        span = argument.tree.span
    elif position == 0 and not optional:
        above = use.above
        value = unfolder.as_tensor(
            above.value, kinds, use.span, use.context, port=name, where=where, above=above
        )
        span = use.span
    else:
        value, span = ABSENT, use.span
    if value is POISON:
        return POISON
    if value is not ABSENT:
        return (value,)
    if optional:
        return ()
    if argument is None:
        first = position == 0
        left_out = [*use.context.absent.values()] if first else []
        unfolder.at(use.context).add(
            "G0204",
            f"port `{name}` of {where} is not connected" + ", and nothing stands above it" * first,
            span,
            secondary=left_out,
        )
        return POISON
    tree = argument.tree
    name_of = tree.text if isinstance(tree, trees.Scalar) and tree.text.isidentifier() else ""
    unfolder.at(argument.context).add(
        "G0113",
        f"port `{name}` of {where} reads "
        + (f"`{name_of}`, which is absent here" if name_of else "a value that is absent here"),
        span,
        secondary=reasons(tree, argument.context),
        help="give it a condition (`when: present(…)`) or another source (`first_present(a, b)`)",
    )
    return POISON


def all_tensors(
    unfolder: Unfolder, port: Port, argument: Argument | None, use: Use, position: int, where: str
) -> tuple[TensorValue, ...] | Poison:
    """The tensors of a variadic port; absent ones drop out."""
    if argument is None:
        unfolder.at(use.context).add("G0204", f"{where} needs a list of `{port.name}`", use.span)
        return POISON
    tree = argument.tree
    items: list[tuple[Any, Span]] = []
    for part in tree.items if isinstance(tree, trees.Sequence) else (tree,):
        value = first_output(unfolder.evaluate(part, argument.context))
        items += (
            [(one, part.span) for one in value] if isinstance(value, list | tuple) else [(value, part.span)]
        )
    tensors = [
        unfolder.as_tensor(value, unfolder.kinds(port), span, argument.context, port=port.name, where=where)
        for value, span in items
    ]
    present = tuple(tensor for tensor in tensors if tensor is not ABSENT and tensor is not POISON)
    if POISON in tensors:
        return POISON
    if not present:
        unfolder.at(argument.context).add(
            "G0113",
            f"all `{port.name}` of {where} are absent here",
            tree.span,
            secondary=reasons(tree, argument.context),
        )
        return POISON
    return present
