"""Stage loops: a body unfolded once for each size, with values carried from stage to stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gandsl.diagnostics import Label, Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.frontend.context import Context
from gandsl.frontend.nodes.arguments import COMMON
from gandsl.frontend.references import names_of, scalars_of
from gandsl.frontend.unfolder import Unfolder
from gandsl.frontend.values import Above, NodeOutputs, first_output, flows
from gandsl.spec import tree as trees
from gandsl.spec.names import is_name
from gandsl.spec.tree import Entry
from gandsl.spec.values import ABSENT, POISON, Poison, Size, show

KEYS = {"fold", "label", "carry", "body", "next", "collect", "defaults"}
MAX_STAGES = 256


def unfold_fold(
    unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context, above: Above
) -> NodeOutputs | Poison:
    """The carried values after the last stage and the collected lists, as outputs."""
    if not _well_formed(unfolder, entry, tree, context):
        return POISON
    lists = _variables(unfolder, tree, context)
    walks = _walks_x(tree, lists or {})
    carried = {} if walks else _carry(unfolder, tree, context, above)
    if lists is None or carried is None:
        return POISON
    body = tree.get("body")
    assert isinstance(body, trees.Mapping)
    collect, following = tree.get("collect"), tree.get("next")
    collected: dict[str, list[Any]] = (
        {e.key: [] for e in collect} if isinstance(collect, trees.Mapping) else {}
    )
    label = _label(tree)
    count = len(next(iter(lists.values())))
    for index in range(count):
        stage = {name: values[index] for name, values in lists.items()}
        name = f"{label}{stage_name(next(iter(stage.values())), index)}"
        place_in_fold = {"index": index, "count": count, "first": index == 0, "last": index == count - 1}
        values = {**place_in_fold, **stage, **carried}
        place = tree.entries["fold"].key_span
        inside = context.child(values).inside(name, f"stage {name}", place, given=carried)
        inside = replace(inside, absent={**context.absent, **_absences(tree, carried)})
        start, value = next(iter(carried.items()), ("x", stage["x"]) if walks else ("", ABSENT))
        reads = above if value is first_output(above.value) else Above(value, start, _carried_at(tree, start))
        after, last = unfolder.body(body, inside, reads)
        with unfolder.builder.unfolding(inside.path):
            if isinstance(following, trees.Mapping):
                carried = {
                    key: first_output(unfolder.evaluate(following.entries[key].value, after))
                    if key in following
                    else value
                    for key, value in carried.items()
                }
            elif carried:
                carried = {**carried, next(iter(carried)): first_output(last)}
            if isinstance(collect, trees.Mapping):
                for item in collect:
                    collected[item.key].append(first_output(unfolder.evaluate(item.value, after)))
        if any(value is POISON for value in carried.values()):
            return POISON
    return NodeOutputs({**carried, **collected})


def _well_formed(unfolder: Unfolder, entry: Entry, tree: trees.Mapping, context: Context) -> bool:
    fine = True
    meant: set[str | None] = set()
    for item in tree:
        if item.key not in KEYS | COMMON:
            meant.add(nearest(item.key, sorted(KEYS)))
            unfolder.at(context).add(
                "G0008",
                f"there is no field of a fold called `{item.key}`",
                item.key_span,
                help=did_you_mean(item.key, sorted(KEYS)),
            )
            fine = False
    for key in ("fold", "body"):
        value = tree.get(key)
        if value is None and key in meant:
            pass  # it is there, misspelt
        elif value is None:
            unfolder.at(context).add("G0009", f"the fold `{entry.key}` has no `{key}`", entry.key_span)
        elif not isinstance(value, trees.Mapping):
            unfolder.at(context).add("G0010", f"`{key}` of a fold is a mapping", value.span)
        elif not len(value):
            unfolder.at(context).add("G0013", f"`{key}` of the fold is empty", value.span)
        else:
            continue
        fine = False
    label = tree.entries.get("label")
    if label is not None and not (isinstance(label.value, trees.Scalar) and is_name(label.value.text)):
        help = "a name such as `s`, before the number of the stage"
        unfolder.at(context).add("G0011", "`label` of a fold is a name", label.value.span, help=help)
        fine = False
    for key in ("carry", "next", "collect"):
        value = tree.get(key)
        if value is not None and not isinstance(value, trees.Mapping):
            unfolder.at(context).add("G0010", f"`{key}` of a fold is a mapping", value.span)
            fine = False
    carry, following, over = tree.get("carry"), tree.get("next"), tree.get("fold")
    walked = over.entries if isinstance(over, trees.Mapping) else {}
    for item in carry if isinstance(carry, trees.Mapping) else ():
        if item.key in walked:
            message = f"`{item.key}` is carried from stage to stage, and what the fold runs over, too"
            both = [Label(walked[item.key].key_span, "it runs over this")]
            unfolder.at(context).add("G0404", message, item.key_span, secondary=both)
            fine = False
    if isinstance(following, trees.Mapping):
        carried = list(carry.entries) if isinstance(carry, trees.Mapping) else ["x"]
        for item in following:
            if item.key not in carried:
                unfolder.at(context).add(
                    "G0312",
                    f"there is no carried value `{item.key}`",
                    item.key_span,
                    help=did_you_mean(item.key, carried),
                )
                fine = False
    return fine


def _variables(unfolder: Unfolder, tree: trees.Mapping, context: Context) -> dict[str, list[Any]] | None:
    over = tree.get("fold")
    assert isinstance(over, trees.Mapping)
    lists: dict[str, list[Any]] = {}
    for item in over:
        value = first_output(unfolder.evaluate(item.value, context))
        if value is POISON:
            return None
        if not isinstance(value, list | tuple):
            unfolder.at(context).add("G0105", "a fold runs over a list", item.value.span)
            return None
        lists[item.key] = list(value)
    spans = {item.key: item.value.span for item in over}
    if not in_step(unfolder, lists, spans, context):
        return None
    first, count = next((name, len(values)) for name, values in lists.items())
    if not count and not unfolder.growing:
        notes = _values(unfolder, over.entries[first].value, context)
        said = "the fold runs over an empty list, and does nothing"
        unfolder.at(context).add("W0745", said, spans[first], notes=notes)
    if count > MAX_STAGES:
        unfolder.at(context).add("G0309", f"{count} stages are more than {MAX_STAGES}", spans[first])
        return None
    return lists


def in_step(
    unfolder: Unfolder, lists: Mapping[str, list[Any]], spans: Mapping[str, Span], context: Context
) -> bool:
    """Whether lists have as many entries each, so that variables walk them together; reported if not."""
    lengths = {name: len(values) for name, values in lists.items()}
    first, *others = lengths
    for other in others:
        if lengths[other] != lengths[first]:
            unfolder.at(context).add(
                "G0308",
                f"`{other}` has {lengths[other]} entries but `{first}` has {lengths[first]}",
                spans[other],
                secondary=[Label(spans[first], f"{lengths[first]} entries")],
            )
            return False
    return True


def _walks_x(tree: trees.Mapping, lists: Mapping[str, list[Any]]) -> bool:
    """Whether x is each of a list of tensors in turn, where else it is what is carried on."""
    walked = lists.get("x", [])
    return "carry" not in tree and bool(walked) and all(flows(first_output(one)) for one in walked)


def _values(unfolder: Unfolder, tree: trees.Tree, context: Context) -> list[str]:
    """What the names in an expression stand for here: `sizes` is [29]."""
    scalars = [scalar for scalar in scalars_of(tree) if unfolder.readable(scalar, context)]
    named = {name: span for scalar in scalars for name, span in names_of(scalar)}
    values = {
        name: first_output(unfolder.evaluate(trees.Scalar(name, name, True, span), context))
        for name, span in named.items()
    }
    return [f"`{name}` is {show(value)}" for name, value in values.items() if value is not POISON]


def _carry(unfolder: Unfolder, tree: trees.Mapping, context: Context, above: Above) -> dict[str, Any] | None:
    """The values the first stage gets; without `carry`, x is the node above."""
    carry = tree.get("carry")
    if carry is None:
        start = first_output(above.value)
        return None if start is POISON else {"x": start} if start is not ABSENT else {}
    assert isinstance(carry, trees.Mapping)
    values = {item.key: first_output(unfolder.evaluate(item.value, context)) for item in carry}
    values = {name: ABSENT if value is None else value for name, value in values.items()}
    return None if any(value is POISON for value in values.values()) else values


def _absences(tree: trees.Mapping, carried: Mapping[str, Any]) -> dict[str, Label]:
    """Where a stage's absent values come from."""
    return {
        name: Label(_carried_at(tree, name), f"`{name}` is carried, and absent here")
        for name, value in carried.items()
        if value is ABSENT
    }


def _carried_at(tree: trees.Mapping, name: str) -> Span:
    """Where the fold says what a stage starts from."""
    for key in ("next", "carry"):
        if isinstance(part := tree.get(key), trees.Mapping) and name in part:
            return part.entries[name].key_span
    return tree.entries["fold"].key_span


def _label(tree: trees.Mapping) -> str:
    label = tree.get("label")
    return label.text if isinstance(label, trees.Scalar) else "s"


def stage_name(value: Any, index: int) -> str:
    """What tells a stage from the others: its size or number, else its place."""
    if isinstance(value, Size):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return str(value)
    return str(index)
