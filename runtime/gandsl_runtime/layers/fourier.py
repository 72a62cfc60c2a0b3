"""Fourier features: a feature of sines over a plane that can be turned and shifted."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from gandsl_runtime.layers.base import Layer
from gandsl_runtime.layers.strided import Sides, each


class FourierFeatures(Layer):
    """sin(2π(f·p + φ)) at each pixel p: motion [N, 4] → [N, channels, H, W] (StyleGAN3, section 3.2).

    motion: (c − 1, s, x, y); (c, s) is brought to length 1, x and y with it, and the plane is turned by
    that cosine and sine and shifted. A plane's unit is the image's side, which has `rate` pixels. A
    frequency that `transform` brings above `bandwidth` fades, and is gone at rate / 2.

    Buffers: frequencies [channels, 2], drawn evenly from a disc; phases [channels], from −½ to ½ turn;
    transform [3, 3], the identity, which a user may set to move all images.
    """

    frequencies: Tensor
    phases: Tensor
    transform: Tensor

    def __init__(self, channels: int, size: Sides, *, rate: float, bandwidth: float) -> None:
        super().__init__()
        self.size, self.rate, self.bandwidth = each(size), rate, bandwidth
        self.register_buffer("frequencies", torch.empty(channels, 2))
        self.register_buffer("phases", torch.empty(channels))
        self.register_buffer("transform", torch.empty(3, 3))
        self.reset()

    def initialize(self) -> None:
        angle = torch.rand_like(self.phases) * 2 * math.pi
        radius = torch.rand_like(self.phases).sqrt() * self.bandwidth
        self.frequencies.copy_(torch.stack([angle.cos(), angle.sin()], 1) * radius[:, None])
        self.phases.uniform_(-0.5, 0.5)
        self.transform.copy_(torch.eye(3))

    def forward(self, motion: Tensor) -> Tensor:
        move = self._motion(motion)
        frequencies = self.frequencies @ move[:, :, :2]  # [N, channels, 2]
        phases = self.phases + (self.frequencies @ move[:, :, 2:]).squeeze(2)
        fade = 1 - (frequencies.norm(dim=2) - self.bandwidth) / (self.rate / 2 - self.bandwidth)
        y, x = (
            (torch.arange(side, dtype=motion.dtype, device=motion.device) + 0.5 - side / 2) / self.rate
            for side in self.size
        )
        across, down = (f[:, :, None] for f in (frequencies[:, :, :1] * x, frequencies[:, :, 1:] * y))
        turns = across + down.transpose(2, 3) + phases[:, :, None, None]
        return (turns * (2 * math.pi)).sin() * fade.clamp(0, 1)[:, :, None, None]

    def _motion(self, motion: Tensor) -> Tensor:
        """The upper two rows of turn · shift · transform, [N, 2, 3]."""
        c, s, x, y = torch.cat([motion[:, :1] + 1, motion[:, 1:]], 1).unbind(1)
        c, s, x, y = (number / (c.square() + s.square()).sqrt() for number in (c, s, x, y))
        turn = torch.stack([c, -s, s * y - c * x, s, c, -s * x - c * y], 1).view(-1, 2, 3)
        return turn @ self.transform
