"""A static picture of a spec's networks, side by side, with the light and the dark colours in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files

from gandsl.graph.geometry import CHAR, HEAD, LINE, PAD, Placed, connect, place
from gandsl.graph.tree import Picture, opened
from gandsl.graph.words import FAMILIES, family_of, hover, lines

MARGIN, APART, TITLE = 16.0, 40.0, 34.0

STYLE = """
svg { background: var(--paper); font: 11px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
text, .name { fill: var(--ink); } .name { font-weight: 700; } .said { fill: var(--faint); font-weight: 400; }
.head { font-size: 15px; }
rect { stroke: var(--rule); fill: var(--group); } .closed { stroke: var(--edge); }
path { fill: none; stroke: var(--edge); stroke-width: 1.2; marker-end: url(#arrow); }
.title { paint-order: stroke; stroke: var(--group); stroke-width: 5px; }
.far { opacity: .65; } #arrow path { fill: var(--edge); stroke: none; }
"""


def colours() -> str:
    """The custom properties that SVG and page share."""
    return files("gandsl.graph").joinpath("page", "colours.css").read_text(encoding="utf-8")


def render(pictures: Sequence[tuple[str, Picture]], depth: int | None = None) -> str:
    """One SVG of all networks. `depth`: levels of groups that are open; by default down to the stages."""
    parts: list[str] = []
    x, height = MARGIN, 0.0
    for name, picture in pictures:
        placed = place(picture.root, opened(picture.root, depth)).moved(x, MARGIN + TITLE)
        parts.append(f'<text class="head name" x="{x + PAD:.1f}" y="{MARGIN + 16:.1f}">{escape(name)}</text>')
        parts += _network(picture, placed)
        x, height = placed.right + APART, max(height, placed.bottom)
    width, height = x - APART + MARGIN, height + MARGIN
    families = "".join(f".{name} {{ fill: var(--{name}); }} " for name in FAMILIES)
    shape = 'viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="7" markerHeight="7" orient="auto"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}">\n'
        f"<style>{colours()}{STYLE}{families}</style>\n"
        f'<defs><marker id="arrow" {shape}><path d="M0,0 L8,4 L0,8 z"/></marker></defs>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _network(picture: Picture, placed: Placed) -> Iterator[str]:
    boxes = [one for one in placed.walk() if one.box.id]
    groups = [one for one in boxes if one.inner]
    yield from (_rect(one, "open") for one in groups)
    for line in connect(picture, placed):
        yield f'<path class="{"far" if line.far else "near"}" d="{line.path}"/>'
    yield from map(_title, groups)  # a line passes below it
    yield from (_closed(one) for one in boxes if not one.inner)


def _rect(one: Placed, kind: str) -> str:
    title = escape("\n".join(f"{name}: {value}" for name, value in hover(one.box)))
    return (
        f'<rect class="{kind}" x="{one.x:.1f}" y="{one.y:.1f}" width="{one.width:.1f}" '
        f'height="{one.height:.1f}" rx="5"><title>{title}</title></rect>'
    )


def _title(one: Placed) -> str:
    x, y = one.x + PAD, one.y + HEAD - 8
    what = f'<tspan class="said" dx="{CHAR:.0f}">{escape(one.box.what)}</tspan>' if one.box.what else ""
    name = f'<tspan class="name">{escape(one.box.title)}</tspan>'
    return f'<text class="title" x="{x:.1f}" y="{y:.1f}">{name}{what}</text>'


def _closed(one: Placed) -> str:
    family = family_of(one.box.node) if one.box.node is not None else "group"
    x, y = one.x + PAD, one.y + PAD + 8
    rows = [f'<text class="name" x="{x:.1f}" y="{y:.1f}">{escape(one.box.title)}</text>']
    for index, text in enumerate([*lines(one.box), *one.box.conditions], 1):
        rows.append(f'<text class="said" x="{x:.1f}" y="{y + LINE * index:.1f}">{escape(text)}</text>')
    return _rect(one, f"closed {family}") + "".join(rows)
