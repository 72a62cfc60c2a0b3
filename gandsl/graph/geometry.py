"""Where boxes and lines of a static picture lie. Units are pixels; y grows downwards."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, replace

from gandsl.graph.tree import Box, Picture
from gandsl.graph.words import lines

CHAR, LINE, PAD, GAP, HEAD, LANE = 6.7, 15.0, 9.0, 16.0, 24.0, 22.0


@dataclass(frozen=True)
class Placed:
    """A box with its rectangle; `inner` are those of an open group."""

    box: Box
    x: float
    y: float
    width: float
    height: float
    inner: tuple[Placed, ...] = ()

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def moved(self, dx: float, dy: float) -> Placed:
        inner = tuple(child.moved(dx, dy) for child in self.inner)
        return replace(self, x=self.x + dx, y=self.y + dy, inner=inner)

    def walk(self) -> Iterator[Placed]:
        """This box and all inside, outer ones first."""
        yield self
        for child in self.inner:
            yield from child.walk()


@dataclass(frozen=True)
class Line:
    """A line between two visible boxes, as an SVG path; `far` ones run along a lane at the right."""

    path: str
    far: bool


def place(box: Box, opened: Set[str]) -> Placed:
    """The box at the origin, as large as it has to be."""
    if box.node is not None or box.id not in opened:
        said = [*lines(box), *box.conditions]
        width = max(len(box.title) * 1.08, *map(len, said), 8) * CHAR + 2 * PAD
        return Placed(box, 0, 0, width, LINE * (len(said) + 1) + 2 * PAD - 4)
    rows = [[place(child, opened) for child in row] for row in box.rows]
    widths = [sum(p.width for p in row) + GAP * (len(row) - 1) for row in rows]
    inside = max([*widths, (len(box.title) + len(box.what) + 4) * CHAR])
    inner: list[Placed] = []
    y = HEAD if box.id else 0.0
    for row, width in zip(rows, widths, strict=True):
        x = PAD + LANE + (inside - width) / 2
        for placed in row:
            inner.append(placed.moved(x, y + PAD))
            x += placed.width + GAP
        y += max(placed.height for placed in row) + GAP + PAD
    return Placed(box, 0, 0, inside + 2 * (PAD + LANE), y - GAP + 2 * PAD, tuple(inner))


def connect(picture: Picture, placed: Placed) -> list[Line]:
    """A line for each edge between two visible boxes."""
    visible = {one.box.id: one for one in placed.walk()}
    drawn: dict[tuple[str, str], None] = {}
    for edge in picture.lines:
        ends = _seen(edge.source, visible), _seen(edge.target, visible)
        if ends[0] != ends[1]:
            drawn[ends] = None
    lanes: dict[str, int] = {}
    return [_line(visible[a], visible[b], visible, lanes) for a, b in drawn]


def _seen(id_: str, visible: dict[str, Placed]) -> str:
    while id_ not in visible:
        id_ = id_.rpartition(".")[0]
    return id_


def _line(a: Placed, b: Placed, visible: dict[str, Placed], lanes: dict[str, int]) -> Line:
    x1, y1, x2, y2 = a.x + a.width / 2, a.bottom, b.x + b.width / 2, b.y
    if not _blocked(a, b, visible):
        bend = max((y2 - y1) / 2, 8)
        return Line(
            f"M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2:.1f}", False
        )
    owner = visible[_common(a.box.id, b.box.id, visible)]
    lane = lanes[owner.box.id] = lanes.get(owner.box.id, -1) + 1
    side = owner.right - 6 - (lane % 3) * 6
    ya, yb = a.y + a.height / 2, b.y + b.height / 2
    way = f"M{a.right:.1f},{ya:.1f} C{side:.1f},{ya:.1f} {side:.1f},{ya:.1f} {side:.1f},{ya + 14:.1f}"
    back = f"L{side:.1f},{yb - 14:.1f} C{side:.1f},{yb:.1f} {side:.1f},{yb:.1f} {b.right:.1f},{yb:.1f}"
    return Line(f"{way} {back}", True)


def _blocked(a: Placed, b: Placed, visible: dict[str, Placed]) -> bool:
    """Whether a box that holds neither end lies on the straight way down."""
    if b.y < a.bottom:
        return True
    x1, x2 = a.x + a.width / 2, b.x + b.width / 2
    low, high = min(x1, x2), max(x1, x2)
    return any(
        one.y < b.y and one.bottom > a.bottom and one.x < high + 1 and one.right > low - 1
        for one in visible.values()
        if not _holds(one, a) and not _holds(one, b)
    )


def _holds(outer: Placed, inner: Placed) -> bool:
    path = outer.box.id
    return not path or inner.box.id == path or inner.box.id.startswith(f"{path}.")


def _common(a: str, b: str, visible: dict[str, Placed]) -> str:
    """The smallest visible group that holds both."""
    parts = [one.split(".") for one in (a, b)]
    depth = 0
    while depth < min(map(len, parts)) and parts[0][depth] == parts[1][depth]:
        depth += 1
    path = ".".join(parts[0][:depth])
    while path not in visible:
        path = path.rpartition(".")[0]
    return path
