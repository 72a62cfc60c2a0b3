"""Distributions made of words and normal numbers, whoever draws these: a training step, or a view's seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor

from .draws import truncated_normal

Shape = tuple[int, ...]
Numbers = tuple[float, ...]  # of the distribution, in the order of `distribution`
TRIES = 8  # of a gamma number: each fails with a chance below 5 %


class Words(Protocol):
    """Where random numbers come from: as many rows as there are samples, each its own."""

    def words(self, *shape: int) -> Tensor:
        """[n, *shape] int64, from 0 to 2³² − 1."""

    def normal(self, *shape: int) -> Tensor:
        """[n, *shape] from N(0, 1)."""


def drawn(distribution: str, words: Words, shape: Shape, numbers: Numbers) -> Tensor:
    """[n, *shape], in a float format; of whole numbers, too."""
    return _DRAWN[distribution](words, shape, numbers)


def _between(words: Words, shape: Shape) -> Tensor:
    """[n, *shape] float64, within (0, 1): neither end has a logarithm that is infinite."""
    return (words.words(*shape).double() + 0.5) * 2.0**-32


def _moved(x: Tensor, numbers: Numbers) -> Tensor:
    mean, std = numbers
    return x if (mean, std) == (0.0, 1.0) else mean + std * x


def _laplace(words: Words, shape: Shape, numbers: Numbers) -> Tensor:
    middle = 2 * _between(words, shape) - 1
    return -middle.sign() * torch.log1p(-middle.abs())


def _beta(words: Words, shape: Shape, numbers: Numbers) -> Tensor:
    """X / (X + Y) of two gamma numbers, by their logarithms: small shapes make numbers below any float."""
    given = words.words(*shape, 2, 2 * TRIES + 1)
    alpha, beta = numbers
    x = _log_gamma(given[..., 0, :], alpha)
    y = _log_gamma(given[..., 1, :], beta)
    return torch.sigmoid(x - y)


def _log_gamma(words: Tensor, shape: float) -> Tensor:
    """The logarithm of a gamma number: the first of some tries that is taken (Marsaglia and Tsang 2000).

    It is drawn of shape + 1, and times u^(1 / shape), which also holds below 1.
    """
    between = (words.double() + 0.5) * 2.0**-32
    normal = math.sqrt(2) * torch.erfinv(2 * between[..., :TRIES] - 1)
    u, power = between[..., TRIES:-1], between[..., -1]
    d = shape + 1 - 1 / 3
    v = (1 + normal / math.sqrt(9 * d)).clamp(min=1e-12) ** 3
    taken = u.log() < normal.square() / 2 + d - d * v + d * v.log()
    first = taken.to(torch.uint8).argmax(-1, keepdim=True)
    return (d * v).log().gather(-1, first)[..., 0] + power.log() / shape


def _categorical(words: Words, shape: Shape, numbers: Numbers) -> Tensor:
    given = words.words(*shape)
    shares = torch.tensor(numbers, dtype=torch.float64, device=given.device).cumsum(0)
    u = (given.double() + 0.5) * 2.0**-32 * shares[-1]
    return torch.searchsorted(shares, u, right=True)


def _unit(words: Words, shape: Shape, numbers: Numbers) -> Tensor:
    x = words.normal(*shape)
    length = torch.linalg.vector_norm(x.flatten(1), dim=1)
    return x / length.view(-1, *[1] * len(shape))


_DRAWN: Mapping[str, Callable[[Words, Shape, Numbers], Tensor]] = {
    "normal": lambda words, shape, numbers: _moved(words.normal(*shape), numbers),
    "truncated_normal": lambda words, shape, numbers: _moved(truncated_normal(words.words(*shape)), numbers),
    "log_normal": lambda words, shape, numbers: _moved(words.normal(*shape), numbers).exp(),
    "logit_normal": lambda words, shape, numbers: _moved(words.normal(*shape), numbers).sigmoid(),
    "laplace": _laplace,
    "gumbel": lambda words, shape, numbers: -(-_between(words, shape).log()).log(),
    "exponential": lambda words, shape, numbers: -_between(words, shape).log(),
    "beta": _beta,
    "bernoulli": lambda words, shape, numbers: _between(words, shape) < numbers[0],
    "categorical": _categorical,
    "permutation": lambda words, shape, numbers: words.words(*shape).argsort(dim=1, stable=True),
    "unit": _unit,
}
