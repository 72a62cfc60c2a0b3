"""The JSON Schema of a spec file, for editors: from the tables of `shapes` and what the caller says of ops.

An expression may stand where a value does: the schema knows fields and names, and leaves values to
`gandsl check`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gandsl.spec.params import Declared
from gandsl.spec.shapes import PARAM, SPEC, ChoiceShape, FieldsShape, Form, Leaf, MapOf

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_ADDED = r"^\w+\.\w+$"  # the name of an op that a package adds
_EXPRESSION: Schema = {"$ref": "#/$defs/expression"}
_VALUE: Schema = {"anyOf": [_EXPRESSION, {"type": ["array", "object", "null"]}]}
_CONDITIONS: dict[str, Schema] = {
    "when": {**_EXPRESSION, "description": "condition under which the node exists"},
    "unless": {**_EXPRESSION, "description": "condition under which it does not exist"},
    "doc": {**_TEXT, "description": "what it is for"},
}
_NESTING: dict[str, Schema] = {
    "inline": {"type": "boolean", "description": "leave the node's own name out of the ids inside"},
    "defaults": {"$ref": "#/$defs/defaults"},
}


@dataclass(frozen=True, slots=True)
class OpShape:
    """What the schema says of an op: its sentence, and each port and parameter with its own schema."""

    doc: str = ""
    fields: Mapping[str, Schema] = field(default_factory=dict)


def json_schema(
    *,
    ops: Mapping[str, OpShape],
    blocks: Iterable[str] = (),
    topologies: Iterable[str] = (),
    training: Schema | None = None,
) -> Schema:
    """The schema (draft 2020-12) of spec files.

    `ops` by name; `blocks` and `topologies` are names to propose, others stay allowed since a file has its
    own; `training` is the plan's own schema, whose `$defs` move under `training.` names.
    """
    plan, plan_defs = _plan(training)
    names = sorted(ops)
    spec = _record(SPEC)
    spec["required"] = ["gandsl"]  # a file of blocks needs no more
    return {
        "$schema": DIALECT,
        "title": "gandsl spec, version 1",
        **spec,
        "$defs": {
            "expression": {
                "description": "a number, true or false, a name, an expression, or a list of them",
                "anyOf": [{"type": ["string", "number", "boolean"]}, {"type": "array", "items": _VALUE}],
            },
            "body": {
                "description": "nodes by name, in order; an omitted first port reads the node above",
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": "^[A-Za-z][A-Za-z0-9_]*$"},
                "additionalProperties": {"$ref": "#/$defs/node"},
            },
            "node": _node(names, ops, list(blocks), list(topologies)),
            "defaults": {
                "description": "op parameters for everything inside that does not set them",
                "type": "object",
                "properties": {
                    "weighted": {"type": "object", "description": "all ops that have a weight"},
                    **{
                        name: {
                            "type": "object",
                            "properties": dict(ops[name].fields),
                            "additionalProperties": False,
                        }
                        for name in names
                    },
                },
                "patternProperties": {_ADDED: {"type": "object"}},
                "additionalProperties": False,
            },
            "patch": _patch(),
            "training": plan,
            **plan_defs,
        },
    }


def param_schema(param: Declared) -> Schema:
    """What may be written for a parameter: a literal of its type, or an expression."""
    if param.type == "enum":
        literal: Schema = {"enum": list(param.choices)}
    else:
        literal = {"type": _JSON_TYPES[param.type]} if param.type in _JSON_TYPES else {}
    for bound, keyword in ((param.minimum, "minimum"), (param.maximum, "maximum")):
        if isinstance(bound, int | float) and param.type in ("int", "float"):
            literal[keyword] = bound
    schema: Schema = {"anyOf": [literal, _TEXT]} if literal else {}
    return {"description": param.doc, **schema} if param.doc else schema


_JSON_TYPES: dict[str, str | list[str]] = {
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "str": "string",
    "size": ["integer", "array"],
    "ints": "array",
    "floats": "array",
    "sizes": "array",
}


# ---- from the tables ---------------------------------------------------------------------------------------


def _form(form: Form) -> Schema:
    match form:
        case Leaf():
            return dict(form.schema)
        case ChoiceShape():
            return {"enum": list(form.names)}
        case MapOf():
            names = {"propertyNames": {"pattern": f"^{form.pattern}$"}}
            return {"type": "object", **names, "additionalProperties": _form(form.form)}
        case FieldsShape():
            full = _record(form)
            if form is PARAM:
                return {"anyOf": [full, _EXPRESSION]}
            short = form.field(form.short) if form.short else None
            return {"anyOf": [full, _form(short.form)]} if short else full


def _record(record: FieldsShape) -> Schema:
    properties = {}
    for each in record.fields:
        schema = {**_form(each.form), "description": each.doc}
        properties[each.name] = schema if each.required else _or_null(schema)
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [each.name for each in record.fields if each.required]:
        found["required"] = required
    if record.exclusive:
        found["not"] = {"anyOf": [{"required": list(pair)} for pair in record.exclusive]}
    return found


def _or_null(schema: Schema) -> Schema:
    """A field that may be left out may be null as well: `growth: null`."""
    description = schema.pop("description")
    return {"description": description, "anyOf": [schema, {"type": "null"}]}


# ---- nodes, patches, the plan ------------------------------------------------------------------------------


def _node(names: list[str], ops: Mapping[str, OpShape], blocks: list[str], topologies: list[str]) -> Schema:
    """One of the forms of a node (docs/language.md, section 4)."""
    loops = {
        "fold": {"type": "object", "minProperties": 1, "additionalProperties": _EXPRESSION},
        "label": {**_TEXT, "description": "ids of the stages: s8, s16, … for s"},
        "carry": {"type": "object", "additionalProperties": _EXPRESSION},
        "body": {"$ref": "#/$defs/body"},
        "next": {"type": "object", "additionalProperties": _EXPRESSION},
        "collect": {"type": "object", "additionalProperties": _EXPRESSION},
        "defaults": {"$ref": "#/$defs/defaults"},
    }
    known_ops = {
        "oneOf": [
            *({"const": name, "description": ops[name].doc} for name in names),
            {"type": "string", "pattern": _ADDED, "description": "an op of a package that the file requires"},
        ],
        "description": "a primitive",
    }
    arguments = [
        {
            "if": {"properties": {"op": {"const": name}}, "required": ["op"]},
            "then": {
                "properties": {"op": True, **_CONDITIONS, **ops[name].fields},
                "additionalProperties": False,
            },
        }
        for name in names
    ]
    open_forms = {
        "block": {"anyOf": [{"enum": blocks}, _TEXT], "description": "a block"},
        "topology": {
            "anyOf": [{"enum": topologies}, _TEXT],
            "description": "a block of the library's topologies",
        },
        "slot": {**_TEXT, "description": "what the caller filled the slot with"},
    }
    return {
        "anyOf": [
            _EXPRESSION,
            {"type": "object", "required": ["op"], "properties": {"op": known_ops}, "allOf": arguments},
            *(
                {
                    "type": "object",
                    "required": [name],
                    "properties": {name: schema, **_CONDITIONS, **_NESTING},
                }
                for name, schema in open_forms.items()
            ),
            {
                "type": "object",
                "required": ["fold", "body"],
                "properties": {**loops, **_CONDITIONS},
                "additionalProperties": False,
            },
            {
                "type": "object",
                "required": ["value"],
                "properties": {"value": _EXPRESSION, **_CONDITIONS},
                "additionalProperties": False,
            },
        ]
    }


def _patch() -> Schema:
    """The steps of `patch:` (docs/language.md, section 8)."""

    def step(name: str, value: Schema) -> Schema:
        return {
            "type": "object",
            "required": [name],
            "properties": {name: value},
            "additionalProperties": False,
        }

    def fields(*names: str) -> Schema:
        properties = {name: {} if name == "node" else _TEXT for name in names}
        return {
            "type": "object",
            "required": list(names),
            "properties": properties,
            "additionalProperties": False,
        }

    return {
        "type": "array",
        "items": {
            "oneOf": [
                step("set", {"type": "object", "description": "new values by path; null removes"}),
                step("insert_before", fields("at", "name", "node")),
                step("insert_after", fields("at", "name", "node")),
                step("replace", fields("at", "node")),
                step("delete", {**_TEXT, "description": "the path of a node or declaration"}),
            ]
        },
    }


def _plan(training: Schema | None) -> tuple[Schema, dict[str, Schema]]:
    """The plan's schema, expressions allowed for its values, and its definitions under `training.` names."""
    if training is None:
        return {"type": "object"}, {}
    moved = _with_expressions(training)
    defs = moved.pop("$defs", {})
    return moved, {f"training.{name}": schema for name, schema in defs.items()}


def _with_expressions(schema: Any) -> Any:
    """Numbers and lists may be expressions; references lead to the moved definitions."""
    if isinstance(schema, list):
        return [_with_expressions(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _with_expressions(value) for key, value in schema.items() if key != "default"}
    if isinstance(reference := found.get("$ref"), str):
        found["$ref"] = reference.replace("#/$defs/", "#/$defs/training.")
    if found.get("type") in ("integer", "number", "boolean", "array"):
        about = {key: found.pop(key) for key in ("title", "description") if key in found}
        return {**about, "anyOf": [found, _TEXT]}
    return found
