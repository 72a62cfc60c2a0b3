"""What the metrics share: features that were looked at, rows in blocks, distances of all pairs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]

ROWS = 1024  # a block: with 10,000 columns 80 MB of float64
ROUNDING = 1e-12  # of a squared norm


def checked(features: Any, least: int, what: str) -> Array:
    """Features as an array (N, f), on the CPU. Raises ValueError unless they are N ≥ `least` finite rows."""
    found = np.asarray(features)
    if found.ndim != 2 or not found.shape[1]:
        raise ValueError(f"{what}: features are a table of images × features, not of shape {found.shape}")
    if len(found) < least:
        raise ValueError(f"{what}: {len(found)} images are too few, at least {least} are needed")
    for rows in blocks(len(found)):
        if not np.isfinite(found[rows]).all():
            raise ValueError(f"{what}: a feature between images {rows.start} and {rows.stop} is no number")
    return found


def alike(made: Any, real: Any, least: int, what: str) -> tuple[Array, Array]:
    """Both sets as `checked` has them. Raises ValueError where they have not the same features."""
    one, other = checked(made, least, f"{what}, samples"), checked(real, least, f"{what}, real images")
    if one.shape[1] != other.shape[1]:
        raise ValueError(f"{what}: samples have {one.shape[1]} features, real images {other.shape[1]}")
    return one, other


def blocks(count: int, size: int = ROWS) -> Iterator[slice]:
    """Rows 0 to `count`, a block after the other."""
    return (slice(first, min(first + size, count)) for first in range(0, count, size))


def squared_norms(rows: Array) -> Floats:
    """(N,): the sum of squares of each row, in float64."""
    found = np.empty(len(rows))
    for some in blocks(len(rows)):
        wide = rows[some].astype(np.float64)
        found[some] = np.einsum("nf,nf->n", wide, wide)
    return found


def squared_distances(a: Floats, b: Floats, a_norms: Floats, b_norms: Floats) -> Floats:
    """(n, m): ‖a‖² + ‖b‖² − 2ab, and 0 where that is no more than what rounding leaves of equal rows."""
    found: Floats = (-2.0 * a) @ b.T
    found += a_norms[:, None]
    found += b_norms
    rows, columns = np.nonzero(found < ROUNDING * (a_norms.max() + b_norms.max()))
    equal = found[rows, columns] < ROUNDING * (a_norms[rows] + b_norms[columns])
    found[rows[equal], columns[equal]] = 0.0
    return found
