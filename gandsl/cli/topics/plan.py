"""Explains the training plan, or a field of it, from the plan's own schema."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from gandsl.cli.topics.topic import Topic, definitions, paragraph

Schema = dict[str, Any]


@cache
def _schema() -> Schema:
    from gandsl_runtime.plan import Plan

    return Plan.model_json_schema()


def _forms(schema: Schema) -> list[Schema]:
    """The forms that a schema allows, references followed."""
    if "$ref" in schema:
        return _forms(_schema()["$defs"][schema["$ref"].rpartition("/")[2]])
    forms = [form for key in ("anyOf", "oneOf") for form in schema.get(key, ())]
    return [found for form in forms for found in _forms(form)] if forms else [schema]


def _objects(schema: Schema) -> list[Schema]:
    """The forms that have fields. Several are alternatives: losses by their `kind`, curve and stairs.

    One that may hold any is a block's of the spec: its fields are the block's.
    """
    return [one for one in _forms(schema) if "properties" in one and one.get("additionalProperties") is False]


def _held(schema: Schema) -> list[Schema]:
    """The forms with fields, those of a list's items and of a mapping's values among them."""
    inside = [form.get(key) for form in _forms(schema) for key in ("items", "additionalProperties")]
    return _objects(schema) + [form for one in inside if isinstance(one, dict) for form in _objects(one)]


def _fields(path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Every field below a schema with its path, parents first."""
    objects = _objects(schema)
    if len(objects) > 1 and not all("kind" in form["properties"] for form in objects):
        return
    seen: set[str] = set()
    for form in objects:  # of several kinds what each has first
        for name, field in form["properties"].items():
            if name in seen or (len(objects) > 1 and "const" in field):
                continue
            seen.add(name)
            inner = f"{path}.{name}" if path else name
            yield inner, _with_default(form, name, field)
            yield from _fields(inner, field)


def _with_default(form: Schema, name: str, field: Schema) -> Schema:
    """The field as its form has it. JSON Schema loses defaults that are quantities: the plan has them."""
    from gandsl_runtime.plan import Quantity

    field = {**field, "required": name in form.get("required", ())}
    fields = _models()[form.get("title", "")].model_fields
    default = next(one.default for key, one in fields.items() if name in (key, one.alias))
    return {**field, "default": str(default)} if isinstance(default, Quantity) else field


@cache
def _models() -> dict[str, Any]:
    """The parts of the plan by the name that the schema gives them."""
    from gandsl_runtime.plan import PlanPart

    waiting: list[type[PlanPart]] = [PlanPart]
    found: dict[str, Any] = {}
    while waiting:
        part = waiting.pop()
        found[part.__name__] = part
        waiting += part.__subclasses__()
    return found


def find(name: str, width: int) -> Topic | None:
    """`training` for the whole; `training.ema.half_life`, `ema.half_life` or `ema` for a part."""
    path = name.removeprefix("training").removeprefix(".")
    if not path:
        head = "training: the whole experiment, every field with its default"
        tail = paragraph("`gandsl explain training.loss` (or any other field) says more.", width)
        rows = "\n".join(_rows(_schema(), width))
        return Topic("plan", "training", f"{head}\n\n{rows}\n\n{tail}", {"schema": _schema()})
    fields = dict(_fields("", _schema()))
    matches = [known for known in fields if known == path or known.endswith(f".{path}")]
    if not matches:
        return None
    path = min(matches, key=lambda known: (known.count("."), list(fields).index(known)))
    field = fields[path]
    parts = [paragraph(f"training.{path}: {_type(field)}{_default(field)}", width)]
    if field.get("description"):
        parts.append(paragraph(field["description"], width))
    parts += _parts(field, width)
    others = [f"training.{known}" for known in matches if known != path]
    if others:
        parts.append(paragraph(f"Also: {', '.join(others)}", width))
    return Topic("plan", f"training.{path}", "\n\n".join(parts), {"schema": field})


def names() -> dict[str, str]:
    """Every field of the plan, and what it means."""
    return {f"training.{path}": field.get("description", "") for path, field in _fields("", _schema())}


def _parts(field: Schema, width: int) -> Iterator[str]:
    """What the field's object forms are: the one, or each alternative."""
    objects = _held(field)
    for form in objects:
        doc = paragraph(form.get("description", ""), width)
        rows = "\n".join(_rows(form, width))
        kind = form["properties"].get("kind", {}).get("const")
        alternative = f"{kind or form['title'].lower()}:\n" if len(objects) > 1 else ""
        yield alternative + "\n".join(part for part in (doc, rows) if part)


def _rows(schema: Schema, width: int) -> Iterator[str]:
    rows = []
    for path, field in _fields("", schema):
        term = "  " * path.count(".") + path.rpartition(".")[2]
        if "const" not in field:
            rows.append((f"{term}{_default(field)}", field.get("description", "")))
    yield from definitions(rows, width)


def _default(field: Schema) -> str:
    if "default" not in field:
        return " (required)" if field.get("required") else ""
    value = field["default"]
    if isinstance(value, dict):
        return ""  # a part: its fields have their own
    if value is None or isinstance(value, bool):
        return f" = {str(value).lower() if value is not None else 'null'}"
    return f" = {value:g}" if isinstance(value, float) else f" = {value}"


def _type(schema: Schema) -> str:
    found: list[str] = []
    for form in _forms(schema):
        if "const" in form:
            found.append(str(form["const"]))
        elif "enum" in form:
            found += map(str, form["enum"])
        elif "pattern" in form:
            found.append("quantity")
        elif "properties" in form:
            kind = form["properties"].get("kind", {}).get("const")
            found.append(kind or "{" + ", ".join(form["properties"]) + "}")
        else:
            found.append(str(form.get("type", "value")))
    return " | ".join(dict.fromkeys(found))
