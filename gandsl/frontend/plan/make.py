"""The `training:` section: expressions evaluated, then validated as the runtime's Plan, errors in place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from pydantic import ValidationError

from gandsl.diagnostics import Label
from gandsl.frontend.context import Context
from gandsl.frontend.plan.faults import is_field, report_faults, report_part
from gandsl.frontend.plan.nulls import settled
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import first_output
from gandsl.spec import tree as trees
from gandsl.spec.scope import Scope
from gandsl.spec.tree import Scalar, Tree
from gandsl.spec.values import POISON, Size
from gandsl_runtime.plan import LOSS_NAMES, Plan, PlanPart


def make_plan(unfolder: Unfolder, training: trees.Mapping, context: Context) -> Plan | None:
    """The plan, None after reporting. The section's own numbers (`batch`) can be named in it."""
    context = Context(context.home, Scope(context.scope))
    own = context.scope.values
    name, parameters = _own_loss(unfolder, training, context)
    plain = trees.Mapping({e.key: e for e in training if not (name and e.key == "loss")}, training.span)
    for entry in plain:
        if isinstance(entry.value, Scalar) and is_field((entry.key,)):
            own[entry.key] = _value(unfolder, entry.value, context)
    failed: list[tuple[str, ...]] = []
    values = _value(unfolder, plain, context, ())
    if name:
        fits = _is_loss(unfolder, name, context)
        values["loss"] = {**_value(unfolder, parameters, context), "block": name.text} if fits else POISON
    data = _sound(values, (), failed)
    faults: list[Any] = []
    plan = None
    try:
        plan = Plan.model_validate(settled(data, training))
    except ValidationError as error:
        faults += error.errors(include_url=False)
    if data.get("loss") is None and "game" not in context.home.tree:  # which may be written out instead
        kind = "model_type" if "loss" in data else "missing"
        faults.append({"type": kind, "loc": ("loss",), "msg": "", "input": data.get("loss")})
    told = [fault for fault in faults if not any(fault["loc"][: len(path)] == path for path in failed)]
    if told:
        report_faults(told, context.home.tree.entries["training"], unfolder.reporter.diagnostics)
    return None if faults or failed else plan


def _own_loss(
    unfolder: Unfolder, training: trees.Mapping, context: Context
) -> tuple[Scalar | None, trees.Mapping]:
    """A block that the loss names, if no loss of the plan's is called so, and what is said of it; or none."""
    written = training.get("loss")
    fields = dict(written.entries) if isinstance(written, trees.Mapping) else {}
    given = fields.pop("block", None) or fields.pop("kind", None)
    name = given.value if given else written
    others = trees.Mapping(fields, training.span)
    if not isinstance(name, Scalar) or not isinstance(name.value, str) or name.text in LOSS_NAMES:
        return None, others
    return name if unfolder.library.block(name.text, context.home) else None, others


def _is_loss(unfolder: Unfolder, name: Scalar, context: Context) -> bool:
    """Whether a block takes and gives what a loss does; reported if not."""
    block = unfolder.library.block(name.text, context.home)
    assert block is not None
    lacking = [f"port `{port}`" for port in ("real", "fake") if port not in block.ports]
    lacking += [f"output `{side}`" for side in ("discriminator", "generator") if side not in block.outputs]
    if lacking and not block.broken:
        unfolder.at(context).add(
            "G0602",
            f"`loss`: the block `{name.text}` is no loss: it has no {lacking[0]}",
            name.span,
            secondary=[Label(block.span, "declared here")],
            help="ports `real` and `fake` take logits; outputs `discriminator` and `generator` are minimized",
        )
    return not lacking and not block.broken


def make_part(unfolder: Unfolder, tree: trees.Mapping, context: Context, part: type[PlanPart]) -> Any:
    """A part of a plan that stands elsewhere, such as a player's optimizer; POISON after reporting."""
    failed: list[tuple[str, ...]] = []
    data = _sound(_value(unfolder, tree, context), (), failed)
    try:
        found = part.model_validate(data)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            if not any(fault["loc"][: len(path)] == path for path in failed):
                report_part(fault, tree, part, unfolder.at(context))
        return POISON
    return POISON if failed else found


def _value(unfolder: Unfolder, tree: Tree, context: Context, path: tuple[str, ...] | None = None) -> Any:
    """Plain data, evaluated. With `path`, its place in the plan: no field of it stays as it is, unread."""
    if isinstance(tree, trees.Mapping):
        inner = {entry.key: (*path, entry.key) if path is not None else None for entry in tree}
        return {
            entry.key: _field(unfolder, entry.key, entry.value, context, place)
            if (place := inner[entry.key]) is None or is_field(place)
            else None
            for entry in tree
        }
    if isinstance(tree, trees.Sequence):
        return [_value(unfolder, item, context) for item in tree.items]
    if not isinstance(tree.value, str):
        return tree.value
    if tree.text.isidentifier() and (tree.text in _choices() or tree.text not in context.scope):
        return tree.text  # a name such as `hinge`, or `micro_batch`, which is a field as well
    value = first_output(unfolder.evaluate(tree, context))
    return value.long if isinstance(value, Size) else value


def _field(unfolder: Unfolder, name: str, tree: Tree, context: Context, path: tuple[str, ...] | None) -> Any:
    if name in _texts() and isinstance(tree, Scalar) and isinstance(tree.value, str):
        return tree.value  # a text as it stands: `loss/G` is no division
    if name in _texts() and isinstance(tree, trees.Sequence):
        return [
            item.text if isinstance(item, Scalar) else _value(unfolder, item, context) for item in tree.items
        ]
    return _value(unfolder, tree, context, path)


def _sound(data: Any, path: tuple[str, ...], failed: list[tuple[str, ...]]) -> Any:
    """The data without fields whose values failed, which were reported; their paths go to `failed`."""
    if not isinstance(data, dict):
        return data
    broken = [key for key, value in data.items() if value is POISON or _holds_poison(value)]
    failed += [(*path, key) for key in broken]
    return {key: _sound(value, (*path, key), failed) for key, value in data.items() if key not in broken}


def _holds_poison(value: Any) -> bool:
    return isinstance(value, list) and any(item is POISON or _holds_poison(item) for item in value)


@cache
def _choices() -> frozenset[str]:
    """Every name that some field of the plan may be set to."""
    from typing import Literal, get_args, get_origin

    found = (get_args(kind) for kind in _types() if get_origin(kind) is Literal)
    return frozenset(choice for choices in found for choice in choices if isinstance(choice, str))


@cache
def _texts() -> frozenset[str]:
    """The fields of the plan that hold texts as they are written, such as `loss/G`: no expressions."""
    parts = [kind for kind in _types() if hasattr(kind, "model_fields")]
    return frozenset(
        name
        for part in parts
        for name, field in part.model_fields.items()
        if field.annotation in (str, tuple[str, ...])
    )


def _types() -> Iterator[Any]:
    """Each type in the annotations of the plan: its parts, and what their fields are made of."""
    from typing import get_args

    seen: set[Any] = set()
    waiting: list[Any] = [Plan]
    while waiting:
        one = waiting.pop()
        if hasattr(one, "model_fields"):
            if one in seen:
                continue
            seen.add(one)
            waiting.extend(field.annotation for field in one.model_fields.values())
        else:
            waiting.extend(get_args(one))
        yield one
