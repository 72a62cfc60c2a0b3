"""What a formula of a block of the games' library is: a use of the block, and what it means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, autograd

Given = Mapping[str, Any]  # by port: a tensor, or a list of them
Found = Mapping[str, Tensor | float]  # by output: `discriminator`, `x[0]`; "" is the block's own
LOGITS = {"real": "Logits[1]", "fake": "Logits[1]"}
PAIR = {"a": "Feature[3, 4]", "b": "Feature[3, 4]"}
LISTS = {"a": "=[$a0, $a1]", "b": "=[$b0, $b1]"}
TWO = tuple(
    f"${name}{i}: {{draw: 'Feature[{c}, {s}]'}}" for name in "ab" for i, (c, s) in enumerate(((3, 4), (5, 2)))
)
SAID = ("$x: {draw: 'Image[1, 4]'}", "$said: {network: judge, image: $x}")
MADE = ("$z: {draw: 'Vector[3]'}", "$made: {network: maker, z: $z}", "$said: {network: judge, image: $made}")


@dataclass(frozen=True)
class Twin:
    """A use of a block.

    `given`: by port the type that is drawn, or `=EXPRESSION`, in which `$` stands before names of the case's
    own; `body`: further nodes of the case. `means`: the `outputs` (x[0], or "" for the block's first), of all
    that is given by name, draws and states inside of the block included, and of the networks.
    """

    given: Mapping[str, str]
    means: Callable[[Given, Mapping[str, Any]], Found]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("",)
    moves: bool = False  # states: it is a term, whose player's phases they hear


def squares(x: Tensor) -> Tensor:
    """‖x‖² of each sample [n]."""
    return x.square().flatten(1).sum(1)


def score(x: Tensor) -> Tensor:
    return x.flatten(1).mean(1)


def slope(of: Tensor, *by: Tensor) -> tuple[Tensor, ...]:
    return autograd.grad(of.sum(), by, create_graph=True)


def wide(t: Tensor) -> Tensor:
    """[n] beside features."""
    return t[:, None, None, None]
