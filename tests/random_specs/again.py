"""A node's weights used twice: in its place the same node is made again, in every form that a spec may write.

It has random numbers of its own, and others see nothing of it: around it grows what would grow anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.random_specs.kinds import CARRIED, Types, fits, plainly

LAYERED, BARE, ABOUT = 0.06, 0.02, 0.2  # chances of what may hold weights, what holds none, what it is about


@dataclass(frozen=True)
class Use:
    """A node as it is written, the values that its ports are given, and those that stand above it.

    `first`: the port that reads the node above where it is left out. `kinds`: those that a port takes, where
    not any. `outputs`: whether others read its outputs by name.
    """

    name: str
    node: dict[str, Any]
    types: Types
    given: Mapping[str, list[str]]
    seen: Mapping[str, Types]
    first: str = ""
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    layered: bool = True
    outputs: bool = False


@dataclass
class Again:
    """Uses of nodes, by chance twice. `about`: ops that come twice more often."""

    rng: Random
    about: tuple[str, ...] = ()

    def written(self, use: Use) -> dict[str, Any]:
        """The nodes that stand in place of one; the last has its name and its type."""
        often = use.layered and use.node.get("op") in self.about
        if self.rng.random() >= (ABOUT if often else LAYERED if use.layered else BARE):
            return {use.name: use.node}
        first = f"{use.name}_first"
        for form in self.rng.sample(FORMS, len(FORMS)):
            if made := form(self.rng, use, first):
                return {first: use.node, **made}
        raise AssertionError("one form goes always")


def _unread(rng: Random, use: Use, first: str) -> dict[str, Any]:
    """The first lends its weights, and computes nothing that anybody reads."""
    return {use.name: _again(rng, use, first, others=False)}


def _mixed(rng: Random, use: Use, first: str) -> dict[str, Any]:
    """Of another value, moved by what the first gives: two uses side by side."""
    ports = [port for port in _single(use) if _is_carried(use.seen[use.given[port][0]])]
    if not _is_carried(use.types) or not ports:
        return {}
    again = _again(rng, use, first)
    port = rng.choice([port for port in ports if port in again])
    return {use.name: again | {port: f"{again[port]} + 0.5 * sample_mean({first})"}}


def _chained(rng: Random, use: Use, first: str) -> dict[str, Any]:
    """Of what the first gives; once more now and then, as the second's second use."""
    port = _returning(use)
    if port is None:
        return {}
    again = _again(rng, use, first) | {port: first}
    if port == use.first and rng.random() < 0.5:
        del again[port]  # it reads the node above
    if rng.random() < 0.7:
        return {use.name: again}
    second = f"{use.name}_again"
    return {second: again, use.name: again | {"reuse": second, port: second}}


def _repeated(rng: Random, use: Use, first: str) -> dict[str, Any]:
    """In each stage of a fold, of what the stage before it gave."""
    port = _returning(use)
    if port is None or use.outputs:
        return {}
    carried, index = f"{use.name}_c", f"{use.name}_i"
    again = _again(rng, use, first) | {port: carried}
    return {
        use.name: {
            "fold": {index: f"range({rng.randint(1, 2)})"},
            "carry": {carried: first},
            "body": {f"{use.name}_next": again},
        }
    }


def _summed(rng: Random, use: Use, first: str) -> dict[str, Any]:
    """Of other values, beside the first and added to it: of what is no op, which is to stand there itself."""
    if "op" in use.node or use.outputs or not _is_carried(use.types):
        return {}
    second = f"{use.name}_again"
    return {second: _again(rng, use, first), use.name: {"value": f"{first} + {second}"}}


def _again(rng: Random, use: Use, first: str, others: bool = True) -> dict[str, Any]:
    """The node once more, of other values where there are any alike."""
    found: dict[str, Any] = {"reuse": first}
    for port, texts in use.given.items():
        if texts:
            given = [_other(rng, use, text) if others else text for text in texts]
            found[port] = given if isinstance(use.node.get(port), list) else given[0]
    return found


def _other(rng: Random, use: Use, text: str) -> str:
    types = use.seen[text]
    if types[0].kind == "Scalar":
        return text  # the fade, which is not there in every program
    return rng.choice([other for other, found in use.seen.items() if found == types])


def _single(use: Use) -> list[str]:
    """Ports that are given one value, and would take it from an expression, too."""
    given = [(port, texts[0]) for port, texts in use.given.items() if len(texts) == 1]
    written = [(port, text) for port, text in given if not isinstance(use.node.get(port), list)]
    return [port for port, text in written if _takes(use, port, use.seen[text])]


def _returning(use: Use) -> str | None:
    """A port that takes what the node gives."""
    fitting = (p for p in _single(use) if plainly(use.seen[use.given[p][0]]) == plainly(use.types))
    return next((port for port in fitting if _takes(use, port, use.types)), None)


def _takes(use: Use, port: str, types: Types) -> bool:
    return port not in use.kinds or all(fits(one, use.kinds[port]) for one in plainly(types))


def _is_carried(types: Types) -> bool:
    return all(fits(one, CARRIED) for one in types)


Form = Callable[[Random, Use, str], dict[str, Any]]
"""From a node and the name of its first use to the others; nothing where it does not go."""
FORMS: tuple[Form, ...] = (_unread, _mixed, _chained, _repeated, _summed)
