"""Tensor types of the IR: a kind from the GAN vocabulary and a shape without the batch."""

from __future__ import annotations

from gandsl.records import dataclass

# kind → (ranks its shape may have, the kind it also counts as)
KINDS: dict[str, tuple[tuple[int, ...], str | None]] = {
    "Feature": ((3, 2, 4), None),  # channels, and 1 to 3 sides
    "Signal": ((2,), "Feature"),  # channels, length
    "Image": ((3,), "Feature"),  # channels, height, width
    "Volume": ((4,), "Feature"),  # channels, depth, height, width
    "Mask": ((3,), "Feature"),  # 0 and 1, which nothing interpolates
    "Classes": ((3,), None),  # classes, height, width; the tensor holds class indices N × height × width
    "Vector": ((1,), None),
    "Latent": ((1,), "Vector"),
    "Style": ((1,), "Vector"),
    "Styles": ((2,), None),  # layers, dimension
    "Tokens": ((2,), None),  # positions, dimension
    "Label": ((1,), None),  # number of classes; the tensor holds N class indices
    "Logits": ((1, 2, 3, 4), None),  # a vector of logits, or one for each pixel
    "Number": ((0,), None),  # one number a sample: a score, a norm, a mixing weight
    "Scalar": ((0,), None),  # no batch: a mean, a state, a curve, the fade of a growing network
    "Weights": ((0,), None),  # no batch: what a network learns, or a part of it
    "Outputs": ((0,), None),  # what a call gives, before one of it is picked
    "Tensor": ((), None),  # any kind: for ports only
}


UNSAMPLED = frozenset({"Scalar", "Weights", "Outputs"})

PICTURES = ("Signal", "Image", "Volume")
"""What data holds and generators make: features that stay what they are when they are resampled."""


def picture(type_: TensorType) -> str:
    """What a feature is as data, by the number of its sides; the kind of all else."""
    return PICTURES[len(type_.sides) - 1] if is_a(type_.kind, "Feature") else type_.kind


SIDES: dict[str, int] = dict.fromkeys(("Feature", "Mask", "Classes"), 2) | {
    kind: KINDS[kind][0][0] - 1 for kind in PICTURES
}
"""Kind → how many sides a lone number at the end of its shape stands for: `Image[3, 64]`, `Volume[1, 32]`."""


@dataclass(frozen=True, slots=True)
class TensorType:
    """`Feature[512, 8, 8]`: the batch comes first and is never written.

    `times`: how many batches were joined, `Image[3, 8, 8] ×2`; it has so many times the samples of a pass.
    """

    kind: str
    shape: tuple[int, ...]
    times: int = 1

    def __str__(self) -> str:
        words = f"{self.kind}[{', '.join(map(str, self.shape))}]" if self.shape else self.kind
        return words if self.times == 1 else f"{words} ×{self.times}"

    @property
    def sampled(self) -> bool:
        """Whether it has a value for each sample."""
        return self.kind not in UNSAMPLED

    @property
    def sides(self) -> tuple[int, ...]:
        """A length; height, width; or depth, height, width: of a feature or logits by pixel, else ()."""
        return self.shape[1:] if self.kind == "Logits" or is_a(self.kind, "Feature") else ()

    @property
    def elements(self) -> int:
        """Numbers in one sample."""
        count = 1
        for side in self.shape:
            count *= side
        return count


def is_a(kind: str, wanted: str) -> bool:
    """Whether a tensor of `kind` may stand where `wanted` is asked for."""
    if wanted == "Tensor":
        return True
    while kind != wanted:
        parent = KINDS[kind][1]
        if parent is None:
            return False
        kind = parent
    return True


def feature(channels: int, *sides: int) -> TensorType:
    """`Feature[channels, …]`: a length; height and width; or depth, height and width."""
    return TensorType("Feature", (channels, *sides))


def vector(size: int) -> TensorType:
    """`Vector[size]`."""
    return TensorType("Vector", (size,))
