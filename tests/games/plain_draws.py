"""Numbers of each distribution, one by one, of the words and normal numbers that a draw is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

import torch
from torch import Tensor

from gandsl_runtime.rng import Draws

TRIES = 8
CUT = NormalDist().cdf(-2)


def drawn(
    draws: Draws, id_: str, distribution: str, numbers: Sequence[float], shape: tuple[int, ...]
) -> Tensor:
    """[n, *shape] float64."""
    if distribution == "permutation":
        words = draws.words(id_, *shape).tolist()
        orders = [sorted(range(len(row)), key=row.__getitem__) for row in words]
        return torch.tensor(orders, dtype=torch.float64)
    if distribution == "unit":
        return torch.stack([row / row.square().sum().sqrt() for row in draws.normal(id_, *shape).double()])
    if distribution in OF_NORMAL:
        normal = draws.normal(id_, *shape).double()
        return normal.apply_(lambda z: OF_NORMAL[distribution](numbers[0] + numbers[1] * z))
    if distribution == "beta":
        words = between(draws.words(id_, *shape, 2, 2 * TRIES + 1)).flatten(0, len(shape))
        logs = [[gamma(one, numbers[i]) for i, one in enumerate(pair)] for pair in words.tolist()]
        found = [1 / (1 + math.exp(y - x)) for x, y in logs]
        return torch.tensor(found, dtype=torch.float64).view(-1, *shape)
    return between(draws.words(id_, *shape)).apply_(lambda u: OF_UNIFORM[distribution](u, numbers))


def between(words: Tensor) -> Tensor:
    return (words.double() + 0.5) / 2**32


def gamma(words: Sequence[float], shape: float) -> float:
    """The logarithm of a gamma number (Marsaglia and Tsang 2000), of shape + 1 times u^(1 / shape)."""
    d = shape + 1 - 1 / 3
    for normal, u in zip(words[:TRIES], words[TRIES:-1], strict=True):
        x = NormalDist().inv_cdf(normal)
        v = (1 + x / math.sqrt(9 * d)) ** 3
        if v > 0 and math.log(u) < x * x / 2 + d - d * v + d * math.log(v):
            return math.log(d * v) + math.log(words[-1]) / shape
    raise AssertionError("eight tries have failed")


def among(u: float, shares: Sequence[float]) -> float:
    """The first class below which, with its own, there is more than u of all shares."""
    below = 0.0
    for place, share in enumerate(shares):
        below += share
        if u * sum(shares) < below:
            return float(place)
    raise AssertionError("shares add up")


OF_NORMAL: dict[str, Callable[[float], float]] = {
    "normal": lambda z: z,
    "log_normal": math.exp,
    "logit_normal": lambda z: 1 / (1 + math.exp(-z)),
}
OF_UNIFORM: dict[str, Callable[[float, Sequence[float]], float]] = {
    "truncated_normal": lambda u, of: of[0] + of[1] * NormalDist().inv_cdf(CUT + u * (1 - 2 * CUT)),
    "laplace": lambda u, of: math.log(2 * u) if u < 0.5 else -math.log(2 - 2 * u),
    "gumbel": lambda u, of: -math.log(-math.log(u)),
    "exponential": lambda u, of: -math.log(u),
    "bernoulli": lambda u, of: float(u < of[0]),
    "categorical": among,
}
