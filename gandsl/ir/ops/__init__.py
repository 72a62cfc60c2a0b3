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

OPS: dict[str, Op] = {
    op.name: op
    for family in (
        source,
        dense,
        convolution,
        style,
        norm,
        activation,
        resample,
        combine,
        shape,
        attention,
    )
    for op in family.OPS
}
"""The ops of the language."""

PRIMITIVES: dict[str, Op] = OPS | {CAST.name: CAST}
"""All ops of a graph: those of the language, and what the compiler puts in."""
