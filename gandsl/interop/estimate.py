"""The centre of truncation, for files that do not keep it."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gandsl.ir.graph import NetworkIR
from gandsl.lowering.network import LoweredNetwork

SAMPLES, AT_ONCE = 10_000, 1000


def mean_style(generator: NetworkIR, state: Mapping[str, Tensor]) -> Tensor:
    """The mean of w over latents from a fixed seed, [n]. `state` is the generator's, without that mean."""
    network = LoweredNetwork(generator)
    network.load_state_dict({**network.state_dict(), **state})
    mapping = network.eval().program("mapping")
    chance = torch.Generator().manual_seed(0)
    total = torch.zeros((), dtype=torch.float64)
    with torch.no_grad():
        for _ in range(0, SAMPLES, AT_ONCE):
            z = torch.randn(AT_ONCE, *network.inputs[0].shape, generator=chance)
            total = total + mapping(z)[:, 0].double().sum(0)
    return (total / SAMPLES).float()
