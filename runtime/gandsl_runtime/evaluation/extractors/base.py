"""What every extractor is: a network that makes features, and perhaps logits, of images of 8 bits."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ...errors import RuntimeFault
from .resize import resized


class ExtractorError(RuntimeFault):
    """There is no such extractor, or its file is none."""

    exit_code = 6


class Extracted(NamedTuple):
    """Of a batch of images."""

    features: Tensor  # float32 (N, f)
    logits: Tensor | None  # float32 (N, classes)


@dataclass(frozen=True)
class ExtractorFacts:
    """What two figures must have in common to be compared."""

    name: str
    weights: str  # SHA-256 of the file that they are read from, in 64 hexadecimal digits
    side: int | None  # images are brought to side × side pixels; None: the network takes any size
    filter: str  # how (`resize.FILTERS`), or "inside": the network does it by itself
    features: int
    classes: int | None  # of its logits; None: it gives none
    inception: bool = False  # the network and weights whose features and classes FID and IS are defined by


class Extractor(Protocol):
    """A network in evaluation. It takes images as they are stored, and does all else inside."""

    @property
    def facts(self) -> ExtractorFacts:
        """What it is."""
        ...

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        ...

    def __call__(self, images: Tensor) -> Extracted:
        """Features of images (N, 3, h, w), red, green and blue, on any device; computed in float32.

        They are uint8; or floats from 0 to 255 that nobody rounded, for the distances of very small steps.
        """
        ...


@dataclass(frozen=True)
class NetworkExtractor:
    """A network behind a resize and a standardization: (x − mean) / deviation of x in [0, 255].

    `network` makes (features, logits or None) of floats (N, 3, side, side).
    """

    facts: ExtractorFacts
    device: torch.device
    network: Callable[[Tensor], tuple[Tensor, Tensor | None]]
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    deviation: tuple[float, float, float] = (1.0, 1.0, 1.0)

    def __call__(self, images: Tensor) -> Extracted:
        if images.dtype not in (torch.uint8, torch.float32) or images.dim() != 4 or images.shape[1] != 3:
            said = f"{images.dtype} {tuple(images.shape)}"
            raise ValueError(f"images are uint8 or float32 (N, 3, h, w), not {said}")
        with torch.inference_mode(), exact(self.device):
            x = images.to(self.device).float()
            if self.facts.side is not None:
                x = resized(x, self.facts.side, self.facts.filter)
            x = (x - self._row(self.mean)) / self._row(self.deviation)
            features, logits = self.network(x)
        return Extracted(features.float(), None if logits is None else logits.float())

    def _row(self, of_channels: tuple[float, float, float]) -> Tensor:
        return torch.tensor(of_channels, device=self.device)[:, None, None]


@contextmanager
def exact(device: torch.device) -> Iterator[None]:
    """In the block a GPU computes in whole float32, always by the same algorithms; nothing autocasts."""
    cudnn = torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False)
    matmul = torch.backends.cuda.matmul
    before, matmul.allow_tf32 = matmul.allow_tf32, False  # which a run may have allowed for its steps
    try:
        with torch.autocast(device.type, enabled=False), cudnn:
            yield
    finally:
        matmul.allow_tf32 = before


def sha256_of(path: Path) -> str:
    """Of a file's bytes. Raises ExtractorError where it can't be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, (error.strerror or str(error)).lower()) from error


def unreadable(path: Path, why: str) -> ExtractorError:
    """The fault of a file that is to hold an extractor."""
    return ExtractorError(f"can't read the extractor's file {path}: {why}", "see docs/evaluation.md")
