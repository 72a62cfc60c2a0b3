"""The fields of `data`: tensors in sight of the game, and what the runtime reads for them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from gandsl.diagnostics import Label
from gandsl.diagnostics.articles import a
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.frontend.context import Context
from gandsl.frontend.game.computed import is_computed, steps_of
from gandsl.frontend.game.unfolder import GameUnfolder
from gandsl.frontend.nodes.block import is_kind, shape_of
from gandsl.spec.document import DataDecl, PortDecl
from gandsl.spec.names import PATTERN
from gandsl.spec.values import ABSENT, POISON, Poison, is_number
from gandsl_runtime.plan.game import DataField

RANGED = ("Image", "Mask", "Signal", "Volume", "Vector", "Number")  # kinds of which a range may be stated
MEASURED = "a range is two numbers that rise, the values that become black and white: [0, 4095]"


def unfold_fields(
    unfolder: GameUnfolder, declared: Mapping[str, DataDecl], context: Context
) -> dict[str, DataField] | None:
    """The fields that are there; None after reporting. All are put in sight, absent ones as absent."""
    made = {name: _in_sight(unfolder, one, context) for name, one in declared.items()}
    if POISON in made.values():
        return None
    found = {name: one for name, one in made.items() if isinstance(one, DataField)}
    fine = [_refers(unfolder, declared[name], found, context) for name in found]
    return {name: _beside(one, found) for name, one in found.items()} if all(fine) else None


def _beside(one: DataField, fields: Mapping[str, DataField]) -> DataField:
    """A field; a computed one is of the same item as that which it is computed from."""
    of = one
    while of.origin:
        of = fields[of.origin]
    return replace(one, set=of.set, partner=of.partner, stream=of.stream)


def _in_sight(unfolder: GameUnfolder, decl: DataDecl, context: Context) -> object:
    """A field, or ABSENT; POISON after reporting, and so is its name: nothing is told of it again."""
    found = _field(unfolder, decl, context)
    if found is POISON:
        context.scope.values[decl.name] = POISON
    return found


def _field(unfolder: GameUnfolder, decl: DataDecl, context: Context) -> object:
    """A field as a tensor in sight, or ABSENT; POISON after reporting. A parameter may have its name."""
    values = context.scope.values
    port = PortDecl(
        decl.name,
        decl.kind,
        decl.dims,
        False,
        decl.when,
        decl.unless,
        (),
        None,
        "",
        decl.span,
        decl.kind_span,
        decl.broken,
    )
    if decl.broken or not is_kind(unfolder, port, context):
        return POISON
    for condition, wanted in ((decl.when, True), (decl.unless, False)):
        if condition is None:
            continue
        value = unfolder.evaluate_expr(condition, context)
        if not isinstance(value, bool):
            if value is not POISON:
                unfolder.at(context).add("G0105", "a condition is true or false", condition.span)
            return POISON
        if value is not wanted:
            values[decl.name] = ABSENT
            context.absent[decl.name] = Label(decl.span, "this field is left out by its condition")
            return ABSENT
    type_ = shape_of(unfolder, port, context)
    range_ = _range(unfolder, decl, context)
    if type_ is POISON or range_ is POISON:
        return POISON
    assert not isinstance(type_, Poison) and not isinstance(range_, Poison)
    attrs = {"field": decl.name, "kind": type_.kind, "shape": type_.shape}
    with unfolder.builder.unfolding(decl.name):
        values[decl.name] = unfolder.builder.source(decl.name, "item", attrs, context, decl.span)
    if values[decl.name] is POISON:
        return POISON
    named = {"origin" if key == "of" else key: one.text for key, one in decl.named.items()}
    steps = () if decl.steps is None else steps_of(unfolder, decl.steps, context)
    if isinstance(steps, Poison):
        return POISON
    return DataField(type_.kind, tuple(type_.shape), **named, range=range_, steps=steps)


def _range(unfolder: GameUnfolder, decl: DataDecl, context: Context) -> tuple[float, float] | Poison | None:
    """The two values, None where none are stated; POISON after reporting."""
    if decl.range is None:
        return None
    at = unfolder.at(context)
    if decl.kind not in RANGED:
        message = f"{a(decl.kind)} has no range: its values are what they are"
        at.add("G0681", message, decl.range.span, help="leave `range` out")
        return POISON
    value = unfolder.evaluate_expr(decl.range, context)
    if value is POISON:
        return POISON
    ends = value if isinstance(value, list | tuple) else ()
    if len(ends) != 2 or not all(map(is_number, ends)) or not ends[0] < ends[1]:
        at.add("G0681", MEASURED, decl.range.span)
        return POISON
    return float(ends[0]), float(ends[1])


def _refers(
    unfolder: GameUnfolder, decl: DataDecl, fields: Mapping[str, DataField], context: Context
) -> bool:
    """Whether the names that a field gives mean something; reported if not."""
    own, at = fields[decl.name], unfolder.at(context)
    for key in ("set", "stream"):
        if (written := decl.named.get(key)) and not re.fullmatch(PATTERN, written.text):
            at.add("G0681", f"`{key}` is a name, not `{written.text}`", written.span)
            return False
    if "of" in decl.named or decl.steps is not None:
        return is_computed(unfolder, decl, fields, context)
    if (mask := decl.named.get("mask")) is None:
        return True
    of = fields.get(mask.text)
    if of is None or of.kind != "Tokens":
        tokens = [name for name, one in fields.items() if one.kind == "Tokens"]
        what = f"is {a(of.kind)}" if of else "is no field of `data`"
        message = f"`mask` names a field of Tokens, and `{mask.text}` {what}"
        at.add("G0680", message, mask.span, help=did_you_mean(mask.text, tokens, "Tokens are"))
        return False
    if own.kind != "Vector" or own.shape != of.shape[:1] or own.key != of.key:
        wanted = f'"Vector[{of.shape[0]}]"' + (f" of set `{of.set}`" if of.set else "")
        message = f"the mask of `{mask.text}` has a number for each of its {of.shape[0]} positions"
        at.add("G0680", message, mask.span, help=f"declare `{decl.name}` as {wanted}")
        return False
    return True
