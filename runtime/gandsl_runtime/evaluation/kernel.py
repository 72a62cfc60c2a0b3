"""Kernel distance (KID): the squared maximum mean discrepancy of features, unbiased at any number."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from .arrays import ROWS, Array, Floats, alike, blocks


def polynomial(a: Floats, b: Floats) -> Floats:
    """(n, m): (a·b / f + 1)³ of rows with f features: arXiv:1801.01401, section 4."""
    products = a @ b.T
    products /= a.shape[1]
    products += 1.0
    found: Floats = products * products
    found *= products
    return found


@dataclass(frozen=True)
class KernelSums:
    """Sums of the kernel over pairs of images, apart for each pair of groups that the images are in.

    `made` and `real` (G, G) leave out the pairs of an image with itself; `between` (G, G) has rows of
    samples. `made_counts` and `real_counts` (G) are the images of each group: of N, every G-th, from the
    first, the second … The distance over some of the groups takes no further pass over the images.
    """

    made: Floats
    real: Floats
    between: Floats
    made_counts: Floats
    real_counts: Floats

    @classmethod
    def of(cls, made: Any, real: Any, groups: int = 1) -> KernelSums:
        """Of features (N, f) and (M, f), block by block: some 100 MB with 10,000 images of each.

        Raises ValueError where they don't fit, or a group would have fewer than 2 images.
        """
        one, other = alike(made, real, 2 * groups, "KID")
        samples, images = _grouped(one, groups), _grouped(other, groups)
        return cls(
            _sums(samples, samples, own=True),
            _sums(images, images, own=True),
            _sums(samples, images, own=False),
            np.array([len(group) for group in samples], dtype=np.float64),
            np.array([len(group) for group in images], dtype=np.float64),
        )

    def distance(self, kept: Collection[int] | None = None) -> float:
        """The unbiased estimate: arXiv:1801.01401, appendix A; over all groups, or those that are `kept`."""
        some = np.arange(len(self.made)) if kept is None else np.array(sorted(kept), dtype=int)
        pairs = np.ix_(some, some)
        n, m = self.made_counts[some].sum(), self.real_counts[some].sum()
        own = self.made[pairs].sum() / (n * (n - 1)) + self.real[pairs].sum() / (m * (m - 1))
        return float(own - 2 * self.between[pairs].sum() / (n * m))


def kid(made: Any, real: Any) -> float:
    """The kernel distance of features (N, f) and (M, f): over all pairs, where others average over subsets.

    May fall below 0 where the distributions are the same. Raises ValueError as `KernelSums.of`.
    """
    return KernelSums.of(made, real).distance()


def _grouped(features: Array, groups: int) -> list[Array]:
    return [features[group::groups] for group in range(groups)]


def _sums(a: list[Array], b: list[Array], own: bool) -> Floats:
    """(G, G): the kernel summed over pairs of a group with a group; within a set, each pair counts twice."""
    found = np.zeros((len(a), len(b)))
    for i, rows in enumerate(a):
        for j, columns in enumerate(b):
            if not own:
                found[i, j] = _sum(rows, columns)
            elif i < j:
                found[i, j] = found[j, i] = _sum(rows, columns)
        if own:
            found[i, i] = _sum_of_others(rows)
    return found


def _sum(a: Array, b: Array) -> float:
    wide = [b[columns].astype(np.float64) for columns in blocks(len(b), ROWS)]
    return sum(
        float(polynomial(a[rows].astype(np.float64), columns).sum())
        for rows in blocks(len(a), ROWS)
        for columns in wide
    )


def _sum_of_others(rows: Array) -> float:
    """Over all pairs of two different images: twice the pairs of blocks, and within blocks without itself."""
    total = 0.0
    for some in blocks(len(rows), ROWS):
        wide = rows[some].astype(np.float64)
        within = polynomial(wide, wide)
        total += float(within.sum() - np.trace(within)) + 2 * _sum(wide, rows[some.stop :])
    return total
