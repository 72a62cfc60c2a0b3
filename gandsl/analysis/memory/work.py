"""A call as the rules of ops see it: its inputs and weights, and what rides along with a product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gandsl.analysis.memory.ghost import Ghost, Shape, Tape
from gandsl.analysis.memory.primitives import (
    CURVED,
    FLAT,
    add,
    addcmul,
    cast,
    clamp,
    matmul,
    mul,
    scaled,
    sum_to,
    unary,
    view,
)
from gandsl.analysis.memory.step import Step
from gandsl.ir.graph import Node

FULL = 4  # bytes of a float32
HOMOGENEOUS = frozenset({None, "relu", "leaky_relu"})

Weights = Mapping[str, Ghost]  # `<node id>.<name>` → parameter


@dataclass(frozen=True)
class Work:
    """One call: the step, its inputs by port, and every parameter of the network."""

    tape: Tape
    step: Step
    inputs: Mapping[str, Sequence[Ghost]]
    weights: Weights
    samples: int
    channels_last: bool = False

    def __getattr__(self, name: str) -> Any:
        """A parameter of the op."""
        try:
            return self.step.attrs[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def x(self) -> Ghost:
        return self.inputs["x"][0]

    @property
    def shape(self) -> Shape:
        """Of the result."""
        return (self.samples, *self.step.type.shape)

    def weight(self, name: str, node: Node | None = None) -> Ghost | None:
        return self.weights.get(f"{(node or self.step.node).id}.{name}")

    def learned(self, name: str) -> Ghost:
        return self.weights[f"{self.step.node.id}.{name}"]

    def new(self, shape: Shape) -> Ghost:
        """In full precision."""
        return self.tape.new(shape)

    @property
    def width(self) -> int:
        """Bytes of a number of x: layers follow the format of their features."""
        return self.x.width


@dataclass(frozen=True)
class After:
    """What rides along with a product, as gandsl_runtime.layers.epilogue.Epilogue."""

    riders: Mapping[str, Node]
    plane: Ghost | None

    @property
    def activation(self) -> str | None:
        return next((op for op in self.riders if op not in ("noise", "bias", "scale", "clamp")), None)

    @property
    def gain(self) -> float:
        gain = self.riders["scale"].attrs["factor"] if "scale" in self.riders else 1.0
        slope = self.riders.get("leaky_relu")
        return float(gain * (slope.attrs["gain"] if slope else 1.0))

    @property
    def inner(self) -> float:
        return self.gain if self.gain > 0 and self.activation in HOMOGENEOUS else 1.0


def after_of(work: Work) -> After:
    """What rides along, the plane of noise drawn."""
    riders = {node.op: node for node in work.step.riders}
    plane = work.new((work.samples, 1, *work.step.type.shape[1:])) if "noise" in riders else None
    return After(riders, plane)


def finish(work: Work, y: Ghost, after: After, *, fresh: bool = True) -> Ghost:
    """The epilogue on a product that has its bias: in place where y is fresh."""
    if after.plane is not None:
        y = noisy(work, y, after.plane, after.riders["noise"], after.inner, fresh)
    if name := after.activation:
        slope = after.riders[name].attrs.get("slope", 0.2)
        y = activated(y, name, fresh and (name != "leaky_relu" or slope > 0))
    if after.gain != after.inner:
        y = scaled(y)
    return clamp(y) if "clamp" in after.riders else y


def noisy(work: Work, y: Ghost, plane: Ghost, node: Node, gain: float, fresh: bool) -> Ghost:
    """y + gain · strength · plane."""
    strength = work.weights[f"{node.id}.strength"]
    strength = cast(strength if gain == 1.0 else scaled(strength), y.width)
    plane = cast(plane, y.width)
    if strength.shape:
        return addcmul(y, plane, view(strength, (1, *strength.shape, 1, 1)), inplace=fresh)
    return add(y, mul(plane, view(strength, (1, 1, 1, 1))), inplace=fresh)


IN_PLACE = ("relu", "leaky_relu", "tanh", "sigmoid")


def activated(y: Ghost, name: str, fresh: bool) -> Ghost:
    """The activation, in place where y is fresh and the derivative needs the result only."""
    curve = FLAT if name in ("relu", "leaky_relu") else CURVED
    inplace = fresh and name in IN_PLACE
    keeps_output = name in ("relu", "tanh", "sigmoid") or inplace
    return unary(y, saves="y" if keeps_output else "x", curve=curve, inplace=inplace)


def used(work: Work, gain: float = 1.0) -> tuple[Ghost, bool]:
    """The weight of this call, and whether it must still be multiplied by a number."""
    weight = work.learned("weight")
    if work.step.attrs["weight"] == "spectral":
        return mul(weight, view(spectral_factor(work, weight), (1,) * len(weight.shape))), gain != 1.0
    return weight, work.lr_multiplier * gain != 1.0 or work.step.attrs["weight"] == "equalized"


def spectral_factor(work: Work, weight: Ghost) -> Ghost:
    """1 / σ, by one step of the power iteration."""
    rows = weight.shape[0]
    columns = weight.elements // rows
    transposed = view(weight, (columns, rows))
    image = matmul(work.new((1, columns)), transposed, (1, rows))
    sigma = sum_to(mul(image, work.new((1, rows))), (1,))
    return unary(sigma, saves="y")


def bias_of(work: Work, after: After, gain: float) -> Ghost | None:
    """The layer's own bias and the one that rides along, as one."""
    bias, extra = work.weight("bias"), after.riders.get("bias")
    if bias is not None and work.lr_multiplier != 1.0:
        bias = scaled(bias)
    if extra is not None:
        other = work.weights[f"{extra.id}.bias"]
        other = other if extra.attrs["lr_multiplier"] == 1.0 else scaled(other)
        bias = other if bias is None else add(bias, other)
    if bias is None:
        return None
    return cast(bias if gain == 1.0 else scaled(bias), work.width)


def smaller(x: Ghost, weight: Ghost, factor: bool) -> tuple[Ghost, Ghost]:
    """The smaller of both takes the number."""
    if not factor:
        return x, weight
    return (scaled(x), weight) if x.elements < weight.elements else (x, scaled(weight))
