"""Explains a field of a spec file, from the tables that files are read by."""

from __future__ import annotations

from gandsl.cli.topics.topic import Topic, definitions
from gandsl.spec import shapes
from gandsl.spec.fields import FieldsShape

OF: dict[str, FieldsShape] = {
    "a spec": shapes.SPEC,
    "a network": shapes.NETWORK,
    "a block": shapes.BLOCK,
    "a port or an input": shapes.PORT,
    "an output of a network": shapes.OUTPUT,
    "a parameter": shapes.PARAM,
    "a slot": shapes.SLOT,
    "an interface": shapes.INTERFACE,
    "growth": shapes.GROWTH,
    "the data": shapes.DATA,
    "a game": shapes.GAME,
    "a player": shapes.PLAYER,
    "a term": shapes.TERM_FIELDS,
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
