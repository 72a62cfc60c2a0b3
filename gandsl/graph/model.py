"""What the page knows of a spec, as plain data: boxes with their parents, edges between primitives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any

from gandsl.graph.tree import Box, Edge, Picture, opened
from gandsl.graph.words import family_of, hover, lines
from gandsl.ir.types import is_a

OUTPUT = "output"  # the family of what a network gives

# what runs along a line, which the page draws each in its own way → the kinds that are it; the first holds
_FLOWS = {"label": ("Label",), "scalar": ("Scalar",), "vector": ("Vector", "Styles"), "feature": ("Tensor",)}
FLOWS = (*_FLOWS, "count")


def model(pictures: Sequence[tuple[str, Picture]], depth: int | None = None) -> list[dict[str, Any]]:
    """Each network's `boxes`, outer ones first, and `edges`, which name boxes by their index.

    Every edge of the IR is one of them: a `select` between two nodes is shown with the edge. `depth`: levels
    of groups that are open at first; by default down to the stages.
    """
    return [_network(name, picture, opened(picture.root, depth)) for name, picture in pictures]


def _network(name: str, picture: Picture, open_: Set[str]) -> dict[str, Any]:
    boxes = [_box(box, parent, open_, picture) for box, parent in _walk(picture.root, None)]
    boxes += [
        {
            "id": f"{OUTPUT}:{given}",
            "title": given,
            "lines": list(picture.said.get(given, (OUTPUT,))),
            "family": OUTPUT,
        }
        for given in picture.outputs
    ]
    index = {box["id"]: place for place, box in enumerate(boxes)}
    for box in boxes:
        if "parent" in box:
            box["parent"] = index[box["parent"]]
    types = {box.id: box.node.type.kind for box, _ in _walk(picture.root, None) if box.node is not None}
    edges = [_edge(edge, index, types) for edge in picture.edges]
    edges += [
        {"from": index[id_], "to": index[f"{OUTPUT}:{given}"], "port": "", "flow": _flow(types[id_])}
        for given, id_ in picture.outputs.items()
    ]
    edges += [
        {"from": index[id_], "to": index[f"{OUTPUT}:{given}"], "port": "weight", "flow": _flow(types[id_])}
        for given, id_ in picture.weights.items()
        if id_ in types
    ]
    return {"name": name, "boxes": boxes, "edges": edges}


def _walk(box: Box, parent: str | None) -> Iterator[tuple[Box, str | None]]:
    """All boxes with their parents' ids, but the root, which is the page."""
    if box.id:
        yield box, parent
    for child in box.children:
        yield from _walk(child, box.id or None)


def _box(box: Box, parent: str | None, open_: Set[str], picture: Picture) -> dict[str, Any]:
    told: dict[str, Any] = {"id": box.id, "title": box.title, "lines": lines(box), "about": hover(box)}
    if parent is not None:
        told["parent"] = parent
    if box.node is None:
        what = "" if box.what.startswith("stage") else box.what  # a stage has its title
        if what.startswith("= "):  # the text stands behind the title
            told["lines"] = lines(box)[-1:]
        return told | {"what": what, "open": box.id in open_}
    taken = [
        f"{edge.port} {edge.element}" for edge in picture.edges if edge.target == box.id and edge.element
    ]
    return told | {"lines": [*lines(box), *taken], "family": family_of(box.node)}


def _edge(edge: Edge, index: dict[str, int], types: dict[str, str]) -> dict[str, Any]:
    flow = "count" if edge.counts else _flow(types[edge.source])
    ends = {"from": index[edge.source], "to": index[edge.target], "port": edge.port, "flow": flow}
    return ends | ({"select": edge.select, "element": edge.element} if edge.select else {})


def _flow(kind: str) -> str:
    return next(flow for flow, kinds in _FLOWS.items() if any(is_a(kind, one) for one in kinds))
