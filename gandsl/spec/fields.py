"""Fields of a place in a spec file: the forms that tables of them are made of, and the check of a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from gandsl.diagnostics import Diagnostics, Label, Span
from gandsl.diagnostics.suggest import did_you_mean, nearest
from gandsl.records import dataclass
from gandsl.spec.expressions import Expr
from gandsl.spec.names import PATTERN, check_name
from gandsl.spec.parse import parse
from gandsl.spec.scalars import former_truth
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree, describe, is_null


@dataclass(frozen=True, slots=True)
class Leaf:
    """A value that is looked at as a whole. `words` say what is wanted, `schema` is its JSON Schema."""

    words: str
    accepts: Callable[[Tree], bool]
    schema: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChoiceShape:
    """One of a few words; `code` is the diagnostic for any other."""

    names: tuple[str, ...]
    code: str = "G0209"


@dataclass(frozen=True, slots=True)
class MapOf:
    """Declarations by name. `named` false: the keys are checked by whoever reads them.

    `printed`: whether a name becomes one of Python source, so that `class` is none.
    """

    form: Form
    named: bool = True
    printed: bool = True
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
    """A mapping with known fields. A scalar or list in its place stands for the field `short`.

    Where the field `instead` is written, it stands for all that is required.
    """

    words: str
    fields: tuple[Field, ...]
    exclusive: tuple[tuple[str, str], ...] = ()
    short: str | None = None
    instead: str | None = None

    def field(self, name: str) -> Field | None:
        """The field of this name."""
        return next((field for field in self.fields if field.name == name), None)


Form: TypeAlias = Leaf | ChoiceShape | MapOf | FieldsShape

VALUE = Leaf("a value", lambda tree: True, {})
FLAG = Leaf(
    "true or false",
    lambda tree: isinstance(tree, Scalar) and isinstance(tree.value, bool),
    {"type": "boolean"},
)


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
    for field in record.fields if record.instead is None or record.instead not in found else ():
        if field.required and field.name not in tree and field.name not in intended:
            diagnostics.add("G0009", f"`{field.name}` is missing", owner, help=f"{field.name}: {field.doc}")
    for one, other in record.exclusive:
        if one in tree and other in tree:
            spans = sorted((tree.entries[name].key_span, name) for name in (one, other))
            label = Label(spans[0][0], f"`{spans[0][1]}` stands here")
            message = f"`{one}` and `{other}` exclude each other"
            diagnostics.add("G0012", message, spans[1][0], secondary=(label,))
    return found


def meant(record: FieldsShape, tree: Mapping) -> dict[str, Tree]:
    """The fields that unknown keys of `tree` are likely misspellings of, which are not missing then."""
    unknown = [entry for entry in tree if record.field(entry.key) is None]
    names = [field.name for field in record.fields]
    return {near: entry.value for entry in unknown if (near := nearest(entry.key, names))}


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
                diagnostics.add(form.code, message, tree.span, help=help)
                return False
        case MapOf():
            if not isinstance(tree, Mapping):
                diagnostics.add("G0010", f"`{key}` wants a mapping of names, not {describe(tree)}", tree.span)
                return False
            for entry in tree:
                if form.named:
                    check_name(entry.key, entry.key_span, diagnostics, printed=form.printed)
                if isinstance(form.form, Leaf) and not form.form.accepts(entry.value):
                    message = f"`{entry.key}` wants {form.form.words}, not {describe(entry.value)}"
                    diagnostics.add("G0010", message, entry.value.span)
    return True


# ---- what stands in fields ---------------------------------------------------------------------------------


def text_in(given: dict[str, Tree], key: str) -> str:
    """The text of a field, "" where there is none."""
    tree = given.get(key)
    return tree.text if isinstance(tree, Scalar) else ""


def entries_in(given: dict[str, Tree], key: str) -> list[Entry]:
    """The entries of a field that is a mapping, none where there is none."""
    tree = given.get(key)
    return list(tree) if isinstance(tree, Mapping) else []


def as_scalar(tree: Tree | None) -> Scalar | None:
    """An expression as one scalar; a list of expressions becomes the expression of a list."""
    if isinstance(tree, Sequence):
        items = [as_scalar(item) for item in tree.items]
        text = "[" + ", ".join(item.text for item in items if item) + "]"
        return Scalar(text, text, True, tree.span)
    return tree if isinstance(tree, Scalar) else None


def expression(tree: Tree | None, diagnostics: Diagnostics) -> Expr | None:
    """The expression that a field holds; None where it holds none, or after reporting."""
    scalar = as_scalar(tree)
    return parse(scalar.text, scalar.span, diagnostics) if scalar else None
