"""What an item of the data is for a short form: an image of the full size, and a class where one is taken."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from gandsl.diagnostics import Span
from gandsl.frontend.short_form.make import mapping, tree
from gandsl.frontend.short_form.roles import Port, Roles
from gandsl.spec.document import Document, PortDecl
from gandsl.spec.tree import Mapping, Scalar, Tree
from gandsl.spec.values import SIDE_NAMES, Size

if TYPE_CHECKING:
    from gandsl_runtime.plan import Plan

_FAMILY = re.compile(r"\b(level|levels|fading)\b")  # names that are known in a family alone


def data_of(document: Document, roles: Roles) -> Mapping:
    """The section `data`."""
    fields: dict[str, Any] = {"image": _image(document, roles)}
    if roles.classes_are_seen:
        network = "generator" if roles.label else "discriminator"
        fields["y"] = _label(document, network, roles.label or roles.judges_label or "")
    return mapping(fields, document.networks["discriminator"].span)


def _written(document: Document, network: str, port: str) -> Tree | None:
    """An input as it is written."""
    found: Tree | None = document.tree
    for key in (network, "inputs", port):
        found = found.get(key) if isinstance(found, Mapping) else None
    return found


def _type(written: Tree | None) -> Scalar | None:
    kind = written.get("type") if isinstance(written, Mapping) else written
    return kind if isinstance(kind, Scalar) else None


def _image(document: Document, roles: Roles) -> Tree:
    """The type of D's largest image, as it is written; of a family that grows, that of the last level."""
    port, at = max(
        ((port, at) for port in roles.images for at in range(len(port.nodes))),
        key=lambda one: one[0].shapes[one[1]][1:],
    )
    declared = document.networks["discriminator"].inputs[port.name]
    written = _type(_written(document, "discriminator", port.name))
    if written is not None and (text := _full(written.text, declared, port, at, document)):
        return written if text == written.text else Scalar(text, text, True, written.span)
    return tree(f"{declared.kind}[{', '.join(map(str, port.shapes[at]))}]", declared.span)


def _full(text: str, declared: PortDecl, port: Port, at: int, document: Document) -> str | None:
    """The text of a type outside of a list and of a family; None where it can't be said by their ends."""
    if document.growth:
        text = re.sub(r"\blevel_size\b", f"last({document.growth.over.text})", text)
    if declared.each:
        end = {len(port.nodes) - 1: "last", 0: "first"}.get(at)
        if end is None:
            return None
        for variable, over in declared.each:
            text = re.sub(rf"\b{re.escape(variable)}\b", f"{end}({over.text})", text)
    return None if _FAMILY.search(text) else text


def _label(document: Document, network: str, port: str) -> Tree:
    """The type of the label, and its condition."""
    written = _written(document, network, port)
    declared = document.networks[network].inputs[port]
    kept = (
        {key: written.get(key) for key in ("type", "when", "unless")} if isinstance(written, Mapping) else {}
    )
    span: Span = declared.span
    if kept.get("when") is None and kept.get("unless") is None:
        return _type(written) or tree("Label", span)
    return mapping(kept, span)


def scales(document: Document, roles: Roles, plan: Plan) -> dict[str, dict[str, Any] | None]:
    """Real images as D's inputs take them, by name: nodes, or None for what is a field of the data."""
    first, *others = roles.images
    if document.growth:
        if not others and not first.is_list:
            return {"item": {"block": "level.item", "x": "image"}}
        return _of_levels(roles)
    if not others:
        if not first.is_list:
            return {"image": None}
        declared = document.networks["discriminator"].inputs[first.name]
        plain = _type(_written(document, "discriminator", first.name))
        walked = [
            over.text
            for variable, over in declared.each
            if plain is not None and re.search(rf",\s*{re.escape(variable)}\s*\]", plain.text)
        ]
        over = walked[0] if walked else _sizes(first.shapes)
        return {"item": {"block": "level.pyramid", "x": "image", "sizes": over}}
    found: dict[str, dict[str, Any] | None] = {}
    for port in roles.images:
        if port.is_list:
            found[f"item_{port.name}"] = {
                "block": "level.pyramid",
                "x": "image",
                "sizes": _sizes(port.shapes),
            }
        else:
            node = {"op": "resize", "x": "image", "size": _sizes(port.shapes)[1:-1]}
        found[f"item_{port.name}"] = node
    return found


def _sizes(shapes: tuple[tuple[int, ...], ...]) -> str:
    return f"[{', '.join(str(Size(*sides).plain) for _, *sides in shapes)}]"


def _of_levels(roles: Roles) -> dict[str, dict[str, Any] | None]:
    """Several scales of a family that grows: each its share of the level's size."""
    shapes = [shape[1:] for port in roles.images for shape in port.shapes]
    full = [max(sides) for sides in zip(*shapes, strict=True)]
    found: dict[str, dict[str, Any] | None] = {}
    for port in roles.images:
        for node, (_, *sides) in zip(port.nodes, port.shapes, strict=True):
            names = zip(sides, SIDE_NAMES[len(sides)], full, strict=True)
            size = f"[{', '.join(f'{side} * level_size.{name} // {most}' for side, name, most in names)}]"
            found[f"item_{node}"] = {"block": "level.item", "x": "image", "size": size}
    return found
