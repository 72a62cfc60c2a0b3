"""The generator of biggan, generated from biggan.yaml: edit that, not this."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class ConditionalBatchNorm(nn.Module):
    """Batch normalization whose scale and shift are linear in a condition.

    Block `conditional_batch` (gandsl/std/norm.yaml:16): s8.block.norm0, s8.block.norm1, …
    s128.block.norm1.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = layers.BatchNorm(channels, affine=False)
        self.gain = layers.Linear(148, channels, bias=False, weight="spectral", init="orthogonal")
        self.shift = layers.Linear(148, channels, bias=False, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [N, channels, H, W], condition [N, 148] → [N, channels, H, W]"""
        norm = self.norm(x)
        gain = self.gain(condition)  # [N, channels]
        shift = self.shift(condition)  # [N, channels]
        return ops.modulate(norm, gain, shift)


class ResidualUp(nn.Module):
    """Norm, activation, upsampling, convolution, twice; the shortcut is enlarged, then 1×1.

    Block `up` (gandsl/std/residual.yaml:5): s8.block, s16.block, … s128.block.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm0 = ConditionalBatchNorm(in_channels)
        self.conv0 = layers.Conv2d(in_channels, out_channels, weight="spectral", init="orthogonal")
        self.norm1 = ConditionalBatchNorm(out_channels)
        self.conv1 = layers.Conv2d(out_channels, out_channels, weight="spectral", init="orthogonal")
        self.short = layers.Conv2d(in_channels, out_channels, kernel=1, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [N, in_channels, H, W], condition [N, 148] → [N, out_channels, 2H, 2W]"""
        norm0 = self.norm0(x, condition)
        act0 = ops.relu(norm0)
        up0 = ops.upsample(act0)  # [N, in_channels, 2H, 2W]
        conv0 = self.conv0(up0)
        norm1 = self.norm1(conv0, condition)
        act1 = ops.relu(norm1)
        conv1 = self.conv1(act1)
        up_short = ops.upsample(x)  # [N, in_channels, 2H, 2W]
        short = self.short(up_short)
        return ops.add([conv1, short])


class SpatialAttention(nn.Module):
    """Queries against pooled keys and values, added with a learned factor that starts at zero.

    Block `spatial` (gandsl/std/attention.yaml:5): s64.attention.
    """

    def __init__(self) -> None:
        super().__init__()
        self.theta = layers.Conv2d(192, 24, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.phi = layers.Conv2d(192, 24, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.g = layers.Conv2d(192, 96, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.o = layers.Conv2d(96, 192, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.gamma = layers.Gain(192, init=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 192, 64, 64] → [N, 192, 64, 64]"""
        theta = self.theta(x)  # [N, 24, 64, 64]
        phi = self.phi(x)  # [N, 24, 64, 64]
        phi_pooled = ops.pool(phi, mode="max")  # [N, 24, 32, 32]
        g = self.g(x)  # [N, 96, 64, 64]
        g_pooled = ops.pool(g, mode="max")  # [N, 96, 32, 32]
        queries = ops.to_tokens(theta)  # [N, 4096, 24]
        keys = ops.to_tokens(phi_pooled)  # [N, 1024, 24]
        values = ops.to_tokens(g_pooled)  # [N, 1024, 96]
        mixed = ops.attention(queries, keys, values, scaled=False)  # [N, 4096, 96]
        pixels = ops.from_tokens(mixed, size=64)  # [N, 96, 64, 64]
        o = self.o(pixels)  # [N, 192, 64, 64]
        gamma = self.gamma(o)
        return ops.add([x, gamma])


class Stage(nn.Module):
    """Stages s8, s16, … s128 (biggan.yaml:38)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.block = ResidualUp(in_channels, out_channels)

    def forward(self, x: Tensor, shared: Tensor, style: Tensor) -> Tensor:
        """x [N, in_channels, H, W], shared [N, 128], style [N, 20] → [N, out_channels, 2H, 2W]"""
        condition = ops.concat([shared, style])  # [N, 148]
        return self.block(x, condition)


class StageWithAttention(nn.Module):
    """Stage s64 (biggan.yaml:38)."""

    def __init__(self) -> None:
        super().__init__()
        self.block = ResidualUp(384, 192)
        self.attention = SpatialAttention()

    def forward(self, x: Tensor, shared: Tensor, style: Tensor) -> Tensor:
        """x [N, 384, 32, 32], shared [N, 128], style [N, 20] → [N, 192, 64, 64]"""
        condition = ops.concat([shared, style])  # [N, 148]
        block = self.block(x, condition)  # [N, 192, 64, 64]
        return self.attention(block)


class BatchNorm(nn.Module):
    """Batch normalization with a learned scale and shift.

    Block `batch` (gandsl/std/norm.yaml:5): norm.
    """

    def __init__(self) -> None:
        super().__init__()
        self.norm = layers.BatchNorm(96)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 96, 128, 128] → [N, 96, 128, 128]"""
        return self.norm(x)


class Generator(Network):
    """The generator; its parameters are named by the spec's node ids."""

    inputs = (Port("z", "Latent", (120,), distribution="normal"), Port("y", "Label", (1000,)))
    outputs = (Port("image", "Image", (3, 128, 128)),)

    def __init__(self) -> None:
        super().__init__()
        self.shared = layers.Embedding(1000, 128, init="orthogonal")
        self.project = layers.Linear(20, 24576, weight="spectral", init="orthogonal")
        self.s8 = Stage(1536, 1536)
        self.s16 = Stage(1536, 768)
        self.s32 = Stage(768, 384)
        self.s64 = StageWithAttention()
        self.s128 = Stage(192, 96)
        self.norm = BatchNorm()
        self.rgb = layers.Conv2d(96, 3, weight="spectral", init="orthogonal")

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z [N, 120], y [N] → [N, 3, 128, 128]"""
        shared = self.shared(y)  # [N, 128]
        chunks = ops.chunks(z, count=6)  # [N, 6, 20]
        chunk = [ops.select(chunks, index=i) for i in range(6)]  # each [N, 20]
        project = self.project(chunk[0])  # [N, 24576]
        start = ops.reshape(project, channels=1536, size=4)  # [N, 1536, 4, 4]
        s8 = self.s8(start, shared, chunk[1])  # [N, 1536, 8, 8]
        s16 = self.s16(s8, shared, chunk[2])  # [N, 768, 16, 16]
        s32 = self.s32(s16, shared, chunk[3])  # [N, 384, 32, 32]
        s64 = self.s64(s32, shared, chunk[4])  # [N, 192, 64, 64]
        s128 = self.s128(s64, shared, chunk[5])  # [N, 96, 128, 128]
        norm = self.norm(s128)
        act = ops.relu(norm)
        rgb = self.rgb(act)  # [N, 3, 128, 128]
        return ops.tanh(rgb)

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
