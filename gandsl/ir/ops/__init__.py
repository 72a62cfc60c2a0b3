"""The op table: every primitive of the language, by name."""

from gandsl.ir.op import Op
from gandsl.ir.ops import (
    activation,
    attention,
    combine,
    convolution,
    dense,
    norm,
    resample,
    shape,
    source,
    style,
)
from gandsl.ir.ops.precision import CAST
from gandsl.ir.packages import ADDED, find

FAMILIES = {
    "source": source,
    "dense": dense,
    "convolution": convolution,
    "style": style,
    "norm": norm,
    "activation": activation,
    "resample": resample,
    "combine": combine,
    "shape": shape,
    "attention": attention,
}
"""The files of the table."""

OPS: dict[str, Op] = {op.name: op for family in FAMILIES.values() for op in family.OPS}
"""The ops of the language."""


class _Primitives(dict[str, Op]):
    """Knows an op of a package too, though no spec has been read: an unpickled network names it."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in ADDED

    def __missing__(self, name: str) -> Op:
        if name not in ADDED:
            find(name)
        return ADDED[name]


PRIMITIVES: dict[str, Op] = _Primitives(OPS | {CAST.name: CAST})
"""All ops of a graph: those of the language, what packages add, and what the compiler puts in."""


def known_op(name: str) -> Op | None:
    """An op that a text may name: of the language, or of a package that was asked for."""
    return OPS.get(name) or ADDED.get(name)
