"""What loops written by hand share that are of games of StyleGAN2's kind."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gandsl_runtime.rng import Draws
from tests.games.loop import Loop, called, slope, styles_held


class StyleLoop(Loop):
    """Its networks with mixed styles, R1 and path length (arXiv:1912.04958)."""

    mean_length = torch.zeros((), dtype=torch.float64)

    def styles(self, draws: Draws, *label: Tensor) -> Tensor:
        """Those of z; from a random layer on, with a chance of 0.9, of z2. The mean of w follows z's."""
        network, dim = self["generator"], self["generator"].inputs[0].shape
        mapping = network.program("mapping")
        ws = mapping(draws.normal("z", *dim), *label)
        with styles_held(network):
            other = mapping(draws.normal("z2", *dim), *label)
        first = int(draws.integers("ws.split", 1, ws.shape[1] - 1, per="micro_batch"))
        mixed = float(draws.uniform("ws.coin", per="micro_batch")) < 0.9
        return torch.cat((ws[:, :first], other[:, first:]), 1) if mixed else ws

    def image(self, draws: Draws, ws: Tensor) -> Tensor:
        return called(self["generator"].program("synthesis"), draws, "fake", ws)

    def path_length(self, draws: Draws, *label: Tensor) -> Tensor:
        """E(‖Jᵀy‖ − a)², a the running mean of lengths; the gradient passes through it."""
        ws = self.styles(draws, *label)
        image = self.image(draws, ws)
        y = draws.normal("generator.path_length.y", *image.shape[1:]) / math.sqrt(image[0, 0].numel())
        (jy,) = slope(image * y, ws)
        lengths = jy.square().sum(2).mean(1).sqrt()
        now = self.mean_length.lerp(lengths.mean(), 0.01)
        self.mean_length = now.detach()
        return (lengths - now).square().mean() + 0 * image.sum()  # biases of images have gradients of 0
