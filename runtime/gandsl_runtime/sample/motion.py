"""Images turned and shifted by the plane that a generator begins with."""

from __future__ import annotations

import math

import torch

from ..errors import SamplingError
from ..layers import FourierFeatures
from ..network import Network


def move(generator: Network, translate: tuple[float, float] = (0.0, 0.0), rotate: float = 0.0) -> None:
    """From now on the images are turned by `rotate` degrees, then shifted by `translate`, (x, y) in sides.

    As gen_images.py (stylegan3) does it: the layer of Fourier features takes the inverse as its `transform`,
    instead of the one that it had. Source: arXiv:2106.12423, section 3.2. Raises SamplingError for a
    generator without that layer, or numbers that are not finite.
    """
    planes = [module for module in generator.modules() if isinstance(module, FourierFeatures)]
    if not planes:
        raise SamplingError(
            "only Fourier features can be turned and shifted, and the generator has none",
            "leave translate and rotate out",
        )
    x, y = translate
    if not all(map(math.isfinite, (x, y, rotate))):
        raise SamplingError(f"translate {x}, {y}, rotate {rotate}: not all are finite", "give numbers")
    c, s = math.cos(math.radians(rotate)), math.sin(math.radians(rotate))
    forward = torch.tensor([[c, s, x], [-s, c, y], [0, 0, 1]], dtype=torch.double)
    for plane in planes:
        plane.transform.copy_(forward.inverse())
