"""Families of growing networks: random stages of the topologies, fades by hand, ops at every level's size."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from gandsl.ir.op import Op, ShapeError
from gandsl.ir.types import TensorType, feature
from gandsl.spec.values import Size
from tests.random_specs.again import Use
from tests.random_specs.body import Body, Names, Text, stops
from tests.random_specs.constructs import draws, some_value
from tests.random_specs.kinds import Types


class Levels:
    """The sizes of a family, and the worlds of its programs: each level while it fades in, and after."""

    def __init__(self, rng: Random) -> None:
        lowest, count = rng.choice([2, 3, 4]), rng.choice([2, 2, 3])
        self.sizes = [lowest * 2**level for level in range(count)]
        self.variants = [(level, fading) for level in range(count) for fading in (level > 0, False)][1:]
        self.over = f"doubling({lowest}, {self.sizes[-1]})"

    def each(self, channels: int) -> Types:
        """A feature of the level's size in every program."""
        return tuple(feature(channels, self.sizes[level], self.sizes[level]) for level, _ in self.variants)


def spread(body: Body, levels: Levels) -> Body:
    """The body as it goes on in all programs: so far it is the same in each."""
    count = len(levels.variants)
    seen = {text: types * count for text, types in body.seen.items()}
    found = Body(body.rng, body.names, count, seen, ops=body.ops, again=body.again)
    found.nodes, found.unread, found.reads, found.above = body.nodes, body.unread, body.reads, body.above
    return found


def gathered(body: Body, text: str) -> Body:
    """The body as it goes on from a value that is the same in all programs."""
    found = Body(body.rng, body.names, 1, {text: body.seen[text][:1]}, ops=body.ops, again=body.again)
    found.nodes, found.unread, found.above = body.nodes, [text], body.above
    return found


def grown_image(
    body: Body, levels: Levels, ops: Iterator[Op], blocks: dict[str, Any], main: str
) -> tuple[Body, str]:
    """From a feature to an image of the level's size, through `topology.grow` or by hand."""
    rng, channels = body.rng, rng_channels(body.rng)
    lowest = Size(levels.sizes[0], levels.sizes[0])
    if rng.random() < 0.35:
        wide = spread(body, levels)
        image = wide.add("resize", {"x": [main]}, {"size": level_size(levels)})
        wide.grow(ops, rng.randint(1, 3))
        image = wide.joined(_fade(wide) or image)
        return wide, wide.add("conv", {"x": [_same_size(wide, image, levels)]}, {"channels": channels})
    start = body.add("resize", {"x": [main]}, {"size": lowest})
    inner = rng.randint(2, 4)
    start = body.add("conv", {"x": [start]}, {"channels": inner})
    before = [levels.sizes[0], *levels.sizes[:-1]]
    stage = _stage(body, ops, blocks, inner, before, levels.sizes, "res")
    node = {
        "topology": "grow",
        "x": start,
        "alpha": "alpha",
        "over": levels.over,
        "stage": {"use": stage, "res": "res"},
        "exit": {"use": "conv", "channels": channels, "kernel": 1},
        "up": rng.choice(["nearest", "bilinear", "fir"]),
    }
    wide = spread(body, levels)
    return wide, _topology(wide, node, levels.each(channels), start, blocks[stage])


def shrunk_image(body: Body, levels: Levels, ops: Iterator[Op], blocks: dict[str, Any], image: str) -> Body:
    """From an image of the level's size to one of the lowest, through `topology.grow_down` or by hand."""
    rng = body.rng
    lowest = levels.sizes[0]
    if rng.random() < 0.35:
        body.grow(ops, rng.randint(1, 3))
        _fade(body)
        main = body.joined(body.feature())
        main = body.add("resize", {"x": [main]}, {"size": Size(lowest, lowest)})
        return gathered(body, main)
    channels = rng.randint(2, 4)
    after = [size // 2 for size in levels.sizes[1:]]
    stage = _stage(body, ops, blocks, channels, levels.sizes[1:], after, "res // 2")
    node = {
        "topology": "grow_down",
        "x": image,
        "alpha": "alpha",
        "over": f"reverse({levels.over}[1:])",
        "stage": {"use": stage, "res": "res"},
        "enter": {"use": "conv", "channels": channels, "kernel": 1},
        "down": rng.choice(["average", "fir"]),
    }
    types = (feature(channels, lowest, lowest),) * body.worlds
    return gathered(body, _topology(body, node, types, image, blocks[stage]))


def _topology(body: Body, node: dict[str, Any], types: Types, x: str, stage: dict[str, Any]) -> str:
    name, seen = body.names.new(), body.seen | {"alpha": (TensorType("Scalar", ()),) * body.worlds}
    use = Use(name, node, types, {"x": [x], "alpha": ["alpha"]}, seen, "x")
    return body.keep(name, node, types, [x], None if draws(stage) else use)


def _stage(
    body: Body,
    ops: Iterator[Op],
    blocks: dict[str, Any],
    channels: int,
    before: list[int],
    after: list[int],
    size: str,
) -> str:
    """A block for a stage: it changes the size, then does something."""
    inside = Body(body.rng, Names(body.rng, {"x", "res"}), len(before), ops=body.ops, again=body.again)
    inside.offer("x", tuple(feature(channels, side, side) for side in before), above=True)
    sizes = Text(size, tuple(Size(side, side) for side in after))
    scaled = inside.add("resize", {"x": ["x"]}, {"size": sizes})
    inside.grow(ops, body.rng.randint(1, 3))
    alike = [
        t
        for t in inside.nodes
        if t in inside.seen and _spatial(inside.seen[t]) == _spatial(inside.seen[scaled])
    ]
    last = inside.joined(alike[-1])
    inside.add("conv", {"x": [last]}, {"channels": channels, "kernel": 1})
    name = f"stage{len(blocks)}"
    blocks[name] = {"ports": {"x": "Feature"}, "params": {"res": "size"}, "body": inside.nodes}
    return name


def _fade(body: Body) -> str | None:
    """A blend of two values while a level fades in, the second of them otherwise."""
    a = some_value(body, "Feature", "Vector")
    if a is None or not body.of("Feature", "Vector"):
        return None
    b = body.rng.choice([t for t in body.of("Feature", "Vector") if body.seen[t] == body.seen[a]])
    types = body.seen[a]
    faded = body.names.new()
    body.nodes[faded] = {"op": "lerp", "a": a, "b": b, "weight": "alpha", "when": "fading"}
    body.nodes[mixed := body.names.new()] = f"first_present({faded}, {b})"
    for text in (a, b):
        body.read(text)
    body.offer(mixed, types, above=True)
    return mixed if types[0].kind != "Vector" and len(types[0].shape) == 3 else None


def _same_size(body: Body, text: str, levels: Levels) -> str:
    if _spatial(body.seen[text]) == _spatial(levels.each(1)):
        return text
    return body.add("resize", {"x": [text]}, {"size": level_size(levels)})


def level_size(levels: Levels) -> Text:
    """`level_size` and what it is in every program."""
    return Text("level_size", tuple(Size(*one.shape[1:]) for one in levels.each(1)))


def rng_channels(rng: Random) -> int:
    """Channels of an image."""
    return rng.choice([1, 3, 3, 4])


def _spatial(types: Types) -> list[tuple[int, ...]]:
    return [one.shape[1:] if len(one.shape) == 3 else () for one in types]


def kept_shape(body: Body, text: str, op: Op) -> str:
    """A last node of this op where it leaves an image's shape as it is."""
    before = body.state()
    if op.ports[0].kinds[0] == "Feature" and len(op.ports) == 1 and not stops(op):
        try:
            made = body.attempt(op, wanted=("Feature",), reads=[text])
        except ShapeError:
            made = None
        if made and [t.shape for t in body.seen[made]] == [t.shape for t in body.seen[text]]:
            return made
    body.back_to(before)
    return text


ALPHA: dict[str, Any] = {"type": "Scalar", "when": "fading"}


def image_input(levels: Levels, channels: int) -> tuple[dict[str, Any], tuple[TensorType, ...]]:
    """D's image at the level's size."""
    return {"type": f"Image[{channels}, level_size]"}, tuple(
        TensorType("Image", one.shape) for one in levels.each(channels)
    )
