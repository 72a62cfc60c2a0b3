"""Every draw of a step: a pure function of a key, the draw's id and each sample's place in the batch."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import torch
from torch import Tensor

from ..port import Port
from . import philox
from .part import Part


@dataclass(frozen=True)
class Key:
    """What the draws of a phase have in common. `batch`: that of a term that sets its own; such terms share
    no draw.
    """

    seed: int
    step: int
    phase: str  # its name: `discriminator`, `discriminator/16`
    repeat: int = 0
    rollbacks: int = 0
    batch: int | None = None

    @cached_property
    def digest(self) -> int:
        """64 bits, signed."""
        return digest(f"{self.seed} {self.rollbacks} {self.step} {self.phase} {self.repeat} {self.batch}")


class Draws:
    """The draws of one part of a batch, each by its id.

    A number depends on the key, the id and the place of its sample in the whole batch, on nothing else: so
    splitting the batch over micro-batches and processes changes nothing, nor does another draw; what is
    computed again draws the same; and nothing has to be saved for a resume. Numbers are drawn in float32,
    then cast to `dtype`. Each draw is one launch on CUDA, and none waits for a device.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype, part: Part, key: Key) -> None:
        self.device, self.dtype, self.part, self.key = device, dtype, part, key
        self._digest = key.digest

    def latent(self, id_: str, port: Port) -> Tensor:
        """[n, *shape] from the port's distribution: normal, uniform on [-1, 1), or normal within ±2."""
        match port.distribution or "normal":
            case "normal":
                return self.normal(id_, *port.shape)
            case "uniform":
                return self.uniform(id_, *port.shape) * 2 - 1
            case other:
                assert other == "truncated_normal"
                return truncated_normal(self.words(id_, *port.shape)).to(self.dtype)

    def uniform(self, id_: str, *shape: int, per: str = "sample") -> Tensor:
        """[n, *shape] from [0, 1)."""
        return self._drawn(id_, shape, torch.float32, per=per).to(self.dtype)

    def normal(self, id_: str, *shape: int, per: str = "sample") -> Tensor:
        """[n, *shape] from N(0, 1)."""
        return self._drawn(id_, shape, torch.float32, normal=True, per=per).to(self.dtype)

    def integers(self, id_: str, low: int, high: int, per: str = "sample", *shape: int) -> Tensor:
        """[n, *shape] int64 from low to high, both included: fewer than 2³¹ numbers."""
        words = self._drawn(id_, shape, torch.int64, per=per)
        return words.mul_(high - low + 1).bitwise_right_shift_(32).add_(low)

    def labels(self, id_: str, cumulative: Tensor, per: str = "sample") -> Tensor:
        """[n] int64 from a distribution given by its cumulative sums."""
        drawn = self.uniform(id_, per=per)
        return torch.searchsorted(cumulative, drawn, right=True).clamp_(max=len(cumulative) - 1)

    def words(self, id_: str, *shape: int, per: str = "sample") -> Tensor:
        """[n, *shape] int64 from 0 to 2³² − 1."""
        return self._drawn(id_, shape, torch.int64, per=per)

    def of_rows(self, id_: str, rows: int, shape: tuple[int, ...], normal: bool) -> Tensor:
        """[rows, *shape] float32: of a part, or of several joined, each of as many samples."""
        return self._drawn(id_, shape, torch.float32, normal=normal, rows=rows)

    def _drawn(
        self,
        id_: str,
        shape: tuple[int, ...],
        dtype: torch.dtype,
        normal: bool = False,
        per: str = "sample",
        rows: int | None = None,
    ) -> Tensor:
        """Drawn once `per` sample, micro_batch or batch: of the last two one row."""
        part = self.part
        start = 0 if per == "batch" else part.start
        if per != "sample":
            rows = 1
        count = part.count if rows is None else rows
        out = torch.empty(count, *shape, dtype=dtype, device=self.device)
        places = philox.Rows(start, part.step, max(part.count, 1), part.total)
        philox.filled(out, self._digest, digest(id_), normal, places)
        return out


def truncated_normal(words: Tensor) -> Tensor:
    """float64: N(0, 1) within ±2, by the inverse of its distribution."""
    middle = (words.double() + 0.5) * 2.0**-31 - 1  # from −1 to 1
    return torch.erfinv(middle * math.erf(math.sqrt(2))) * math.sqrt(2)


@lru_cache(maxsize=4096)
def digest(text: str) -> int:
    """64 bits of a text, signed."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)
