"""Explains a block of the standard library: ports, parameters, slots, and the text it is written in."""

from __future__ import annotations

from typing import Any

from gandsl.cli.topics.topic import Topic, definitions, paragraph
from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec.document import BlockDecl, Document, PortDecl
from gandsl.spec.fill import filled
from gandsl.spec.library import Library
from gandsl.spec.tree import Mapping, Scalar, Tree, to_plain
from gandsl.spec.write import to_yaml


def _library() -> tuple[Library, Document]:
    nowhere = Mapping({}, Span.point("explain"))
    return Library(Diagnostics()), Document("explain", "explain", 1, "explain", "", "", nowhere)


def find(name: str, width: int) -> Topic | None:
    """`norm.batch`; or `batch`, where one namespace alone has it."""
    library, home = _library()
    if "." not in name:
        full = [known for known in library.candidates(home) if known.endswith(f".{name}")]
        if len(full) != 1:
            return None
        name = full[0]
    block = library.block(name, home)
    if block is None:
        return None
    parts = [f"{name}: a block of the standard library"]
    if block.doc:
        parts.append(paragraph(block.doc, width))
    if block.source:
        parts.append(f"Source: {block.source}")
    for title, rows in (
        ("Inputs", [(_port(port), port.doc) for port in block.ports.values()]),
        ("Parameters", [(_with_default(p.name, p.type, p.default), p.doc) for p in block.params.values()]),
        ("Slots", [(_with_default(s.name, s.type, s.default), s.doc) for s in block.slots.values()]),
    ):
        if rows:
            parts.append("\n".join([f"{title}:", *definitions(rows, width)]))
    outputs = {key: value.text for key, value in block.outputs.items()}
    parts.append(f"Outputs: {', '.join(outputs) if outputs else 'x'}")
    if block.weight != "weight":
        parts.append(f"As a term: `{block.weight}` is its weight")
    body = filled(block.body, width=width - 2)
    parts.append("Body:\n" + "\n".join(f"  {line}" for line in body.rstrip().split("\n")))
    return Topic("block", name, "\n\n".join(parts), _facts(block))


def known() -> dict[str, BlockDecl]:
    """Every block of the standard library."""
    library, home = _library()
    found = {name: library.block(name, home) for name in library.candidates(home)}
    return {name: block for name, block in found.items() if block}


def names() -> dict[str, str]:
    """Every block of the standard library, and what it does."""
    return {name: block.doc for name, block in known().items()}


def _port(port: PortDecl) -> str:
    dims = f"[{', '.join(dim.text for dim in port.dims)}]" if port.dims else ""
    return f"{port.name}: {port.kind}{dims}" + (" (optional)" if port.optional else "")


def _with_default(name: str, type_: str, default: Tree | None) -> str:
    return f"{name}: {type_}" + ("" if default is None else f" = {_short(default)}")


def _short(tree: Tree) -> str:
    if isinstance(tree, Scalar):
        return tree.text or "null"
    return to_yaml({"x": to_plain(tree)}).removeprefix("x:").strip()


def _plain(default: Tree | None) -> Any:
    return None if default is None else to_plain(default)


def _facts(block: BlockDecl) -> dict[str, Any]:
    return {
        "doc": block.doc,
        "source": block.source,
        "weight": block.weight,
        "ports": {p.name: {"kind": p.kind, "optional": p.optional} for p in block.ports.values()},
        "params": {
            p.name: {
                "type": p.type,
                "default": None if p.default is None else to_plain(p.default),
                "doc": p.doc,
            }
            for p in block.params.values()
        },
        "slots": {s.name: {"type": s.type, "default": _plain(s.default)} for s in block.slots.values()},
        "body": to_plain(block.body),
    }
