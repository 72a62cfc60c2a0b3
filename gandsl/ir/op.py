"""What a row of the op table is made of: ports, parameters, traits, and rules for the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from enum import IntEnum, StrEnum
from typing import Any

from gandsl.diagnostics.errors import Fault
from gandsl.ir.types import TensorType
from gandsl.records import dataclass
from gandsl.spec.values import Size

REQUIRED: Any = object()
AUTO: Any = None  # a parameter whose default depends on the others; its doc says how


class Trait(StrEnum):
    """What the compiler must know of an op beyond its type (DESIGN, P11)."""

    TWICE_DIFFERENTIABLE = "twice_differentiable"  # its derivative is its true derivative, and has one itself
    BATCH_COUPLED = "batch_coupled"  # a sample sees the others, and not in running statistics alone
    BATCH_NORMALIZED = "batch_normalized"  # … because it normalizes over the batch
    STATEFUL = "stateful"  # keeps buffers that change in training
    RANDOM = "random"  # draws numbers
    WEIGHTED = "weighted"  # has a weight and takes the weight parametrization's parameters
    CONSTANT = "constant"  # its derivative is 0: what it gives is a constant to all that reads it
    MEASURES_GRADIENT = "measures_gradient"  # what comes back of two gradients' sum is no sum
    REGULARIZES = "regularizes"  # changes what is trained with: in evaluation its first input passes
    AT_OUTPUT = "at_output"  # may stand between the last product and an output, and then has all 32 bits


TWICE = frozenset({Trait.TWICE_DIFFERENTIABLE})


class Stands(StrEnum):
    """Where an op may stand."""

    ANYWHERE = "anywhere"  # in a game too, unless it has a layer: those are of networks
    GAME = "game"  # in the body of a game alone


class Fused(IntEnum):
    """An op's place in a fused call: a product, and in this order what may follow it."""

    PRODUCT = -1  # its layer takes the rest: `layers.epilogue`
    ADDED = 0  # noise and bias, in any order
    ACTIVATION = 1  # a function of the op's name, whose parameters are among slope and gain
    GAIN = 2
    CLAMP = 3


@dataclass(frozen=True, slots=True)
class Port:
    """An input. A variadic port takes any number of tensors; absent ones drop out."""

    name: str
    kinds: tuple[str, ...]
    variadic: bool = False
    optional: bool = False
    counts: bool = False  # only the number of its samples is read
    positive: bool = False  # takes numbers above 0
    in_game: tuple[str, ...] = ()  # kinds that it takes in a game, too
    sides: tuple[int, ...] = ()  # how many a feature may have; empty: any number
    doc: str = ""

    @property
    def everywhere(self) -> tuple[str, ...]:
        """The kinds that it takes in a game."""
        return self.kinds + self.in_game


@dataclass(frozen=True, slots=True)
class Param:
    """A compile-time parameter; `type` is one of the language's parameter types."""

    name: str
    type: str
    default: Any = REQUIRED
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    instead: bool = False  # a number in the place of an optional port that is left out
    form: Callable[[Any, Call], Any] | None = None  # a value as a node holds it, of several ways to write one
    doc: str = ""

    @property
    def required(self) -> bool:
        return self.default is REQUIRED


class ShapeError(Fault):
    """A shape rule's complaint. `culprit` is the port or parameter to point at, `code` a diagnostic code."""

    def __init__(self, code: str, message: str, culprit: str = "", help: str | None = None) -> None:
        super().__init__(code, message, help)
        self.culprit = culprit


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
        if name == "attrs" or name.startswith("__"):  # of one that is being copied, and has none yet
            raise AttributeError(name)
        try:
            return self.attrs[name]
        except KeyError:
            raise AttributeError(name) from None


def width(port: str) -> Callable[[Call], int]:
    """A rule: the channels, features or classes of an input."""
    return lambda call: call.input(port).shape[0]


def depth(port: str) -> Callable[[Call], int]:
    """A rule: the numbers in each vector of an input; tokens count like a list of vectors."""
    return lambda call: call.input(port).shape[-1]


def channels(port: str) -> Callable[[Call], int]:
    """A rule: the channels of an input; of tokens the features of each."""
    return lambda call: call.input(port).shape[-1 if is_last(port)(call) else 0]


def is_last(port: str) -> Callable[[Call], bool]:
    """A rule: whether the channels of an input are its last dimension, as of tokens."""
    return lambda call: call.input(port).kind in ("Tokens", "Styles")


def space(port: str) -> Callable[[Call], Size]:
    """A rule: the sides of an input."""
    return lambda call: Size(*call.input(port).sides)


def by_side(call: Call, param: str, sides: int) -> tuple[int, ...]:
    """A parameter of type `sides`, for each side. Raises ShapeError where it has another number of them."""
    value = call.attrs[param]
    if not isinstance(value, int) and len(value) != sides:
        message = f"`{param}` has {len(value)} numbers, and the feature {sides} side{'s' * (sides > 1)}"
        help = "one number stands for all sides, a list has one for each: [height, width] of an image"
        raise ShapeError("G0224", message, param, help=help)
    return each_side(value, sides)


def each_side(value: int | Sequence[int], sides: int) -> tuple[int, ...]:
    """A number by side, for each of them."""
    return (value,) * sides if isinstance(value, int) else tuple(value)


def settled(value: Any) -> Any:
    """A number by side: one where they are all the same."""
    return value[0] if isinstance(value, list | tuple) and len({*value}) == 1 else value


Shape = tuple[int, ...]
State = dict[str, Shape]


def _no_state(call: Call) -> State:
    return {}


WEIGHT = "weight"  # the op's own learned tensors, where ports are named


@dataclass(frozen=True, slots=True)
class Product:
    """`macs` multiply-adds, for one sample, of two operands; each names its ports (or WEIGHT)."""

    macs: int
    a: tuple[str, ...]
    b: tuple[str, ...]


Products = tuple[Product, ...]


def _no_products(call: Call, output: TensorType) -> Products:
    return ()


@dataclass(frozen=True, slots=True)
class Keep:
    """A tensor kept for the backward pass where one of `needed_by` needs a gradient (empty: the output).

    `what` is a port's name or "output"; or `extra` counts an intermediate result, in numbers of 32 bits, for
    one sample.
    """

    what: str
    needed_by: tuple[str, ...] = ()
    extra: Callable[[Call, TensorType], int] | None = None
    in_place: bool = False  # fused behind a product it overwrites `what`, and keeps its output instead
    mask: bool = False  # the gradient is multiplied by what follows from its sign or place alone
    when: Callable[[Call], bool] | None = None  # only with these parameters


@dataclass(frozen=True, slots=True)
class LayerRule:
    """The layer that an op becomes: `name`, or for features of other than two sides that of `beside`.

    `sizes` gives the constructor's arguments that are no parameters of the same name: the parameter that one
    is, or a rule. All other parameters are handed on by name.
    """

    name: str
    sizes: Mapping[str, str | Callable[[Call], Any]] = field(default_factory=dict)
    beside: Mapping[int, str] = field(default_factory=dict)

    def named(self, call: Call) -> str:
        """The layer of this use."""
        x = call.inputs.get("x") if self.beside else None
        return self.beside.get(len(x[0].sides), self.name) if x else self.name

    def parameter(self, argument: str) -> str | None:
        """The op's parameter behind an argument of the constructor; None where a rule computes it."""
        source = self.sizes.get(argument, argument)
        return source if isinstance(source, str) else None


@dataclass(frozen=True, slots=True, eq=False)  # one row is one op: hashed as itself
class Op:
    """A primitive: at most one learned weight and one bias.

    All that the compiler knows of it stands here. It becomes `layer`, else the function of its name, of
    gandsl_runtime; or of `module`, where an installed package adds the op.
    """

    name: str
    ports: tuple[Port, ...]
    params: tuple[Param, ...]
    output: Callable[[Call], TensorType]
    traits: frozenset[Trait]
    weights: Callable[[Call], State] = _no_state  # learned tensors by name
    buffers: Callable[[Call], State] = _no_state  # saved, not learned
    products: Callable[[Call, TensorType], Products] = _no_products  # its multiply-adds
    keeps: tuple[Keep, ...] = ()  # for the backward pass
    layer: LayerRule | None = None
    derived: Mapping[str, Callable[[Call], Any]] = field(
        default_factory=dict
    )  # further arguments, of a function
    module: str = ""  # dotted; empty: gandsl_runtime.layers or .ops
    fused: Fused | None = None
    factor: str = ""  # the parameter that multiplies the result
    group: str = ""  # the parameter that says how many samples are taken together; 0: the whole batch
    place: Stands = Stands.ANYWHERE
    counts_itself: bool = False  # `output` says how many batches were joined (`times`), too
    needs: str = ""  # beside tensors: what the lowering of a game finds for it, so that it is no call alone
    example: Mapping[str, Any] = field(default_factory=dict)  # parameters that go together, for tests
    doc: str = ""
    source: str = ""

    def port(self, name: str) -> Port | None:
        return next((port for port in self.ports if port.name == name), None)

    def param(self, name: str) -> Param | None:
        return next((param for param in self.params if param.name == name), None)

    def has(self, trait: Trait) -> bool:
        return trait in self.traits

    def result(self, call: Call) -> TensorType:
        """The type of the output. Raises ShapeError.

        Inputs are of as many joined batches, all of them, and so is the output.
        """
        self._check_sides(call)
        made = self.output(call)
        if self.counts_itself:
            return made
        counts = {
            type_.times: port for port, types in call.inputs.items() for type_ in types if type_.sampled
        }
        if len(counts) > 1:
            (few, _), (many, port) = sorted(counts.items())[:2]
            raise ShapeError(
                "G0213",
                f"what `{self.name}` reads has the samples of {few} batch{'es' * (few > 1)} and of {many}",
                port,
                help="`split` takes joined batches apart",
            )
        (times,) = counts or {1: ""}
        if made.times == times or not (made.sampled or made.kind == "Outputs"):
            return made
        return replace(made, times=times)

    def _check_sides(self, call: Call) -> None:
        for port in self.ports:
            for type_ in call.inputs.get(port.name, ()) if port.sides else ():
                if type_.sides and len(type_.sides) not in port.sides:
                    wanted = f"{' or '.join(map(str, port.sides))} side{'s' * (port.sides != (1,))}"
                    raise ShapeError(
                        "G0223",
                        f"`{self.name}` knows features of {wanted}, and this is {type_}",
                        port.name,
                    )

    def settled(self, call: Call) -> dict[str, Any]:
        """Parameters as a node holds them: what is the same on every side is one number."""
        found = dict(call.attrs)
        for param in self.params:
            if param.type == "sides":
                found[param.name] = settled(found[param.name])
            elif param.form is not None:
                found[param.name] = param.form(found[param.name], call)
        return found

    @property
    def in_networks(self) -> bool:
        """Whether a network's body may have it."""
        return self.place is not Stands.GAME

    @property
    def in_games(self) -> bool:
        """Whether a game's body may have it: nothing that learns or keeps buffers."""
        return self.place is Stands.GAME or (self.layer is None and self.name != "input")

    def macs(self, call: Call, output: TensorType) -> int:
        """Multiply-adds of one sample's forward."""
        return sum(product.macs for product in self.products(call, output))

    @property
    def holds_nothing(self) -> bool:
        """Whether it has no weight and no buffer, whatever it is given."""
        return self.weights is _no_state and self.buffers is _no_state

    @property
    def is_source(self) -> bool:
        """Whether it makes its output of nothing but a batch size."""
        return bool(self.ports) and all(port.counts for port in self.ports)

    @property
    def couples_statistics(self) -> bool:
        """Whether it computes a statistic over a batch, in evaluation too."""
        return self.has(Trait.BATCH_COUPLED) and not self.has(Trait.BATCH_NORMALIZED)
