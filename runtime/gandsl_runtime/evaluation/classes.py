"""Figures that know of classes: Inception score, distances by class, whether samples are of their class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import Array, Floats, alike, blocks, checked, squared_distances, squared_norms
from .kernel import kid


def inception_score(logits: Any, splits: int = 10) -> tuple[float, float]:
    """Mean and standard deviation over `splits` of exp E KL(p(y|x) ‖ p(y)): arXiv:1606.03498, section 4.

    Of logits (N, classes), before the softmax; a split is what stands one after the other. Raises ValueError
    for fewer images than splits.
    """
    found = checked(logits, splits, "inception score").astype(np.float64)
    logs = found - found.max(1, keepdims=True)
    logs -= np.log(np.exp(logs).sum(1, keepdims=True))
    scores = [_score(part) for part in np.array_split(logs, splits)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(logs: Floats) -> float:
    """Of the logarithms of p(y|x): the divergence is Σ p(y|x) (log p(y|x) − log p(y)), 0 where p is 0."""
    shares = np.exp(logs)
    whole = shares.mean(0)
    with np.errstate(divide="ignore"):
        marginal = np.where(whole > 0, np.log(whole), 0.0)
    return float(np.exp((shares * (logs - marginal)).sum(1).mean()))


@dataclass(frozen=True)
class ByClass:
    """A figure of each class; `left_out` are the classes with too few images on a side."""

    values: Mapping[int, float]
    left_out: tuple[int, ...]

    @property
    def mean(self) -> float:
        """Each class counts as much as another: the intra-class distance of arXiv:1802.05637, section 4.1."""
        return float(np.mean(list(self.values.values())))

    @property
    def worst(self) -> int:
        """The class with the highest figure."""
        return max(self.values, key=lambda one: self.values[one])


def by_class(
    made: Any,
    made_labels: Any,
    real: Any,
    real_labels: Any,
    distance: Callable[[Array, Array], float] = kid,
    least: int = 2,
) -> ByClass:
    """A distance of samples and real images (N, f), (M, f) within each class of labels (N), (M).

    A class with fewer than `least` images on either side is left out. Raises ValueError where no class is
    left, or labels and features differ in number.
    """
    one, other = alike(made, real, least, "distances by class")
    ours, theirs = _labels(made_labels, one), _labels(real_labels, other)
    classes = sorted({*ours.tolist(), *theirs.tolist()})
    counted = {label: min((ours == label).sum(), (theirs == label).sum()) for label in classes}
    kept = [label for label in classes if counted[label] >= least]
    if not kept:
        raise ValueError(f"distances by class: no class has {least} samples and {least} real images")
    return ByClass(
        {label: distance(one[ours == label], other[theirs == label]) for label in kept},
        tuple(label for label in classes if label not in kept),
    )


def within_class(features: Any, labels: Any, figure: Callable[[Array], float], least: int = 2) -> ByClass:
    """A figure of the images of each class: `similarity.diversity`. Raises ValueError as `by_class`."""
    found = checked(features, least, "figures within a class")
    own = _labels(labels, found)
    classes, counts = np.unique(own, return_counts=True)
    if counts.max() < least:
        raise ValueError(f"figures within a class: no class has {least} images")
    return ByClass(
        {int(one): figure(found[own == one]) for one in classes[counts >= least]},
        tuple(map(int, classes[counts < least])),
    )


def named_class(features: Any, known: Any, labels: Any, k: int = 5) -> Array:
    """(N,): the class of each row, by a vote of its k nearest among `known` (M, f) of `labels` (M).

    Where several classes have as many votes, that of the nearest image wins. Raises ValueError where features
    don't fit, or fewer than k are known.
    """
    one, other = checked(features, 1, "classes"), checked(known, k, "classes, known images")
    own = _labels(labels, other)
    wide, norms = other.astype(np.float64), squared_norms(other)
    found = np.empty(len(one), dtype=own.dtype)
    for rows in blocks(len(one)):
        some = one[rows].astype(np.float64)
        apart = squared_distances(some, wide, squared_norms(some), norms)
        nearest = np.argpartition(apart, k - 1, axis=1)[:, :k]
        order = np.argsort(np.take_along_axis(apart, nearest, 1), axis=1, kind="stable")
        votes = own[np.take_along_axis(nearest, order, 1)]
        counts = (votes[:, :, None] == votes[:, None, :]).sum(2)  # of each neighbour's class
        found[rows] = np.take_along_axis(votes, counts.argmax(1)[:, None], 1)[:, 0]
    return found


def agreement(named: Any, asked: Any) -> float:
    """The share of images whose class, or highest logit (N, classes), is the one that was asked for (N).

    Raises ValueError where they differ in number, or there are none.
    """
    found = np.asarray(named)
    classes = found if found.ndim == 1 else found.argmax(1)
    if not len(classes):
        raise ValueError("agreement: there are no images")
    return float((classes == _labels(asked, classes)).mean())


def _labels(labels: Any, rows: Array) -> Array:
    found = np.asarray(labels)
    if found.shape != (len(rows),):
        raise ValueError(f"labels of shape {found.shape} for {len(rows)} images: one each is wanted")
    return found
