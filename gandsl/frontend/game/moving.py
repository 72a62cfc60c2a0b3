"""Numbers that the clock changes, as they are written in a game: a curve or stairs, told field by field."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.frontend.context import Context
from gandsl.frontend.values import first_output
from gandsl.spec import tree as trees
from gandsl.spec.tree import Tree
from gandsl.spec.values import POISON, Size, is_number, is_quantity, type_name

if TYPE_CHECKING:
    from gandsl.frontend.unfolder import Unfolder

_SHAPES = ("linear", "cosine", "exponential")
# form → its fields, and which of them may be left out
_FIELDS = {"Curve": ("shape", "start", "end", "over", "after"), "Stairs": ("values", "at")}
_OPTIONAL = "after"
_LISTS = ("values", "at")
_LENGTHS = ("over", "after", "at")


def moving(unfolder: Unfolder, tree: trees.Mapping, context: Context, what: str) -> Any:
    """A curve `{shape, start, end, over}` or stairs `{values, at}`; POISON after reporting."""
    form = next((form for form, fields in _FIELDS.items() if any(key in tree for key in fields)), None)
    sink = unfolder.at(context)
    if form is None:
        message = (
            f"{what} is a curve {{shape, start, end, over}} or stairs {{values, at}}, and this is neither"
        )
        others = [key for fields in _FIELDS.values() for key in fields]
        near = next((found for entry in tree if (found := nearest(entry.key, others))), None)
        sink.add("G0334", message, tree.span, help=f"did you mean `{near}`?" if near else None)
        return POISON
    fields = _FIELDS[form]
    slips = {nearest(entry.key, fields) for entry in tree if entry.key not in fields}
    for entry in tree:
        if entry.key not in fields:
            help = did_you_mean(entry.key, fields)
            sink.add("G0334", f"{what} has no field `{entry.key}`", entry.key_span, help=help)
    missing = [name for name in fields if name not in tree and name not in slips and name != _OPTIONAL]
    if missing:
        sink.add("G0334", f"{what} needs {' and '.join(f'`{name}`' for name in missing)}", tree.span)
    given = {
        entry.key: _field(unfolder, entry.key, entry.value, context, what)
        for entry in tree
        if entry.key in fields
    }
    if missing or len(given) < len(tree.entries) or any(value is POISON for value in given.values()):
        return POISON
    return _validated(unfolder, form, given, tree, context, what)


def _field(unfolder: Unfolder, name: str, tree: Tree, context: Context, what: str) -> Any:
    """What a field holds: a shape, a number or a length, or a list of these."""
    where = f"`{name}` of {what}"
    sink = unfolder.at(context, tree)
    if name == "shape":
        text = tree.text if isinstance(tree, trees.Scalar) else ""
        if text in _SHAPES:
            return text
        sink.add(
            "G0334", f"{where} cannot be {trees.describe(tree)}", tree.span, help=did_you_mean(text, _SHAPES)
        )
        return POISON
    one = _length if name in _LENGTHS else _number
    if name not in _LISTS:
        return one(unfolder, tree, context, where)
    if not isinstance(tree, trees.Sequence):
        sink.add("G0334", f"{where} is a list, not {trees.describe(tree)}", tree.span)
        return POISON
    items = [one(unfolder, item, context, where) for item in tree.items]
    return POISON if POISON in items else items


def _number(unfolder: Unfolder, tree: Tree, context: Context, where: str) -> Any:
    value = first_output(unfolder.evaluate(tree, context))
    if isinstance(value, Size):
        return value.long
    if value is POISON or is_number(value):
        return value
    unfolder.at(context, tree).add("G0334", f"{where} is a number, not {type_name(value)}", tree.span)
    return POISON


def _length(unfolder: Unfolder, tree: Tree, context: Context, where: str) -> Any:
    value = first_output(unfolder.evaluate(tree, context))
    if value is POISON or is_quantity(value) or value == 0:
        return value
    help = "write its unit, such as `20 kimg` or `500 steps`"
    message = f"{where} is a length of training, not {type_name(value)}"
    unfolder.at(context, tree).add("G0334", message, tree.span, help=help)
    return POISON


def _validated(
    unfolder: Unfolder, form: str, given: dict[str, Any], tree: trees.Mapping, context: Context, what: str
) -> Any:
    from pydantic import ValidationError

    from gandsl_runtime import plan

    make: Callable[..., Any] = getattr(plan, form)
    try:
        return make(**given)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            keys = [step for step in fault["loc"] if isinstance(step, str) and step in tree]
            said = fault["msg"].removeprefix("Value error, ")
            subject, place = (f"`{keys[0]}` of {what}", tree.entries[keys[0]].value) if keys else (what, tree)
            message = f"{subject}: {said[0].lower()}{said[1:]}"
            unfolder.at(context).add("G0334", message, place.span)
        return POISON
