"""Noise added to features."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gandsl_runtime import rng
from gandsl_runtime.layers.base import Layer
from gandsl_runtime.layers.epilogue import add_noise
from gandsl_runtime.layers.strided import Sides, each

NOISE_MODES = ("random", "constant", "none")


class Noise(Layer):
    """x + strength · (one plane of normal noise for all channels). x: [N, C, H, W], or of other sides.

    Keys: strength, [C] if per_channel, else []; constant [H, W], the plane that mode "constant" adds to
    every sample. `mode`: "random" (a new plane for each sample and call), "constant" or "none"; see
    `set_noise_mode`.
    Source: StyleGAN, section 2; StyleGAN2, section 2.1.
    """

    constant: Tensor

    def __init__(self, channels: int, size: Sides, *, per_channel: bool = False, init: float = 0.0) -> None:
        super().__init__()
        self.init = init
        self.mode = "random"
        self.strength = nn.Parameter(torch.empty((channels,) if per_channel else ()))
        self.register_buffer("constant", torch.empty(each(size)))
        self.reset()

    def initialize(self) -> None:
        self.strength.fill_(self.init)
        self.constant.normal_()

    def forward(self, x: Tensor, *, plane: bool = False) -> Tensor | None:
        """With `plane`, the plane alone, for x's batch and dtype, or None in mode "none"."""
        noise = self._draw(x)
        if plane:
            return noise
        return x if noise is None else add_noise(x, noise, self.strength)

    def _draw(self, x: Tensor) -> Tensor | None:
        if self.mode == "none":
            return None
        if self.mode == "constant":
            return self.constant
        # drawn in the constant's format: the numbers are those of full precision
        count, shape = x.shape[0], (1, *self.constant.shape)
        draws = rng.active(count)
        if draws is None:
            return self.constant.new_empty(count, *shape).normal_()
        return draws.normal(self.path, count, *shape).to(self.constant.dtype)


def set_noise_mode(network: nn.Module, mode: str) -> None:
    """Set the mode of every noise layer: "random", "constant" or "none". Raises ValueError for another."""
    if mode not in NOISE_MODES:
        raise ValueError(f"noise mode {mode!r} is none of {', '.join(NOISE_MODES)}")
    for module in network.modules():
        if isinstance(module, Noise):
            module.mode = mode
