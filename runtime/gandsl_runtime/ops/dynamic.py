"""Convolution whose kernel each sample brings along."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor
from torch.nn import functional

_CONVOLUTIONS = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}


def dynamic_conv(
    x: Tensor,
    weight: Tensor,
    *,
    channels: int,
    kernel: int | Sequence[int] = 3,
    stride: int | Sequence[int] = 1,
    padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
) -> Tensor:
    """x [N, C, …] by the kernel of each sample: [N, channels · C / groups · kernel] → [N, channels, …].

    A kernel is flat, in the order [channels, C / groups, *kernel]. padding: on every side; None: kernel // 2.
    All samples in one grouped convolution.
    """
    samples, inputs, *sides = x.shape
    kernels = (kernel,) * len(sides) if isinstance(kernel, int) else tuple(kernel)
    border = tuple(side // 2 for side in kernels) if padding is None else padding
    each = weight.reshape(samples * channels, inputs // groups, *kernels).to(x.dtype)
    rows = x.reshape(1, samples * inputs, *sides)
    y = _CONVOLUTIONS[len(sides)](rows, each, None, stride, border, dilation, samples * groups)
    return y.view(samples, channels, *y.shape[2:])
