"""One input or output of a network: its name, what it is, its shape."""

from __future__ import annotations

from dataclasses import dataclass

INDICES = ("Label", "Classes")  # kinds whose tensors hold numbers of classes, int64


@dataclass(frozen=True)
class Port:
    """One input or output of a network.

    `shape` leaves out the batch: Latent (n,), Image (c, h, w), Label (k,) for k classes, whose tensor is
    int64 (N,), Classes (k, h, w), whose tensor is int64 (N, h, w), and Scalar () which is a 0-d float tensor
    without a batch (the fade's alpha).
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    distribution: str | None = None  # of what is drawn: normal | uniform | truncated_normal

    @property
    def drawn(self) -> bool:
        """Whether an input is drawn where it is not given: a Latent, or a Vector that says how."""
        return self.kind == "Latent" or self.distribution is not None

    @property
    def holds_classes(self) -> bool:
        """Whether its tensor is int64: classes by their numbers."""
        return self.kind in INDICES

    @property
    def sample(self) -> tuple[int, ...]:
        """The shape of one sample in a batch."""
        return sample_shape(self.kind, self.shape)


def sample_shape(kind: str, shape: tuple[int, ...]) -> tuple[int, ...]:
    """What one sample of a type has in a tensor: classes stand there as numbers, without an axis."""
    return shape[1:] if kind in INDICES else shape
