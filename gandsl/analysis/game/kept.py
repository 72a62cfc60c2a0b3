"""What a call of a network does beside computing: it draws, and in training it moves layers' state."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from gandsl.ir.graph import NetworkIR, Node
from gandsl.ir.op import Trait


def held(network: NetworkIR, ops: Collection[str]) -> tuple[str, ...]:
    """Paths of the layers of these ops (`all`: of every one whose state moves) in any program."""
    return tuple(id_ for id_, (_, node) in network.weighted().items() if moves(node) and _named(node, ops))


def moves(node: Node) -> bool:
    """Whether a layer has state that a call in training moves."""
    return node.spec.has(Trait.STATEFUL) or node.attrs.get("weight") == "spectral"


def moved(layers: Iterable[Node], holds: Collection[str]) -> list[Node]:
    """The layers whose state a call in training moves, that holds those of some ops."""
    return [layer for layer in layers if moves(layer) and not _named(layer, holds)]


def draws(layers: Iterable[Node], training: bool) -> list[Node]:
    """The layers that draw numbers in a call."""
    random = (layer for layer in layers if layer.spec.has(Trait.RANDOM))
    return [layer for layer in random if training or not layer.spec.has(Trait.REGULARIZES)]


def _named(node: Node, ops: Collection[str]) -> bool:
    return node.op in ops or "all" in ops
