"""The generator of biggan, generated from biggan.yaml: edit that, not this."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class ConditionalBatchNorm(nn.Module):
    """Batch normalization whose scale and shift are linear in a condition.

    Block `conditional_batch`: s8.block.norm0, s8.block.norm1, … s128.block.norm1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = layers.BatchNorm(channels, affine=False)  # gandsl/std/norm.yaml:24
        # gandsl/std/norm.yaml:25
        self.gain = layers.Linear(148, channels, bias=False, weight="spectral", init="orthogonal")
        # gandsl/std/norm.yaml:26
        self.shift = layers.Linear(148, channels, bias=False, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [N, channels, H, W], condition [N, 148] → [N, channels, H, W]"""
        norm = self.norm(x)
        gain = self.gain(condition)  # [N, channels]
        shift = self.shift(condition)  # [N, channels]
        return ops.modulate(norm, gain, shift)  # gandsl/std/norm.yaml:27


class ResidualUp(nn.Module):
    """Norm, activation, upsampling, convolution, twice; the shortcut is enlarged, then 1×1.

    Block `up`: s8.block, s16.block, … s128.block.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm0 = ConditionalBatchNorm(in_channels)  # biggan.yaml:45
        # gandsl/std/residual.yaml:19
        self.conv0 = layers.Conv2d(in_channels, out_channels, weight="spectral", init="orthogonal")
        self.norm1 = ConditionalBatchNorm(out_channels)  # biggan.yaml:45
        # gandsl/std/residual.yaml:22
        self.conv1 = layers.Conv2d(out_channels, out_channels, weight="spectral", init="orthogonal")
        # gandsl/std/residual.yaml:24
        self.short = layers.Conv2d(in_channels, out_channels, kernel=1, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [N, in_channels, H, W], condition [N, 148] → [N, out_channels, 2H, 2W]"""
        norm0 = self.norm0(x, condition)
        act0 = ops.relu(norm0)  # gandsl/std/residual.yaml:13
        up0 = ops.upsample(act0)  # [N, in_channels, 2H, 2W], gandsl/std/up.yaml:9
        conv0 = self.conv0(up0)
        norm1 = self.norm1(conv0, condition)
        act1 = ops.relu(norm1)  # gandsl/std/residual.yaml:13
        conv1 = self.conv1(act1)
        up_short = ops.upsample(x)  # [N, in_channels, 2H, 2W], gandsl/std/up.yaml:9
        short = self.short(up_short)
        return ops.add([conv1, short])  # gandsl/std/residual.yaml:25


class SpatialAttention(nn.Module):
    """Queries against pooled keys and values, added with a learned factor that starts at zero.

    Block `spatial`: s64.attention.
    """

    def __init__(self) -> None:
        super().__init__()
        # gandsl/std/attention.yaml:13
        self.theta = layers.Conv2d(192, 24, kernel=1, bias=False, weight="spectral", init="orthogonal")
        # gandsl/std/attention.yaml:14
        self.phi = layers.Conv2d(192, 24, kernel=1, bias=False, weight="spectral", init="orthogonal")
        # gandsl/std/attention.yaml:16
        self.g = layers.Conv2d(192, 96, kernel=1, bias=False, weight="spectral", init="orthogonal")
        # gandsl/std/attention.yaml:23
        self.o = layers.Conv2d(96, 192, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.gamma = layers.Gain(192, init=0.0)  # gandsl/std/attention.yaml:24

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 192, 64, 64] → [N, 192, 64, 64]"""
        theta = self.theta(x)  # [N, 24, 64, 64]
        phi = self.phi(x)  # [N, 24, 64, 64]
        phi_pooled = ops.pool(phi, mode="max")  # [N, 24, 32, 32], gandsl/std/attention.yaml:15
        g = self.g(x)  # [N, 96, 64, 64]
        g_pooled = ops.pool(g, mode="max")  # [N, 96, 32, 32], gandsl/std/attention.yaml:17
        queries = ops.to_tokens(theta)  # [N, 4096, 24], gandsl/std/attention.yaml:18
        keys = ops.to_tokens(phi_pooled)  # [N, 1024, 24], gandsl/std/attention.yaml:19
        values = ops.to_tokens(g_pooled)  # [N, 1024, 96], gandsl/std/attention.yaml:20
        # [N, 4096, 96], gandsl/std/attention.yaml:21
        mixed = ops.attention(queries, keys, values, scaled=False)
        pixels = ops.from_tokens(mixed, size=64)  # [N, 96, 64, 64], gandsl/std/attention.yaml:22
        o = self.o(pixels)  # [N, 192, 64, 64]
        gamma = self.gamma(o)
        return ops.add([x, gamma])  # gandsl/std/attention.yaml:25


class Stage(nn.Module):
    """Stages s8, s16, … s128."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.block = ResidualUp(in_channels, out_channels)  # biggan.yaml:42

    def forward(self, x: Tensor, shared: Tensor, style: Tensor) -> Tensor:
        """x [N, in_channels, H, W], shared [N, 128], style [N, 20] → [N, out_channels, 2H, 2W]"""
        condition = ops.concat([shared, style])  # [N, 148], biggan.yaml:40
        return self.block(x, condition)


class StageS64(nn.Module):
    """Stage s64."""

    def __init__(self) -> None:
        super().__init__()
        self.block = ResidualUp(384, 192)  # biggan.yaml:42
        self.attention = SpatialAttention()  # biggan.yaml:46

    def forward(self, x: Tensor, shared: Tensor, style: Tensor) -> Tensor:
        """x [N, 384, 32, 32], shared [N, 128], style [N, 20] → [N, 192, 64, 64]"""
        condition = ops.concat([shared, style])  # [N, 148], biggan.yaml:40
        block = self.block(x, condition)  # [N, 192, 64, 64]
        return self.attention(block)


class BatchNorm(nn.Module):
    """Batch normalization with a learned scale and shift.

    Block `batch`: norm.
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm = layers.BatchNorm(96)  # gandsl/std/norm.yaml:14

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 96, 128, 128] → [N, 96, 128, 128]"""
        return self.norm(x)


class Generator(Network):
    """The generator; its parameters are named by the spec's node ids."""

    inputs = (Port("z", "Latent", (120,), distribution="normal"), Port("y", "Label", (1000,)))
    outputs = (Port("image", "Image", (3, 128, 128)),)

    def __init__(self) -> None:
        super().__init__()
        self.shared = layers.Embedding(1000, 128, init="orthogonal")  # biggan.yaml:33
        self.project = layers.Linear(20, 24576, weight="spectral", init="orthogonal")  # biggan.yaml:35
        self.s8 = Stage(1536, 1536)  # biggan.yaml:38
        self.s16 = Stage(1536, 768)
        self.s32 = Stage(768, 384)
        self.s64 = StageS64()
        self.s128 = Stage(192, 96)
        self.norm = BatchNorm()  # biggan.yaml:47
        self.rgb = layers.Conv2d(96, 3, weight="spectral", init="orthogonal")  # biggan.yaml:49

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z [N, 120], y [N] → [N, 3, 128, 128]"""
        shared = self.shared(y)  # [N, 128]
        chunks = ops.chunks(z, count=6)  # [N, 6, 20], biggan.yaml:34
        chunk = [ops.select(chunks, index=i) for i in range(6)]  # each [N, 20]
        project = self.project(chunk[0])  # [N, 24576]
        start = ops.reshape(project, channels=1536, size=4)  # [N, 1536, 4, 4], biggan.yaml:36
        s8 = self.s8(start, shared, chunk[1])  # [N, 1536, 8, 8]
        s16 = self.s16(s8, shared, chunk[2])  # [N, 768, 16, 16]
        s32 = self.s32(s16, shared, chunk[3])  # [N, 384, 32, 32]
        s64 = self.s64(s32, shared, chunk[4])  # [N, 192, 64, 64]
        s128 = self.s128(s64, shared, chunk[5])  # [N, 96, 128, 128]
        norm = self.norm(s128)
        act = ops.relu(norm)  # biggan.yaml:48
        rgb = self.rgb(act)  # [N, 3, 128, 128]
        return ops.tanh(rgb)  # biggan.yaml:50

    def program(
        self, entry: str = "forward", level: int | None = None, fading: bool = False
    ) -> Callable[..., Any]:
        """The program for an entry, level (None: the last) and fade; ValueError if there is none."""
        programs: dict[tuple[str, int, bool], Callable[..., Any]] = {
            ("forward", 0, False): self.forward,
        }
        found = programs.get((entry, 0 if level is None else level, fading))
        if found is None:
            raise ValueError(f"there is no program {entry!r} for level {level}, fading {fading}")
        return found
