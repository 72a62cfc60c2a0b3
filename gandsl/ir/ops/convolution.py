"""Convolutions, plain, transposed and modulated."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from gandsl.ir.op import (
    AUTO,
    TWICE,
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
    by_side,
    width,
)
from gandsl.ir.ops.border import check_border, size_text, times
from gandsl.ir.ops.weights import (
    BIAS_PARAMS,
    WEIGHT_PARAMS,
    WEIGHTED,
    spectral_buffers,
    weight_and_bias,
)
from gandsl.ir.types import TensorType, feature

CHANNELS = Param("channels", "int", minimum=1, doc="output channels")
KERNEL = Param("kernel", "sides", 3, minimum=1, doc="kernel size, one number or [height, width]")
STRIDE = Param("stride", "sides", 1, minimum=1, maximum=64)
CHANNEL_COUNTS: dict[str, str | Callable[[Call], int]] = {
    "in_channels": width("x"),
    "out_channels": "channels",
}
GROUPS = Param("groups", "int", 1, minimum=1, doc="channel groups that do not see each other")


def _check_groups(call: Call, channels_in: int) -> None:
    for count, culprit in ((channels_in, "x"), (call.channels, "channels")):
        if count % call.groups:
            raise ShapeError(
                "G0215",
                f"{count} channels cannot be split into {call.groups} groups",
                "groups" if culprit == "x" else culprit,
            )


def _over(call: Call, *params: str) -> list[tuple[int, ...]]:
    """The numbers by side of these parameters: of each, one for every side of x."""
    return [by_side(call, param, len(call.input("x").sides)) for param in params]


def padding_of(call: Call) -> tuple[int, ...]:
    """Padding in each direction; AUTO keeps the size at stride 1 (odd kernels)."""
    if call.padding is not AUTO:
        return _over(call, "padding")[0]
    return tuple(side // 2 for side in _over(call, "kernel")[0])


def _conv_output(call: Call) -> TensorType:
    x, padding = call.input("x"), padding_of(call)
    _check_groups(call, x.shape[0])
    named = "kernel" if call.padding is AUTO else "padding"
    check_border(x.sides, [(pad, pad) for pad in padding], call.padding_mode, named)
    kernels, *steps = _over(call, "kernel", "stride", "dilation")
    sides = []
    for side, kernel, pad, stride, dilation in zip(x.sides, kernels, padding, *steps, strict=True):
        room = side + 2 * pad - dilation * (kernel - 1) - 1
        if room < 0:
            raise ShapeError(
                "G0214",
                f"a {size_text(kernels)} kernel does not fit into {times(x.sides)} with padding {pad}",
                "kernel",
            )
        sides.append(room // stride + 1)
    return feature(call.channels, *sides)


def _transpose_output(call: Call) -> TensorType:
    x = call.input("x")
    _check_groups(call, x.shape[0])
    numbers = _over(call, "kernel", "stride", "padding", "output_padding")
    sides = [
        (side - 1) * stride - 2 * padding + kernel + more
        for side, kernel, stride, padding, more in zip(x.sides, *numbers, strict=True)
    ]
    if min(sides) < 1:
        raise ShapeError(
            "G0214", f"padding {size_text(numbers[2])} leaves an output of {times(sides)}", "padding"
        )
    if any(more >= stride and more for _, stride, _, more in zip(*numbers, strict=True)):
        raise ShapeError("G0208", "output_padding must be smaller than the stride", "output_padding")
    return feature(call.channels, *sides)


def _modulated_output(call: Call) -> TensorType:
    channels, height, width = call.input("x").shape
    tall, wide = _over(call, "kernel")[0]
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
        (height - 1) * call.up + tall,
        (width - 1) * call.up + wide,
    )


def _dynamic_output(call: Call) -> TensorType:
    out = _conv_output(Call(call.inputs, {**call.attrs, "padding_mode": "zeros"}))
    given, inputs = call.input("weight").shape[0], call.input("x").shape[0] // call.groups
    kernels = _over(call, "kernel")[0]
    wanted = call.channels * inputs * prod(kernels)
    if given != wanted:
        raise ShapeError(
            "G0219",
            f"a kernel of {call.channels}×{inputs}×{size_text(kernels)} has {wanted} numbers, not {given}",
            "weight",
        )
    return out


def _conv_state(call: Call) -> State:
    shape = (call.channels, call.input("x").shape[0] // call.groups, *_over(call, "kernel")[0])
    return weight_and_bias(shape, call, call.channels)


def _transpose_state(call: Call) -> State:
    shape = (call.input("x").shape[0], call.channels // call.groups, *_over(call, "kernel")[0])
    return weight_and_bias(shape, call, call.channels)


def _modulated_state(call: Call) -> State:
    return {"weight": (call.channels, call.input("x").shape[0], *_over(call, "kernel")[0])}


def _spectral(state: Callable[[Call], State]) -> Callable[[Call], State]:
    """The buffers of a weight with this state: as a matrix, its first dimension against the rest."""

    def buffers(call: Call) -> State:
        rows, *columns = state(call)["weight"]
        return spectral_buffers(call, rows, prod(columns))

    return buffers


def _conv_products(call: Call, out: TensorType) -> Products:
    macs = out.elements * (call.input("x").shape[0] // call.groups) * prod(_over(call, "kernel")[0])
    return (Product(macs, ("x",), (WEIGHT,)),)


def _dynamic_products(call: Call, out: TensorType) -> Products:
    (product,) = _conv_products(call, out)
    return (Product(product.macs, ("x",), ("weight",)),)


def _transpose_products(call: Call, out: TensorType) -> Products:
    macs = call.input("x").elements * (call.channels // call.groups) * prod(_over(call, "kernel")[0])
    return (Product(macs, ("x",), (WEIGHT,)),)


def _modulated_products(call: Call, out: TensorType) -> Products:
    """(x · style) · weight."""
    macs = prod(_over(call, "kernel")[0])
    if call.up == 1:
        macs *= out.elements * call.input("x").shape[0]
    else:
        macs *= call.input("x").elements * call.channels
    return (Product(macs, ("x", "style"), (WEIGHT,)),)


def _padded(call: Call, out: TensorType) -> int:
    """x with its border, which only zeros are convolved without."""
    x = call.input("x")
    return x.shape[0] * prod(side + 2 * pad for side, pad in zip(x.sides, padding_of(call), strict=True))


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
            Param("padding", "sides", AUTO, minimum=0, doc="on every side; default kernel // 2"),
            Param("padding_mode", "enum", "zeros", choices=("zeros", "reflect", "replicate")),
            Param("dilation", "sides", 1, minimum=1),
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
        layer=LayerRule("Conv2d", CHANNEL_COUNTS, {1: "Conv1d", 3: "Conv3d"}),
        fused=Fused.PRODUCT,
        doc="Convolution, over one, two or three sides.",
    ),
    Op(
        "dynamic_conv",
        (
            Port("x", ("Feature",)),
            Port(
                "weight", ("Vector",), doc="a kernel for each sample, flat: [channels, in / groups, kernel]"
            ),
        ),
        (
            CHANNELS,
            KERNEL,
            STRIDE,
            Param("padding", "sides", AUTO, minimum=0, doc="on every side; default kernel // 2"),
            Param("dilation", "sides", 1, minimum=1),
            GROUPS,
        ),
        output=_dynamic_output,
        traits=TWICE,
        products=_dynamic_products,
        keeps=(Keep("x", ("weight",)), Keep("weight", ("x",))),
        example={"channels": 4, "kernel": 1, "weight": (32,)},
        doc="Convolution whose kernel is computed: of a bank, by another network, from a style.",
        source="Jia et al. 2016 (dynamic filter networks)",
    ),
    Op(
        "conv_transpose",
        (Port("x", ("Feature",)),),
        (
            CHANNELS,
            Param("kernel", "sides", 4, minimum=1, doc="kernel size, one number or [height, width]"),
            Param("stride", "sides", 2, minimum=1, maximum=64),
            Param("padding", "sides", 1, minimum=0),
            Param("output_padding", "sides", 0, minimum=0),
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
        layer=LayerRule("ConvTranspose2d", CHANNEL_COUNTS, {1: "ConvTranspose1d", 3: "ConvTranspose3d"}),
        fused=Fused.PRODUCT,
        doc="Transposed convolution, over one, two or three sides; fan_in is the input channels times the "
        "kernel's area.",
    ),
    Op(
        "modulated_conv",
        (
            Port("x", ("Feature",), sides=(2,)),
            Port("style", ("Vector",), doc="one factor for each input channel"),
        ),
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
        layer=LayerRule("ModulatedConv2d", CHANNEL_COUNTS),
        fused=Fused.PRODUCT,
        doc="Convolution whose weight is scaled by a style and normalized again. `init: auto` is N(0, 1).",
        source="StyleGAN2, section 2.2, equations 1 to 3",
    ),
)
