"""A random spec by its name: a seed, and the ops that it is about."""

from __future__ import annotations

from dataclasses import dataclass

from gandsl.ir.op import Op
from gandsl.ir.ops import OPS

GROWABLE = tuple(op for op in OPS.values() if op.ports)

PLAIN = (
    *("linear", "conv", "global_pool", "flatten", "reshape", "one_hot", "to_tokens", "from_tokens"),
    *("chunks", "broadcast_styles", "stack", "add", "modulate", "concat", "resize", "pool", "leaky_relu"),
)
"""Ops that lead from any kind to any other: every spec may have them."""


@dataclass(frozen=True, order=True)
class Recipe:
    """`12` grows of all ops that there are; `12:glu,silu` of these and plain ones, whatever comes later."""

    seed: int
    about: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str) -> Recipe:
        seed, _, about = name.partition(":")
        return cls(int(seed), tuple(about.split(",")) if about else ())

    def __str__(self) -> str:
        return f"{self.seed}:{','.join(self.about)}" if self.about else str(self.seed)

    @property
    def palette(self) -> tuple[Op, ...]:
        """The ops that may stand in its networks."""
        names = dict.fromkeys((*PLAIN, *self.about))
        return tuple(OPS[name] for name in names) if self.about else GROWABLE

    def featured(self, place: int) -> Op:
        """The op that is to stand in this place: first or last in G or D."""
        if self.about:
            return OPS[self.about[(self.seed + place) % len(self.about)]]
        return GROWABLE[(self.seed + (0, 13, 29, 43)[place]) % len(GROWABLE)]
