"""What a program is optimized for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Target:
    """device: where it will run; None: where the weights are when it is called. mode: whether weights change.

    batch: samples a call, if known. dtype: of the activations, as torch names it. channels_last: whether
    features lie so in memory. falls_back: whether 16 bits are only for devices that are made for them.
    recomputed: ids of stages whose features are not kept for the backward. Passes choose by these; results
    are the same for any target.
    """

    device: Literal["cpu", "cuda"] | None = None
    mode: Literal["train", "inference"] = "train"
    batch: int | None = None
    dtype: str = "float32"
    channels_last: bool = False
    falls_back: bool = False
    recomputed: tuple[str, ...] = ()
