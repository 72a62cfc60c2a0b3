"""One self-contained page: networks as nested boxes that fold, lines between them, details on hover."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence, Set
from html import escape
from importlib.resources import files
from string import Template

from gandsl.graph.svg import colours
from gandsl.graph.tree import Box, Picture, opened
from gandsl.graph.words import FAMILIES, FAMILY, hover, lines


def render(title: str, pictures: Sequence[tuple[str, Picture]], depth: int | None = None) -> str:
    """The page. `depth`: levels of groups that are open at first; by default down to the stages."""
    about: dict[str, list[tuple[str, str]]] = {}
    networks, edges = [], []
    for name, picture in pictures:
        open_ = opened(picture.root, depth)
        networks.append(
            f"<section><h2>{escape(name)}</h2>"
            + "".join(_box(picture.root, name, open_, about))
            + "</section>"
        )
        edges += [(f"{name}.{edge.source}", f"{name}.{edge.target}") for edge in picture.edges]
    data = json.dumps({"edges": edges, "about": about}, ensure_ascii=False).replace("</", "<\\/")
    legend = " ".join(f'<span class="key {name}">{name}</span>' for name in FAMILIES)
    families = " ".join(f".{name} {{ background: var(--{name}); }}" for name in FAMILIES)
    here = files("gandsl.graph")
    return Template(here.joinpath("page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        colours=colours(),
        families=families,
        legend=legend,
        networks="\n".join(networks),
        data=data,
        script=here.joinpath("page.js").read_text(encoding="utf-8"),
    )


def _box(box: Box, network: str, opened: Set[str], about: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    """A box as nested elements; its words go into `about`."""
    id_ = f"{network}.{box.id}" if box.id else network
    about[id_] = hover(box)
    data = f'data-id="{escape(id_)}"'
    if box.node is not None:
        said = "".join(f'<span class="said">{escape(text)}</span>' for text in lines(box))
        family = FAMILY[box.node.op]
        yield f'<div class="node {family}" tabindex="0" {data}><b>{escape(box.title)}</b>{said}</div>'
        return
    marks = {"root": not box.id, "stage": box.stage, "shut": box.id not in opened}
    classes = ["group", *(name for name, given in marks.items() if given)]
    yield f'<div class="{" ".join(classes)}" {data}>'
    if box.id:
        cost = "".join(f'<span class="said cost">{escape(text)}</span>' for text in lines(box))
        what = f' <span class="said">{escape(box.what)}</span>' if box.what else ""
        yield f'<div class="head" tabindex="0" role="button"><b>{escape(box.title)}</b>{what}{cost}</div>'
    for row in box.rows:
        yield '<div class="row">'
        for child in row:
            yield from _box(child, network, opened, about)
        yield "</div>"
    yield "</div>"
