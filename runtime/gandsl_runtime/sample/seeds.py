"""One image a seed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Unpack

import torch
from torch import Tensor

from ..network import Network
from ..programs import Images
from .draws import Draws
from .inputs import GivenInputs
from .sampler import Sampler, SamplingOptions


def sample(
    generator: Network,
    seeds: Sequence[int],
    classes: Sequence[int] | None = None,
    inputs: Mapping[str, Tensor] | None = None,
    **how: Unpack[SamplingOptions],
) -> Images:
    """Images (N, c, h, w) of each of the generator's outputs, one image a seed, in evaluation mode.

    A seed gives the same latent whatever stands beside it, and with noise "constant" or "none" the same image
    up to rounding. `classes` is one class for each seed; without it they are drawn uniformly, by seed.
    `inputs`: what the network takes besides, by name, a row for each seed.
    `how`: see `Sampler`. Raises SamplingError when it does not fit the generator.
    """
    given = None if inputs is None else GivenInputs(inputs, len(seeds))
    draws = Draws(Sampler(generator, **how), seeds, classes, inputs=given)
    found = [draws.drawn(batch) for batch in draws.batches]
    return tuple(torch.cat(images) for images in zip(*found, strict=True))
