"""The generator of quickstart, generated from quickstart.yaml: edit that, not this."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class ConditionalBatchNorm(nn.Module):
    """Batch normalization whose scale and shift are linear in a condition.

    Block `conditional_batch` (gandsl/std/norm.yaml:16): s14.norm, s28.norm.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = layers.BatchNorm(channels, affine=False)
        self.gain = layers.Linear(128, channels, bias=False, init="orthogonal")
        self.shift = layers.Linear(128, channels, bias=False, init="orthogonal")

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [N, channels, H, W], condition [N, 128] → [N, channels, H, W]"""
        norm = self.norm(x)
        gain = self.gain(condition)  # [N, channels]
        shift = self.shift(condition)  # [N, channels]
        return ops.modulate(norm, gain, shift)


class Stage(nn.Module):
    """Stages s14, s28 (quickstart.yaml:25)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = layers.Conv2d(in_channels, out_channels, bias=False, init="orthogonal")
        self.norm = ConditionalBatchNorm(out_channels)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """x [N, in_channels, H, W], condition [N, 128] → [N, out_channels, 2H, 2W]"""
        up = ops.upsample(x)  # [N, in_channels, 2H, 2W]
        conv = self.conv(up)  # [N, out_channels, 2H, 2W]
        norm = self.norm(conv, condition)
        return ops.relu(norm)


class Generator(Network):
    """The generator; its parameters are named by the spec's node ids."""

    inputs = (Port("z", "Latent", (64,), distribution="normal"), Port("y", "Label", (10,)))
    outputs = (Port("image", "Image", (1, 28, 28)),)

    def __init__(self) -> None:
        super().__init__()
        self.label = layers.Embedding(10, 64, init="orthogonal")
        self.dense = layers.Linear(128, 3136, init="orthogonal")
        self.s14 = Stage(64, 32)
        self.s28 = Stage(32, 16)
        self.rgb = layers.Conv2d(16, 1, init="orthogonal")

    def forward(self, z: Tensor, y: Tensor) -> Tensor:
        """z [N, 64], y [N] → [N, 1, 28, 28]"""
        label = self.label(y)  # [N, 64]
        condition = ops.concat([z, label])  # [N, 128]
        dense = self.dense(condition)  # [N, 3136]
        start = ops.reshape(dense, channels=64, size=7)  # [N, 64, 7, 7]
        s14 = self.s14(start, condition)  # [N, 32, 14, 14]
        s28 = self.s28(s14, condition)  # [N, 16, 28, 28]
        rgb = self.rgb(s28)  # [N, 1, 28, 28]
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
