"""The discriminator of quickstart, generated from quickstart.yaml: edit that, not this."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from gandsl_runtime import layers, ops
from gandsl_runtime.network import Network, Port


class Stage(nn.Module):
    """Stages s14, s7 (quickstart.yaml:39)."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = layers.Conv2d(
            in_channels, out_channels, kernel=4, stride=2, padding=1, weight="spectral", init="orthogonal"
        )

    def forward(self, x: Tensor) -> Tensor:
        """x [N, in_channels, H, W] → [N, out_channels, H / 2, W / 2]"""
        conv = self.conv(x)  # [N, out_channels, H / 2, W / 2]
        return ops.leaky_relu(conv)


class ProjectionHead(nn.Module):
    """Sum pooling, a linear logit, and the inner product with the class's embedding.

    Block `projection` (gandsl/std/head.yaml:27): head.
    """

    def __init__(self) -> None:
        super().__init__()
        self.logit = layers.Linear(128, 1, weight="spectral", init="orthogonal")
        self.embed = layers.Embedding(10, 128, weight="spectral", init="orthogonal")

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """x [N, 128, 1, 1], y [N] → [N, 1]"""
        act = ops.relu(x)
        pooled = ops.global_pool(act)  # [N, 128]
        logit = self.logit(pooled)  # [N, 1]
        embed = self.embed(y)  # [N, 128]
        projected = ops.dot(pooled, embed)  # [N, 1]
        return ops.add([logit, projected])


class Discriminator(Network):
    """The discriminator; its parameters are named by the spec's node ids."""

    inputs = (Port("image", "Image", (1, 28, 28)), Port("y", "Label", (10,)))
    outputs = (Port("head", "Logits", (1,)),)

    def __init__(self) -> None:
        super().__init__()
        self.s14 = Stage(1, 64)
        self.s7 = Stage(64, 128)
        self.whole = layers.Conv2d(128, 128, kernel=7, padding=0, weight="spectral", init="orthogonal")
        self.head = ProjectionHead()

    def forward(self, image: Tensor, y: Tensor) -> Tensor:
        """image [N, 1, 28, 28], y [N] → [N, 1]"""
        s14 = self.s14(image)  # [N, 64, 14, 14]
        s7 = self.s7(s14)  # [N, 128, 7, 7]
        whole = self.whole(s7)  # [N, 128, 1, 1]
        return self.head(whole, y)

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
