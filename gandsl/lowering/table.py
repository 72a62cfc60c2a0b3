"""What each primitive becomes: a layer to build and call, or a function to call.

No torch here: names and literals only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gandsl.ir.op import Call
from gandsl.ir.ops.weights import BIAS_PARAMS, WEIGHT_PARAMS
from gandsl.spec.values import Size

Literal = int | float | bool | str | None | tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Layer:
    """`layers.<name>(**kwargs)`, built once under the node's id and called with the inputs in port order."""

    name: str
    kwargs: Mapping[str, Literal]


@dataclass(frozen=True, slots=True)
class Function:
    """`ops.<name>(<inputs in the order of ports>, **kwargs)`; a variadic port is one list."""

    name: str
    kwargs: Mapping[str, Literal]


Target = Layer | Function
WEIGHT = tuple(param.name for param in WEIGHT_PARAMS)
BIAS = tuple(param.name for param in BIAS_PARAMS)


def _width(port: str) -> Callable[[Call], int]:
    """The channels, features or classes of an input."""
    return lambda call: call.input(port).shape[0]


def _depth(port: str) -> Callable[[Call], int]:
    """The numbers in each vector of an input: tokens count like a list of vectors."""
    return lambda call: call.input(port).shape[-1]


def _space(port: str) -> Callable[[Call], Literal]:
    """Height and width of an input."""
    return lambda call: literal(Size(*call.input(port).shape[1:]))


def _value(name: str) -> Callable[[Call], Literal]:
    return lambda call: literal(call.attrs[name])


@dataclass(frozen=True, slots=True)
class Row:
    """A layer's class and constructor's arguments: rules on the call (`sizes`), and the op's parameters."""

    name: str
    sizes: Mapping[str, Callable[[Call], Literal]]
    params: tuple[str, ...] = ()

    def __call__(self, call: Call) -> Layer:
        given = {name: rule(call) for name, rule in self.sizes.items()}
        return Layer(self.name, given | {name: literal(call.attrs[name]) for name in self.params})


LAYERS: dict[str, Row] = {
    "constant": Row("Constant", {"channels": _value("channels"), "size": _value("size")}, ("init",)),
    "coordinates": Row("Coordinates", {"size": _value("size")}),
    "fourier_features": Row(
        "FourierFeatures", {"channels": _value("channels"), "size": _value("size")}, ("rate", "bandwidth")
    ),
    "linear": Row(
        "Linear",
        {"in_features": _depth("x"), "out_features": _value("features")},
        ("bias", *WEIGHT, "bias_init"),
    ),
    "embedding": Row("Embedding", {"classes": _width("y"), "features": _value("features")}, WEIGHT),
    "one_hot": Row("OneHot", {"classes": _width("y")}),
    "bias": Row("Bias", {"channels": _width("x")}, ("init", "lr_multiplier")),
    "gain": Row("Gain", {"channels": _width("x")}, ("init", "per_channel")),
    "noise": Row("Noise", {"channels": _width("x"), "size": _space("x")}, ("per_channel", "init")),
    "conv": Row(
        "Conv2d",
        {"in_channels": _width("x"), "out_channels": _value("channels")},
        ("kernel", "stride", "padding", "padding_mode", "dilation", "groups", "bias", *WEIGHT, "bias_init"),
    ),
    "conv_transpose": Row(
        "ConvTranspose2d",
        {"in_channels": _width("x"), "out_channels": _value("channels")},
        ("kernel", "stride", "padding", "output_padding", "groups", "bias", *WEIGHT, "bias_init"),
    ),
    "modulated_conv": Row(
        "ModulatedConv2d",
        {"in_channels": _width("x"), "out_channels": _value("channels")},
        ("kernel", "demodulate", "up", "eps", *WEIGHT),
    ),
    "fir": Row("Fir", {}, ("taps", "up", "down", "pad", "gain")),
    "lowpass": Row(
        "Lowpass",
        {"length": _value("length")},
        ("cutoff", "half_width", "rate", "radial", "up", "down", "pad", "gain"),
    ),
    "normalize_magnitude": Row("NormalizeMagnitude", {}, ("beta",)),
    "batch_norm": Row(
        "BatchNorm", {"channels": _width("x")}, ("affine", "eps", "momentum", "init_std", "rows")
    ),
    "instance_norm": Row("InstanceNorm", {"channels": _width("x")}, ("affine", "eps")),
    "group_norm": Row("GroupNorm", {"channels": _width("x")}, ("groups", "affine", "eps")),
    "layer_norm": Row("LayerNorm", {"channels": _width("x")}, ("affine", "eps")),
    "track_average": Row("TrackAverage", {"features": _width("x")}, ("beta",)),
    "dropout": Row("Dropout", {}, ("p",)),
    "cast": Row("Cast", {}, ("dtype",)),
}
"""Ops with state, chance or a constant tensor.

All others are functions of the same name, with the op's parameters.
"""


def lower(call: Call, node: Any) -> Target:
    """The target of an IR node. Its keyword arguments are complete, defaults included, and literals all."""
    row = LAYERS.get(node.op)
    if row is not None:
        return row(call)
    return Function(node.op, {param.name: literal(call.attrs[param.name]) for param in node.spec.params})


def literal(value: Any) -> Literal:
    """A parameter's value as it stands in source: a size is a number, or height and width."""
    if isinstance(value, Size):
        return value.h if value.h == value.w else (value.h, value.w)
    if isinstance(value, (list, tuple)):
        return tuple(literal(item) for item in value)
    return value
