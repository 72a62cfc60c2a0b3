"""How a stored tensor differs from ours, each way with its inverse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Change:
    """`ours(theirs(x)) == x` for every x; the shape of theirs follows from ours."""

    ours: Callable[[Tensor], Tensor]
    theirs: Callable[[Tensor], Tensor]
    doc: str

    def shape(self, ours: tuple[int, ...]) -> tuple[int, ...]:
        """The shape in the file of what has this shape here."""
        return tuple(self.theirs(torch.empty(ours, device="meta")).shape)


def leading(count: int) -> Change:
    """Theirs has `count` dimensions of size 1 in front."""
    return Change(
        lambda t: t.reshape(t.shape[count:]),
        lambda t: t.reshape((1,) * count + tuple(t.shape)),
        f"{count} leading dimensions of 1",
    )


def _first(like: Tensor) -> Tensor:
    return torch.eye(1, len(like), dtype=like.dtype, device=like.device)[0]


SAME = Change(lambda t: t, lambda t: t, "as it is")
FLIPPED = Change(lambda t: t.flip(-2, -1), lambda t: t.flip(-2, -1), "the kernel turned by 180°")
TRANSPOSED = Change(lambda t: t.transpose(0, 1), lambda t: t.transpose(0, 1), "rows and columns exchanged")
PLUS_ONE = Change(lambda t: t + 1, lambda t: t - 1, "stored without the 1 that is added")
FIRST_MINUS_ONE = Change(
    lambda t: t - _first(t), lambda t: t + _first(t), "stored with the 1 that is added to the first number"
)
POINTWISE = Change(lambda t: t[:, :, None, None], lambda t: t[:, :, 0, 0], "a matrix, here a 1×1 convolution")
MAP_BIAS = Change(lambda t: t.flatten(), lambda t: t.reshape(1, -1, 1, 1), "a bias shaped as a feature")
ROW = Change(lambda t: t[None], lambda t: t[0], "a vector, here a matrix of one row")
TRANSPOSED_CONVOLUTION = Change(
    lambda t: t.transpose(0, 1).flip(-2, -1),
    lambda t: t.transpose(0, 1).flip(-2, -1),
    "the kernel of a transposed convolution",
)
STATISTICS = Change(
    lambda t: t,
    lambda t: t if t.dim() == 2 else t.expand(51, *t.shape),
    "statistics at 51 truncations from 0 to 1; where we keep but one, all are alike",
)
FIRST_CONVOLUTION = Change(
    lambda t: t.flip(-2, -1).permute(0, 2, 3, 1).reshape(-1, t.shape[1]),
    lambda t: t.reshape(-1, 4, 4, t.shape[1]).permute(0, 3, 1, 2).flip(-2, -1),
    "a 4×4 convolution with padding 3 over one pixel, here the linear map it is",
)
