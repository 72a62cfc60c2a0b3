"""What a file declares and nobody reads, found by the names that its text mentions; names that hide others.

Only what stands in the spec's own file is looked at: a base or an import serves other specs as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from gandsl.analysis.facts import Facts
from gandsl.diagnostics import Diagnostic, Diagnostics, Label, Span
from gandsl.frontend.mentions import mentioned, names_in
from gandsl.ir.ops import OPS
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl, Document, NetworkDecl, PortDecl
from gandsl.spec.expressions import Expr
from gandsl.spec.library import Library
from gandsl.spec.tree import Entry, Scalar, Tree

_NAMES_OF_THINGS = {"op", "block", "topology", "slot", "use", "doc"}  # keys of nodes that hold no expression
_STAGE_NAMES = ("index", "count", "first", "last")  # of every fold


# ---- what is mentioned


def _scalars(tree: Tree | None, skip: Set[str] = frozenset()) -> Iterator[Scalar]:
    """The scalars of a tree; in nodes without those at the keys `skip` (a body's own keys are names)."""
    if isinstance(tree, Scalar):
        yield tree
    elif isinstance(tree, trees.Sequence):
        for item in tree.items:
            yield from _scalars(item, skip)
    elif tree is not None:
        for entry in tree:
            if entry.key == "body" and isinstance(entry.value, trees.Mapping):
                yield from _of_body(entry.value, skip)
            elif not isinstance(entry.value, Scalar) or entry.key not in _skipped(tree, skip):
                yield from _scalars(entry.value, skip)


def _skipped(node: trees.Mapping, skip: Set[str]) -> Set[str]:
    return skip | {"label"} if "fold" in node else skip


def _of_body(body: trees.Mapping, skip: Set[str] = frozenset()) -> Iterator[Scalar]:
    for entry in body:
        yield from _scalars(entry.value, skip)


def _names(*places: Tree | Expr | None, body: trees.Mapping | None = None) -> set[str]:
    """Every name of a value or function in trees, expressions and a body."""
    found: set[str] = set()
    scalars = list(_of_body(body, _NAMES_OF_THINGS)) if body else []
    for place in places:
        if isinstance(place, Expr):
            found |= names_in(place)
        else:
            scalars += _scalars(place, _NAMES_OF_THINGS)
    return found.union(*(mentioned(scalar) for scalar in scalars if isinstance(scalar.value, str)))


def _of_ports(ports: Iterable[PortDecl]) -> set[str]:
    found: set[str] = set()
    for port in ports:
        found |= _names(*(port.dims or ()), port.when, port.unless, port.each[1] if port.each else None)
    return found


def _of_params(params: Mapping[str, object], but: str = "") -> set[str]:
    """Names in the defaults and bounds of parameters."""
    found: set[str] = set()
    for name, param in params.items():
        for field in ("default", "minimum", "maximum"):
            value = getattr(param, field)
            if name != but and isinstance(value, Expr | Scalar | trees.Sequence | trees.Mapping):
                found |= _names(value)
    return found


def _inside(block: BlockDecl, but: str = "") -> set[str]:
    """Names that a block mentions, its own included; `but` is a parameter that does not count itself."""
    slots = [slot.default for slot in block.slots.values()]
    found = _names(*block.outputs.values(), *slots, body=block.body)
    return found | _of_ports(block.ports.values()) | _of_params(block.params, but)


def _of_network(network: NetworkDecl) -> set[str]:
    found = _names(network.defaults, *network.outputs.values(), network.styles, body=network.body)
    return found - set(network.inputs) | _of_ports(network.inputs.values())


def _of_file(document: Document) -> Callable[[str], bool]:
    """Whether the file mentions a name of its own, other than where it is defined."""
    by_owner = {name: _of_params({name: param}) for name, param in document.params.items()}
    by_owner |= {name: names_in(let.expr) - set(let.args) for name, let in document.let.items() if let.expr}
    rest = _names(document.growth.over if document.growth else None, document.training)
    for block in document.blocks.values():
        rest |= _inside(block) - set(block.ports) - set(block.params)
    for network in document.networks.values():
        rest |= _of_network(network)
    return lambda name: name in rest or any(name in by_owner[owner] for owner in by_owner if owner != name)


def _words(body: trees.Mapping, *others: Tree | None) -> set[str]:
    """Every text in a body and other trees: names of blocks and slots are among them."""
    scalars = [*_of_body(body, {"doc"}), *(scalar for tree in others for scalar in _scalars(tree))]
    return {scalar.text for scalar in scalars}


# ---- what is never used


def _own(facts: Facts, span: Span) -> bool:
    return span.file == facts.document.file


def params(facts: Facts) -> Iterator[Diagnostic]:
    """W0701, for the spec's parameters and those of its blocks."""
    mentions = _of_file(facts.document)
    for name, param in facts.document.params.items():
        if _own(facts, param.span) and not mentions(name):
            yield Diagnostic("W0701", f"the parameter `{name}` is never used", param.span, help="delete it")
    for block in facts.document.blocks.values():
        for name, param in block.params.items():
            if _own(facts, param.span) and name not in _inside(block, name):
                message = f"the block `{block.name}` never uses its parameter `{name}`"
                yield Diagnostic("W0701", message, param.span, help="delete it")


def lets(facts: Facts) -> Iterator[Diagnostic]:
    """W0702."""
    mentions = _of_file(facts.document)
    for name, let in facts.document.let.items():
        if _own(facts, let.span) and not mentions(name):
            yield Diagnostic("W0702", f"`{name}` is defined and never used", let.span, help="delete it")


def blocks(facts: Facts) -> Iterator[Diagnostic]:
    """W0704."""
    document = facts.document
    bodies = {name: _words(block.body, *_defaults(block)) for name, block in document.blocks.items()}
    networks = [_words(network.body) for network in document.networks.values()]
    for name, block in document.blocks.items():
        others = [words for other, words in bodies.items() if other != name]
        if _own(facts, block.span) and not any(name in words for words in (*networks, *others)):
            yield Diagnostic("W0704", f"the block `{name}` is never used", block.span, help="delete it")


def _defaults(block: BlockDecl) -> list[Tree | None]:
    return [slot.default for slot in block.slots.values()]


def slots(facts: Facts) -> Iterator[Diagnostic]:
    """W0705. A slot may also be handed on to a block inside."""
    for block in facts.document.blocks.values():
        words = _words(block.body, *_defaults(block))
        for name, slot in block.slots.items():
            if _own(facts, slot.span) and name not in words:
                message = f"the block `{block.name}` never uses its slot `{name}`"
                help = f"use it (`{{slot: {name}}}`), or delete it"
                yield Diagnostic("W0705", message, slot.span, help=help)


def imports(facts: Facts) -> Iterator[Diagnostic]:
    """W0707."""
    document = facts.document
    words: set[str] = set()
    for network in document.networks.values():
        words |= _words(network.body)
    for block in document.blocks.values():
        words |= _words(block.body, *_defaults(block)) | {slot.type for slot in block.slots.values()}
    written = document.tree.get("imports")
    for entry in written if isinstance(written, trees.Mapping) else ():
        if _own(facts, entry.key_span) and not any(word.startswith(f"{entry.key}.") for word in words):
            yield Diagnostic("W0707", f"nothing of the import `{entry.key}` is used", entry.key_span)


def ports(facts: Facts) -> Iterator[Diagnostic]:
    """W0706, for the inputs of networks and the ports of blocks. A chain reads the first one as it begins."""
    library = Library(Diagnostics())
    for network in facts.document.networks.values():
        read = _names(*network.outputs.values(), network.styles, body=network.body)
        yield from _unread(facts, network, network.inputs, read, f"an input of the {network.name}", library)
    for block in facts.document.blocks.values():
        what = f"a port of the block `{block.name}`"
        yield from _unread(facts, block, block.ports, _inside(block), what, library)


def _unread(
    facts: Facts,
    owner: NetworkDecl | BlockDecl,
    declared: Mapping[str, PortDecl],
    read: set[str],
    what: str,
    library: Library,
) -> Iterator[Diagnostic]:
    for position, (name, port) in enumerate(declared.items()):
        if not _own(facts, port.span) or name in read:
            continue
        if position or not _reads_above(owner.body, owner, library):
            yield Diagnostic("W0706", f"no node reads `{name}`, {what}", port.span)


def _reads_above(body: trees.Mapping, owner: NetworkDecl | BlockDecl, library: Library) -> bool:
    """Whether the first node (or one behind others that may be absent) reads what stands above it."""
    for entry in body:
        node = entry.value
        if not isinstance(node, trees.Mapping) or "value" in node:
            return False
        if "fold" in node:
            reads = "carry" not in node
        else:
            port = _first_port(node, owner, library)
            reads = port is not None and port not in node
        if reads or not ("when" in node or "unless" in node):
            return reads
    return False


def _first_port(node: trees.Mapping, owner: NetworkDecl | BlockDecl, library: Library) -> str | None:
    """The port that a node reads from above where it is left out, as far as the text tells."""
    form = next((key for key in ("op", "block", "topology", "slot") if key in node), None)
    named = node.get(form) if form else None
    if not isinstance(named, Scalar):
        return None
    name = named.text
    if form == "op":
        ports = OPS[name].ports if name in OPS else ()
        return ports[0].name if ports and not ports[0].variadic and not ports[0].optional else None
    if form == "slot":
        slot = owner.slots.get(name) if isinstance(owner, BlockDecl) else None
        interface = library.interface(slot.type, owner.home) if slot else None
        return next(iter(interface.ports), None) if interface else None
    block = library.block(name, owner.home) or library.block(f"topology.{name}", owner.home)
    return next(iter(block.ports), None) if block else None


def defaults(facts: Facts) -> Iterator[Diagnostic]:
    """W0709."""
    for span, (op, param) in facts.module.idle_defaults.items():
        if _own(facts, span):
            what = "op with a weight" if op == "weighted" else f"`{op}`"
            yield Diagnostic(
                "W0709",
                f"this default changes nothing: no {what} inside takes its `{param}` from here",
                span,
                help="delete it, or correct the op's name",
            )


# ---- names that hide others


def hidden_names(facts: Facts) -> Iterator[Diagnostic]:
    """W0708: nodes, ports, loop variables and carried values against what the file and the block declare."""
    document = facts.document
    known = {name: (param.span, "a parameter of the spec") for name, param in document.params.items()}
    known |= {name: (let.span, "a definition of the spec") for name, let in document.let.items()}
    for network in document.networks.values():
        inputs = {name: (port.span, "an input of the network") for name, port in network.inputs.items()}
        yield from _clashes(facts, known, [(name, span) for name, (span, _) in inputs.items()])
        yield from _in_body(facts, network.body, known | inputs)
    for block in document.blocks.values():
        ports = {name: (port.span, "a port of the block") for name, port in block.ports.items()}
        params = {name: (param.span, "a parameter of the block") for name, param in block.params.items()}
        yield from _clashes(facts, known, [(name, span) for name, (span, _) in ports.items()])
        yield from _in_body(facts, block.body, known | ports | params)


_Known = Mapping[str, tuple[Span, str]]


def _in_body(facts: Facts, body: trees.Mapping, known: _Known) -> Iterator[Diagnostic]:
    yield from _clashes(facts, known, [(entry.key, entry.key_span) for entry in body])
    for entry in body:
        node = entry.value
        if not isinstance(node, trees.Mapping) or "fold" not in node:
            continue
        variables = _entries(node, "fold")
        # a carried value may hide a port: a stage's `x` is by nature the one it was handed
        of_file = {name: what for name, what in known.items() if what[1].endswith("of the spec")}
        yield from _clashes(facts, known, [(each.key, each.key_span) for each in variables])
        yield from _clashes(facts, of_file, [(each.key, each.key_span) for each in _entries(node, "carry")])
        loop = {each.key: (each.key_span, "a variable of the fold") for each in variables}
        stage = dict.fromkeys(_STAGE_NAMES, (entry.key_span, "a value that each stage of a fold has"))
        if isinstance(inner := node.get("body"), trees.Mapping):
            yield from _in_body(facts, inner, {**known, **stage, **loop})


def _entries(node: trees.Mapping, key: str) -> list[Entry]:
    value = node.get(key)
    return list(value) if isinstance(value, trees.Mapping) else []


def _clashes(facts: Facts, known: _Known, names: Iterable[tuple[str, Span]]) -> Iterator[Diagnostic]:
    for name, span in names:
        if name in known and _own(facts, span):
            where, what = known[name]
            yield Diagnostic(
                "W0708",
                f"`{name}` hides {what}",
                span,
                secondary=(Label(where, what),),
                help="rename one of the two",
            )
