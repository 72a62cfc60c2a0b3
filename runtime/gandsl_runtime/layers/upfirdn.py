"""Put zeros in, pad or crop, filter, keep every so-many-th pixel: one operator, one launch on CUDA.

On CUDA a depthwise convolution of torch's would want its border filled and copied before, its result cropped
after, and the constant kernel copied for all channels; where it is transposed, cuDNN takes a group for each
channel. Made of torch's operators where there is no Triton. Linear in x, so that its slope is the operator
itself, with up and down changed places: it can be differentiated any number of times.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gandsl_runtime.kernels.found import kernels

CHANNELS_LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
"""That format, by a tensor's dimensions: torch has none for others."""

# a direction: zeros put in, pixels kept, border before and after
Way = tuple[int, int, int, int]


@torch.library.custom_op("gandsl::upfirdn", mutates_args=())
def upfirdn(x: Tensor, kernel: Tensor, rows: list[int], columns: list[int], turned: bool) -> Tensor:
    """x [N, C, H, W], dense; kernel [kh, kw] float32 at least, correlated with x, or convolved if `turned`.

    rows, columns: up, down, pixels before, pixels after; negative ones crop. Each side gets
    (H·up + before + after − kh) // down + 1 pixels. Sums are in the kernel's format.
    """
    if (found := kernels("upfirdn", x.device)) is not None:
        return found.launch(x, _empty(x, kernel, rows, columns), kernel, rows, columns, turned)
    (up, down, top, bottom), (across, left_out, left, right) = rows, columns
    stuffed = x.to(kernel.dtype)
    if up > 1 or across > 1:
        stuffed = stuffed.new_zeros(*x.shape[:2], x.shape[2] * up, x.shape[3] * across)
        stuffed[:, :, ::up, ::across] = x
    planes = functional.pad(stuffed, (left, right, top, bottom)).flatten(0, 1)[:, None]
    taps = kernel.flip(0, 1) if turned else kernel
    y = functional.conv2d(planes, taps[None, None], stride=(down, left_out))
    y = y.view(*x.shape[:2], *y.shape[2:]).to(x.dtype)
    return y.contiguous(memory_format=format_of(x))


def _empty(x: Tensor, kernel: Tensor, rows: list[int], columns: list[int]) -> Tensor:
    sides = zip(x.shape[2:], kernel.shape, (rows, columns), strict=True)
    size = [(n * up + low + high - taps) // down + 1 for n, taps, (up, down, low, high) in sides]
    return x.new_empty(*x.shape[:2], *size).to(memory_format=format_of(x))


upfirdn.register_fake(lambda x, kernel, rows, columns, turned: _empty(x, kernel, rows, columns))


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    x, kernel, ctx.rows, ctx.columns, ctx.turned = inputs
    ctx.save_for_backward(kernel)
    ctx.format = format_of(x)
    ctx.sides = [*zip(x.shape[2:], output.shape[2:], kernel.shape, strict=True)]


def _backward(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
    (kernel,) = ctx.saved_tensors
    rows, columns = (
        [down, up, taps - 1 - low, n * up - made * down - up + 1 + low]
        for (n, made, taps), (up, down, low, _) in zip(ctx.sides, (ctx.rows, ctx.columns), strict=True)
    )
    dy = dy.contiguous(memory_format=ctx.format)
    return upfirdn(dy, kernel, rows, columns, not ctx.turned), None, None, None, None


upfirdn.register_autograd(_backward, setup_context=_keep)


def format_of(x: Tensor) -> torch.memory_format:
    """How a dense tensor lies."""
    last = CHANNELS_LAST.get(x.dim())
    if last is None or x.is_contiguous() or not x.is_contiguous(memory_format=last):
        return torch.contiguous_format
    return last
