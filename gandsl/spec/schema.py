"""The JSON Schema of a spec file, for editors: from the tables of `shapes` and what the caller says of ops.

An expression may stand where a value does: the schema knows fields and names, and leaves values to
`gandsl check`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gandsl.spec.params import Declared
from gandsl.spec.schema_forms import Schema, record_schema
from gandsl.spec.schema_nodes import (
    ADDED,
    NodeShape,
    body_schema,
    game_nodes,
    node_forms,
    node_schema,
    term_schema,
)
from gandsl.spec.shapes import EXPRESSION, SPEC

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: Schema = {"type": "string"}
_EXPRESSION = EXPRESSION.schema
_LEFT_OUT = ("default", "discriminator")  # of the plan's schema
_VALUE: Schema = {"anyOf": [_EXPRESSION, {"type": ["array", "object", "null"]}]}


def json_schema(
    *,
    ops: Mapping[str, NodeShape],
    game_ops: Mapping[str, NodeShape] = MappingProxyType({}),
    blocks: Mapping[str, NodeShape] = MappingProxyType({}),
    training: Schema | None = None,
    steps: Schema | None = None,
) -> Schema:
    """The schema (draft 2020-12) of spec files.

    `ops` by name, `game_ops` those that games alone have; `blocks` are the library's, others stay allowed
    since a file has its own; `training` is the plan's own schema, whose `$defs` move under `training.` names,
    and `steps` that of a computed field, whose move there, too.
    """
    plan, plan_defs = _plan(training, {"type": "object"})
    made, step_defs = _plan(steps, {"type": "array"})
    forms = node_forms(ops, blocks)
    spec = record_schema(SPEC)
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
            "body": {**body_schema("node"), "minProperties": 1},
            **forms,
            "node": node_schema(forms, "body"),
            "game": body_schema("game_node"),
            "game_node": {"anyOf": [*game_nodes(game_ops), node_schema(forms, "game")]},
            "term": term_schema(),
            "number": {"anyOf": [_EXPRESSION, *_plan_parts(plan_defs, "Curve", "Stairs")]},
            "optimizer": {"anyOf": _plan_parts(plan_defs, "Adam", "AdamW", "RMSprop", "SGD")},
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
                        for name in sorted(ops)
                    },
                },
                "patternProperties": {ADDED: {"type": "object"}},
                "additionalProperties": False,
            },
            "patch": _patch(),
            "training": plan,
            "steps": made,
            **plan_defs,
            **step_defs,
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


# ---- patches, the plan -------------------------------------------------------------------------------------


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


def _plan(own: Schema | None, unknown: Schema) -> tuple[Schema, dict[str, Schema]]:
    """A part of the plan, expressions allowed for its values, and its definitions under `training.` names."""
    if own is None:
        return unknown, {}
    defs = own.get("$defs", {})
    moved = _with_expressions({key: value for key, value in own.items() if key != "$defs"})
    return moved, {f"training.{name}": _with_expressions(schema) for name, schema in defs.items()}


def _plan_parts(defs: Mapping[str, Schema], *names: str) -> list[Schema]:
    """Parts of the plan that stand elsewhere as well; any mapping where no plan is known."""
    found = [name for name in names if f"training.{name}" in defs]
    return [{"$ref": f"#/$defs/training.{name}"} for name in found] or [{"type": "object"}]


def _with_expressions(schema: Any) -> Any:
    """Numbers and lists may be expressions; references lead to the moved definitions."""
    if isinstance(schema, list):
        return [_with_expressions(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _with_expressions(value) for key, value in schema.items() if key not in _LEFT_OUT}
    if isinstance(reference := found.get("$ref"), str):
        found["$ref"] = reference.replace("#/$defs/", "#/$defs/training.")
    if found.get("type") in ("integer", "number", "boolean", "array"):
        about = {key: found.pop(key) for key in ("title", "description") if key in found}
        return {**about, "anyOf": [found, _TEXT]}
    return found
