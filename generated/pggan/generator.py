"""The generator of pggan, generated from pggan.yaml: edit that, not this."""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class SynthesisStageS4(nn.Module):
    """Stage synthesis.s4 (pggan.yaml:64)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = layers.Conv2d(512, 512, weight="equalized", gain=math.sqrt(2))
        self.rgb = layers.Conv2d(512, 3, kernel=1, weight="equalized")

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 512, 4, 4]"""
        conv1 = self.conv1(x)
        act1 = ops.leaky_relu(conv1)
        return ops.pixel_norm(act1)

    def forward_rgb(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, 512, 4, 4] → norm1 [N, 512, 4, 4], rgb [N, 3, 4, 4]"""
        norm1 = self.forward(x)
        rgb = self.rgb(norm1)  # [N, 3, 4, 4]
        return norm1, rgb


class SynthesisStage(nn.Module):
    """Stages synthesis.s8, synthesis.s16, … synthesis.s1024 (pggan.yaml:64)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv0 = layers.Conv2d(in_channels, out_channels, weight="equalized", gain=math.sqrt(2))
        self.conv1 = layers.Conv2d(out_channels, out_channels, weight="equalized", gain=math.sqrt(2))
        self.rgb = layers.Conv2d(out_channels, 3, kernel=1, weight="equalized")

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, 2H, 2W]"""
        up = ops.upsample(x)  # [N, in_channels, 2H, 2W]
        conv0 = self.conv0(up)
        act0 = ops.leaky_relu(conv0)
        norm0 = ops.pixel_norm(act0)
        conv1 = self.conv1(norm0)
        act1 = ops.leaky_relu(conv1)
        return ops.pixel_norm(act1)

    def forward_rgb(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, in_channels, H, W] → norm1 [N, out_channels, 2H, 2W], rgb [N, 3, 2H, 2W]"""
        norm1 = self.forward(x)  # [N, out_channels, 2H, 2W]
        rgb = self.rgb(norm1)  # [N, 3, 2H, 2W]
        return norm1, rgb

    def forward_faded(self, x: Tensor, image: Tensor, alpha: Tensor) -> Tensor:
        """x [N, in_channels, H, W], image [N, 3, H, W], alpha [] → [N, 3, 2H, 2W]"""
        _, rgb = self.forward_rgb(x)  # [N, 3, 2H, 2W]
        enlarged = ops.upsample(image)  # [N, 3, 2H, 2W]
        return ops.lerp(enlarged, rgb, alpha)


class GrowTopology(nn.Module):
    """A generator that grows. The new stage's image fades in over the enlarged image of the one before.

    Block `grow` (gandsl/std/topology.yaml:84): synthesis.
    """

    def __init__(self) -> None:
        super().__init__()
        self.s4 = SynthesisStageS4()
        self.s8 = SynthesisStage(512, 512)
        self.s16 = SynthesisStage(512, 512)
        self.s32 = SynthesisStage(512, 512)
        self.s64 = SynthesisStage(512, 256)
        self.s128 = SynthesisStage(256, 128)
        self.s256 = SynthesisStage(128, 64)
        self.s512 = SynthesisStage(64, 32)
        self.s1024 = SynthesisStage(32, 16)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 1024, 1024]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64 = self.s64(s32)  # [N, 256, 64, 64]
        s128 = self.s128(s64)  # [N, 128, 128, 128]
        s256 = self.s256(s128)  # [N, 64, 256, 256]
        s512 = self.s512(s256)  # [N, 32, 512, 512]
        _, s1024_image = self.s1024.forward_rgb(s512)  # [N, 3, 1024, 1024]
        return s1024_image

    def fade_1024(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 1024, 1024]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64 = self.s64(s32)  # [N, 256, 64, 64]
        s128 = self.s128(s64)  # [N, 128, 128, 128]
        s256 = self.s256(s128)  # [N, 64, 256, 256]
        s512, s512_image = self.s512.forward_rgb(s256)  # [N, 32, 512, 512]
        return self.s1024.forward_faded(s512, s512_image, alpha)

    def forward_512(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 512, 512]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64 = self.s64(s32)  # [N, 256, 64, 64]
        s128 = self.s128(s64)  # [N, 128, 128, 128]
        s256 = self.s256(s128)  # [N, 64, 256, 256]
        _, s512_image = self.s512.forward_rgb(s256)  # [N, 3, 512, 512]
        return s512_image

    def fade_512(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 512, 512]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64 = self.s64(s32)  # [N, 256, 64, 64]
        s128 = self.s128(s64)  # [N, 128, 128, 128]
        s256, s256_image = self.s256.forward_rgb(s128)  # [N, 64, 256, 256]
        return self.s512.forward_faded(s256, s256_image, alpha)

    def forward_256(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 256, 256]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64 = self.s64(s32)  # [N, 256, 64, 64]
        s128 = self.s128(s64)  # [N, 128, 128, 128]
        _, s256_image = self.s256.forward_rgb(s128)  # [N, 3, 256, 256]
        return s256_image

    def fade_256(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 256, 256]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64 = self.s64(s32)  # [N, 256, 64, 64]
        s128, s128_image = self.s128.forward_rgb(s64)  # [N, 128, 128, 128]
        return self.s256.forward_faded(s128, s128_image, alpha)

    def forward_128(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 128, 128]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64 = self.s64(s32)  # [N, 256, 64, 64]
        _, s128_image = self.s128.forward_rgb(s64)  # [N, 3, 128, 128]
        return s128_image

    def fade_128(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 128, 128]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        s64, s64_image = self.s64.forward_rgb(s32)  # [N, 256, 64, 64]
        return self.s128.forward_faded(s64, s64_image, alpha)

    def forward_64(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 64, 64]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32 = self.s32(s16)  # [N, 512, 32, 32]
        _, s64_image = self.s64.forward_rgb(s32)  # [N, 3, 64, 64]
        return s64_image

    def fade_64(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 64, 64]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        s32, s32_image = self.s32.forward_rgb(s16)  # [N, 512, 32, 32]
        return self.s64.forward_faded(s32, s32_image, alpha)

    def forward_32(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 32, 32]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16 = self.s16(s8)  # [N, 512, 16, 16]
        _, s32_image = self.s32.forward_rgb(s16)  # [N, 3, 32, 32]
        return s32_image

    def fade_32(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 32, 32]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        s16, s16_image = self.s16.forward_rgb(s8)  # [N, 512, 16, 16]
        return self.s32.forward_faded(s16, s16_image, alpha)

    def forward_16(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 16, 16]"""
        s4 = self.s4(x)
        s8 = self.s8(s4)  # [N, 512, 8, 8]
        _, s16_image = self.s16.forward_rgb(s8)  # [N, 3, 16, 16]
        return s16_image

    def fade_16(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 16, 16]"""
        s4 = self.s4(x)
        s8, s8_image = self.s8.forward_rgb(s4)  # [N, 512, 8, 8]
        return self.s16.forward_faded(s8, s8_image, alpha)

    def forward_8(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 8, 8]"""
        s4 = self.s4(x)
        _, s8_image = self.s8.forward_rgb(s4)  # [N, 3, 8, 8]
        return s8_image

    def fade_8(self, x: Tensor, alpha: Tensor) -> Tensor:
        """x [N, 512, 4, 4], alpha [] → [N, 3, 8, 8]"""
        s4, s4_image = self.s4.forward_rgb(x)
        return self.s8.forward_faded(s4, s4_image, alpha)

    def forward_4(self, x: Tensor) -> Tensor:
        """x [N, 512, 4, 4] → [N, 3, 4, 4]"""
        _, s4_image = self.s4.forward_rgb(x)  # [N, 3, 4, 4]
        return s4_image


class Generator(Network):
    """The generator; its parameters are named by the spec's node ids."""

    inputs = (Port("z", "Latent", (512,), distribution="normal"),)
    outputs = (Port("image", "Image", (3, 1024, 1024)),)
    levels = ((4, 4), (8, 8), (16, 16), (32, 32), (64, 64), (128, 128), (256, 256), (512, 512), (1024, 1024))

    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Linear(512, 8192, bias=False, weight="equalized", gain=math.sqrt(1 / 8))
        self.bias = layers.Bias(512)
        self.synthesis = GrowTopology()

    def forward(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 1024, 1024]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis(norm)

    def fade_1024(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 1024, 1024]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_1024(norm, alpha)

    def forward_512(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 512, 512]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_512(norm)

    def fade_512(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 512, 512]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_512(norm, alpha)

    def forward_256(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 256, 256]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_256(norm)

    def fade_256(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 256, 256]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_256(norm, alpha)

    def forward_128(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 128, 128]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_128(norm)

    def fade_128(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 128, 128]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_128(norm, alpha)

    def forward_64(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 64, 64]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_64(norm)

    def fade_64(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 64, 64]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_64(norm, alpha)

    def forward_32(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 32, 32]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_32(norm)

    def fade_32(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 32, 32]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_32(norm, alpha)

    def forward_16(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 16, 16]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_16(norm)

    def fade_16(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 16, 16]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_16(norm, alpha)

    def forward_8(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 8, 8]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_8(norm)

    def fade_8(self, z: Tensor, alpha: Tensor) -> Tensor:
        """z [N, 512], alpha [] → [N, 3, 8, 8]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.fade_8(norm, alpha)

    def forward_4(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 4, 4]"""
        norm = self._begin(z)  # [N, 512, 4, 4]
        return self.synthesis.forward_4(norm)

    def _begin(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 512, 4, 4]"""
        z_norm = ops.pixel_norm(z)
        dense = self.dense(z_norm)  # [N, 8192]
        start = ops.reshape(dense, channels=512, size=4)  # [N, 512, 4, 4]
        bias = self.bias(start)
        act = ops.leaky_relu(bias)
        return ops.pixel_norm(act)

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
