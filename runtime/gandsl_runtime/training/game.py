"""The two players as the trainer calls them: random inputs, programs of the current stage, images for D."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from ..calling import dtype_of
from ..layers import TrackAverage
from ..network import Network
from ..plan import Plan
from ..plan.game import DataField, GamePlan
from ..plan.schedule import Side, Stage
from ..programs import Images, call, classes_of, latents_and_labels
from ..rng import CallDraws, Draws, Key, Part, drawing, ids, name_layers
from . import penalties
from .consistency import Nearby


@dataclass(frozen=True)
class Batch:
    """Images at D's scales, and their labels (N,) where the networks take labels."""

    images: Images
    labels: Tensor | None

    def __len__(self) -> int:
        return len(self.images[0])

    def __getitem__(self, part: slice) -> Batch:
        labels = None if self.labels is None else self.labels[part]
        return Batch(tuple(image[part] for image in self.images), labels)


@dataclass(frozen=True)
class Fakes(Batch):
    """Generated images with the styles [N, L, n] they come from, where the generator has a style space."""

    styles: Tensor | None = None


@dataclass
class TwoPlayerGame:
    """Generator and discriminator at a stage; `fit.check` says whether they fit the plan."""

    plan: Plan
    generator: Network
    discriminator: Network
    device: torch.device
    label_distribution: Tensor | None = None  # cumulative, (classes,)
    stage: Stage = field(default_factory=Stage)

    def __post_init__(self) -> None:
        for network in (self.generator, self.discriminator):
            name_layers(network)
        self._averages = [m for m in self.generator.modules() if isinstance(m, TrackAverage)]
        self.dtype = dtype_of(self.generator)
        self._judges_labels = classes_of(self.discriminator) > 0
        self.full_sizes = [port.shape[1:] for port in self.discriminator.inputs if port.kind == "Image"]

    @property
    def items(self) -> GamePlan:
        """What it reads of the data."""
        shapes = [port.shape for port in self.discriminator.inputs if port.kind == "Image"]
        classes = classes_of(self.generator)
        data = {f"image{i}": DataField("Image", shape) for i, shape in enumerate(shapes)}
        return GamePlan({}, (), data=data | ({"y": DataField("Label", (classes,))} if classes else {}))

    def draws(self, part: Part, key: Key) -> Draws:
        """The draws of one part of a batch."""
        return Draws(self.device, self.dtype, part, key)

    def generate(self, draws: Draws, styles: bool = False) -> Fakes:
        """Images of fresh latents and labels, styles mixed as planned and kept if asked for."""
        if not (styles or self.plan.style_mixing):
            labels = self._labels(draws)
            inputs = self._inputs(draws, labels)
            return Fakes(self._generated(draws, ids.FAKE, "forward", inputs), labels)
        ws, labels = self._styles(draws)
        ws = _differentiable(ws) if styles else ws
        return Fakes(self._generated(draws, ids.FAKE, "synthesis", (ws,)), labels, ws)

    def generate_near(self, draws: Draws, sigma: float, side: Side) -> Fakes:
        """What `generate` makes of these draws, each number of the latents moved by N(0, sigma²).

        side: whose term it is; each has moves of its own.
        """
        with averages_held(self._averages):  # the running mean of w sees each image once
            return self.generate(Nearby(draws, sigma, side))

    def judge(self, images: Images, labels: Tensor | None) -> tuple[Tensor, ...]:
        """D's outputs."""
        return call(self.discriminator, "forward", self.stage, self.judged(images, labels))

    def judged(self, images: Images, labels: Tensor | None) -> tuple[Tensor, ...]:
        """D's arguments in call order."""
        return (*images, *((labels,) if self._judges_labels and labels is not None else ()))

    def path_lengths(self, draws: Draws) -> tuple[Images, Tensor]:
        """Images of fresh latents, and ‖Jᵀy‖ for each (N,), y ~ N(0, 1) (arXiv:1912.04958, eq. 4)."""
        ws = _differentiable(self._styles(draws)[0])
        channels = [port.shape[0] for port in self.generator.outputs if port.kind == "Image"]
        noise = tuple(
            draws.normal(ids.path_length(place), c, *size)
            for place, (c, size) in enumerate(zip(channels, self.sizes, strict=True))
        )
        images = self._generated(draws, ids.FAKE, "synthesis", (ws,))
        return images, penalties.path_lengths(images, ws, noise)

    def scales(self, images: Tensor) -> Images:
        """Real images (N, c, h, w) of full size as D's inputs at this stage: averaged down, faded as G is.

        While a level fades in they are lerp(half size enlarged again, images, alpha), as the generated ones
        (arXiv:1710.10196, section 2).
        """
        scaled = (_area(images, size) for size in self.sizes)
        return tuple(_faded(x, self.stage.alpha) if self.stage.fading else x for x in scaled)

    @property
    def sizes(self) -> list[tuple[int, ...]]:
        """Heights and widths of D's images at this stage."""
        if self.stage.level is None:
            return self.full_sizes
        (h, w), (full_h, full_w) = self.generator.levels[self.stage.level], self.generator.levels[-1]
        return [(a * h // full_h, b * w // full_w) for a, b in self.full_sizes]

    def _labels(self, draws: Draws) -> Tensor | None:
        return None if self.label_distribution is None else draws.labels(ids.LABELS, self.label_distribution)

    def _styles(self, draws: Draws) -> tuple[Tensor, Tensor | None]:
        """Styles [N, L, n] of fresh latents, mixed as planned, and their labels."""
        labels = self._labels(draws)
        ws = self._generated(draws, ids.MAPPED, "mapping", self._inputs(draws, labels))[0]
        return (self._mix(draws, ws, labels) if self.plan.style_mixing else ws), labels

    def _inputs(self, draws: Draws, labels: Tensor | None, second: bool = False) -> tuple[Tensor, ...]:
        ports = self.generator.inputs
        return latents_and_labels(
            self.generator, labels, lambda port: draws.latent(ids.latent(port, ports, second), port)
        )

    def _mix(self, draws: Draws, ws: Tensor, labels: Tensor | None) -> Tensor:
        """Layers from a random one on take the styles of a second latent (arXiv:1812.04948, section 3.1)."""
        mixing = self.plan.style_mixing
        assert mixing is not None
        with averages_held(self._averages):  # the running mean of w sees each image once
            other = self._generated(draws, ids.OTHER, "mapping", self._inputs(draws, labels, second=True))[0]
        layers = ws.shape[1]
        split = draws.integers(ids.SPLIT, 1, max(layers - 1, 1), per=mixing.per)
        mixed = draws.uniform(ids.COIN, per=mixing.per) < mixing.probability
        split = torch.where(mixed, split, layers)
        from_other = torch.arange(layers, device=ws.device) >= split[:, None]
        return torch.where(from_other[:, :, None], other, ws)

    def _generated(self, draws: Draws, call_id: str, entry: str, args: Sequence[Any]) -> tuple[Tensor, ...]:
        with drawing(CallDraws(draws, call_id)):
            return call(self.generator, entry, self.stage, args)


@contextmanager
def averages_held(averages: Sequence[TrackAverage]) -> Iterator[None]:
    """Running averages of w don't move inside the block."""
    moving = [average for average in averages if average.training]
    for average in moving:
        average.training = False
    try:
        yield
    finally:
        for average in moving:
            average.training = True


def _differentiable(styles: Tensor) -> Tensor:
    """Styles that images can be differentiated by, also where nothing learned stands before them."""
    return styles if styles.requires_grad else styles.detach().requires_grad_()


def _area(images: Tensor, size: tuple[int, ...]) -> Tensor:
    return images if tuple(images.shape[2:]) == tuple(size) else F.interpolate(images, size=size, mode="area")


def _faded(images: Tensor, alpha: float) -> Tensor:
    old = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2, mode="nearest")
    return torch.lerp(old, images, alpha)
