"""Student's t distribution, for whoever draws intervals. Free of numpy."""

from __future__ import annotations

from ..errors import MissingExtra


def quantile(degrees: int, level: float) -> float:
    """Within ± it lies `level` of the distribution of so many degrees of freedom. Raises MissingExtra."""
    try:
        from scipy.special import stdtrit
    except ImportError as missing:
        raise MissingExtra("an interval", "eval") from missing
    return float(stdtrit(degrees, (1 + level) / 2))
