"""Names that expressions of tests may read, one of each kind of value."""

from __future__ import annotations

from typing import Any

from gandsl.spec.values import ABSENT, POISON, Opaque, Size


class Feature(Opaque):
    """A stand-in for a tensor with items."""

    kind_name = "a Feature"
    attributes = ("channels", "height")

    def attribute(self, name: str) -> Any:
        return {"channels": 64, "height": 8}[name]

    def item(self, index: int) -> Any:
        return ["s0", "s1"][index]

    def slice(self, low: int | None, high: int | None) -> list[Any]:
        return ["s0", "s1"][low:high]


X = Feature()
NAMES = {
    "a": 3,
    "b": 4,
    "f": 0.5,
    "flag": True,
    "res": Size(96, 160),
    "square": Size(64, 64),
    "xs": [1, 2, 3],
    "mode": "nearest",
    "gone": ABSENT,
    "failed": POISON,
    "x": X,
    "thing": Opaque(),
    "steps": 16,
}
