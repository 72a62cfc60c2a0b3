"""The fields of a spec file, as tables: what each place takes, and the one check that reads them.

The JSON Schema of `gandsl schema` comes from the same tables. Bodies of networks and blocks, and the training
plan, are opaque here: they belong to the elaborator and to the plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.spec.names import PATTERN, check_name
from gandsl.spec.scalars import former_truth
from gandsl.spec.tree import Mapping, Scalar, Sequence, Tree, describe, is_null

VERSION = 1


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is looked at as a whole. `words` say what is wanted, `schema` is its JSON Schema."""

    words: str
    accepts: Callable[[Tree], bool]
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """One of a few words."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MapOf:
    """Declarations by name. `named` false: the keys are checked by whoever reads them."""

    form: Form
    named: bool = True
    pattern: str = PATTERN


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record; its doc feeds the JSON Schema and so every editor."""

    name: str
    form: Form
    doc: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class FieldsShape:
    """A mapping with known fields. A scalar or list in its place stands for the field `short`."""

    words: str
    fields: tuple[Field, ...]
    exclusive: tuple[tuple[str, str], ...] = ()
    short: str | None = None

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return next((field for field in self.fields if field.name == name), None)


Form: TypeAlias = Leaf | ChoiceShape | MapOf | FieldsShape


def _text(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and (
        isinstance(tree.value, str) or not isinstance(tree.value, bool | None)
    )


def _expression(tree: Tree) -> bool:
    if isinstance(tree, Sequence):
        return all(_expression(item) for item in tree.items)
    return isinstance(tree, Scalar) and tree.text != ""


def _names(tree: Tree) -> bool:
    return isinstance(tree, Sequence) and all(isinstance(item, Scalar) for item in tree.items)


TEXT = Leaf("a text", _text, {"type": "string"})
WHOLE = Leaf(
    "a whole number",
    lambda tree: isinstance(tree, Scalar) and type(tree.value) is int,
    {"const": VERSION},
)
FLAG = Leaf(
    "true or false",
    lambda tree: isinstance(tree, Scalar) and isinstance(tree.value, bool),
    {"type": "boolean"},
)
EXPRESSION = Leaf("an expression", _expression, {"$ref": "#/$defs/expression"})
VALUE = Leaf("a value", lambda tree: True, {})
NAMES = Leaf("a list of names", _names, {"type": "array", "items": {"type": ["string", "number", "boolean"]}})
ONE_ENTRY = Leaf(
    "a mapping of one variable to a list, `{res: …}`",
    lambda tree: isinstance(tree, Mapping) and len(tree) == 1,
    {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": EXPRESSION.schema},
)
MAPPING = Leaf("a mapping", lambda tree: isinstance(tree, Mapping), {"type": "object"})
IMPORT = Leaf(
    "the path of a file, or what it holds",
    lambda tree: _text(tree) or isinstance(tree, Mapping),
    {"type": ["string", "object"]},
)
BODY = Leaf("a mapping of names to nodes", lambda tree: isinstance(tree, Mapping), {"$ref": "#/$defs/body"})
DEFAULTS = Leaf(
    "a mapping of ops to parameters", lambda tree: isinstance(tree, Mapping), {"$ref": "#/$defs/defaults"}
)
PLAN = Leaf("a mapping", lambda tree: isinstance(tree, Mapping), {"$ref": "#/$defs/training"})
PATCHES = Leaf("a list of steps", lambda tree: isinstance(tree, Sequence), {"$ref": "#/$defs/patch"})

PORT = FieldsShape(
    "a port: a type, or {type: …, …}",
    (
        Field("type", TEXT, 'kind and shape, such as "Image[3, resolution]", or a kind alone', required=True),
        Field("optional", FLAG, "the caller may leave it out; it is absent then"),
        Field("when", EXPRESSION, "condition under which it exists"),
        Field("unless", EXPRESSION, "condition under which it does not exist"),
        Field("each", ONE_ENTRY, "makes it a list, one for each value of the variable"),
        Field(
            "distribution",
            ChoiceShape(("normal", "uniform", "truncated_normal")),
            "what a network's Latent is drawn from: normal (default), uniform, truncated_normal",
        ),
        Field("doc", TEXT, "what it is for"),
    ),
    exclusive=(("when", "unless"),),
    short="type",
)
PARAM = FieldsShape(
    "a parameter: its default, or {type: …, default: …, …}",
    (
        Field(
            "type",
            ChoiceShape(("int", "float", "bool", "str", "size", "enum", "ints", "floats", "sizes", "any")),
            "type of its values",
            required=True,
        ),
        Field("default", VALUE, "value where none is set; without it, one has to be"),
        Field("min", EXPRESSION, "least value; of a list or a size, of each number in it"),
        Field("max", EXPRESSION, "greatest value; of a list or a size, of each number in it"),
        Field("choices", NAMES, "the values it may take: names of an enum, or numbers"),
        Field("doc", TEXT, "meaning, unit, range"),
    ),
)
SLOT = FieldsShape(
    "a slot: an interface, or {type: …, default: …}",
    (
        Field("type", TEXT, "the interface that what fills it has to have", required=True),
        Field("default", VALUE, "what fills it where the caller fills nothing in"),
        Field("doc", TEXT, "what it is for"),
    ),
    short="type",
)
INTERFACE = FieldsShape(
    "an interface: {ports: …, …}",
    (
        Field("ports", MapOf(PORT), "the ports that a slot's user may connect"),
        Field("namespace", TEXT, "file of the standard library where names for such slots are looked up"),
        Field("gives", NAMES, "names of values that the slot's user hands in"),
        Field("doc", TEXT, "what fits"),
    ),
)
_OUTPUTS = (
    Field("output", EXPRESSION, "the output; default: the last node"),
    Field("outputs", MapOf(EXPRESSION), "several outputs by name"),
)
BLOCK = FieldsShape(
    "a block: {ports: …, body: …}",
    (
        Field("doc", TEXT, "one sentence"),
        Field("source", TEXT, "where it is from, if anywhere"),
        Field("ports", MapOf(PORT), "tensors that go in, by name; the first is what a chain feeds"),
        Field("params", MapOf(PARAM), "compile-time values that the caller sets"),
        Field("slots", MapOf(SLOT), "places that the caller fills with blocks or ops"),
        Field("body", BODY, "nodes, in order", required=True),
        *_OUTPUTS,
    ),
    exclusive=(("output", "outputs"),),
)
NETWORK = FieldsShape(
    "a network: {inputs: …, body: …}",
    (
        Field("doc", TEXT, "one sentence"),
        Field("source", TEXT, "where it is from, if anywhere"),
        Field("inputs", MapOf(PORT), "tensors that go in, in call order", required=True),
        Field("defaults", DEFAULTS, "op parameters for everything inside that does not set them"),
        Field("body", BODY, "nodes, in order", required=True),
        *_OUTPUTS,
        Field("styles", EXPRESSION, "the style space: a node of kind Styles"),
    ),
    exclusive=(("output", "outputs"),),
)
GROWTH = FieldsShape(
    "{over: …}",
    (Field("over", EXPRESSION, "sizes of the levels, such as doubling(4, resolution)", required=True),),
    short="over",
)
SPEC = FieldsShape(
    "a spec: a mapping of fields",
    (
        Field("gandsl", WHOLE, "language version", required=True),
        Field("name", TEXT, "identifier; names the folder in generated/", required=True),
        Field("doc", TEXT, "one sentence"),
        Field("source", TEXT, "where the architecture is from, if anywhere"),
        Field("extends", TEXT, "the spec that this one changes"),
        Field(
            "imports",
            MapOf(IMPORT),
            "files whose blocks can be used, by the name they get here: each a path, or what the file holds",
        ),
        Field(
            "requires",
            MapOf(TEXT),
            "installed packages whose ops and passes are used, by the name under which each offers them",
        ),
        Field("params", MapOf(PARAM), "the numbers that everything else is derived from"),
        Field(
            "let",
            MapOf(EXPRESSION, named=False, pattern=PATTERN + r"(\(.*\))?"),
            "derived values and functions: `width(res): min(base // res, 512)`",
        ),
        Field("growth", GROWTH, "makes the spec a family of programs, one for each level"),
        Field("interfaces", MapOf(INTERFACE), "what fits a slot of a type"),
        Field("blocks", MapOf(BLOCK), "graphs with a name, to be used as nodes"),
        Field("generator", NETWORK, "from latent to image"),
        Field("discriminator", NETWORK, "from image to logits"),
        Field("networks", MapOf(NETWORK), "further networks"),
        Field("training", PLAN, "the training plan"),
        Field("set", MAPPING, "new values for places of the base, by path"),
        Field("patch", PATCHES, "changes to the base, in order"),
        Field("moved", MapOf(TEXT, named=False, pattern=".+"), "old ids and their new places"),
    ),
)
RECORDS = (PORT, PARAM, SLOT, INTERFACE, BLOCK, NETWORK, GROWTH, SPEC)
REQUIRED = frozenset(field.name for record in RECORDS for field in record.fields if field.required)


def read_fields(
    record: FieldsShape, tree: Tree, owner: Span, diagnostics: Diagnostics
) -> dict[str, Tree] | None:
    """The fields of `tree` that have the right form; all else is reported. None where it is no such record.

    A field set to null counts as left out. `owner` is the span of the key that holds `tree`, where a missing
    field is reported. Records within it are the caller's to read, with this function again.
    """
    if record.short and not isinstance(tree, Mapping):
        field = record.field(record.short)
        if field and not is_null(tree) and _fits(field.form, tree):
            return {record.short: tree}
    if not isinstance(tree, Mapping):
        code = "G0013" if is_null(tree) else "G0010"
        diagnostics.add(code, f"{record.words} is wanted here, not {describe(tree)}", tree.span)
        return None
    found: dict[str, Tree] = {}
    for entry in tree:
        known = record.field(entry.key)
        if known is None:
            help = did_you_mean(entry.key, [field.name for field in record.fields])
            diagnostics.add("G0008", f"unknown field `{entry.key}`", entry.key_span, help=help)
        elif is_null(entry.value) and known.form is not VALUE:
            if known.required:
                diagnostics.add("G0013", f"`{entry.key}` needs a value", entry.key_span)
        elif _checked(known.form, entry.value, entry.key, diagnostics):
            found[entry.key] = entry.value
    intended = meant(record, tree)
    for field in record.fields:
        if field.required and field.name not in tree and field.name not in intended:
            diagnostics.add("G0009", f"`{field.name}` is missing", owner, help=f"{field.name}: {field.doc}")
    for one, other in record.exclusive:
        if one in tree and other in tree:
            spans = sorted((tree.entries[name].key_span, name) for name in (one, other))
            label = Label(spans[0][0], f"`{spans[0][1]}` stands here")
            message = f"`{one}` and `{other}` exclude each other"
            diagnostics.add("G0012", message, spans[1][0], secondary=(label,))
    return found


def meant(record: FieldsShape, tree: Mapping) -> set[str]:
    """The fields that unknown keys of `tree` are likely misspellings of, and which are not missing then."""
    unknown = [key for key in tree.entries if record.field(key) is None]
    names = [field.name for field in record.fields]
    return {near for key in unknown if (near := nearest(key, names))}


def _fits(form: Form, tree: Tree) -> bool:
    return not isinstance(form, Leaf) or form.accepts(tree)


def _checked(form: Form, tree: Tree, key: str, diagnostics: Diagnostics) -> bool:
    """Whether a field's value has the right form, as far as this level goes; reported where it has not."""
    match form:
        case Leaf():
            if not form.accepts(tree):
                message = f"`{key}` wants {form.words}, not {describe(tree)}"
                help = former_truth(tree.text) if form is FLAG and isinstance(tree, Scalar) else None
                diagnostics.add("G0010", message, tree.span, help=help)
                return False
        case ChoiceShape():
            text = tree.text if isinstance(tree, Scalar) else None
            if text not in form.names:
                message = f"`{key}` cannot be {describe(tree)}"
                help = did_you_mean(text or "", form.names)
                diagnostics.add("G0506" if form in _PARAM_FORMS else "G0209", message, tree.span, help=help)
                return False
        case MapOf():
            if not isinstance(tree, Mapping):
                diagnostics.add("G0010", f"`{key}` wants a mapping of names, not {describe(tree)}", tree.span)
                return False
            for entry in tree:
                if form.named:
                    check_name(entry.key, entry.key_span, diagnostics)
                if isinstance(form.form, Leaf) and not form.form.accepts(entry.value):
                    message = f"`{entry.key}` wants {form.form.words}, not {describe(entry.value)}"
                    diagnostics.add("G0010", message, entry.value.span)
    return True


_PARAM_FORMS = tuple(field.form for field in PARAM.fields)
