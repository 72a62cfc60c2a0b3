"""One input or output of a network: its name, what it is, its shape."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Port:
    """One input or output of a network.

    `shape` leaves out the batch: Latent (n,), Image (c, h, w), Label (k,) for k classes, whose
    tensor is int64 (N,), and Scalar () which is a 0-d float tensor without a batch (the fade's alpha).
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    distribution: str | None = None  # of a Latent: normal | uniform | truncated_normal
