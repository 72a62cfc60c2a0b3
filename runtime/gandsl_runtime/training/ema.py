"""The average of the generator's weights."""

from __future__ import annotations

import copy
from typing import Literal, TypeVar

import torch
from torch import Tensor, nn

from .precision import switch_casts

N = TypeVar("N", bound=nn.Module)


def average_of(network: N) -> N:
    """A copy of the network that is sampled, in float32, and never trained."""
    average = copy.deepcopy(network).eval().requires_grad_(False)
    switch_casts(average, False)
    return average


@torch.no_grad()
def update(average: nn.Module, network: nn.Module, decay: float, buffers: Literal["copy", "average"]) -> None:
    """average ← lerp(network, average, decay) for parameters and, if asked, float buffers; or copied."""
    followed: list[tuple[Tensor, Tensor]] = list(zip(average.parameters(), network.parameters(), strict=True))
    copied: list[tuple[Tensor, Tensor]] = []
    for a, b in zip(average.buffers(), network.buffers(), strict=True):
        (followed if buffers == "average" and b.is_floating_point() else copied).append((a, b))
    if decay == 0.0:
        followed, copied = [], followed + copied
    if followed:
        torch._foreach_lerp_([a for a, _ in followed], [p for _, p in followed], 1 - decay)
    if copied:
        torch._foreach_copy_([a for a, _ in copied], [b for _, b in copied])
