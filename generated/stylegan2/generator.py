"""The generator of stylegan2, generated from stylegan2.yaml: edit that, not this."""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class StyleLayer(nn.Module):
    """Style affine, modulated convolution, noise, bias, activation.

    Block `layer` (gandsl/std/style.yaml:82): synthesis.s4.conv1, synthesis.s8.conv1, …
    synthesis.s1024.conv1.
    """

    def __init__(self, channels: int, *, size: int) -> None:
        super().__init__()
        self.affine = layers.Linear(512, channels, weight="equalized", bias_init=1.0)
        self.conv = layers.ModulatedConv2d(channels, channels)
        self.noise = layers.Noise(channels, size=size)
        self.bias = layers.Bias(channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x [N, channels, H, W], style [N, 512] → [N, channels, H, W]"""
        affine = self.affine(style)
        conv = self.conv(x, affine)
        noise = self.noise(conv)
        bias = self.bias(noise)
        return ops.leaky_relu(bias, gain=math.sqrt(2))


class StyleRgb(nn.Module):
    """A modulated convolution to an image, without demodulation.

    Block `rgb` (gandsl/std/style.yaml:138): synthesis.s4.rgb, synthesis.s8.rgb, …
    synthesis.s1024.rgb.
    """

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.affine = layers.Linear(512, in_channels, weight="equalized", bias_init=1.0)
        self.conv = layers.ModulatedConv2d(in_channels, 3, kernel=1, demodulate=False, weight="equalized")
        self.bias = layers.Bias(3)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x [N, in_channels, H, W], style [N, 512] → [N, 3, H, W]"""
        affine = self.affine(style)
        conv = self.conv(x, affine)  # [N, 3, H, W]
        return self.bias(conv)


class UpsamplingStyleLayer(nn.Module):
    """Style affine, modulated convolution, noise, bias, activation.

    Block `layer` (gandsl/std/style.yaml:82): synthesis.s8.conv0, synthesis.s16.conv0, …
    synthesis.s1024.conv0.
    """

    def __init__(self, in_channels: int, out_channels: int, *, size: int) -> None:
        super().__init__()
        self.affine = layers.Linear(512, in_channels, weight="equalized", bias_init=1.0)
        self.conv = layers.ModulatedConv2d(in_channels, out_channels, up=2)
        self.blur = layers.Fir(pad=(1, 1, 1, 1), gain=4.0)
        self.noise = layers.Noise(out_channels, size=size)
        self.bias = layers.Bias(out_channels)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x [N, in_channels, H, W], style [N, 512] → [N, out_channels, 2H, 2W]"""
        affine = self.affine(style)
        conv = self.conv(x, affine)  # [N, out_channels, 2H + 1, 2W + 1]
        blur = self.blur(conv)  # [N, out_channels, 2H, 2W]
        noise = self.noise(blur)
        bias = self.bias(noise)
        return ops.leaky_relu(bias, gain=math.sqrt(2))


class UpFir(nn.Module):
    """Zeros between the pixels, then a low-pass filter that keeps the brightness.

    Block `fir` (gandsl/std/up.yaml:17): synthesis.s8.enlarged, synthesis.s16.enlarged, …
    synthesis.s1024.enlarged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.resampled = layers.Fir(up=2, pad=(2, 1, 2, 1), gain=4.0)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 3, H, W] → [N, 3, 2H, 2W]"""
        return self.resampled(x)


class MappingFc(nn.Module):
    """Stages mapping.fc0, mapping.fc1, … mapping.fc7 (stylegan2.yaml:108)."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = layers.Linear(512, 512, weight="equalized", lr_multiplier=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 512] → [N, 512]"""
        linear = self.linear(x)
        return ops.leaky_relu(linear, gain=math.sqrt(2))


class SynthesisStageS4(nn.Module):
    """Stage synthesis.s4 (stylegan2.yaml:57)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = StyleLayer(512, size=4)
        self.rgb = StyleRgb(512)

    def forward(self, x: Tensor, conv1_style: Tensor, rgb_style: Tensor) -> tuple[Tensor, Tensor]:
        """x [N, 512, 4, 4], conv1_style [N, 512], rgb_style [N, 512]

        → conv1 [N, 512, 4, 4], rgb [N, 3, 4, 4]
        """
        conv1 = self.conv1(x, conv1_style)
        rgb = self.rgb(conv1, rgb_style)  # [N, 3, 4, 4]
        return conv1, rgb


class SynthesisStage(nn.Module):
    """Stages synthesis.s8, synthesis.s16, … synthesis.s1024 (stylegan2.yaml:57)."""

    def __init__(self, in_channels: int, out_channels: int, *, size: int) -> None:
        super().__init__()
        self.conv0 = UpsamplingStyleLayer(in_channels, out_channels, size=size)
        self.conv1 = StyleLayer(out_channels, size=size)
        self.rgb = StyleRgb(out_channels)
        self.enlarged = UpFir()

    def forward(
        self, x: Tensor, image: Tensor, conv0_style: Tensor, conv1_style: Tensor, rgb_style: Tensor
    ) -> tuple[Tensor, Tensor]:
        """x [N, in_channels, H, W], image [N, 3, H, W], conv0_style [N, 512], conv1_style [N, 512],
        rgb_style [N, 512]

        → conv1 [N, out_channels, 2H, 2W], sum_ [N, 3, 2H, 2W]
        """
        conv0 = self.conv0(x, conv0_style)  # [N, out_channels, 2H, 2W]
        conv1 = self.conv1(conv0, conv1_style)
        rgb = self.rgb(conv1, rgb_style)  # [N, 3, 2H, 2W]
        enlarged = self.enlarged(image)  # [N, 3, 2H, 2W]
        sum_ = ops.add([enlarged, rgb])
        return conv1, sum_


class StyleMapping(nn.Module):
    """From a latent (and a label) to a style for each layer.

    Block `mapping` (gandsl/std/style.yaml:10): mapping.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc0 = MappingFc()
        self.fc1 = MappingFc()
        self.fc2 = MappingFc()
        self.fc3 = MappingFc()
        self.fc4 = MappingFc()
        self.fc5 = MappingFc()
        self.fc6 = MappingFc()
        self.fc7 = MappingFc()
        self.centre = layers.TrackAverage(512)

    def forward(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 18, 512]"""
        z_norm = ops.pixel_norm(z)
        fc0 = self.fc0(z_norm)
        fc1 = self.fc1(fc0)
        fc2 = self.fc2(fc1)
        fc3 = self.fc3(fc2)
        fc4 = self.fc4(fc3)
        fc5 = self.fc5(fc4)
        fc6 = self.fc6(fc5)
        fc7 = self.fc7(fc6)
        centre = self.centre(fc7)
        return ops.broadcast_styles(centre, count=18)


class SkipTopology(nn.Module):
    """Every stage adds to an image that is enlarged from stage to stage.

    Block `skip` (gandsl/std/topology.yaml:41): synthesis.
    """

    def __init__(self) -> None:
        super().__init__()
        self.s4 = SynthesisStageS4()
        self.s8 = SynthesisStage(512, 512, size=8)
        self.s16 = SynthesisStage(512, 512, size=16)
        self.s32 = SynthesisStage(512, 512, size=32)
        self.s64 = SynthesisStage(512, 512, size=64)
        self.s128 = SynthesisStage(512, 256, size=128)
        self.s256 = SynthesisStage(256, 128, size=256)
        self.s512 = SynthesisStage(128, 64, size=512)
        self.s1024 = SynthesisStage(64, 32, size=1024)

    def forward(self, x: Tensor, ws: Tensor) -> Tensor:
        """x [N, 512, 4, 4], ws [N, 18, 512] → [N, 3, 1024, 1024]"""
        w = [ops.select(ws, index=i) for i in range(18)]  # each [N, 512]
        s4, s4_image = self.s4(x, w[0], w[1])
        s8, s8_image = self.s8(s4, s4_image, w[1], w[2], w[3])  # [N, 512, 8, 8]
        s16, s16_image = self.s16(s8, s8_image, w[3], w[4], w[5])  # [N, 512, 16, 16]
        s32, s32_image = self.s32(s16, s16_image, w[5], w[6], w[7])  # [N, 512, 32, 32]
        s64, s64_image = self.s64(s32, s32_image, w[7], w[8], w[9])  # [N, 512, 64, 64]
        s128, s128_image = self.s128(s64, s64_image, w[9], w[10], w[11])  # [N, 256, 128, 128]
        s256, s256_image = self.s256(s128, s128_image, w[11], w[12], w[13])  # [N, 128, 256, 256]
        s512, s512_image = self.s512(s256, s256_image, w[13], w[14], w[15])  # [N, 64, 512, 512]
        _, s1024_image = self.s1024(s512, s512_image, w[15], w[16], w[17])  # [N, 3, 1024, 1024]
        return s1024_image


class Generator(Network):
    """The generator; its parameters are named by the spec's node ids."""

    inputs = (Port("z", "Latent", (512,), distribution="normal"),)
    outputs = (Port("image", "Image", (3, 1024, 1024)),)
    has_styles = True

    def __init__(self) -> None:
        super().__init__()
        self.mapping = StyleMapping()
        self.start = layers.Constant(512, size=4)
        self.synthesis = SkipTopology()

    def forward(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 3, 1024, 1024]"""
        return self.synthesize(self.map_styles(z))

    def map_styles(self, z: Tensor) -> Tensor:
        """z [N, 512] → [N, 18, 512]"""
        return self.mapping(z)

    def synthesize(self, ws: Tensor) -> Tensor:
        """ws [N, 18, 512] → [N, 3, 1024, 1024]"""
        start = self.start(ws)  # [N, 512, 4, 4]
        return self.synthesis(start, ws)

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program for an entry, level (None: the last) and fade; ValueError if there is none."""
        programs: dict[tuple[str, int, bool], Callable[..., Any]] = {
            ("forward", 0, False): self.forward,
            ("mapping", 0, False): self.map_styles,
            ("synthesis", 0, False): self.synthesize,
        }
        found = programs.get((entry, 0 if level is None else level, fading))
        if found is None:
            raise ValueError(f"there is no program {entry!r} for level {level}, fading {fading}")
        return found
