"""What makes one computation of two: the same op, parameters and operands; and what keeps them apart."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from gandsl.ir.op import Trait

APART = {
    Trait.RANDOM: "draws numbers of its own",
    Trait.STATEFUL: "keeps statistics of its own",
    Trait.WEIGHTED: "has a weight of its own",
    Trait.MEASURES_GRADIENT: "measures the gradient that comes back to it",
}
"""Why two alike are two, by the trait that says so."""


def frozen(value: Any) -> Hashable:
    """Parameters or operands as a dictionary key, to the bit; fx nodes count by identity."""
    if isinstance(value, (list, tuple)):
        return tuple(frozen(item) for item in value)
    if hasattr(value, "items"):
        return tuple(sorted((key, frozen(item)) for key, item in value.items()))
    return type(value).__name__, repr(value) if isinstance(value, float) else value
