"""Style mixing: some layers take the styles of another image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import torch

from ..errors import SamplingError
from ..network import Network
from ..programs import Images
from .sampler import Sampler, SamplingOptions, parts


def mix(
    generator: Network,
    rows: Sequence[int],
    columns: Sequence[int],
    layers: Sequence[int],
    class_: int | None = None,
    **how: Unpack[SamplingOptions],
) -> Images:
    """Images (rows, columns, c, h, w): those of the seeds `rows` whose `layers` take the styles of `columns`.

    Layers count from 0, the coarsest (arXiv:1812.04948, section 3.1, figure 3). Of a conditional generator
    all images are of `class_`, or each seed's of the class drawn by it. `how`: see `Sampler`. Raises
    SamplingError when the generator has no style space, or no such layer.
    """
    generator.need_styles("style mixing")
    sampler = Sampler(generator, **how)
    seeds = [*rows, *columns]
    if not (rows and columns and layers):
        raise SamplingError(
            "mixing needs seeds for rows, seeds for columns and layers", "give at least one of each"
        )
    latents = sampler.latents(seeds)
    labels = sampler.labels(seeds, None if class_ is None else [class_] * len(seeds))
    with sampler.ready(seeds[0]):
        ws = sampler.styles(latents, labels)
    count = ws.shape[1]
    if beyond := [layer for layer in layers if not 0 <= layer < count]:
        raise SamplingError(f"there is no layer {beyond[0]} of style", f"layers are 0 to {count - 1}")
    of_row, of_column = ws[: len(rows)], ws[len(rows) :]
    mixed = of_row[:, None].repeat(1, len(columns), 1, 1)
    mixed[:, :, list(layers)] = of_column[None, :, list(layers)]
    flat = mixed.flatten(0, 1)
    found = []
    for part in parts(len(flat), sampler.batch):
        with sampler.ready(seeds[0] + part.start):
            found.append(sampler.synthesized(flat[part]))
    return tuple(
        torch.cat(images).unflatten(0, (len(rows), len(columns))) for images in zip(*found, strict=True)
    )
