"""Numbers of a game: those that may change with the clock, lengths of training, counts, intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gandsl.frontend.context import Context
from gandsl.frontend.game.moving import moving
from gandsl.frontend.values import TensorValue, first_output
from gandsl.spec import tree as trees
from gandsl.spec.tree import Tree
from gandsl.spec.values import ABSENT, POISON, Size, is_number, is_quantity, type_name

if TYPE_CHECKING:
    from gandsl.frontend.unfolder import Unfolder
    from gandsl_runtime.plan import Plan, Quantity

LARGEST_COUNT = 2**31 - 1  # of steps, of samples


def number_of(unfolder: Unfolder, tree: Tree, context: Context, what: str) -> Any:
    """A number, a Curve, Stairs, a Scalar or None (null); POISON after reporting."""
    if isinstance(tree, trees.Mapping):
        return moving(unfolder, tree, context, what)
    value = first_output(unfolder.evaluate(tree, context))
    if value is POISON or value is None or value is ABSENT or is_number(value):
        return value
    if isinstance(value, Size):
        return value.long
    if isinstance(value, TensorValue) and value.type.kind == "Scalar":
        return value
    help = "take its mean" if isinstance(value, TensorValue) and value.type.sampled else None
    message = f"{what} is a number, a curve, stairs or a Scalar, not {type_name(value)}"
    unfolder.at(context, tree).add("G0333", message, tree.span, help=help)
    return POISON


def pipe_of(unfolder: Unfolder, tree: Tree, context: Context) -> Any:
    """The transforms of an augmentation: a pipe, a tuple of transforms, or of pairs with their shares."""
    from pydantic import TypeAdapter, ValidationError

    from gandsl_runtime.plan import Pipe

    if isinstance(tree, trees.Mapping):
        written: Any = {entry.key: first_output(unfolder.evaluate(entry.value, context)) for entry in tree}
    elif isinstance(tree, trees.Sequence):
        written = [item.text if isinstance(item, trees.Scalar) else None for item in tree.items]
    elif tree.text in context.scope:  # a parameter of the block around
        written = first_output(unfolder.evaluate(tree, context))
    else:
        written = tree.text
    if written is POISON or (isinstance(written, dict) and POISON in written.values()):
        return POISON
    try:
        pipe = TypeAdapter(Pipe).validate_python(written)
    except ValidationError as error:
        said = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
        unfolder.at(context).add("G0334", f"`pipe`: {said}", tree.span)
        return POISON
    return tuple(pipe.items()) if isinstance(pipe, dict) else pipe


def quantity_of(
    unfolder: Unfolder, tree: Tree, context: Context, what: str, plan: Plan | None
) -> Quantity | Any:
    """A length of training: a quantity, or a share of the plan's length; POISON after reporting."""
    value = first_output(unfolder.evaluate(tree, context))
    if value is POISON or is_quantity(value):
        return value
    if is_number(value) and 0 <= value <= 1:
        if plan is None:
            return POISON  # it failed, which was reported
        from gandsl_runtime.plan import Quantity

        return Quantity(plan.length.number * value, plan.length.unit)
    message = f"{what} is a length of training, not {type_name(value)}"
    help = "write its unit, such as `20 kimg` or `500 steps`, or a share of the length, from 0 to 1"
    unfolder.at(context, tree).add("G0335", message, tree.span, help=help)
    return POISON


def whole_of(unfolder: Unfolder, tree: Tree, context: Context, what: str) -> Any:
    """A whole number from 1; POISON after reporting."""
    value = first_output(unfolder.evaluate(tree, context))
    if value is POISON:
        return POISON
    if not is_number(value) or not float(value).is_integer() or not 1 <= value <= LARGEST_COUNT:
        shown = f"{value:g}" if is_number(value) else type_name(value)
        message = f"{what} is a whole number from 1, not {shown}"
        help = "divide with `//`" if isinstance(value, float) and not value.is_integer() else None
        unfolder.at(context, tree).add("G0336", message, tree.span, help=help)
        return POISON
    return int(value)


def interval_of(unfolder: Unfolder, tree: Tree, context: Context, what: str) -> Any:
    """A whole number of steps; POISON after reporting."""
    value = first_output(unfolder.evaluate(tree, context))
    if value is POISON:
        return POISON
    steps = value.number if is_quantity(value) and value.in_steps else 0
    if 1 <= steps <= LARGEST_COUNT and float(steps).is_integer():
        return int(steps)
    shown = str(value) if is_quantity(value) else f"{value:g}" if is_number(value) else type_name(value)
    message = f"{what} is a whole number of steps, not {shown}"
    unfolder.at(context, tree).add("G0336", message, tree.span, help="write `16 steps`")
    return POISON
