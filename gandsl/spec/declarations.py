"""From the resolved tree to the typed document: each function reads one kind of declaration."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from gandsl.diagnostics import Diagnostics, Span
from gandsl.spec import shapes
from gandsl.spec.builtins import BUILTINS
from gandsl.spec.document import (
    BlockDecl,
    Document,
    GrowthDecl,
    InterfaceDecl,
    LetDecl,
    NetworkDecl,
    ParamDecl,
    PortDecl,
    SlotDecl,
)
from gandsl.spec.expressions import Expr, Name
from gandsl.spec.names import check_name, is_name
from gandsl.spec.params import TYPES
from gandsl.spec.parse import parse, parse_type
from gandsl.spec.shapes import read_fields
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree

Decl = TypeVar("Decl")


def build(
    tree: Mapping, file: str, path: str, diagnostics: Diagnostics, form: shapes.FieldsShape = shapes.SPEC
) -> Document:
    """The document of a resolved tree; what is wrong is reported. `form` is its kind: a spec, a LIBRARY."""
    start = Span.point(file)
    given = read_fields(form, tree, start, diagnostics) or {}
    document = Document(
        file=file,
        path=path,
        version=shapes.VERSION,
        name=_text(given, "name"),
        doc=_text(given, "doc"),
        source=_text(given, "source"),
        tree=tree,
    )
    name = given.get("name")
    if name is not None:
        check_name(document.name, name.span, diagnostics)

    def each(field: str, read: Callable[[Entry, Diagnostics], Decl]) -> dict[str, Decl]:
        return {entry.key: read(entry, diagnostics) for entry in _entries(given, field)}

    document.requires = {
        entry.key: entry.value for entry in _entries(given, "requires") if isinstance(entry.value, Scalar)
    }
    document.params = params(given, diagnostics)
    document.let = lets(given, document.params, diagnostics)
    document.growth = _growth(tree, given, diagnostics)
    document.interfaces = each("interfaces", interface)
    document.blocks = each("blocks", lambda entry, said: block(entry, document, said))
    for role in ("generator", "discriminator"):
        if role in given:
            document.networks[role] = network(tree.entries[role], document, diagnostics)
    for entry in _entries(given, "networks"):
        if entry.key in ("generator", "discriminator"):
            message = f"`{entry.key}` is a field of its own, beside `networks`"
            diagnostics.add("G0012", message, entry.key_span)
        else:
            document.networks[entry.key] = network(entry, document, diagnostics)
    training = given.get("training")
    document.training = training if isinstance(training, Mapping) else None
    document.moved = {
        entry.key: entry.value.text for entry in _entries(given, "moved") if isinstance(entry.value, Scalar)
    }
    return document


LIBRARY = shapes.FieldsShape(
    "a file of blocks: a mapping of fields",
    tuple(
        shapes.Field(field.name, field.form, field.doc, field.required and field.name != "name")
        for field in shapes.SPEC.fields
    ),
)
# such a file as `imports` holds it: what it was made from is resolved
HELD = shapes.FieldsShape(
    "what a file of blocks holds: a mapping of fields",
    tuple(field for field in LIBRARY.fields if field.name not in ("extends", "set", "patch")),
)


def _text(given: dict[str, Tree], key: str) -> str:
    tree = given.get(key)
    return tree.text if isinstance(tree, Scalar) else ""


def _entries(given: dict[str, Tree], key: str) -> list[Entry]:
    tree = given.get(key)
    return list(tree) if isinstance(tree, Mapping) else []


def as_scalar(tree: Tree | None) -> Scalar | None:
    """An expression as one scalar; a list of expressions becomes the expression of a list."""
    if isinstance(tree, Sequence):
        items = [as_scalar(item) for item in tree.items]
        text = "[" + ", ".join(item.text for item in items if item) + "]"
        return Scalar(text, text, True, tree.span)
    return tree if isinstance(tree, Scalar) else None


def _expression(tree: Tree | None, diagnostics: Diagnostics) -> Expr | None:
    scalar = as_scalar(tree)
    return parse(scalar.text, scalar.span, diagnostics) if scalar else None


# ---- parameters and lets -----------------------------------------------------------------------------------


def params(given: dict[str, Tree], diagnostics: Diagnostics) -> dict[str, ParamDecl]:
    """The parameters under `params`, of a spec or a block."""
    entries = _entries(given, "params")
    names = {entry.key for entry in entries}
    return {entry.key: _param(entry, names, diagnostics) for entry in entries}


def short_type(tree: Tree, names: set[str]) -> str:
    """The type of a parameter written as its default alone. `names`: those an expression may start from."""
    if isinstance(tree, Sequence):
        kinds = {type(item.value) if isinstance(item, Scalar) else Mapping for item in tree.items}
        return "ints" if kinds == {int} else "floats" if kinds in ({float}, {int, float}) else "any"
    if not isinstance(tree, Scalar):
        return "any"
    if isinstance(tree.value, str):
        expr = parse(tree.text, tree.span, Diagnostics())
        word = expr is None or (isinstance(expr.root, Name) and expr.root.name not in names)
        return "str" if word else "any"
    return {bool: "bool", int: "int", float: "float"}.get(type(tree.value), "any")


def _param(entry: Entry, names: set[str], diagnostics: Diagnostics) -> ParamDecl:
    tree = entry.value
    if isinstance(tree, Scalar) and tree.text in TYPES:  # `channels: int`: to be given
        return ParamDecl(entry.key, tree.text, None, None, None, (), "", entry.key_span, tree.span)
    if not isinstance(tree, Mapping):
        return ParamDecl(
            entry.key, short_type(tree, names), tree, None, None, (), "", entry.key_span, tree.span
        )
    errors = len(diagnostics)
    given = read_fields(shapes.PARAM, tree, entry.key_span, diagnostics) or {}
    type_tree = given.get("type")
    kind = type_tree.text if isinstance(type_tree, Scalar) else "any"
    choices = given.get("choices")
    listed = choices.items if isinstance(choices, Sequence) else ()
    decl = ParamDecl(
        name=entry.key,
        type=kind,
        default=given.get("default"),
        minimum=_bound(given.get("min"), diagnostics),
        maximum=_bound(given.get("max"), diagnostics),
        choices=tuple(item.text for item in listed if isinstance(item, Scalar)),
        doc=_text(given, "doc"),
        span=entry.key_span,
        type_span=type_tree.span if type_tree else entry.key_span,
    )
    _consistent(decl, tree, diagnostics)
    if len(diagnostics) == errors:
        return decl
    return ParamDecl(
        decl.name, "any", decl.default, None, None, (), decl.doc, decl.span, decl.type_span, True
    )


def _bound(tree: Tree | None, diagnostics: Diagnostics) -> float | Expr | None:
    if isinstance(tree, Scalar) and isinstance(tree.value, int | float):
        return tree.value
    return _expression(tree, diagnostics)


_CHOOSABLE = frozenset({"enum", "int", "float", "str", "size"})
_ORDERED = frozenset({"int", "float", "size", "ints", "floats", "sizes"})


def _consistent(decl: ParamDecl, tree: Mapping, diagnostics: Diagnostics) -> None:
    def refuse(field: str, message: str, help: str | None = None) -> None:
        diagnostics.add("G0506", message, tree.entries[field].key_span, help=help)

    if decl.type == "enum" and not decl.choices and "choices" not in tree:
        refuse("type", f"the enum `{decl.name}` has no `choices`", "add `choices: [one, other]`")
    elif decl.type == "enum" and not decl.choices:
        refuse("choices", f"`choices` of `{decl.name}` are empty")
    elif decl.choices and decl.type not in _CHOOSABLE:
        refuse(
            "choices",
            f"`choices` belong to an enum, and `{decl.name}` is of type {decl.type}",
            "write `type: enum`",
        )
    for field, bound in (("min", decl.minimum), ("max", decl.maximum)):
        if bound is not None and decl.type not in _ORDERED:
            refuse(
                field, f"`{decl.name}` is of type {decl.type}, which has no order: `{field}` means nothing"
            )
    low, high = decl.minimum, decl.maximum
    if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
        refuse("max", f"`max` of `{decl.name}` is below its `min`")


_HEAD = re.compile(r"\s*([^\s(]+)\s*(?:\(([^()]*)\)\s*)?")


def lets(
    given: dict[str, Tree], params: dict[str, ParamDecl], diagnostics: Diagnostics
) -> dict[str, LetDecl]:
    """What stands under `let`, by name; a name that is a parameter too, or stands twice, is reported."""
    found: dict[str, LetDecl] = {}
    for entry in _entries(given, "let"):
        head = _HEAD.fullmatch(entry.key)
        if head is None:
            help = "write `name: expression` or `name(a, b): expression`"
            diagnostics.add("G0011", f"`{entry.key}` is no name or function head", entry.key_span, help=help)
            continue
        name, args = (
            head[1],
            tuple(arg.strip() for arg in head[2].split(",")) if (head[2] or "").strip() else (),
        )
        names_fit = all([check_name(word, entry.key_span, diagnostics) for word in (name, *args)])
        if not names_fit:
            continue
        if head[2] is not None and not args:
            diagnostics.add("G0011", f"`{name}` has no arguments: write it without `()`", entry.key_span)
        if len(set(args)) < len(args):
            diagnostics.add("G0011", f"`{name}` has two arguments of the same name", entry.key_span)
        if args and name in BUILTINS:
            diagnostics.add("G0011", f"`{name}` is a function of the language", entry.key_span)
        earlier = found.get(name) or params.get(name)
        if earlier:
            message = f"`{name}` is defined twice, as a {'let' if name in found else 'parameter'} and here"
            diagnostics.add("G0404", message, entry.key_span)
        found[name] = LetDecl(name, args, _expression(entry.value, diagnostics), entry.key_span)
    return found


# ---- ports, slots, interfaces ------------------------------------------------------------------------------


def port(entry: Entry, diagnostics: Diagnostics) -> PortDecl:
    """A port: `x: Feature`, or `{type: …, …}`."""
    given = read_fields(shapes.PORT, entry.value, entry.key_span, diagnostics) or {}
    written = given.get("type")
    errors = len(diagnostics)
    kind = parse_type(written.text, written.span, diagnostics) if isinstance(written, Scalar) else None
    optional, distribution, each = given.get("optional"), given.get("distribution"), given.get("each")
    if kind and distribution and kind.kind != "Latent":
        key = (
            entry.value.entries["distribution"].key_span
            if isinstance(entry.value, Mapping)
            else entry.key_span
        )
        diagnostics.add("G0008", "`distribution` belongs to inputs of kind Latent", key)
    walked = next(iter(each)) if isinstance(each, Mapping) else None
    if walked:
        check_name(walked.key, walked.key_span, diagnostics)
    list_of = _expression(walked.value, diagnostics) if walked else None
    return PortDecl(
        name=entry.key,
        kind=kind.kind if kind else "",
        dims=kind.dims if kind else None,
        optional=isinstance(optional, Scalar) and optional.value is True,
        when=_expression(given.get("when"), diagnostics),
        unless=_expression(given.get("unless"), diagnostics),
        each=(walked.key, list_of) if walked and list_of else None,
        distribution=distribution.text if isinstance(distribution, Scalar) else None,
        doc=_text(given, "doc"),
        span=entry.key_span,
        kind_span=kind.kind_span if kind else entry.key_span,
        broken=kind is None or len(diagnostics) > errors,
    )


def _ports(given: dict[str, Tree], field: str, diagnostics: Diagnostics) -> dict[str, PortDecl]:
    return {entry.key: port(entry, diagnostics) for entry in _entries(given, field)}


def slot(entry: Entry, diagnostics: Diagnostics) -> SlotDecl:
    """A slot: `norm: Norm`, or `{type: Norm, default: batch}`."""
    given = read_fields(shapes.SLOT, entry.value, entry.key_span, diagnostics) or {}
    written = given.get("type")
    type_span = written.span if written else entry.key_span
    name = _text(given, "type")
    if written and not all(is_name(part) for part in name.split(".", 1)):
        help = "write the name of an interface, such as `Norm`"
        diagnostics.add("G0311", f"`{name}` is no interface", type_span, help=help)
    return SlotDecl(entry.key, name, given.get("default"), _text(given, "doc"), entry.key_span, type_span)


def interface(entry: Entry, diagnostics: Diagnostics) -> InterfaceDecl:
    """An interface."""
    given = read_fields(shapes.INTERFACE, entry.value, entry.key_span, diagnostics) or {}
    gives = given.get("gives")
    names = [item for item in gives.items if isinstance(item, Scalar)] if isinstance(gives, Sequence) else []
    for name in names:
        check_name(name.text, name.span, diagnostics)
    return InterfaceDecl(
        name=entry.key,
        ports=_ports(given, "ports", diagnostics),
        namespace=_text(given, "namespace") or None,
        gives=tuple(name.text for name in names),
        doc=_text(given, "doc"),
        span=entry.key_span,
    )


# ---- blocks and networks -----------------------------------------------------------------------------------


def block(entry: Entry, home: Document, diagnostics: Diagnostics) -> BlockDecl:
    """A block."""
    given = read_fields(shapes.BLOCK, entry.value, entry.key_span, diagnostics) or {}
    body = _body(given, entry, diagnostics)
    slots = {each.key: slot(each, diagnostics) for each in _entries(given, "slots")}
    ports, declared = _ports(given, "ports", diagnostics), params(given, diagnostics)
    for name in (set(ports) & set(declared)) | (set(slots) & (set(ports) | set(declared))):
        spans = sorted(decls[name].span for decls in (ports, declared, slots) if name in decls)
        diagnostics.add("G0404", f"the block `{entry.key}` declares `{name}` twice", spans[-1])
    return BlockDecl(
        name=entry.key,
        doc=_text(given, "doc"),
        source=_text(given, "source"),
        ports=ports,
        params=declared,
        slots=slots,
        body=Mapping({}, entry.key_span) if body is None else body,
        outputs=_outputs(given, "x"),
        span=entry.key_span,
        home=home,
        broken=body is None,
    )


def network(entry: Entry, home: Document, diagnostics: Diagnostics) -> NetworkDecl:
    """A network."""
    given = read_fields(shapes.NETWORK, entry.value, entry.key_span, diagnostics) or {}
    body = _body(given, entry, diagnostics)
    defaults = given.get("defaults")
    output = as_scalar(given.get("output"))
    return NetworkDecl(
        name=entry.key,
        doc=_text(given, "doc"),
        source=_text(given, "source"),
        inputs=_ports(given, "inputs", diagnostics),
        defaults=defaults if isinstance(defaults, Mapping) else None,
        body=Mapping({}, entry.key_span) if body is None else body,
        outputs=_outputs(given, output.text if output and is_name(output.text) else "output"),
        styles=as_scalar(given.get("styles")),
        span=entry.key_span,
        home=home,
        broken=body is None or "inputs" not in given,
    )


def _body(given: dict[str, Tree], entry: Entry, diagnostics: Diagnostics) -> Mapping | None:
    body = given.get("body")
    if not isinstance(body, Mapping):
        return None
    if not len(body):
        diagnostics.add("G0013", f"the body of `{entry.key}` is empty", body.span)
        return None
    return body


def _outputs(given: dict[str, Tree], single: str) -> dict[str, Scalar]:
    output = as_scalar(given.get("output"))
    if output:
        return {single: output}
    scalars = {entry.key: as_scalar(entry.value) for entry in _entries(given, "outputs")}
    return {name: scalar for name, scalar in scalars.items() if scalar}


def _growth(tree: Mapping, given: dict[str, Tree], diagnostics: Diagnostics) -> GrowthDecl | None:
    if "growth" not in given:
        return None
    entry = tree.entries["growth"]
    fields = read_fields(shapes.GROWTH, entry.value, entry.key_span, diagnostics) or {}
    over = _expression(fields.get("over"), diagnostics)
    return GrowthDecl(over, entry.key_span) if over else None
