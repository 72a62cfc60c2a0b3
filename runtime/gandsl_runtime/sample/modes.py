"""A generator as it is sampled: in evaluation mode, and restored afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from ..layers import BatchNorm, Noise, set_noise_mode, set_truncation
from ..network import Network


@contextmanager
def evaluating(generator: Network, noise: str, truncation: float, seed: int) -> Iterator[None]:
    """Evaluation mode, noise mode, truncation of statistics and seed of random noise inside the block.

    Modes, truncations and torch's generators are afterwards what they were.
    """
    modes = {layer: layer.mode for layer in generator.modules() if isinstance(layer, Noise)}
    truncations = {norm: norm.truncation for norm in generator.modules() if isinstance(norm, BatchNorm)}
    training = {module: module.training for module in generator.modules()}
    devices = sorted({p.device.index for p in generator.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        generator.eval()
        set_noise_mode(generator, noise)
        set_truncation(generator, truncation)
        torch.default_generator.manual_seed(seed)  # `torch.manual_seed` queues a call for each kind of device
        for device in devices:
            torch.cuda.default_generators[device].manual_seed(seed)
        try:
            yield
        finally:
            for layer, mode in modes.items():
                layer.mode = mode
            for norm, before in truncations.items():
                norm.truncation = before
            for module, was in training.items():
                module.training = was
