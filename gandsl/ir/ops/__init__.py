"""The op table: every primitive of the language, by name."""

from gandsl.ir.op import Op
from gandsl.ir.ops import (
    activation,
    arithmetic,
    attention,
    axes,
    backwards,
    codes,
    combine,
    convolution,
    dense,
    game,
    norm,
    reduction,
    resample,
    samples,
    shape,
    signal,
    source,
    style,
    tokens,
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
    "signal": signal,
    "attention": attention,
    "codes": codes,
    "backwards": backwards,
    "tokens": tokens,
    "arithmetic": arithmetic,
    "axes": axes,
    "reduction": reduction,
    "game": game,
    "samples": samples,
}
"""The files of the table."""

_ROWS = [op for family in FAMILIES.values() for op in family.OPS]

OPS: dict[str, Op] = {op.name: op for op in _ROWS if op.in_networks}
"""The ops of the language that a network may have."""

GAME_OPS: dict[str, Op] = {op.name: op for op in _ROWS if not op.in_networks}
"""Those that stand in games alone."""


class _Primitives(dict[str, Op]):
    """Knows an op of a package too, though no spec has been read: an unpickled network names it."""

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in ADDED

    def __missing__(self, name: str) -> Op:
        if name not in ADDED:
            find(name)
        return ADDED[name]


PRIMITIVES: dict[str, Op] = _Primitives(OPS | GAME_OPS | {CAST.name: CAST})
"""All ops of a graph: those of the language, what packages add, and what the compiler puts in."""


def known_op(name: str) -> Op | None:
    """An op that a network may name: of the language, or of a package that was asked for."""
    return OPS.get(name) or ADDED.get(name)


def op_of_game(name: str) -> Op | None:
    """An op that a game's body may name: its own, and those of the language that keep nothing."""
    row = GAME_OPS.get(name) or OPS.get(name)
    return row if row is not None and row.in_games else None
