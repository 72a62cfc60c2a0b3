"""What a file declares and nobody reads, found by the names that its text mentions.

Only what stands in the spec's own file is looked at: a base or an import serves other specs as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gandsl.analysis.facts import RuleInput
from gandsl.analysis.mentioned import inside, names, of_file, words
from gandsl.diagnostics import Diagnostic, Diagnostics, Span
from gandsl.ir.ops import known_op
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl, Document, NetworkDecl, PortDecl
from gandsl.spec.library import Library
from gandsl.spec.tree import Scalar, Tree


def _own(facts: RuleInput, span: Span) -> bool:
    return span.file == facts.document.file


def params(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0701, for the spec's parameters and those of its blocks."""
    mentions = of_file(facts.document)
    for name, param in facts.document.params.items():
        if _own(facts, param.span) and not mentions(name):
            yield Diagnostic("W0701", f"the parameter `{name}` is never used", param.span, help="delete it")
    for block in facts.document.blocks.values():
        for name, param in block.params.items():
            if _own(facts, param.span) and name not in inside(block, name):
                message = f"the block `{block.name}` never uses its parameter `{name}`"
                yield Diagnostic("W0701", message, param.span, help="delete it")


def lets(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0702."""
    mentions = of_file(facts.document)
    for name, let in facts.document.let.items():
        if _own(facts, let.span) and not mentions(name):
            yield Diagnostic("W0702", f"`{name}` is defined and never used", let.span, help="delete it")


def blocks(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0704."""
    document = facts.document
    bodies = {name: words(block.body, *_defaults(block)) for name, block in document.blocks.items()}
    networks = [words(network.body) for network in document.networks.values()]
    networks.append(_of_game(document))
    for name, block in document.blocks.items():
        others = [used for other, used in bodies.items() if other != name]
        if _own(facts, block.span) and not any(name in used for used in (*networks, *others)):
            yield Diagnostic("W0704", f"the block `{name}` is never used", block.span, help="delete it")


def _of_game(document: Document) -> set[str]:
    """What a game names, or a loss that stands for one."""
    training = document.training
    return words(
        trees.Mapping({}, document.tree.span), document.tree.get("game"), training and training.get("loss")
    )


def _defaults(block: BlockDecl) -> list[Tree | None]:
    return [slot.default for slot in block.slots.values()]


def slots(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0705. A slot may also be handed on to a block inside."""
    for block in facts.document.blocks.values():
        used = words(block.body, *_defaults(block))
        for name, slot in block.slots.items():
            if _own(facts, slot.span) and name not in used:
                message = f"the block `{block.name}` never uses its slot `{name}`"
                help = f"use it (`{{slot: {name}}}`), or delete it"
                yield Diagnostic("W0705", message, slot.span, help=help)


def imports(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0707."""
    document = facts.document
    used = _of_game(document)
    for network in document.networks.values():
        used |= words(network.body)
    for block in document.blocks.values():
        used |= words(block.body, *_defaults(block)) | {slot.type for slot in block.slots.values()}
    written = document.tree.get("imports")
    for entry in written if isinstance(written, trees.Mapping) else ():
        if _own(facts, entry.key_span) and not any(word.startswith(f"{entry.key}.") for word in used):
            yield Diagnostic("W0707", f"nothing of the import `{entry.key}` is used", entry.key_span)


def ports(facts: RuleInput) -> Iterator[Diagnostic]:
    """W0706, for the inputs of networks and the ports of blocks. The first node reads the first port."""
    library = Library(Diagnostics())
    for network in facts.document.networks.values():
        read = names(*network.outputs.values(), network.styles, body=network.body)
        yield from _unread(facts, network, network.inputs, read, f"an input of the {network.name}", library)
    for block in facts.document.blocks.values():
        what = f"a port of the block `{block.name}`"
        yield from _unread(facts, block, block.ports, inside(block), what, library)


def _unread(
    facts: RuleInput,
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
        op = known_op(name)
        ports = op.ports if op else ()
        return ports[0].name if ports and not ports[0].variadic and not ports[0].optional else None
    if form == "slot":
        slot = owner.slots.get(name) if isinstance(owner, BlockDecl) else None
        interface = library.interface(slot.type, owner.home) if slot else None
        return next(iter(interface.ports), None) if interface else None
    block = library.block(name, owner.home) or library.block(f"topology.{name}", owner.home)
    return next(iter(block.ports), None) if block else None


def defaults(facts: RuleInput) -> Iterator[Diagnostic]:
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
