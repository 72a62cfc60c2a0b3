"""Folds, blocks and slots around random nodes: the same op in all the forms in which a spec may write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gandsl.ir.op import Op, ShapeError
from gandsl.ir.types import feature
from gandsl.spec.values import Size
from tests.random_specs.again import Use
from tests.random_specs.body import ONCE, Body, Text
from tests.random_specs.kinds import CARRIED, Types, plainly
from tests.random_specs.values import attributes, written


def some_value(body: Body, *kinds: str) -> str | None:
    """A value of these kinds, by preference one that nobody reads yet."""
    found = body.of(*kinds, sides=(2,))
    new = [text for text in found if text in body.unread]
    return body.rng.choice(new or found) if found else None


def inner(body: Body, worlds: int | None = None, outside: bool = True) -> Body:
    """The body of a fold, which sees what stands outside, or of a block, which does not."""
    seen = {}
    if outside:
        factor = (worlds or body.worlds) // body.worlds
        seen = {text: types * factor for text, types in body.seen.items()}
    return Body(body.rng, body.names, worlds or body.worlds, seen, ops=body.ops, again=body.again)


def loop(body: Body, ops: Iterator[Op]) -> str | None:
    """A fold that hands a value of one shape on from stage to stage."""
    if (start := some_value(body, *CARRIED)) is None:
        return None
    carry, count = body.names.new("c"), body.rng.randint(1, 3)
    types = plainly(body.seen[start])
    stage = inner(body)
    stage.offer(carry, types, above=True)
    stage.grow(ops, body.rng.randint(2, 4))
    last = _last(stage, carry)
    if tuple(one.shape for one in stage.seen[last]) != tuple(one.shape for one in types):
        last = carry
    if types[0].kind == "Feature":
        last = stage.joined(last)
    elif types[0].kind == "Vector":
        last = stage.joined_vector(last)
    if not stage.nodes:
        return None
    node: dict[str, Any] = {
        "fold": {body.names.new("i"): f"range({count})"},
        "carry": {carry: start},
        "body": stage.nodes,
        "next": {carry: last},
    }
    if last == list(stage.nodes)[-1] and body.rng.random() < 0.5:
        del node["next"]
    return _folded(body, stage, node, carry, start, types, [types] * count, last)


def stages(body: Body, ops: Iterator[Op]) -> str | None:
    """A fold over sizes: each stage changes the size of what it is handed."""
    start = some_value(body, "Feature")
    if start is None or body.worlds > 1:
        return None
    carry, res = body.names.new("c"), body.names.new("res")
    sizes = [Size(side, side) for side in body.rng.sample((2, 3, 4, 5, 6, 8), body.rng.randint(1, 3))]
    before = plainly(body.seen[start])[0]
    channels = before.shape[0]
    after = [feature(channels, size.h, size.w) for size in sizes]
    stage = inner(body, len(sizes))
    stage.offer(carry, (before, *after[:-1]), above=True)
    scaled = stage.add("resize", {"x": [carry]}, {"size": Text(res, tuple(sizes))})
    stage.grow(ops, body.rng.randint(2, 4))
    alike = [t for t in stage.nodes if t in stage.seen and _sizes(stage.seen[t]) == _sizes(tuple(after))]
    last = alike[-1] if alike else scaled
    if stage.seen[last] != tuple(after):
        last = stage.add("conv", {"x": [last]}, {"channels": channels, "kernel": 1})
    last = stage.joined(last)
    node: dict[str, Any] = {
        "fold": {res: [written(size) for size in sizes]},
        "label": body.rng.choice("sbr"),
        "carry": {carry: start},
        "body": stage.nodes,
        "next": {carry: last},
    }
    return _folded(body, stage, node, carry, start, (after[-1],), [(one,) for one in after], last)


def _folded(
    body: Body,
    stage: Body,
    node: dict[str, Any],
    carry: str,
    start: str,
    types: Types,
    each: list[Types],
    last: str,
) -> str:
    collected = body.rng.random() < 0.3
    if collected:
        node["collect"] = {"parts": last}
    read = [text for text in body.seen if text in stage.reads]
    name = body.keep(body.names.new("f"), node, types, [*read, *([start] if carry in stage.reads else [])])
    if collected:
        for index, one in enumerate(each):
            body.seen[f"{name}.parts[{index}]"] = one
    return name


def _last(stage: Body, carry: str) -> str:
    family = plainly(stage.seen[carry])[0].kind
    alike = [t for t in stage.nodes if t in stage.seen and plainly(stage.seen[t])[0].kind == family]
    return alike[-1] if alike else carry


def _sizes(types: Types) -> list[tuple[int, ...]]:
    return [one.shape[1:] for one in types]


def block(body: Body, ops: Iterator[Op], blocks: dict[str, Any]) -> str | None:
    """A block of random nodes, used once or twice: with slots, parameters and several outputs."""
    rng = body.rng
    operands = [t for t in (some_value(body, "Feature", "Vector"), some_value(body, *CARRIED)) if t]
    operands = operands[: rng.randint(1, 2)]
    if operands and rng.random() < 0.5 and (label := some_value(body, "Label")):
        operands.append(label)
    if not operands:
        return None
    ports = {body.names.new("p"): text for text in operands}
    inside = inner(body, outside=False)
    for index, (port, text) in enumerate(ports.items()):
        inside.offer(port, plainly(body.seen[text]), above=index == 0)
    if not inside.above:
        return None
    inside.grow(ops, rng.randint(2, 4))
    slots = _slots(inside, ops)
    inside.grow(ops, rng.randint(0, 2))
    if not inside.nodes:
        return None
    last = list(inside.nodes)[-1]
    ends = [last, *(t for t in inside.unread if t in inside.nodes and t != last)]
    outputs = {body.names.new("o"): text for text in ends}
    params, arguments = _parameters(inside)
    name = f"block{len(blocks)}"
    declared: dict[str, Any] = {"ports": {port: plainly(body.seen[t])[0].kind for port, t in ports.items()}}
    if params:
        declared["params"] = params
    if slots:
        declared["slots"] = {slot: {"type": kind, "default": "none"} for slot, (kind, _) in slots.items()}
    blocks[name] = declared | {"body": inside.nodes}
    if len(ends) > 1 or rng.random() < 0.3:
        blocks[name]["outputs"] = outputs
    made = None
    for use in range(rng.randint(1, 2)):
        node: dict[str, Any] = {"block": name}
        given = list(ports.items())
        silent = given[0][1] == body.above and rng.random() < 0.5
        node |= dict(given[1:] if silent else given)
        node |= {param: value if use else changed for param, (value, changed) in arguments.items()}
        node |= {slot: rng.choice(fillers) for slot, (_, fillers) in slots.items()}
        read = [text for port, text in ports.items() if port in inside.reads]
        made, above = body.names.new(), {port: [text] for port, text in ports.items()}
        again = Use(
            made, node, inside.seen[last], above, body.seen, next(iter(ports)), outputs=len(outputs) > 1
        )
        body.keep(made, node, inside.seen[last], read, None if draws(blocks[name], node) else again)
        for output, text in list(outputs.items())[1:]:
            body.offer(f"{made}.{output}", inside.seen[text])
    return made


def _slots(inside: Body, ops: Iterator[Op]) -> dict[str, tuple[str, list[Any]]]:
    """A node that is a slot, and what may fill it there: ops that keep the shape."""
    if inside.rng.random() < 0.5 or (text := some_value(inside, "Feature", "Vector", "Tokens")) is None:
        return {}
    fillers: list[Any] = ["none"]
    for op in [next(ops) for _ in range(3)] + inside.rng.sample(inside.ops, 6):
        if (
            op not in inside.ops
            or len(op.ports) != 1
            or op.ports[0].name != "x"
            or text not in inside.of(*op.ports[0].kinds)
        ):
            continue
        attrs = attributes(inside.rng, op, [])
        try:
            types = inside._types(op, {op.ports[0].name: [text]}, attrs)
        except ShapeError:
            continue
        if plainly(types) == plainly(inside.seen[text]):
            given = {name: written(value) for name, value in attrs.items()}
            fillers.append({"use": op.name, **given} if given else op.name)
    slot, name = inside.names.new("slot"), inside.names.new()
    node = {"slot": slot, **({} if text == inside.above else {"x": text})}
    types = plainly(inside.seen[text])
    again = None if draws(fillers) else Use(name, node, types, {"x": [text]}, inside.seen, "x")
    inside.keep(name, node, types, [text], again)
    return {slot: (inside.rng.choice(["Norm", "Activation"]), fillers[1:] or fillers)}


def draws(*written: Any) -> bool:
    """Whether there is something in it that has no second use."""
    return any(f"{op!r}" in repr(written) for op in ONCE)


def _parameters(inside: Body) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """Some numbers of the nodes become parameters: declarations, and two arguments for each."""
    params: dict[str, Any] = {}
    arguments: dict[str, tuple[float, float]] = {}
    for node in inside.nodes.values():
        for name in ("slope", "factor", "bias_init", "init_scale", "offset"):
            if isinstance(value := node.get(name), float) and inside.rng.random() < 0.7:
                param = inside.names.new("param")
                node[name] = param
                params[param] = {"type": "float", "default": value}
                arguments[param] = (value, round(abs(value) / 2 + 0.1, 3))
    return params, arguments


def varied(body: Body, ops: Iterator[Op], blocks: dict[str, Any], count: int) -> None:
    """So many nodes, in whatever form."""
    for _ in range(count):
        chance = body.rng.random()
        if chance < 0.15:
            loop(body, ops)
        elif chance < 0.3:
            stages(body, ops)
        elif chance < 0.55:
            block(body, ops, blocks)
        else:
            body.grow(ops, 1)
