"""Explains a field of a spec file, from the tables that files are read by."""

from __future__ import annotations

from gandsl.cli.topics.topic import Topic, definitions
from gandsl.spec.shapes import BLOCK, GROWTH, INTERFACE, NETWORK, PARAM, PORT, SLOT, SPEC, FieldsShape

OF: dict[str, FieldsShape] = {
    "a spec": SPEC,
    "a network": NETWORK,
    "a block": BLOCK,
    "a port or an input": PORT,
    "a parameter": PARAM,
    "a slot": SLOT,
    "an interface": INTERFACE,
    "growth": GROWTH,
}


def find(name: str, width: int) -> Topic | None:
    """`networks`; a field that several places have is explained for each."""
    rows = [
        (f"of {place}", found.doc + (" (required)" if found.required else ""))
        for place, record in OF.items()
        if (found := record.field(name))
    ]
    if not rows:
        return None
    from gandsl.cli.topics import docs

    more = docs.find(name, width)
    text = "\n".join([f"{name}: a field", *definitions(rows, width), *(["", more.text] if more else [])])
    return Topic("field", name, text, {"places": {place.removeprefix("of "): doc for place, doc in rows}})


def names() -> dict[str, str]:
    """Every field."""
    return {field.name: field.doc for record in reversed(OF.values()) for field in record.fields}
