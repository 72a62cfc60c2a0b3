"""The discriminator of pggan, generated from pggan.yaml: edit that, not this."""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class ConvLayer(nn.Module):
    """Convolution, norm, activation; filtered up- or downsampling is part of the convolution.

    Block `conv` (gandsl/std/layer.yaml:9): stages.rgb, stages.s8.rgb, … stages.s1024.rgb.
    """

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.conv = layers.Conv2d(3, out_channels, kernel=1, padding=0, weight="equalized", gain=math.sqrt(2))

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 3, H, W] → [N, out_channels, H, W]"""
        conv = self.conv(x)  # [N, out_channels, H, W]
        return ops.leaky_relu(conv)


class Stage(nn.Module):
    """Stages stages.s8, stages.s16, … stages.s1024 (pggan.yaml:77)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.rgb = ConvLayer(in_channels)
        self.conv0 = layers.Conv2d(in_channels, in_channels, weight="equalized", gain=math.sqrt(2))
        self.conv1 = layers.Conv2d(in_channels, out_channels, weight="equalized", gain=math.sqrt(2))

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        conv0 = self.conv0(x)
        act0 = ops.leaky_relu(conv0)
        conv1 = self.conv1(act0)
        act1 = ops.leaky_relu(conv1)
        return ops.pool(act1)

    def forward_rgb(self, image: Tensor) -> Tensor:
        """image [N, 3, H, W] → [N, out_channels, H / 2, W / 2]"""
        rgb = self.rgb(image)  # [N, in_channels, H, W]
        return self.forward(rgb)

    def forward_faded(self, x: Tensor, image: Tensor, alpha: Tensor) -> Tensor:
        """x [N, in_channels, H, W], image [N, 3, H, W], alpha [] → [N, out_channels, H / 2, W / 2]"""
        rgb = self.rgb(image)  # [N, in_channels, H, W]
        faded = ops.lerp(rgb, x, alpha)
        return self.forward(faded)

    def forward_rgb_2(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """image [N, 3, H, W] → shrunk [N, out_channels, H / 2, W / 2], shrunk_2 [N, 3, H / 2, W / 2]"""
        shrunk = self.forward_rgb(image)  # [N, out_channels, H / 2, W / 2]
        shrunk_2 = ops.pool(image)  # [N, 3, H / 2, W / 2]
        return shrunk, shrunk_2


class GrowDownTopology(nn.Module):
    """A discriminator that grows. The new stage fades in over the shrunk image read one stage later.

    Block `grow_down` (gandsl/std/topology.yaml:107): stages.
    """

    def __init__(self) -> None:
        super().__init__()
        self.rgb = ConvLayer(512)
        self.s8 = Stage(512, 512)
        self.s16 = Stage(512, 512)
        self.s32 = Stage(512, 512)
        self.s64 = Stage(256, 512)
        self.s128 = Stage(128, 256)
        self.s256 = Stage(64, 128)
        self.s512 = Stage(32, 64)
        self.s1024 = Stage(16, 32)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 3, 1024, 1024] → [N, 512, 4, 4]"""
        s1024 = self.s1024.forward_rgb(x)  # [N, 32, 512, 512]
        s512 = self.s512(s1024)  # [N, 64, 256, 256]
        s256 = self.s256(s512)  # [N, 128, 128, 128]
        s128 = self.s128(s256)  # [N, 256, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def fade_1024(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 1024, 1024], alpha [] → [N, 512, 4, 4]"""
        s1024, s1024_image = self.s1024.forward_rgb_2(x)  # [N, 32, 512, 512]
        s512 = self.s512.forward_faded(s1024, s1024_image, alpha)  # [N, 64, 256, 256]
        s256 = self.s256(s512)  # [N, 128, 128, 128]
        s128 = self.s128(s256)  # [N, 256, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def forward_512(self, x: Tensor) -> Tensor:
        """x [N, 3, 512, 512] → [N, 512, 4, 4]"""
        s512 = self.s512.forward_rgb(x)  # [N, 64, 256, 256]
        s256 = self.s256(s512)  # [N, 128, 128, 128]
        s128 = self.s128(s256)  # [N, 256, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def fade_512(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 512, 512], alpha [] → [N, 512, 4, 4]"""
        s512, s512_image = self.s512.forward_rgb_2(x)  # [N, 64, 256, 256]
        s256 = self.s256.forward_faded(s512, s512_image, alpha)  # [N, 128, 128, 128]
        s128 = self.s128(s256)  # [N, 256, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def forward_256(self, x: Tensor) -> Tensor:
        """x [N, 3, 256, 256] → [N, 512, 4, 4]"""
        s256 = self.s256.forward_rgb(x)  # [N, 128, 128, 128]
        s128 = self.s128(s256)  # [N, 256, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def fade_256(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 256, 256], alpha [] → [N, 512, 4, 4]"""
        s256, s256_image = self.s256.forward_rgb_2(x)  # [N, 128, 128, 128]
        s128 = self.s128.forward_faded(s256, s256_image, alpha)  # [N, 256, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def forward_128(self, x: Tensor) -> Tensor:
        """x [N, 3, 128, 128] → [N, 512, 4, 4]"""
        s128 = self.s128.forward_rgb(x)  # [N, 256, 64, 64]
        s64 = self.s64(s128)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def fade_128(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 128, 128], alpha [] → [N, 512, 4, 4]"""
        s128, s128_image = self.s128.forward_rgb_2(x)  # [N, 256, 64, 64]
        s64 = self.s64.forward_faded(s128, s128_image, alpha)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def forward_64(self, x: Tensor) -> Tensor:
        """x [N, 3, 64, 64] → [N, 512, 4, 4]"""
        s64 = self.s64.forward_rgb(x)  # [N, 512, 32, 32]
        s32 = self.s32(s64)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def fade_64(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 64, 64], alpha [] → [N, 512, 4, 4]"""
        s64, s64_image = self.s64.forward_rgb_2(x)  # [N, 512, 32, 32]
        s32 = self.s32.forward_faded(s64, s64_image, alpha)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def forward_32(self, x: Tensor) -> Tensor:
        """x [N, 3, 32, 32] → [N, 512, 4, 4]"""
        s32 = self.s32.forward_rgb(x)  # [N, 512, 16, 16]
        s16 = self.s16(s32)  # [N, 512, 8, 8]
        return self.s8(s16)

    def fade_32(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 32, 32], alpha [] → [N, 512, 4, 4]"""
        s32, s32_image = self.s32.forward_rgb_2(x)  # [N, 512, 16, 16]
        s16 = self.s16.forward_faded(s32, s32_image, alpha)  # [N, 512, 8, 8]
        return self.s8(s16)

    def forward_16(self, x: Tensor) -> Tensor:
        """x [N, 3, 16, 16] → [N, 512, 4, 4]"""
        s16 = self.s16.forward_rgb(x)  # [N, 512, 8, 8]
        return self.s8(s16)

    def fade_16(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 16, 16], alpha [] → [N, 512, 4, 4]"""
        s16, s16_image = self.s16.forward_rgb_2(x)  # [N, 512, 8, 8]
        return self.s8.forward_faded(s16, s16_image, alpha)

    def forward_8(self, x: Tensor) -> Tensor:
        """x [N, 3, 8, 8] → [N, 512, 4, 4]"""
        return self.s8.forward_rgb(x)

    def fade_8(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 3, 8, 8], alpha [] → [N, 512, 4, 4]"""
        s8, s8_image = self.s8.forward_rgb_2(x)  # [N, 512, 4, 4]
        rgb = self.rgb(s8_image)  # [N, 512, 4, 4]
        return ops.lerp(rgb, s8, alpha)

    def forward_4(self, x: Tensor) -> Tensor:
        """x [N, 3, 4, 4] → [N, 512, 4, 4]"""
        return self.rgb(x)


class Discriminator(Network):
    """The discriminator; its parameters are named by the spec's node ids."""

    inputs = (Port("image", "Image", (3, 1024, 1024)),)
    outputs = (Port("logit", "Logits", (1,)),)
    levels = ((4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (128, 128), (256, 256), (512, 512), (1024, 1024))

    def __init__(self) -> None:
        super().__init__()
        self.stages = GrowDownTopology()
        self.conv = layers.Conv2d(513, 512, weight="equalized", gain=math.sqrt(2))
        self.hidden = layers.Linear(8192, 512, weight="equalized", gain=math.sqrt(2))
        self.logit = layers.Linear(512, 1, weight="equalized")

    def forward(self, image: Tensor) -> Tensor:
        """image [N, 3, 1024, 1024] → [N, 1]"""
        stages = self.stages(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_1024(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 1024, 1024], alpha [] → [N, 1]"""
        stages = self.stages.fade_1024(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_512(self, image: Tensor) -> Tensor:
        """image [N, 3, 512, 512] → [N, 1]"""
        stages = self.stages.forward_512(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_512(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 512, 512], alpha [] → [N, 1]"""
        stages = self.stages.fade_512(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_256(self, image: Tensor) -> Tensor:
        """image [N, 3, 256, 256] → [N, 1]"""
        stages = self.stages.forward_256(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_256(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 256, 256], alpha [] → [N, 1]"""
        stages = self.stages.fade_256(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_128(self, image: Tensor) -> Tensor:
        """image [N, 3, 128, 128] → [N, 1]"""
        stages = self.stages.forward_128(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_128(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 128, 128], alpha [] → [N, 1]"""
        stages = self.stages.fade_128(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_64(self, image: Tensor) -> Tensor:
        """image [N, 3, 64, 64] → [N, 1]"""
        stages = self.stages.forward_64(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_64(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 64, 64], alpha [] → [N, 1]"""
        stages = self.stages.fade_64(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_32(self, image: Tensor) -> Tensor:
        """image [N, 3, 32, 32] → [N, 1]"""
        stages = self.stages.forward_32(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_32(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 32, 32], alpha [] → [N, 1]"""
        stages = self.stages.fade_32(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_16(self, image: Tensor) -> Tensor:
        """image [N, 3, 16, 16] → [N, 1]"""
        stages = self.stages.forward_16(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_16(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 16, 16], alpha [] → [N, 1]"""
        stages = self.stages.fade_16(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_8(self, image: Tensor) -> Tensor:
        """image [N, 3, 8, 8] → [N, 1]"""
        stages = self.stages.forward_8(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def fade_8(self, image: Tensor, alpha: Tensor) -> Tensor:
        """image [N, 3, 8, 8], alpha [] → [N, 1]"""
        stages = self.stages.fade_8(image, alpha)  # [N, 512, 4, 4]
        return self._finish(stages)

    def forward_4(self, image: Tensor) -> Tensor:
        """image [N, 3, 4, 4] → [N, 1]"""
        stages = self.stages.forward_4(image)  # [N, 512, 4, 4]
        return self._finish(stages)

    def _finish(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 1]"""
        deviation = ops.minibatch_stddev(x)  # [N, 513, 4, 4]
        conv = self.conv(deviation)  # [N, 512, 4, 4]
        act0 = ops.leaky_relu(conv)
        flat = ops.flatten(act0)  # [N, 8192]
        hidden = self.hidden(flat)  # [N, 512]
        act1 = ops.leaky_relu(hidden)
        return self.logit(act1)

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program for an entry, level (None: the last) and fade; ValueError if there is none."""
        programs: dict[tuple[str, int, bool], Callable[..., Any]] = {
            ("forward", 0, False): self.forward_4,
            ("forward", 1, False): self.forward_8,
            ("forward", 1, True): self.fade_8,
            ("forward", 2, False): self.forward_16,
            ("forward", 2, True): self.fade_16,
            ("forward", 3, False): self.forward_32,
            ("forward", 3, True): self.fade_32,
            ("forward", 4, False): self.forward_64,
            ("forward", 4, True): self.fade_64,
            ("forward", 5, False): self.forward_128,
            ("forward", 5, True): self.fade_128,
            ("forward", 6, False): self.forward_256,
            ("forward", 6, True): self.fade_256,
            ("forward", 7, False): self.forward_512,
            ("forward", 7, True): self.fade_512,
            ("forward", 8, False): self.forward,
            ("forward", 8, True): self.fade_1024,
        }
        found = programs.get((entry, 8 if level is None else level, fading))
        if found is None:
            raise ValueError(f"there is no program {entry!r} for level {level}, fading {fading}")
        return found
