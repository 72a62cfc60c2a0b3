"""The tables of fields as JSON Schema."""

from __future__ import annotations

from typing import Any

from gandsl.spec.fields import ChoiceShape, FieldsShape, Form, Leaf, MapOf
from gandsl.spec.shapes import EXPRESSION, PARAM

Schema = dict[str, Any]


def form_schema(form: Form) -> Schema:
    """What may stand in a place of this form."""
    match form:
        case Leaf():
            return dict(form.schema)
        case ChoiceShape():
            return {"enum": list(form.names)}
        case MapOf():
            names = {"propertyNames": {"pattern": f"^{form.pattern}$"}}
            return {"type": "object", **names, "additionalProperties": form_schema(form.form)}
        case FieldsShape():
            full = record_schema(form)
            if form is PARAM:
                return {"anyOf": [full, EXPRESSION.schema]}
            short = form.field(form.short) if form.short else None
            return {"anyOf": [full, form_schema(short.form)]} if short else full


def record_schema(record: FieldsShape) -> Schema:
    """A mapping with these fields and no others."""
    properties = {}
    for each in record.fields:
        schema = {**form_schema(each.form), "description": each.doc}
        properties[each.name] = schema if each.required else _or_null(schema)
    found: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [each.name for each in record.fields if each.required]:
        whole = {"required": required}
        found |= {"anyOf": [whole, {"required": [record.instead]}]} if record.instead else whole
    if record.exclusive:
        found["not"] = {"anyOf": [{"required": list(pair)} for pair in record.exclusive]}
    return found


def _or_null(schema: Schema) -> Schema:
    """A field that may be left out may be null as well: `growth: null`."""
    description = schema.pop("description")
    return {"description": description, "anyOf": [schema, {"type": "null"}]}
