"""Whether weights that one spec trained load into the other: compatible, partial or breaking."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from gandsl.ir.graph import NetworkIR, Node
from gandsl.records import dataclass
from gandsl_runtime.moved import renamed

# parameters that say how stored numbers are used: with another value the same numbers are another weight
MEANING = ("weight", "gain", "lr_multiplier")


class WeightVerdict(StrEnum):
    """From best to worst."""

    compatible = "compatible"  # every tensor has its place and its meaning
    partial = "partial"  # some have
    breaking = "breaking"  # no learned tensor has


@dataclass(frozen=True, slots=True)
class Tensor:
    """One entry of a state_dict."""

    key: str
    shape: tuple[int, ...]
    learned: bool
    node: Node


@dataclass(frozen=True)
class Compatibility:
    """Keys of one network's state_dict, as the new spec names them; `lost` as the old one does."""

    verdict: WeightVerdict
    fits: tuple[str, ...]
    renamed: Mapping[str, str]  # old key → new key, of those that fit through `moved`
    lost: tuple[str, ...]  # only the old spec has them
    new: tuple[str, ...]  # only the new spec has them
    reshaped: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]
    reread: tuple[str, ...]  # same shape, used in another way: they load, and mean something else
    old_keys: tuple[str, ...]
    new_keys: tuple[str, ...]


def state(network: NetworkIR) -> dict[str, Tensor]:
    """Every key of the network's state_dict: id of the layer, a dot, the tensor's name."""
    found = {}
    for id_, (graph, node) in network.weighted().items():
        call = graph.call(node)
        weights = node.spec.weights(call)
        for name, shape in {**weights, **node.spec.buffers(call)}.items():
            key = f"{id_}.{name}"
            found[key] = Tensor(key, tuple(shape), name in weights, node)
    return found


def compatibility(old: NetworkIR, new: NetworkIR, moved: Mapping[str, str]) -> Compatibility:
    """`moved`: old path → new path, within this network."""
    before = {renamed(key, moved): tensor for key, tensor in state(old).items()}
    after = state(new)
    both = [key for key in after if key in before]
    reshaped = {
        key: (before[key].shape, after[key].shape) for key in both if before[key].shape != after[key].shape
    }
    reread = tuple(
        key
        for key in both
        if key not in reshaped
        and after[key].learned
        and _meaning(before[key].node) != _meaning(after[key].node)
    )
    fits = tuple(key for key in both if key not in reshaped and key not in reread)
    lost = tuple(tensor.key for key, tensor in before.items() if key not in after)
    fresh = tuple(key for key in after if key not in before)
    return Compatibility(
        _verdict(bool(lost or fresh or reshaped or reread), any(after[key].learned for key in fits)),
        fits,
        {before[key].key: key for key in fits if before[key].key != key},
        lost,
        fresh,
        reshaped,
        reread,
        tuple(tensor.key for tensor in before.values()),
        tuple(after),
    )


def _verdict(differs: bool, carries: bool) -> WeightVerdict:
    if not differs:
        return WeightVerdict.compatible
    return WeightVerdict.partial if carries else WeightVerdict.breaking


def _meaning(node: Node) -> tuple[object, ...]:
    names = (
        MEANING
        if node.attrs.get("weight") in ("equalized", "normalized", "forced")
        else ("weight", "lr_multiplier")
    )
    return node.op, *(node.attrs.get(name) for name in names)
