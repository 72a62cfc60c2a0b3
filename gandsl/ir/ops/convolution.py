"""Convolutions, plain, transposed and modulated."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from gandsl.ir.op import (
    AUTO,
    WEIGHT,
    Call,
    Fused,
    Keep,
    LayerRule,
    Op,
    Param,
    Port,
    Product,
    Products,
    ShapeError,
    State,
    width,
)
from gandsl.ir.ops.border import check_border
from gandsl.ir.ops.weights import (
    BIAS_PARAMS,
    WEIGHT_PARAMS,
    WEIGHTED,
    spectral_buffers,
    weight_and_bias,
)
from gandsl.ir.types import TensorType, feature

CHANNELS = Param("channels", "int", minimum=1, doc="output channels")
KERNEL = Param("kernel", "size", 3, minimum=1, doc="kernel size, one number or [height, width]")
STRIDE = Param("stride", "int", 1, minimum=1, maximum=64)
GROUPS = Param("groups", "int", 1, minimum=1, doc="channel groups that do not see each other")


def _check_groups(call: Call, channels_in: int) -> None:
    for count, culprit in ((channels_in, "x"), (call.channels, "channels")):
        if count % call.groups:
            raise ShapeError(
                "G0215",
                f"{count} channels cannot be split into {call.groups} groups",
                "groups" if culprit == "x" else culprit,
            )


def padding_of(call: Call) -> tuple[int, int]:
    """Vertical and horizontal padding; AUTO keeps the size at stride 1 (odd kernels)."""
    if call.padding is not AUTO:
        return (call.padding, call.padding)
    return (call.kernel.h // 2, call.kernel.w // 2)


def _conv_output(call: Call) -> TensorType:
    channels, height, width = call.input("x").shape
    _check_groups(call, channels)
    padding = padding_of(call)
    named = "kernel" if call.padding is AUTO else "padding"
    check_border((height, width), [(pad, pad) for pad in padding], call.padding_mode, named)
    sides = []
    for side, kernel, pad in zip((height, width), (call.kernel.h, call.kernel.w), padding, strict=True):
        room = side + 2 * pad - call.dilation * (kernel - 1) - 1
        if room < 0:
            raise ShapeError(
                "G0214",
                f"a {call.kernel} kernel does not fit into {height}×{width} with padding {pad}",
                "kernel",
            )
        sides.append(room // call.stride + 1)
    return feature(call.channels, *sides)


def _transpose_output(call: Call) -> TensorType:
    channels, height, width = call.input("x").shape
    _check_groups(call, channels)
    sides = [
        (side - 1) * call.stride - 2 * call.padding + kernel + call.output_padding
        for side, kernel in zip((height, width), (call.kernel.h, call.kernel.w), strict=True)
    ]
    if min(sides) < 1:
        raise ShapeError(
            "G0214", f"padding {call.padding} leaves an output of {sides[0]}×{sides[1]}", "padding"
        )
    if call.output_padding >= call.stride and call.output_padding:
        raise ShapeError("G0208", "output_padding must be smaller than the stride", "output_padding")
    return feature(call.channels, *sides)


def _modulated_output(call: Call) -> TensorType:
    channels, height, width = call.input("x").shape
    style = call.input("style").shape[0]
    if style != channels:
        raise ShapeError(
            "G0210",
            f"the style has {style} numbers but x has {channels} channels",
            "style",
            help=f"one number for each input channel: put `{{op: linear, features: {channels}}}` before it",
        )
    if call.up == 1:
        return feature(call.channels, height, width)
    return feature(
        call.channels,
        (height - 1) * call.up + call.kernel.h,
        (width - 1) * call.up + call.kernel.w,
    )


def _conv_state(call: Call) -> State:
    shape = (call.channels, call.input("x").shape[0] // call.groups, call.kernel.h, call.kernel.w)
    return weight_and_bias(shape, call, call.channels)


def _transpose_state(call: Call) -> State:
    shape = (call.input("x").shape[0], call.channels // call.groups, call.kernel.h, call.kernel.w)
    return weight_and_bias(shape, call, call.channels)


def _modulated_state(call: Call) -> State:
    return {"weight": (call.channels, call.input("x").shape[0], call.kernel.h, call.kernel.w)}


def _spectral(state: Callable[[Call], State]) -> Callable[[Call], State]:
    """The buffers of a weight with this state: as a matrix, its first dimension against the rest."""

    def buffers(call: Call) -> State:
        rows, *columns = state(call)["weight"]
        return spectral_buffers(call, rows, prod(columns))

    return buffers


def _conv_products(call: Call, out: TensorType) -> Products:
    macs = out.elements * (call.input("x").shape[0] // call.groups) * call.kernel.h * call.kernel.w
    return (Product(macs, ("x",), (WEIGHT,)),)


def _transpose_products(call: Call, out: TensorType) -> Products:
    macs = call.input("x").elements * (call.channels // call.groups) * call.kernel.h * call.kernel.w
    return (Product(macs, ("x",), (WEIGHT,)),)


def _modulated_products(call: Call, out: TensorType) -> Products:
    """(x · style) · weight."""
    if call.up == 1:
        macs = out.elements * call.input("x").shape[0] * call.kernel.h * call.kernel.w
    else:
        macs = call.input("x").elements * call.channels * call.kernel.h * call.kernel.w
    return (Product(macs, ("x", "style"), (WEIGHT,)),)


def _padded(call: Call, out: TensorType) -> int:
    """x with its border, which only zeros are convolved without."""
    (channels, *sides), padding = call.input("x").shape, padding_of(call)
    return channels * prod(side + 2 * pad for side, pad in zip(sides, padding, strict=True))


def _modulated(call: Call, out: TensorType) -> int:
    """x · style, and the result before demodulation."""
    return call.input("x").elements + out.elements * bool(call.demodulate)


OPS = (
    Op(
        "conv",
        (Port("x", ("Feature",)),),
        (
            CHANNELS,
            KERNEL,
            STRIDE,
            Param("padding", "int", AUTO, minimum=0, doc="on every side; default kernel // 2"),
            Param("padding_mode", "enum", "zeros", choices=("zeros", "reflect", "replicate")),
            Param("dilation", "int", 1, minimum=1),
            GROUPS,
            *WEIGHT_PARAMS,
            *BIAS_PARAMS,
        ),
        output=_conv_output,
        traits=WEIGHTED,
        weights=_conv_state,
        buffers=_spectral(_conv_state),
        products=_conv_products,
        keeps=(Keep("x"), Keep("padded", extra=_padded, when=lambda call: call.padding_mode != "zeros")),
        layer=LayerRule("Conv2d", {"in_channels": width("x"), "out_channels": "channels"}),
        fused=Fused.PRODUCT,
        doc="Convolution.",
    ),
    Op(
        "conv_transpose",
        (Port("x", ("Feature",)),),
        (
            CHANNELS,
            Param("kernel", "size", 4, minimum=1, doc="kernel size, one number or [height, width]"),
            Param("stride", "int", 2, minimum=1, maximum=64),
            Param("padding", "int", 1, minimum=0),
            Param("output_padding", "int", 0, minimum=0),
            GROUPS,
            *WEIGHT_PARAMS,
            *BIAS_PARAMS,
        ),
        output=_transpose_output,
        traits=WEIGHTED,
        weights=_transpose_state,
        buffers=_spectral(_transpose_state),
        products=_transpose_products,
        keeps=(Keep("x"),),
        layer=LayerRule("ConvTranspose2d", {"in_channels": width("x"), "out_channels": "channels"}),
        fused=Fused.PRODUCT,
        doc="Transposed convolution; fan_in is the input channels times the kernel's area.",
    ),
    Op(
        "modulated_conv",
        (Port("x", ("Feature",)), Port("style", ("Vector",), doc="one factor for each input channel")),
        (
            CHANNELS,
            KERNEL,
            Param("demodulate", "bool", True, doc="divide each output channel by its weights' norm"),
            Param(
                "up",
                "int",
                1,
                minimum=1,
                maximum=2,
                doc="2: transposed with stride 2 and no padding (2h + kernel − 2); follow it with `fir`",
            ),
            Param("eps", "float", 1e-8, minimum=0.0, doc="under the root of the demodulation"),
            *WEIGHT_PARAMS,
        ),
        output=_modulated_output,
        traits=WEIGHTED,
        weights=_modulated_state,
        buffers=_spectral(_modulated_state),
        products=_modulated_products,
        keeps=(Keep("x", ("style",)), Keep("x · style", extra=_modulated)),
        layer=LayerRule("ModulatedConv2d", {"in_channels": width("x"), "out_channels": "channels"}),
        fused=Fused.PRODUCT,
        doc="Convolution whose weight is scaled by a style and normalized again. `init: auto` is N(0, 1).",
        source="StyleGAN2, section 2.2, equations 1 to 3",
    ),
)
