"""Copies of training images among samples: what is nearer to one than held-out images come."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, lgamma
from typing import Any

import numpy as np

from .arrays import Array, Floats, blocks, checked, squared_distances, squared_norms

AROUND = 20  # training images that tell how densely they lie around a sample
TAIL = 0.01  # of held-out images: those nearest to a training image
ALARM = 1e-3  # p below which samples hold copies


def nearest(asked: Any, known: Any, k: int) -> tuple[Floats, Array]:
    """(N, k) and (N, k): Euclidean distances to the k nearest of `known` (M, f), in order, and their rows.

    Of features, or of pixels as rows; both sides are taken block by block. Raises ValueError where they don't
    fit, or fewer than k are known.
    """
    one, other = checked(asked, 1, "nearest images"), checked(known, k, "nearest images, training images")
    if one.shape[1] != other.shape[1]:
        raise ValueError(f"nearest images: {one.shape[1]} values an image, and {other.shape[1]}")
    norms, own = squared_norms(other), squared_norms(one)
    apart, places = np.full((len(one), k), np.inf), np.full((len(one), k), -1)
    for columns in blocks(len(other)):
        wide = other[columns].astype(np.float64)
        for rows in blocks(len(one)):
            some = squared_distances(one[rows].astype(np.float64), wide, own[rows], norms[columns])
            best = np.argpartition(some, min(k, some.shape[1]) - 1, axis=1)[:, :k]
            found = np.concatenate([apart[rows], np.take_along_axis(some, best, 1)], axis=1)
            where = np.concatenate([places[rows], best + columns.start], axis=1)
            order = np.argsort(found, axis=1, kind="stable")[:, :k]
            apart[rows] = np.take_along_axis(found, order, 1)
            places[rows] = np.take_along_axis(where, order, 1)
    return np.sqrt(apart), places


def closeness(asked: Any, known: Any, around: int = AROUND) -> tuple[Floats, Array]:
    """(N,) and (N,): how near the nearest of `known` is, against the mean of the next ones; and its row.

    0 for a copy, near 1 where the nearest is as far as others: a distance that does not depend on how densely
    training images lie there (as in arXiv:2301.13188, section 5.1). Raises ValueError as `nearest`.
    """
    apart, places = nearest(asked, known, min(around, len(known)))
    others = apart[:, 1:].mean(1) if apart.shape[1] > 1 else np.zeros(len(apart))
    return apart[:, 0] / np.where(others > 0, others, np.inf), places[:, 0]


@dataclass(frozen=True)
class Copying:
    """Whether samples hold copies of training images: a test of how many come nearer than held-out images.

    `p`: how probable so many would be, were samples as near as held-out images are.
    """

    p: float
    near: int  # samples nearer than `threshold`
    share: float  # of samples, beyond the share of held-out images that are as near: 0 to 1
    threshold: float  # closeness that 1 of 100 held-out images come below
    closeness: Floats  # (N,) of each sample
    partners: Array  # (N,): the row of the training image nearest to each sample

    @property
    def alarm(self) -> bool:
        return self.p < ALARM

    @property
    def suspects(self) -> Array:
        """(N,): samples in order, the nearest to a training image first."""
        return np.argsort(self.closeness, kind="stable")


def copying(made: Any, training: Any, held_out: Any, around: int = AROUND) -> Copying:
    """Do samples (N, f) come nearer to training images (M, f) than held-out images (K, f) do?

    A rank test in the tail, after Meehan et al. 2020 (arXiv:2004.05675), whose rank test of all distances
    misses copies among samples that are poor otherwise: of images in order of `closeness`, the samples before
    the k-th held-out image are counted, k being 1 of 100. Were both drawn alike, their number would follow
    the negative hypergeometric distribution, and p is its tail. Held-out images must not be trained on.
    Raises ValueError where they don't fit, or there is a single training image.
    """
    checked(training, 2, "copies, training images")
    ours, partners = closeness(made, training, around)
    theirs, _ = closeness(held_out, training, around)
    k = max(1, round(TAIL * len(theirs)))
    threshold = float(np.sort(theirs)[k - 1])
    near = int((ours < threshold).sum())
    beyond = max(0.0, near / len(ours) - (k - 1) / len(theirs))
    return Copying(_tail(near, k, len(ours), len(theirs)), near, beyond, threshold, ours, partners)


def _tail(near: int, k: int, made: int, held_out: int) -> float:
    """The probability that `near` samples or more come before the k-th held-out image, in a random order.

    They do where of the first near + k − 1 images at least `near` are samples: a hypergeometric tail.
    """
    first = near + k - 1
    most = min(first, made)
    return min(1.0, sum(_hypergeometric(count, first, made, held_out) for count in range(near, most + 1)))


def _hypergeometric(count: int, drawn: int, made: int, held_out: int) -> float:
    """The probability of so many samples among the drawn."""
    if drawn - count > held_out:
        return 0.0
    return exp(
        _log_choose(made, count) + _log_choose(held_out, drawn - count) - _log_choose(made + held_out, drawn)
    )


def _log_choose(count: int, chosen: int) -> float:
    return lgamma(count + 1) - lgamma(chosen + 1) - lgamma(count - chosen + 1)
