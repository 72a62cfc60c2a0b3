"""What layers draw for themselves: noise, dropout. They ask the call of their network that is running."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import torch
from torch import Tensor, nn

from .draws import Draws, digest
from .part import Part


class LayerDraws(Protocol):
    """Numbers of a layer by its path in its network: float32 [n, *shape], uniform on [0, 1) or normal."""

    def serves(self, count: int) -> bool:
        """Whether it has draws for layers that see so many samples."""

    def uniform(self, path: str, count: int, *shape: int) -> Tensor:
        """Uniform on [0, 1)."""

    def normal(self, path: str, count: int, *shape: int) -> Tensor:
        """From N(0, 1)."""


class PartDraws(Protocol):
    """What is drawn while a pass is computed, for a part of a batch. `Draws` does."""

    part: Part

    def of_rows(self, id_: str, rows: int, shape: tuple[int, ...], normal: bool) -> Tensor:
        """[rows, *shape] float32."""


class CallDraws:
    """The draws of one call of a network: a layer's id is CALL/PATH.

    Layers may see the samples of the part, or of several joined, as a discriminator that judges real and
    generated images at once.
    """

    def __init__(self, draws: PartDraws, call: str) -> None:
        self.draws, self.call = draws, call

    def serves(self, count: int) -> bool:
        return count > 0 and count % self.draws.part.count == 0

    def uniform(self, path: str, count: int, *shape: int) -> Tensor:
        return self.draws.of_rows(f"{self.call}/{path}", count, shape, normal=False)

    def normal(self, path: str, count: int, *shape: int) -> Tensor:
        return self.draws.of_rows(f"{self.call}/{path}", count, shape, normal=True)


_active: list[LayerDraws] = []


@contextmanager
def drawing(draws: LayerDraws | None) -> Iterator[None]:
    """Inside the block layers draw from `draws`; None changes nothing."""
    if draws is None:
        yield
        return
    _active.append(draws)
    try:
        yield
    finally:
        _active.pop()


@contextmanager
def seeded(draws: Draws) -> Iterator[None]:
    """Inside the block torch's global generators are seeded from the key, for layers that draw from them
    alone.
    """
    seed = digest(f"{draws.key.digest} {draws.part.start}") >> 1
    torch.default_generator.manual_seed(seed)
    if draws.device.type == "cuda":
        torch.cuda.manual_seed(seed)
    yield


def innermost() -> LayerDraws | None:
    """The draws of the block; None outside."""
    return _active[-1] if _active else None


def active(count: int) -> LayerDraws | None:
    """The draws of the block, for layers that see `count` samples; None outside, or for another count."""
    draws = innermost()
    return draws if draws is not None and draws.serves(count) else None


def name_layers(network: nn.Module) -> None:
    """Tell each layer its path in its network, by which it draws."""
    for path, module in network.named_modules():
        if hasattr(module, "path"):
            module.path = path
