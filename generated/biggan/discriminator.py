"""The discriminator of biggan, generated from biggan.yaml: edit that, not this."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class FirstResidualDown(nn.Module):
    """Activation, convolution, twice, then pooling; the first block of a network reads the image
    unactivated.

    Block `down` (gandsl/std/residual.yaml:27): b0.block.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = layers.Conv2d(3, 96, weight="spectral", init="orthogonal")
        self.conv1 = layers.Conv2d(96, 96, weight="spectral", init="orthogonal")
        self.short = layers.Conv2d(3, 96, kernel=1, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 3, 128, 128] → [N, 96, 64, 64]"""
        conv0 = self.conv0(x)  # [N, 96, 128, 128]
        act1 = ops.relu(conv0)
        conv1 = self.conv1(act1)
        pooled = ops.pool(conv1)  # [N, 96, 64, 64]
        first_short = ops.pool(x)  # [N, 3, 64, 64]
        short = self.short(first_short)  # [N, 96, 64, 64]
        return ops.add([pooled, short])


class SpatialAttention(nn.Module):
    """Queries against pooled keys and values, added with a learned factor that starts at zero.

    Block `spatial` (gandsl/std/attention.yaml:5): b0.attention.
    """

    def __init__(self) -> None:
        super().__init__()
        self.theta = layers.Conv2d(96, 12, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.phi = layers.Conv2d(96, 12, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.g = layers.Conv2d(96, 48, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.o = layers.Conv2d(48, 96, kernel=1, bias=False, weight="spectral", init="orthogonal")
        self.gamma = layers.Gain(96, init=0.0)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 96, 64, 64] → [N, 96, 64, 64]"""
        theta = self.theta(x)  # [N, 12, 64, 64]
        phi = self.phi(x)  # [N, 12, 64, 64]
        phi_pooled = ops.pool(phi, mode="max")  # [N, 12, 32, 32]
        g = self.g(x)  # [N, 48, 64, 64]
        g_pooled = ops.pool(g, mode="max")  # [N, 48, 32, 32]
        queries = ops.to_tokens(theta)  # [N, 4096, 12]
        keys = ops.to_tokens(phi_pooled)  # [N, 1024, 12]
        values = ops.to_tokens(g_pooled)  # [N, 1024, 48]
        mixed = ops.attention(queries, keys, values, scaled=False)  # [N, 4096, 48]
        pixels = ops.from_tokens(mixed, size=64)  # [N, 48, 64, 64]
        o = self.o(pixels)  # [N, 96, 64, 64]
        gamma = self.gamma(o)
        return ops.add([x, gamma])


class ResidualDown(nn.Module):
    """Activation, convolution, twice, then pooling; the first block of a network reads the image
    unactivated.

    Block `down` (gandsl/std/residual.yaml:27): b1.block, b2.block, … b4.block.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv0 = layers.Conv2d(in_channels, out_channels, weight="spectral", init="orthogonal")
        self.conv1 = layers.Conv2d(out_channels, out_channels, weight="spectral", init="orthogonal")
        self.short = layers.Conv2d(in_channels, out_channels, kernel=1, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        act0 = ops.relu(x)
        conv0 = self.conv0(act0)  # [N, out_channels, H, W]
        act1 = ops.relu(conv0)
        conv1 = self.conv1(act1)
        pooled = ops.pool(conv1)  # [N, out_channels, H / 2, W / 2]
        short = self.short(x)  # [N, out_channels, H, W]
        short_pooled = ops.pool(short)  # [N, out_channels, H / 2, W / 2]
        return ops.add([pooled, short_pooled])


class ResidualDownWithoutShort(nn.Module):
    """Activation, convolution, twice, then pooling; the first block of a network reads the image
    unactivated.

    Block `down` (gandsl/std/residual.yaml:27): b5.block.
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv0 = layers.Conv2d(1536, 1536, weight="spectral", init="orthogonal")
        self.conv1 = layers.Conv2d(1536, 1536, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 1536, 4, 4] → [N, 1536, 4, 4]"""
        act0 = ops.relu(x)
        conv0 = self.conv0(act0)
        act1 = ops.relu(conv0)
        conv1 = self.conv1(act1)
        return ops.add([conv1, x])


class StageWithAttention(nn.Module):
    """Stage b0 (biggan.yaml:57)."""

    def __init__(self) -> None:
        super().__init__()
        self.block = FirstResidualDown()
        self.attention = SpatialAttention()

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 3, 128, 128] → [N, 96, 64, 64]"""
        block = self.block(x)  # [N, 96, 64, 64]
        return self.attention(block)


class Stage(nn.Module):
    """Stages b1, b2, … b4 (biggan.yaml:57)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.block = ResidualDown(in_channels, out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        return self.block(x)


class StageB5(nn.Module):
    """Stage b5 (biggan.yaml:57)."""

    def __init__(self) -> None:
        super().__init__()
        self.block = ResidualDownWithoutShort()

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 1536, 4, 4] → [N, 1536, 4, 4]"""
        return self.block(x)


class ProjectionHead(nn.Module):
    """Sum pooling, a linear logit, and the inner product with the class's embedding.

    Block `projection` (gandsl/std/head.yaml:27): head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.logit = layers.Linear(1536, 1, weight="spectral", init="orthogonal")
        self.embed = layers.Embedding(1000, 1536, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x [N, 1536, 4, 4], y [N] → [N, 1]"""
        act = ops.relu(x)
        pooled = ops.global_pool(act)  # [N, 1536]
        logit = self.logit(pooled)  # [N, 1]
        embed = self.embed(y)  # [N, 1536]
        projected = ops.dot(pooled, embed)  # [N, 1]
        return ops.add([logit, projected])


class Discriminator(Network):
    """The discriminator; its parameters are named by the spec's node ids."""

    inputs = (Port("image", "Image", (3, 128, 128)), Port("y", "Label", (1000,)))
    outputs = (Port("head", "Logits", (1,)),)

    def __init__(self) -> None:
        super().__init__()
        self.b0 = StageWithAttention()
        self.b1 = Stage(96, 192)
        self.b2 = Stage(192, 384)
        self.b3 = Stage(384, 768)
        self.b4 = Stage(768, 1536)
        self.b5 = StageB5()
        self.head = ProjectionHead()

    def forward(self, image: Tensor, y: Tensor) -> Tensor:
        """image [N, 3, 128, 128], y [N] → [N, 1]"""
        b0 = self.b0(image)  # [N, 96, 64, 64]
        b1 = self.b1(b0)  # [N, 192, 32, 32]
        b2 = self.b2(b1)  # [N, 384, 16, 16]
        b3 = self.b3(b2)  # [N, 768, 8, 8]
        b4 = self.b4(b3)  # [N, 1536, 4, 4]
        b5 = self.b5(b4)
        return self.head(b5, y)

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
