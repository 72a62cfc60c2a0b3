"""A twin: a spec's networks by hand, and which of their keys are which of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from torch import nn

Keys = dict[str, str]
"""Ours → the twin's, of tensors or of modules whose tensors have the same names."""


class Twin(NamedTuple):
    """Both networks of a spec by hand, with the map of keys."""

    generator: Callable[[], nn.Module]
    generator_keys: Keys
    discriminator: Callable[[], nn.Module]
    discriminator_keys: Keys


def within(ours: str, theirs: str, names: Iterable[str]) -> Keys:
    """The same names under two prefixes."""
    return {f"{ours}.{name}": f"{theirs}.{name}" for name in names}
