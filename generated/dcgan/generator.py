"""The generator of dcgan, generated from dcgan.yaml: edit that, not this."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class Stage(nn.Module):
    """Stages s8, s16, s32 (dcgan.yaml:28)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = layers.ConvTranspose2d(
            in_channels, out_channels, bias=False, init="normal", init_scale=0.02
        )
        self.norm = layers.BatchNorm(out_channels, init_std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, 2H, 2W]"""
        conv = self.conv(x)  # [N, out_channels, 2H, 2W]
        norm = self.norm(conv)
        return ops.relu(norm)


class Generator(Network):
    """The generator; its parameters are named by the spec's node ids."""

    inputs = (Port("z", "Latent", (100,), distribution="normal"),)
    outputs = (Port("image", "Image", (3, 64, 64)),)

    def __init__(self) -> None:
        super().__init__()
        self.project = layers.ConvTranspose2d(
            100, 512, stride=1, padding=0, bias=False, init="normal", init_scale=0.02
        )
        self.norm = layers.BatchNorm(512, init_std=0.02)
        self.s8 = Stage(512, 256)
        self.s16 = Stage(256, 128)
        self.s32 = Stage(128, 64)
        self.rgb = layers.ConvTranspose2d(64, 3, bias=False, init="normal", init_scale=0.02)

    def forward(self, z: Tensor) -> Tensor:
        """z [N, 100] → [N, 3, 64, 64]"""
        start = ops.reshape(z, channels=100, size=1)  # [N, 100, 1, 1]
        project = self.project(start)  # [N, 512, 4, 4]
        norm = self.norm(project)
        act = ops.relu(norm)
        s8 = self.s8(act)  # [N, 256, 8, 8]
        s16 = self.s16(s8)  # [N, 128, 16, 16]
        s32 = self.s32(s16)  # [N, 64, 32, 32]
        rgb = self.rgb(s32)  # [N, 3, 64, 64]
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
