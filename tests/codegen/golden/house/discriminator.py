"""The discriminator of house, generated from house.yaml: edit that, not this."""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class Shrink(nn.Module):
    """Two convolutions and half the size, with a shortcut.

    Block `shrink` (house.yaml:34): s8.block, s16.block.
    """

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.conv0 = layers.Conv2d(4, out_channels)
        self.conv1 = layers.Conv2d(out_channels, out_channels, stride=2)
        self.short = layers.Conv2d(4, out_channels, kernel=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 4, H, W] → [N, out_channels, H / 2, W / 2]"""
        conv0 = self.conv0(x)  # [N, out_channels, H, W]
        act = ops.leaky_relu(conv0)
        conv1 = self.conv1(act)  # [N, out_channels, H / 2, W / 2]
        pooled = ops.pool(x)  # [N, 4, H / 2, W / 2]
        short = self.short(pooled)  # [N, out_channels, H / 2, W / 2]
        return ops.add([conv1, short], scale=math.sqrt(1 / 2))


class StageWithoutBlock(nn.Module):
    """Stage s4 (house.yaml:79)."""

    def __init__(self) -> None:
        super().__init__()
        self.rgb = layers.Conv2d(3, 8, kernel=1)

    def forward(self, x: Tensor, image: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 8, 4, 4], image [N, 3, 4, 4], alpha [] → [N, 8, 4, 4]"""
        rgb = self.rgb(image)  # [N, 8, 4, 4]
        return ops.lerp(rgb, x, alpha)

    def forward_rgb(self, image: Tensor) -> Tensor:
        """image [N, 3, 4, 4] → [N, 8, 4, 4]"""
        return self.rgb(image)


class Stage(nn.Module):
    """Stages s8, s16 (house.yaml:79)."""

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.rgb = layers.Conv2d(3, 4, kernel=1)
        self.block = Shrink(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 4, 8, 8] → [N, 8, 4, 4]"""
        return self.block(x)

    def forward_rgb(self, image: Tensor) -> Tensor:
        """image [N, 3, H, W] → [N, out_channels, H / 2, W / 2]"""
        rgb = self.rgb(image)  # [N, 4, H, W]
        return self.block(rgb)

    def forward_faded(self, x: Tensor, image: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 4, 8, 8], image [N, 3, 8, 8], alpha [] → [N, 8, 4, 4]"""
        rgb = self.rgb(image)  # [N, 4, 8, 8]
        faded = ops.lerp(rgb, x, alpha)
        return self.block(faded)

    def forward_smaller(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """image [N, 3, H, W] → block_sum [N, out_channels, H / 2, W / 2], smaller [N, 3, H / 2, W / 2]"""
        block_sum = self.forward_rgb(image)  # [N, out_channels, H / 2, W / 2]
        smaller = ops.pool(image)  # [N, 3, H / 2, W / 2]
        return block_sum, smaller


class Discriminator(Network):
    """The discriminator; its parameters are named by the spec's node ids."""

    inputs = (Port("image", "Image", (3, 16, 16)),)
    outputs = (Port("logit", "Logits", (1,)),)
    levels = ((4, 4), (8, 8), (16, 16))

    def __init__(self) -> None:
        super().__init__()
        self.s4 = StageWithoutBlock()
        self.last_ = layers.Conv2d(8, 8, kernel=4, padding=0)
        self.logit = layers.Linear(8, 1)
        self.s8 = Stage(8)
        self.s16 = Stage(4)

    def forward(self, image: Tensor) -> Tensor:
        """image [N, 3, 16, 16] → [N, 1]"""
        s16 = self.s16.forward_rgb(image)  # [N, 4, 8, 8]
        s8 = self.s8(s16)  # [N, 8, 4, 4]
        return self._finish(s8)

    def fade_16(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 16, 16], alpha [] → [N, 1]"""
        s16, s16_image = self.s16.forward_smaller(image)  # [N, 4, 8, 8]
        s8 = self.s8.forward_faded(s16, s16_image, alpha)  # [N, 8, 4, 4]
        return self._finish(s8)

    def forward_8(self, image: Tensor) -> Tensor:
        """image [N, 3, 8, 8] → [N, 1]"""
        s8 = self.s8.forward_rgb(image)  # [N, 8, 4, 4]
        return self._finish(s8)

    def fade_8(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 8, 8], alpha [] → [N, 1]"""
        s8, s8_image = self.s8.forward_smaller(image)  # [N, 8, 4, 4]
        s4 = self.s4(s8, s8_image, alpha)
        return self._finish(s4)

    def forward_4(self, image: Tensor) -> Tensor:
        """image [N, 3, 4, 4] → [N, 1]"""
        s4 = self.s4.forward_rgb(image)  # [N, 8, 4, 4]
        return self._finish(s4)

    def _finish(self, x: Tensor) -> Tensor:
        """x [N, 8, 4, 4] → [N, 1]"""
        last_ = self.last_(x)  # [N, 8, 1, 1]
        flat = ops.flatten(last_)  # [N, 8]
        return self.logit(flat)

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program for an entry, level (None: the last) and fade; ValueError if there is none."""
        programs: dict[tuple[str, int, bool], Callable[..., Any]] = {
            ("forward", 0, False): self.forward_4,
            ("forward", 1, False): self.forward_8,
            ("forward", 1, True): self.fade_8,
            ("forward", 2, False): self.forward,
            ("forward", 2, True): self.fade_16,
        }
        found = programs.get((entry, 2 if level is None else level, fading))
        if found is None:
            raise ValueError(f"there is no program {entry!r} for level {level}, fading {fading}")
        return found
