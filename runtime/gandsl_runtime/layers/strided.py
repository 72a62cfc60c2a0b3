"""Convolutions as torch has them, around two faults of its CPU kernels, and one of its second derivatives."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

Sides = int | tuple[int, ...]


def each(value: Sides, sides: int = 2) -> tuple[int, ...]:
    """One number for every side, or the number of each."""
    return (value,) * sides if isinstance(value, int) else tuple(value)


_CONV = {3: functional.conv1d, 4: functional.conv2d, 5: functional.conv3d}  # by a batch's dimensions
_TRANSPOSED = {3: functional.conv_transpose1d, 4: functional.conv_transpose2d, 5: functional.conv_transpose3d}


def conv(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sides = 1,
    padding: Sides = 0,
    dilation: Sides = 1,
    groups: int = 1,
) -> Tensor:
    """As `torch.nn.functional.conv2d`, and conv1d and conv3d."""
    count = x.dim() - 2
    if _wrong_in_16_bits(x, weight, tuple(x.shape[2:]), stride, padding, dilation):
        bias = None if bias is None else bias.float()
        return conv(x.float(), weight.float(), bias, stride, padding, dilation, groups).to(x.dtype)
    if _misread(x, groups):
        x = _contiguous(x)
    if groups > 1 and _constant(x, weight):
        how = each(stride, count), each(padding, count), each(dilation, count), False, (0,) * count, groups
        return _Constant.apply(x, weight, bias, *how)
    return _CONV[x.dim()](x, weight, bias, stride, padding, dilation, groups)


def conv_transpose(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Sides = 1,
    padding: Sides = 0,
    output_padding: Sides = 0,
    groups: int = 1,
) -> Tensor:
    """As `torch.nn.functional.conv_transpose2d`, and conv_transpose1d and conv_transpose3d."""
    count = x.dim() - 2
    numbers = (each(one, count) for one in (stride, padding, output_padding))
    sides = zip(x.shape[2:], weight.shape[2:], *numbers, strict=True)
    made = tuple((n - 1) * step - 2 * pad + taps + more for n, taps, step, pad, more in sides)
    if _wrong_in_16_bits(
        x, weight, made, stride, padding, 1
    ):  # it is the reverse of a convolution of its result
        bias = None if bias is None else bias.float()
        wide = conv_transpose(x.float(), weight.float(), bias, stride, padding, output_padding, groups)
        return wide.to(x.dtype)
    if _misread(x, groups):
        x = _contiguous(x)
    if groups > 1 and _constant(x, weight):
        how = each(stride, count), each(padding, count), (1,) * count, True, each(output_padding, count)
        return _Constant.apply(x, weight, bias, *how, groups)
    return _TRANSPOSED[x.dim()](x, weight, bias, stride, padding, output_padding, groups)


def _constant(x: Tensor, weight: Tensor) -> bool:
    """Whether the weight wants no gradient, and something else may. A compiler gets what it knows."""
    return x.requires_grad and not weight.requires_grad and not torch.compiler.is_compiling()


class _Constant(torch.autograd.Function):
    """A convolution by a weight that wants no gradient: the same numbers, and no work for one.

    torch's second derivative makes the weight's share whether it is wanted or not, and in a convolution of
    groups by one convolution a group: of a depthwise filter on 512 channels, 512 of them.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None, *how: Any) -> Tensor:
        return torch.convolution(x, weight, bias, *how)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        x, weight, bias, *ctx.how = inputs
        ctx.save_for_backward(x, weight)
        ctx.biases = None if bias is None else bias.shape

    @staticmethod
    def backward(ctx: Any, dy: Tensor) -> tuple[Any, ...]:
        x, weight = ctx.saved_tensors
        to_bias = ctx.biases is not None and ctx.needs_input_grad[2]
        dx, db = _ConstantSlope.apply(dy, x.detach(), weight, ctx.biases if to_bias else None, *ctx.how)
        return dx, None, db, *(None,) * 6


class _ConstantSlope(torch.autograd.Function):
    """The slopes of `_Constant` by x, and by the bias if it has a shape."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        dy: Tensor, x: Tensor, weight: Tensor, biases: torch.Size | None, *how: Any
    ) -> tuple[Tensor, Tensor | None]:
        wanted = [True, False, biases is not None]
        dx, _, db = torch.ops.aten.convolution_backward(dy, x, weight, biases, *how, wanted)
        return dx, db

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        dy, _, weight, _, *ctx.how = inputs
        ctx.shape = dy.shape
        ctx.save_for_backward(weight)
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx: Any, ddx: Tensor | None, ddb: Tensor | None) -> tuple[Any, ...]:
        (weight,) = ctx.saved_tensors
        found = None if ddx is None else _Constant.apply(ddx, weight, None, *ctx.how)
        if ddb is not None:
            raised = ddb.view(1, -1, *[1] * (len(ctx.shape) - 2))
            found = raised.expand(ctx.shape) if found is None else found + raised
        return found, *(None,) * 9


_AMX: bool = getattr(torch.cpu, "_is_amx_tile_supported", lambda: False)()


def _wrong_in_16_bits(
    x: Tensor, weight: Tensor, size: tuple[int, ...], stride: Sides, padding: Sides, dilation: Sides
) -> bool:
    """Whether oneDNN is wrong in 16 bits, for a convolution of a feature of this size: then 32 are taken.

    With a stride it leaves gradients of some taps as it finds the memory: those of a kernel's taps that see
    padding alone (a 3×3 kernel on 1×1, a 4×4 one on 2×2), and some on features of one pixel. On a processor
    with AMX kernels whose sides are multiples of 8 give other numbers where there are fewer than 16 channels;
    a weight's second derivative is made by a convolution whose kernel is the result's gradient, and whose
    channels are the samples. Both: torch 2.13.0+cpu, where they are still to be reported.
    """
    if x.dtype not in (torch.bfloat16, torch.float16) or x.device.type != "cpu":
        return False
    if _AMX and (weight.requires_grad or any(taps % 8 == 0 for taps in weight.shape[2:])):
        return True
    if all(one == 1 for one in each(stride, 1)):
        return False
    numbers = (each(one, len(size)) for one in (stride, padding, dilation))
    sides = zip(size, weight.shape[2:], *numbers, strict=True)
    return 1 in x.shape[2:] or any(_unseen(*side) for side in sides)


def _misread(x: Tensor, groups: int) -> bool:
    """One pixel in float64 and in groups, whose part of a group may have the strides of channels last.

    The kernel without oneDNN then makes room for the weight's gradient in that layout, and refuses it
    ("grad_weight must be contiguous"): torch 2.13.0+cpu.
    """
    if groups == 1 or x.dtype != torch.float64 or x.device.type != "cpu":
        return False
    return x.shape[2:].numel() == 1


def _unseen(side: int, taps: int, stride: int, padding: int, dilation: int) -> bool:
    """Whether some tap lies on padding wherever the kernel stands."""
    places = range(0, side + 2 * padding - dilation * (taps - 1), stride)
    return any(
        all(not 0 <= place + tap * dilation - padding < side for place in places) for tap in range(taps)
    )


def _contiguous(x: Tensor) -> Tensor:
    """With a contiguous tensor's strides: sides of 1 may have any, and count as channels last by them."""
    return x.contiguous().flatten().view(x.shape)
