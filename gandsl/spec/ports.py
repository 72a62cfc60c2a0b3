"""Ports, slots and interfaces as a spec declares them."""

from __future__ import annotations

from gandsl.diagnostics import Diagnostics
from gandsl.spec import shapes
from gandsl.spec.document import InterfaceDecl, PortDecl, SlotDecl
from gandsl.spec.fields import entries_in, expression, read_fields, text_in
from gandsl.spec.names import check_name, is_name
from gandsl.spec.parse import parse_type
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree

DRAWN = ("Latent", "Vector")
"""Kinds of inputs that may say what they are drawn from."""


def port(entry: Entry, diagnostics: Diagnostics) -> PortDecl:
    """A port: `x: Feature`, or `{type: …, …}`."""
    given = read_fields(shapes.PORT, entry.value, entry.key_span, diagnostics) or {}
    written = given.get("type")
    errors = len(diagnostics)
    kind = parse_type(written.text, written.span, diagnostics) if isinstance(written, Scalar) else None
    optional, distribution, each = given.get("optional"), given.get("distribution"), given.get("each")
    if kind and distribution and kind.kind not in DRAWN:
        key = (
            entry.value.entries["distribution"].key_span
            if isinstance(entry.value, Mapping)
            else entry.key_span
        )
        message = f"`distribution` belongs to inputs of kind {' or '.join(DRAWN)}"
        diagnostics.add("G0008", message, key)
    walked = [
        (one.key, expression(one.value, diagnostics))
        for one in (each if isinstance(each, Mapping) else ())
        if check_name(one.key, one.key_span, diagnostics)
    ]
    return PortDecl(
        name=entry.key,
        kind=kind.kind if kind else "",
        dims=kind.dims if kind else None,
        optional=isinstance(optional, Scalar) and optional.value is True,
        when=expression(given.get("when"), diagnostics),
        unless=expression(given.get("unless"), diagnostics),
        each=tuple((name, over) for name, over in walked if over),
        distribution=distribution.text if isinstance(distribution, Scalar) else None,
        doc=text_in(given, "doc"),
        span=entry.key_span,
        kind_span=kind.kind_span if kind else entry.key_span,
        broken=kind is None or len(diagnostics) > errors,
    )


def ports(given: dict[str, Tree], field: str, diagnostics: Diagnostics) -> dict[str, PortDecl]:
    """The ports, or inputs, under a field."""
    return {entry.key: port(entry, diagnostics) for entry in entries_in(given, field)}


def slot(entry: Entry, diagnostics: Diagnostics) -> SlotDecl:
    """A slot: `norm: Norm`, or `{type: Norm, default: batch}`."""
    given = read_fields(shapes.SLOT, entry.value, entry.key_span, diagnostics) or {}
    written = given.get("type")
    type_span = written.span if written else entry.key_span
    name = text_in(given, "type")
    if written and not all(is_name(part) for part in name.split(".", 1)):
        help = "write the name of an interface, such as `Norm`"
        diagnostics.add("G0311", f"`{name}` is no interface", type_span, help=help)
    return SlotDecl(entry.key, name, given.get("default"), text_in(given, "doc"), entry.key_span, type_span)


def interface(entry: Entry, diagnostics: Diagnostics) -> InterfaceDecl:
    """An interface."""
    given = read_fields(shapes.INTERFACE, entry.value, entry.key_span, diagnostics) or {}
    gives = given.get("gives")
    names = [item for item in gives.items if isinstance(item, Scalar)] if isinstance(gives, Sequence) else []
    for name in names:
        check_name(name.text, name.span, diagnostics)
    return InterfaceDecl(
        name=entry.key,
        ports=ports(given, "ports", diagnostics),
        namespace=text_in(given, "namespace") or None,
        gives=tuple(name.text for name in names),
        doc=text_in(given, "doc"),
        span=entry.key_span,
    )
