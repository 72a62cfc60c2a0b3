"""The `training:` section: expressions evaluated, then validated as the runtime's Plan, errors in place."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from gandsl.diagnostics import Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.frontend.context import Context
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import plain
from gandsl.spec import tree as trees
from gandsl.spec.evaluate import Scope
from gandsl.spec.tree import Scalar, Tree
from gandsl.spec.values import POISON, Size
from gandsl_runtime.plan import Plan


def make_plan(unfolder: Unfolder, training: trees.Mapping, context: Context) -> Plan | None:
    """The plan, None after reporting. The section's own numbers (`batch`) can be named in it."""
    context = Context(context.home, Scope(context.scope))
    own = context.scope.values
    for entry in training:
        if isinstance(entry.value, Scalar):
            value = _value(unfolder, entry.value, context)
            if not isinstance(value, str):
                own[entry.key] = value
    data = _value(unfolder, training, context)
    if _poisoned(data):
        return None
    try:
        return Plan.model_validate(data)
    except ValidationError as error:
        for fault in error.errors(include_url=False):
            _report(unfolder, training, fault, context)
        return None


def _value(unfolder: Unfolder, tree: Tree, context: Context) -> Any:
    if isinstance(tree, trees.Mapping):
        return {entry.key: _value(unfolder, entry.value, context) for entry in tree}
    if isinstance(tree, trees.Sequence):
        return [_value(unfolder, item, context) for item in tree.items]
    if not isinstance(tree.value, str):
        return tree.value
    if tree.text.isidentifier() and (tree.text in _choices() or tree.text not in context.scope):
        return tree.text  # a name such as `hinge`, or `micro_batch`, which is a field as well
    value = plain(unfolder.evaluate(tree, context))
    return value.long if isinstance(value, Size) else value


def _poisoned(data: Any) -> bool:
    if isinstance(data, dict):
        return any(map(_poisoned, data.values()))
    if isinstance(data, list):
        return any(map(_poisoned, data))
    return data is POISON


def _report(unfolder: Unfolder, training: trees.Mapping, fault: Mapping[str, Any], context: Context) -> None:
    """A pydantic error at the deepest part of its path that stands in the text."""
    key_span, value_span, parent, left = _locate(training, fault["loc"])
    name = str(fault["loc"][-1]) if fault["loc"] else "training"
    match fault["type"]:
        case "extra_forbidden":
            known = _fields(fault["loc"][:-1])
            unfolder.report(
                context,
                "G0008",
                f"the plan has no field `{name}` here",
                key_span,
                help=did_you_mean(name, known) or (f"there are {', '.join(known)}" if known else None),
            )
        case "missing":
            unfolder.report(context, "G0009", f"`{name}` is missing{parent}", key_span)
        case _:
            message = fault["msg"].removeprefix("Value error, ")
            code = "G0603" if "unit" in message else "G0602"
            choices = message.partition("one of ")[2]
            hint = nearest(str(fault["input"]), choices.replace("'", "").split(", ")) if choices else None
            unfolder.report(
                context,
                code,
                f"`{name}`: {message[:1].lower()}{message[1:]}",
                key_span if left else value_span,
                help=hint and f"did you mean `{hint}`?",
            )


def _locate(training: trees.Mapping, path: tuple[Any, ...]) -> tuple[Span, Span, str, bool]:
    """Spans of key and value at `path`, the last mapping's name, and whether part is not there."""
    tree: Tree = training
    key_span, value_span, parent = training.span, training.span, ""
    for step in path:
        entry = tree.entries.get(step) if isinstance(tree, trees.Mapping) else None
        if entry is not None:
            parent = f" in `{step}`" if isinstance(entry.value, trees.Mapping) else parent
            key_span, value_span, tree = entry.key_span, entry.value.span, entry.value
        elif isinstance(tree, trees.Sequence) and isinstance(step, int) and step < len(tree.items):
            tree = tree.items[step]
            key_span = value_span = tree.span
        elif step == path[-1]:
            return key_span, value_span, parent, True
    return key_span, value_span, parent, False


@cache
def _choices() -> frozenset[str]:
    """Every name that some field of the plan may be set to."""
    from typing import Literal, get_args, get_origin

    found: set[str] = set()
    seen: set[Any] = set()
    waiting: list[Any] = [Plan]
    while waiting:
        one = waiting.pop()
        if get_origin(one) is Literal:
            found.update(choice for choice in get_args(one) if isinstance(choice, str))
        elif isinstance(one, type) and hasattr(one, "model_fields"):
            if one not in seen:
                seen.add(one)
                waiting.extend(field.annotation for field in one.model_fields.values())
        else:
            waiting.extend(get_args(one))
    return frozenset(found)


def _fields(path: tuple[Any, ...]) -> list[str]:
    """The names of the fields at `path` of the plan, found through its annotations."""
    from typing import get_args

    from pydantic import BaseModel

    def models(annotation: Any) -> list[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            return [annotation]
        return [model for argument in get_args(annotation) for model in models(argument)]

    current: list[type[BaseModel]] = [Plan]
    for step in path:
        fields = [model.model_fields[step] for model in current if step in model.model_fields]
        current = [model for field in fields for model in models(field.annotation)] or current
    return sorted({name for model in current for name in model.model_fields})
