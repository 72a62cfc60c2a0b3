"""The discriminator of dcgan, generated from dcgan.yaml: edit that, not this."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class StageWithoutNorm(nn.Module):
    """Stage s32 (dcgan.yaml:44)."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = layers.Conv2d(
            3, 64, kernel=4, stride=2, padding=1, bias=False, init="normal", init_scale=0.02
        )

    def forward(self, x: Tensor) -> Tensor:
        """x [N, 3, 64, 64] → [N, 64, 32, 32]"""
        conv = self.conv(x)  # [N, 64, 32, 32]
        return ops.leaky_relu(conv)


class Stage(nn.Module):
    """Stages s16, s8, s4 (dcgan.yaml:44)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = layers.Conv2d(
            in_channels,
            out_channels,
            kernel=4,
            stride=2,
            padding=1,
            bias=False,
            init="normal",
            init_scale=0.02,
        )
        self.norm = layers.BatchNorm(out_channels, init_std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        conv = self.conv(x)  # [N, out_channels, H / 2, W / 2]
        norm = self.norm(conv)
        return ops.leaky_relu(norm)


class Discriminator(Network):
    """The discriminator; its parameters are named by the spec's node ids."""

    inputs = (Port("image", "Image", (3, 64, 64)),)
    outputs = (Port("flat", "Logits", (1,)),)

    def __init__(self) -> None:
        super().__init__()
        self.s32 = StageWithoutNorm()
        self.s16 = Stage(64, 128)
        self.s8 = Stage(128, 256)
        self.s4 = Stage(256, 512)
        self.logit = layers.Conv2d(512, 1, kernel=4, padding=0, bias=False, init="normal", init_scale=0.02)

    def forward(self, image: Tensor) -> Tensor:
        """image [N, 3, 64, 64] → [N, 1]"""
        s32 = self.s32(image)  # [N, 64, 32, 32]
        s16 = self.s16(s32)  # [N, 128, 16, 16]
        s8 = self.s8(s16)  # [N, 256, 8, 8]
        s4 = self.s4(s8)  # [N, 512, 4, 4]
        logit = self.logit(s4)  # [N, 1, 1, 1]
        return ops.flatten(logit)

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
