"""From the resolved tree to the typed document: each function reads one kind of declaration."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec import shapes
from gandsl.spec.constants import lets, params
from gandsl.spec.document import Document, GrowthDecl
from gandsl.spec.fields import Field, FieldsShape, entries_in, expression, read_fields, text_in
from gandsl.spec.game import data as data
from gandsl.spec.game import game as game
from gandsl.spec.game import refuse_short_form
from gandsl.spec.names import check_name
from gandsl.spec.networks import block, networks
from gandsl.spec.ports import interface
from gandsl.spec.tree import Entry, Mapping, Scalar, Tree

Decl = TypeVar("Decl")


def build(
    tree: Mapping, file: str, path: str, diagnostics: Diagnostics, form: FieldsShape = shapes.SPEC
) -> Document:
    """The document of a resolved tree; what is wrong is reported. `form` is its kind: a spec, a LIBRARY."""
    start = Span.point(file)
    given = read_fields(form, tree, start, diagnostics) or {}
    document = Document(
        file=file,
        path=path,
        version=shapes.VERSION,
        name=text_in(given, "name"),
        doc=text_in(given, "doc"),
        source=text_in(given, "source"),
        tree=tree,
    )
    name = given.get("name")
    if name is not None:
        check_name(document.name, name.span, diagnostics)

    def each(field: str, read: Callable[[Entry, Diagnostics], Decl]) -> dict[str, Decl]:
        return {entry.key: read(entry, diagnostics) for entry in entries_in(given, field)}

    document.requires = {
        entry.key: entry.value for entry in entries_in(given, "requires") if isinstance(entry.value, Scalar)
    }
    document.params = params(given, diagnostics)
    document.let = lets(given, document.params, diagnostics)
    document.growth = _growth(tree, given, diagnostics)
    document.interfaces = each("interfaces", interface)
    document.blocks = each("blocks", lambda entry, said: block(entry, document, said))
    document.networks = networks(tree, given, document, diagnostics)
    document.data = each("data", data)
    training = given.get("training")
    document.training = training if isinstance(training, Mapping) else None
    if "game" in given and not document.is_short:
        document.game = game(tree.entries["game"], document, diagnostics)
    if document.game and document.training:
        refuse_short_form(document.training, list(document.game.players.values()), diagnostics)
    document.moved = {
        entry.key: entry.value.text for entry in entries_in(given, "moved") if isinstance(entry.value, Scalar)
    }
    return document


LIBRARY = FieldsShape(
    "a file of blocks: a mapping of fields",
    tuple(
        Field(field.name, field.form, field.doc, field.required and field.name != "name")
        for field in shapes.SPEC.fields
    ),
)
# such a file as `imports` holds it: what it was made from is resolved
HELD = FieldsShape(
    "what a file of blocks holds: a mapping of fields",
    tuple(field for field in LIBRARY.fields if field.name not in ("extends", "set", "patch")),
)


def _growth(tree: Mapping, given: dict[str, Tree], diagnostics: Diagnostics) -> GrowthDecl | None:
    if "growth" not in given:
        return None
    entry = tree.entries["growth"]
    fields = read_fields(shapes.GROWTH, entry.value, entry.key_span, diagnostics) or {}
    over = expression(fields.get("over"), diagnostics)
    return GrowthDecl(over, entry.key_span) if over else None
