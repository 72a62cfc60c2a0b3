"""Blocks and networks as a spec declares them."""

from __future__ import annotations

from dataclasses import replace

from gandsl.diagnostics import Diagnostics, Label
from gandsl.diagnostics.suggest import did_you_mean
from gandsl.spec import shapes
from gandsl.spec.constants import params
from gandsl.spec.document import BlockDecl, Document, NetworkDecl, WeightsDecl
from gandsl.spec.fields import as_scalar, entries_in, read_fields, text_in
from gandsl.spec.names import is_name
from gandsl.spec.ports import ports, slot
from gandsl.spec.tree import Entry, Mapping, Scalar, Sequence, Tree


def block(entry: Entry, home: Document, diagnostics: Diagnostics) -> BlockDecl:
    """A block."""
    given = read_fields(shapes.BLOCK, entry.value, entry.key_span, diagnostics) or {}
    body = _body(given, entry, diagnostics)
    slots = {each.key: slot(each, diagnostics) for each in entries_in(given, "slots")}
    taken, declared = ports(given, "ports", diagnostics), params(given, diagnostics)
    for name in (set(taken) & set(declared)) | (set(slots) & (set(taken) | set(declared))):
        spans = sorted(decls[name].span for decls in (taken, declared, slots) if name in decls)
        diagnostics.add("G0404", f"the block `{entry.key}` declares `{name}` twice", spans[-1])
    return BlockDecl(
        name=entry.key,
        doc=text_in(given, "doc"),
        source=text_in(given, "source"),
        ports=taken,
        params=declared,
        slots=slots,
        body=Mapping({}, entry.key_span) if body is None else body,
        outputs=_outputs(given, "x", diagnostics)[0],
        span=entry.key_span,
        home=home,
        broken=body is None,
        weight=text_in(given, "weight") or "weight",
    )


def networks(
    tree: Mapping, given: dict[str, Tree], home: Document, diagnostics: Diagnostics
) -> dict[str, NetworkDecl]:
    """Generator and discriminator, wherever they are declared, then the others."""
    roles = ("generator", "discriminator")
    written = {role: tree.entries[role] for role in roles if role in given}
    for entry in entries_in(given, "networks"):
        known = written.setdefault(entry.key, entry)
        if known is not entry:
            label = (Label(known.key_span, "it stands here"),)
            message = f"`{entry.key}` is declared twice, in `networks` and as a field of its own"
            diagnostics.add("G0404", message, entry.key_span, secondary=label)
    names = sorted(written, key=lambda name: roles.index(name) if name in roles else len(roles))
    found = {name: network(written[name], home, diagnostics) for name in names}
    return {name: _likeness(found[name], found, diagnostics) for name in names}


def _likeness(decl: NetworkDecl, known: dict[str, NetworkDecl], diagnostics: Diagnostics) -> NetworkDecl:
    """A network that is `like` another: that one's declaration, under its own name."""
    other, seen = decl, [decl.name]
    while other.like is not None:
        name = other.like
        if name.text in seen:
            if name.text == decl.name:  # each of a circle says so once
                message = f"`{decl.name}` is like itself: {' → '.join((*seen, name.text))}"
                diagnostics.add("G0401", message, name.span)
            return replace(decl, broken=True)
        if name.text not in known:
            if other is decl:
                help = did_you_mean(name.text, [each for each in known if each != decl.name])
                diagnostics.add("G0102", f"there is no network `{name.text}`", name.span, help=help)
            return replace(decl, broken=True)
        seen.append(name.text)
        other = known[name.text]
    if other is decl:
        return decl
    return replace(
        other,
        name=decl.name,
        doc=decl.doc or other.doc,
        source=decl.source or other.source,
        span=decl.span,
        like=decl.like,
        weights=decl.weights,
        precision=decl.precision or other.precision,
    )


def network(entry: Entry, home: Document, diagnostics: Diagnostics) -> NetworkDecl:
    """A network."""
    given = read_fields(shapes.NETWORK, entry.value, entry.key_span, diagnostics) or {}
    body = _body(given, entry, diagnostics)
    defaults = given.get("defaults")
    output = as_scalar(given.get("output"))
    single = output.text if output and is_name(output.text) else "output"
    outputs, kinds = _outputs(given, single, diagnostics)
    return NetworkDecl(
        name=entry.key,
        doc=text_in(given, "doc"),
        source=text_in(given, "source"),
        inputs=ports(given, "inputs", diagnostics),
        defaults=defaults if isinstance(defaults, Mapping) else None,
        body=Mapping({}, entry.key_span) if body is None else body,
        outputs=outputs,
        styles=as_scalar(given.get("styles")),
        span=entry.key_span,
        home=home,
        broken="like" not in given and (body is None or "inputs" not in given),
        output_kinds=kinds,
        like=as_scalar(given.get("like")),
        weights=_weights(given, entry, diagnostics),
        precision=as_scalar(given.get("precision")),
    )


def _weights(given: dict[str, Tree], entry: Entry, diagnostics: Diagnostics) -> WeightsDecl | None:
    """Where the weights start; None where nothing is said of it."""
    written = given.get("weights")
    if written is None:
        return None
    found = read_fields(shapes.WEIGHTS, written, entry.key_span, diagnostics) or {}
    random, file = found.get("random"), as_scalar(found.get("file"))
    if isinstance(written, Mapping) and not len(written):
        help = "write `{random: true}`, or `{file: …, sha256: …}`"
        diagnostics.add("G0013", "`weights` says nothing", written.span, help=help)
    elif file is None and (about := [name for name in found if name != "random"]):
        name = about[0]
        message = f"`{name}` is about a file of weights, and none is named"
        diagnostics.add("G0009", message, written.span, help=f"add `file: …` beside `{name}`")
    decl = WeightsDecl(
        span=written.span,
        random=isinstance(random, Scalar) and random.value is True,
        file=file,
        sha256=as_scalar(found.get("sha256")),
        part=text_in(found, "part"),
        layout=as_scalar(found.get("layout")),
        keys=tuple(one for one in entries_in(found, "keys") if isinstance(one.value, Scalar)),
        unused=tuple(one.text for one in _scalars(found.get("unused"))),
    )
    return decl if decl.random or decl.file else None


def _scalars(tree: Tree | None) -> tuple[Scalar, ...]:
    items = tree.items if isinstance(tree, Sequence) else ()
    return tuple(item for item in items if isinstance(item, Scalar))


def _body(given: dict[str, Tree], entry: Entry, diagnostics: Diagnostics) -> Mapping | None:
    body = given.get("body")
    if not isinstance(body, Mapping):
        return None
    if not len(body):
        diagnostics.add("G0013", f"the body of `{entry.key}` is empty", body.span)
        return None
    return body


def _outputs(
    given: dict[str, Tree], single: str, diagnostics: Diagnostics
) -> tuple[dict[str, Scalar], dict[str, Scalar]]:
    """Outputs by name, and the kinds of those that say one. `single`: the name of the only one."""
    if output := as_scalar(given.get("output")):
        return {single: output}, {}
    outputs: dict[str, Scalar] = {}
    kinds: dict[str, Scalar] = {}
    for entry in entries_in(given, "outputs"):
        told = read_fields(shapes.OUTPUT, entry.value, entry.key_span, diagnostics) or {}
        if of := as_scalar(told.get("of")):
            outputs[entry.key] = of
        if kind := as_scalar(told.get("kind")):
            kinds[entry.key] = kind
    return outputs, kinds
