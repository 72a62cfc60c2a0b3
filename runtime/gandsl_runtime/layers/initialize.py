"""Initial weights, by name."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn


class Fans(NamedTuple):
    """How many inputs one output sees, and how many outputs one input reaches."""

    into: int
    out: int


INITS: dict[str, Callable[[Tensor, Fans, float], object]] = {
    "normal": lambda weight, fans, scale: weight.normal_(0.0, scale),
    "uniform": lambda weight, fans, scale: weight.uniform_(-scale, scale),
    "fan_in_uniform": lambda weight, fans, scale: _uniform(weight, scale / math.sqrt(fans.into)),
    "he_normal": lambda weight, fans, scale: weight.normal_(0.0, scale * math.sqrt(2.0 / fans.into)),
    "xavier_uniform": lambda weight, fans, scale: _uniform(weight, scale * math.sqrt(6.0 / sum(fans))),
    "xavier_normal": lambda weight, fans, scale: weight.normal_(0.0, scale * math.sqrt(2.0 / sum(fans))),
    "orthogonal": lambda weight, fans, scale: nn.init.orthogonal_(weight, scale),
    "zeros": lambda weight, fans, scale: weight.zero_(),
    "ones": lambda weight, fans, scale: weight.fill_(scale),
}
"""Name → function(weight, fans, scale) that fills the weight in place."""


def _uniform(weight: Tensor, bound: float) -> Tensor:
    return weight.uniform_(-bound, bound)
