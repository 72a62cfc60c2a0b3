"""The nodes of a body, and the terms of a game, as JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from gandsl.records import dataclass
from gandsl.spec.nodes import CALL, CLOCK, CONDITIONS, DRAW, STATE
from gandsl.spec.schema_forms import Schema, form_schema, record_schema
from gandsl.spec.shapes import EXPRESSION, TERM_FIELDS

_TEXT: Schema = {"type": "string"}
_EXPRESSION = EXPRESSION.schema
TOPOLOGY = "topology."  # the namespace of what `topology:` names
ADDED = r"^\w+\.\w+$"  # the name of an op that a package adds
_CONDITIONS: dict[str, Schema] = {
    each.name: {**form_schema(each.form), "description": each.doc} for each in CONDITIONS
}
_NESTING: dict[str, Schema] = {
    "inline": {"type": "boolean", "description": "leave the node's own name out of the ids inside"},
    "defaults": {"$ref": "#/$defs/defaults"},
}


@dataclass(frozen=True, slots=True)
class NodeShape:
    """What the schema says of an op or a block: its sentence, and the schema of each field of its nodes."""

    doc: str = ""
    fields: Mapping[str, Schema] = field(default_factory=dict)


def node_forms(ops: Mapping[str, NodeShape], blocks: Mapping[str, NodeShape]) -> dict[str, Schema]:
    """The forms of a node that are the same in every body (docs/language.md, section 4), for `$defs`."""
    topologies = {
        name.removeprefix(TOPOLOGY): shape for name, shape in blocks.items() if name.startswith(TOPOLOGY)
    }
    added = {"type": "string", "pattern": ADDED, "description": "an op of a package that the file requires"}
    return {
        "op": _op(ops, added),
        "block": _open("block", "a block", blocks),
        "topology": _open("topology", "a block of the library's topologies", topologies),
        "slot": _open("slot", "what the caller filled the slot with", {}),
        "reuse": {
            "type": "object",
            "required": ["reuse"],
            "properties": {
                "reuse": {**_TEXT, "description": "a node above: its weights, for other inputs"},
                **_CONDITIONS,
            },
        },
        "value": {
            "type": "object",
            "required": ["value"],
            "properties": {"value": _EXPRESSION, **_CONDITIONS},
            "additionalProperties": False,
        },
    }


def node_schema(forms: Iterable[str], body: str) -> Schema:
    """A node, of these forms of `$defs` or a fold; `body`: where that of a fold is defined."""
    loops = {
        "fold": {"type": "object", "minProperties": 1, "additionalProperties": _EXPRESSION},
        "label": {**_TEXT, "description": "ids of the stages: s8, s16, … for s"},
        "carry": {"type": "object", "additionalProperties": _EXPRESSION},
        "body": {"$ref": f"#/$defs/{body}"},
        "next": {"type": "object", "additionalProperties": _EXPRESSION},
        "collect": {"type": "object", "additionalProperties": _EXPRESSION},
        "defaults": {"$ref": "#/$defs/defaults"},
    }
    fold = {
        "type": "object",
        "required": ["fold", "body"],
        "properties": {**loops, **_CONDITIONS},
        "additionalProperties": False,
    }
    return {"anyOf": [_EXPRESSION, *({"$ref": f"#/$defs/{form}"} for form in forms), fold]}


def _op(ops: Mapping[str, NodeShape], *others: Schema) -> Schema:
    """A node of one of these ops, or one whose name is another's."""
    names = [{"const": name, "description": ops[name].doc} for name in sorted(ops)]
    return {
        "type": "object",
        "required": ["op"],
        "properties": {"op": {"oneOf": [*names, *others], "description": "a primitive"}},
        "allOf": _given("op", ops),
    }


def _given(form: str, known: Mapping[str, NodeShape], **more: Schema) -> list[Schema]:
    """What may stand beside each name: the fields that it has, and no others."""
    return [
        {
            "if": {"properties": {form: {"const": name}}, "required": [form]},
            "then": {
                "properties": {form: True, **_CONDITIONS, **more, **known[name].fields},
                "additionalProperties": False,
            },
        }
        for name in sorted(known)
    ]


def _open(form: str, doc: str, known: Mapping[str, NodeShape]) -> Schema:
    """A node that names something of the library, whose fields are known, or of the file, whose are not."""
    proposed = [{"const": name, "description": shape.doc} for name, shape in known.items()]
    name = {"anyOf": [*proposed, _TEXT]} if proposed else _TEXT
    return {
        "type": "object",
        "required": [form],
        "properties": {form: {**name, "description": doc}, **_CONDITIONS, **_NESTING},
        **({"allOf": _given(form, known, **_NESTING)} if known else {}),
    }


def body_schema(node: str) -> Schema:
    """A body of nodes as `node` defines them."""
    return {
        "description": "nodes by name, in order; an omitted first port reads the node above",
        "type": "object",
        "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
        "additionalProperties": {"$ref": f"#/$defs/{node}"},
    }


def game_nodes(ops: Mapping[str, NodeShape]) -> list[Schema]:
    """The forms of nodes that games alone have; null takes out one that the short form makes."""
    call = {**record_schema(CALL), "additionalProperties": {**_EXPRESSION, "description": "an input"}}
    own = [record_schema(DRAW), record_schema(STATE), call, record_schema(CLOCK), {"type": "null"}]
    return [_op(ops), *own] if ops else own


def term_schema() -> Schema:
    """A term. Without a node, it sets fields of one that the short form makes, and null takes that out."""
    beside = record_schema(TERM_FIELDS)["properties"]
    value = {**record_schema(CLOCK)["properties"], **beside}
    of_node = {"type": "object", "properties": {**beside, "value": False}}
    return {
        "anyOf": [
            _EXPRESSION,
            {"type": "object", "required": ["value"], "properties": value, "additionalProperties": False},
            of_node,
            {"type": "null"},
        ]
    }
