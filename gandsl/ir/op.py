"""What a row of the op table is made of: ports, parameters, traits, rules for shape, state and cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gandsl.ir.types import TensorType

REQUIRED: Any = object()
AUTO: Any = None  # a parameter whose default depends on the others; its doc says how


class Trait(StrEnum):
    """What the compiler must know of an op beyond its type (DESIGN, P11)."""

    TWICE_DIFFERENTIABLE = "twice_differentiable"  # its derivative is its true derivative, and has one itself
    BATCH_COUPLED = "batch_coupled"  # a sample's output depends on the other samples
    BATCH_NORMALIZED = "batch_normalized"  # … because it normalizes over the batch
    STATEFUL = "stateful"  # keeps buffers that change in training
    RANDOM = "random"  # draws numbers
    WEIGHTED = "weighted"  # has a weight and takes the weight parametrization's parameters


@dataclass(frozen=True, slots=True)
class Port:
    """An input. A variadic port takes any number of tensors; absent ones drop out."""

    name: str
    kinds: tuple[str, ...]
    variadic: bool = False
    optional: bool = False
    counts: bool = False  # only the number of its samples is read
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Param:
    """A compile-time parameter; `type` is one of the language's parameter types."""

    name: str
    type: str
    default: Any = REQUIRED
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    doc: str = ""

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


class ShapeError(Exception):
    """A shape rule's complaint. `culprit` is the port or parameter to point at, `code` a diagnostic code."""

    def __init__(self, code: str, message: str, culprit: str = "", help: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.culprit, self.help = code, message, culprit, help


@dataclass(frozen=True, slots=True)
class Call:
    """One use of an op, as its rules see it: input types by port, and every parameter's value."""

    inputs: Mapping[str, tuple[TensorType, ...]]
    attrs: Mapping[str, Any]

    def input(self, port: str) -> TensorType:
        return self.inputs[port][0]

    def has(self, port: str) -> bool:
        return bool(self.inputs.get(port))

    def __getattr__(self, name: str) -> Any:
        try:
            return self.attrs[name]
        except KeyError:
            raise AttributeError(name) from None


Shape = tuple[int, ...]
State = dict[str, Shape]


def _no_state(call: Call) -> State:
    return {}


def _no_macs(call: Call, output: TensorType) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Op:
    """A primitive: at most one learned weight and one bias."""

    name: str
    ports: tuple[Port, ...]
    params: tuple[Param, ...]
    output: Callable[[Call], TensorType]
    traits: frozenset[Trait] = frozenset({Trait.TWICE_DIFFERENTIABLE})
    weights: Callable[[Call], State] = _no_state  # learned tensors by name
    buffers: Callable[[Call], State] = _no_state  # saved, not learned
    macs: Callable[[Call, TensorType], int] = _no_macs  # multiply-adds of one sample's forward
    doc: str = ""
    source: str = ""

    def port(self, name: str) -> Port | None:
        return next((port for port in self.ports if port.name == name), None)

    def param(self, name: str) -> Param | None:
        return next((param for param in self.params if param.name == name), None)

    def has(self, trait: Trait) -> bool:
        return trait in self.traits
