"""Standing statistics: batch norm's means and variances as the generator that is sampled has them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Unpack

import torch
from torch import Tensor

from ..errors import SamplingError
from ..layers import BatchNorm
from ..network import Network
from ..programs import classes_of
from .sampler import Sampler, SamplingOptions


@dataclass
class Sums:
    """Of the means and biased variances of each channel, over so many batches; in double precision."""

    mean: Tensor
    variance: Tensor
    batches: int = 0

    def add(self, x: Tensor) -> None:
        axes = [0, *range(2, x.dim())]
        variance, mean = torch.var_mean(x.double(), axes, correction=0)
        self.mean += mean
        self.variance += variance
        self.batches += 1


def accumulate_statistics(
    generator: Network, batches: int, *, seed: int = 0, **how: Unpack[SamplingOptions]
) -> None:
    """Replace the running statistics of batch norm by averages over `batches` batches of fresh samples.

    Latents are drawn as they will be for sampling (give the same `how`; `Sampler` says what), labels
    uniformly. Each layer normalizes by its batch meanwhile, and keeps the mean over batches of their means
    and of their biased variances; all else is as in evaluation. Where there are statistics for each
    truncation, all become these. Source: arXiv:1809.11096, standing statistics. Raises SamplingError when the
    generator has no batch norm.
    """
    sampler = Sampler(generator, **how)
    norms = [module for module in generator.modules() if isinstance(module, BatchNorm)]
    if not norms:
        raise SamplingError(
            "standing statistics are those of batch norm, and the generator has none", "leave them out"
        )
    if batches < 1 or sampler.batch < 2:
        raise SamplingError(
            f"statistics of {batches} batches of {sampler.batch}",
            "give at least 1 batch of at least 2 images",
        )
    classes = classes_of(generator)
    rng = torch.Generator().manual_seed(seed)
    with sampler.ready(seed), _watched(norms) as sums:
        for _ in range(batches):
            latents = sampler.drawn(sampler.batch, rng)
            labels = torch.randint(classes, (sampler.batch,), generator=rng) if classes else None
            sampler.images(latents, None if labels is None else labels.to(sampler.device))
    for norm, total in sums.items():
        norm.running_mean.copy_(total.mean / total.batches)
        norm.running_var.copy_(total.variance / total.batches)


@contextmanager
def _watched(norms: list[BatchNorm]) -> Iterator[dict[BatchNorm, Sums]]:
    """Inside the block the layers normalize by their batch and move no average; the statistics of each batch
    are summed.
    """
    sums: dict[BatchNorm, Sums] = {}

    def look(norm: Any, inputs: tuple[Tensor, ...]) -> None:
        if norm not in sums:
            zero = torch.zeros(inputs[0].shape[1], dtype=torch.double, device=inputs[0].device)
            sums[norm] = Sums(zero, zero.clone())
        sums[norm].add(inputs[0])

    hooks = [norm.register_forward_pre_hook(look) for norm in norms]
    momenta = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.train()
            norm.momentum = 0.0
        yield sums
    finally:
        for norm, hook, momentum in zip(norms, hooks, momenta, strict=True):
            hook.remove()
            norm.eval()
            norm.momentum = momentum
