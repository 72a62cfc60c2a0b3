"""Codebooks: each vector becomes the nearest of a book's vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from gandsl_runtime.distributed import group
from gandsl_runtime.layers.base import Layer


def _nearest(rows: Tensor, codes: Tensor) -> Tensor:
    """int64 [n]: which of the codes [count, features] is nearest to each row [n, features]."""
    return torch.addmm(codes.square().sum(1), rows, codes.T, alpha=-2.0).argmin(1)


class NearestCode(Layer):
    """The nearest of learned codes (VQ-VAE, arXiv:1711.00937, section 3.1).

    x: [N, …], whose vectors lie along `axis`: 1 of features [N, C, …] and vectors, −1 of tokens. The gradient
    reaches the codes that were chosen, and no x.
    Key: weight [count, features], uniform in ± init_scale / count.
    """

    def __init__(self, features: int, *, count: int, axis: int = 1, init_scale: float = 1.0) -> None:
        super().__init__()
        self.axis, self.init_scale = axis, init_scale
        self.weight = nn.Parameter(torch.empty(count, features))
        self.reset()

    def initialize(self) -> None:
        bound = self.init_scale / len(self.weight)
        self.weight.uniform_(-bound, bound)

    def forward(self, x: Tensor) -> Tensor:
        vectors = x.movedim(self.axis, -1)
        with torch.no_grad():
            chosen = _nearest(vectors.flatten(0, -2).to(self.weight.dtype), self.weight)
        rows = functional.embedding(chosen, self.weight).to(x.dtype)
        return rows.view(vectors.shape).movedim(-1, self.axis)


class MovingCode(Layer):
    """The nearest of codes that follow the vectors which choose them (VQ-VAE, appendix A.1); a constant.

    x and `axis` as of NearestCode. In training counts ← decay · counts + (1 − decay) · (how many vectors of a
    sample chose each code), sums likewise with the vectors added up: means over the samples of all
    processes. A code is its sum over its count, which `eps` keeps off 0.
    Buffers: counts [count], 1 at first; sums [count, features], uniform in ± init_scale / count.
    """

    running = ("counts", "sums")
    counts: Tensor
    sums: Tensor

    def __init__(
        self,
        features: int,
        *,
        count: int,
        axis: int = 1,
        init_scale: float = 1.0,
        decay: float = 0.99,
        eps: float = 1e-5,
    ) -> None:
        super().__init__()
        self.axis, self.init_scale, self.decay, self.eps = axis, init_scale, decay, eps
        self.register_buffer("counts", torch.empty(count))
        self.register_buffer("sums", torch.empty(count, features))
        self.reset()

    def initialize(self) -> None:
        bound = self.init_scale / len(self.counts)
        self.counts.fill_(1.0)
        self.sums.uniform_(-bound, bound)

    def codes(self) -> Tensor:
        """[count, features]."""
        total = self.counts.sum()
        counts = (self.counts + self.eps) / (total + len(self.counts) * self.eps) * total
        return self.sums / counts[:, None]

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        vectors, codes = x.movedim(self.axis, -1), self.codes()
        rows = vectors.flatten(0, -2).to(codes.dtype)
        chosen = _nearest(rows, codes)
        if self.training:
            self._move(rows, chosen, len(x))
        return codes[chosen].to(x.dtype).view(vectors.shape).movedim(-1, self.axis)

    def _move(self, rows: Tensor, chosen: Tensor, samples: int) -> None:
        both = rows.new_zeros(len(self.counts), rows.shape[1] + 1)
        both.index_add_(0, chosen, torch.cat((rows, rows.new_ones(len(rows), 1)), 1))
        mean = group.active().average(both / samples, samples)  # of all processes
        self.sums.lerp_(mean[:, :-1].to(self.sums.dtype), 1.0 - self.decay)
        self.counts.lerp_(mean[:, -1].to(self.counts.dtype), 1.0 - self.decay)
