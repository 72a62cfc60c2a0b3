"""What may stand where: kinds of a value in every world, and what it is once a node has handled it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gandsl.ir.types import TensorType, is_a

Types = tuple[TensorType, ...]
"""A value's type in each world: a stage of the fold, or a program of the family."""

CARRIED = ("Feature", "Vector", "Tokens")
"""Kinds that folds hand on, and that expressions compute with."""


def plainly(types: Types) -> Types:
    """What a value is as soon as a node has handled it: an Image a Feature, a Latent a Vector."""
    return tuple(
        replace(one, kind=next((kind for kind in CARRIED if is_a(one.kind, kind)), one.kind)) for one in types
    )


def fits(type_: TensorType, kinds: Sequence[str]) -> bool:
    """Whether it is of one of these kinds."""
    return any(is_a(type_.kind, kind) for kind in kinds)


def sided(type_: TensorType, sides: Sequence[int]) -> bool:
    """Whether it is no feature, or has so many sides."""
    return not is_a(type_.kind, "Feature") or len(type_.sides) in sides
