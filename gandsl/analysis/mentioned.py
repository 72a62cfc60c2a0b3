"""The names that a file's text mentions: the rules about usage rest on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

from gandsl.frontend.references import mentioned, names_in
from gandsl.spec import tree as trees
from gandsl.spec.document import BlockDecl, Document, NetworkDecl, PortDecl
from gandsl.spec.expressions import Expr
from gandsl.spec.tree import Scalar, Tree

_NAMES_OF_THINGS = {"op", "block", "topology", "slot", "use", "doc"}  # keys of nodes that hold no expression


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


def names(*places: Tree | Expr | None, body: trees.Mapping | None = None) -> set[str]:
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
        found |= names(*(port.dims or ()), port.when, port.unless, *(over for _, over in port.each))
    return found


def _of_params(params: Mapping[str, object], but: str = "") -> set[str]:
    """Names in the defaults and bounds of parameters."""
    found: set[str] = set()
    for name, param in params.items():
        for field in ("default", "minimum", "maximum"):
            value = getattr(param, field)
            if name != but and isinstance(value, Expr | Scalar | trees.Sequence | trees.Mapping):
                found |= names(value)
    return found


def inside(block: BlockDecl, but: str = "") -> set[str]:
    """Names that a block mentions, its own included; `but` is a parameter that does not count itself."""
    slots = [slot.default for slot in block.slots.values()]
    found = names(*block.outputs.values(), *slots, body=block.body)
    return found | _of_ports(block.ports.values()) | _of_params(block.params, but)


def _of_network(network: NetworkDecl) -> set[str]:
    found = names(network.defaults, *network.outputs.values(), network.styles, body=network.body)
    return found - set(network.inputs) | _of_ports(network.inputs.values())


def of_file(document: Document) -> Callable[[str], bool]:
    """Whether the file mentions a name of its own, other than where it is defined."""
    by_owner = {name: _of_params({name: param}) for name, param in document.params.items()}
    by_owner |= {name: names_in(let.expr) - set(let.args) for name, let in document.let.items() if let.expr}
    rest = names(
        document.growth.over if document.growth else None, document.training, document.tree.get("game")
    )
    for field in document.data.values():
        rest |= names(*(field.dims or ()), field.when, field.unless, field.range)
    for block in document.blocks.values():
        rest |= inside(block) - set(block.ports) - set(block.params)
    for network in document.networks.values():
        rest |= _of_network(network)
    return lambda name: name in rest or any(name in by_owner[owner] for owner in by_owner if owner != name)


def words(body: trees.Mapping, *others: Tree | None) -> set[str]:
    """Every text in a body and other trees: names of blocks and slots are among them."""
    scalars = [*_of_body(body, {"doc"}), *(scalar for tree in others for scalar in _scalars(tree))]
    return {scalar.text for scalar in scalars}
