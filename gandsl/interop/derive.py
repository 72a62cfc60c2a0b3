"""State that a file may lack, since it follows from what it has."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from gandsl.interop.layout import Derived
from gandsl.ir.graph import NetworkIR
from gandsl.lowering.network import LoweredNetwork

SAMPLES, AT_ONCE = 10_000, 1000


def mean_style(generator: NetworkIR, state: Mapping[str, Tensor], key: str) -> Tensor:
    """The mean of w over latents from a fixed seed, [n]: the centre of truncation."""
    network = LoweredNetwork(generator)
    network.load_state_dict({**network.state_dict(), **state})
    mapping = network.eval().program("mapping")
    rng = torch.Generator().manual_seed(0)
    total = torch.zeros((), dtype=torch.float64)
    with torch.no_grad():
        for _ in range(0, SAMPLES, AT_ONCE):
            z = torch.randn(AT_ONCE, *network.inputs[0].shape, generator=rng)
            total = total + mapping(z)[:, 0].double().sum(0)
    return (total / SAMPLES).float()


def singular_value(generator: NetworkIR, state: Mapping[str, Tensor], key: str) -> Tensor:
    """uᵀWv of a spectral weight and its stored vectors, [1]."""
    node = key.removesuffix(".sv0")
    weight = state[f"{node}.weight"].flatten(1)
    return (state[f"{node}.u0"] @ weight @ state[f"{node}.v0"].T).reshape(1)


MEAN_STYLE = Derived(mean_style, f"the mean of w over {SAMPLES:,} latents")
SINGULAR_VALUE = Derived(singular_value, "the top singular value of a weight")
