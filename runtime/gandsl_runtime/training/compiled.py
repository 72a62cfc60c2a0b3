"""Parts of a step through torch.compile, those that are differentiated twice included, checked against eager.

A gradient that is differentiated again is taken *inside* the compiled part: what it returns is differentiated
once only. What layers draw is drawn before and handed in: compiling changes no number but by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from .. import rng
from ..layers import Cast
from ..ops.gradient import inner_gradients
from ..recompute import Moment
from .penalties import path_lengths

LOUD = (2, 13)  # below, compiled second derivatives may be wrong without a word (pytorch issue 181581)
CLOSE, CLOSE_IN_16_BITS = 1e-3, 0.1  # relative: rounding gives 1e-6, a lost path of gradients 0.5
NOISE = 0.1  # a gradient that is 0 but for rounding (a bias before a norm) is held against this share of all

Function = Callable[..., tuple[Tensor, ...]]
Backend = str | Callable[..., Any]  # of torch.compile


def with_gradients(program: Function, images: int) -> Function:
    """(scale, *arguments) → (outputs…, ∂ Σ score / ∂ each image): what penalties on D want of it.

    The first `images` arguments are images. The score of one is the mean of an output's numbers, and over
    outputs. `scale`: as of `inner_gradients`.
    """

    def both(scale: Any, *args: Tensor) -> tuple[Tensor, ...]:
        outputs = program(*args)
        scores = torch.stack([output.flatten(1).mean(1) for output in outputs]).mean(0)
        return (*outputs, *inner_gradients(scores.sum(), args[:images], scale))

    return both


def with_lengths(program: Function, styles: int) -> Function:
    """(scale, *arguments, *y) → (images…, path lengths); of `styles` arguments the first are the styles."""

    def both(scale: Any, *args: Tensor) -> tuple[Tensor, ...]:
        images = program(*args[:styles])
        return (*images, path_lengths(images, args[0], args[styles:], scale))

    return both


def linearized(
    outputs: Sequence[Tensor], gradients: Sequence[Tensor], images: Sequence[Tensor]
) -> tuple[Tensor, ...]:
    """The outputs with a gradient to the images: outputs + ⟨images − images held fast, gradients⟩.

    What is added is 0. Its derivative by the images is `gradients`, which carry the one by the weights: so
    penalties may differentiate the outputs by the images, and then by the weights, though the compiled part
    is differentiated but once.
    """
    tangent: Tensor = sum(  # type: ignore[assignment]
        ((image - image.detach()) * gradient).flatten(1).sum(1)
        for image, gradient in zip(images, gradients, strict=True)
    )
    return tuple(output + tangent.view(-1, *[1] * (output.dim() - 1)) for output in outputs)


class Compiler:
    """Compiles parts of a step when they are first called, and leaves those eager that don't agree.

    A part has code of its own, one form of its arguments and one state of its network: what is compiled when
    it is first run has no sizes that vary, and is never compiled again. backend: torch.compile's. warn: is
    told of every part that stays eager, and why.
    """

    def __init__(self, backend: Backend, warn: Callable[[str], None]) -> None:
        from torch._dynamo import config as dynamo
        from torch._inductor import config as inductor

        self.backend, self.warn = backend, warn
        dynamo.trace_autograd_ops = True  # else gradients inside a part are refused
        inductor.fallback_random = True  # torch's generators give what they give in eager
        self.parts: dict[tuple[object, ...], CompiledPart] = {}
        self._pieces: dict[nn.Module, tuple[list[nn.Module], list[nn.Parameter]]] = {}

    def __call__(
        self,
        name: tuple[object, ...],
        network: nn.Module,
        function: Function,
        *args: Any,
    ) -> tuple[Tensor, ...]:
        """function(*args), which calls layers of `network` alone and is the same for one name."""
        key = (*name, torch.is_grad_enabled(), *self._state(network), *map(_form, args))
        part = self.parts.get(key)
        if part is None:
            if not self.parts and (remark := remark_on(torch.__version__)):
                self.warn(remark)
            said = " ".join(str(word) for word in name if word != "")
            part = self.parts[key] = CompiledPart(said, network, function, self.backend)
            if (why := part.settle(args)) is not None:
                self.warn(f"{said} stays eager: {why}")
        return part(args)

    def _state(self, network: nn.Module) -> tuple[object, ...]:
        """What a graph takes for settled of its network: modes of layers, and whose gradients are wanted."""
        if network not in self._pieces:
            self._pieces[network] = list(network.modules()), list(network.parameters())
        modules, weights = self._pieces[network]
        return tuple([m.training for m in modules]), tuple([weight.requires_grad for weight in weights])


def remark_on(version: str) -> str | None:
    """What is to be said of a torch that loses gradients of gradients without a word; None of a newer one."""
    if tuple(int(number) for number in version.split("+")[0].split(".")[:2]) >= LOUD:
        return None
    return (
        f"torch {version} may lose gradients of compiled penalties without a word: each part is held against "
        "eager when it is first run, and stays eager where it differs; torch 2.13 says so itself"
    )


def _form(arg: Any) -> object:
    """What a graph takes for settled of an argument: all of a number, of a tensor all but its numbers."""
    if not isinstance(arg, Tensor):
        return arg
    return arg.shape, arg.stride(), arg.dtype, arg.requires_grad


class CompiledPart:
    """A function of tensors, and of what its layers draw: eager until `settle`, then maybe compiled."""

    def __init__(self, name: str, network: nn.Module, function: Function, backend: Backend) -> None:
        self.name, self.network, self.function = name, network, function
        self.asked: list[Asked] = []  # what its layers draw
        self.compiled: Callable[..., tuple[Tensor, ...]] | None = torch.compile(
            _with_its_own_code(function), backend=backend, fullgraph=True, dynamic=False
        )

    def settle(self, args: tuple[Any, ...]) -> str | None:
        """Run eager, then compiled, and keep the latter if both give the same; else why not."""
        run = self.compiled
        assert run is not None
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        moment = Moment(list(self.network.modules()))
        given = [_on_its_own(arg) for arg in args]
        with moment, _recorded(self.asked):
            truth = _evaluated(lambda: self.function(*given), weights, given)
        drawn = self._drawn()
        try:
            with moment:
                found = _evaluated(lambda: run(drawn, *given), weights, given)
        except Exception as error:  # noqa: BLE001  # whatever a compiler raises, eager does the same work
            said = str(error).strip().splitlines()
            why: str | None = f"{type(error).__name__}: {said[0] if said else ''}"
        else:
            halves = any(isinstance(m, Cast) and m.active for m in self.network.modules())
            why = truth.unlike(found, CLOSE_IN_16_BITS if halves else CLOSE)
        if why is not None:
            self.compiled = None
        return why

    def __call__(self, args: tuple[Any, ...]) -> tuple[Tensor, ...]:
        return self.function(*args) if self.compiled is None else self.compiled(self._drawn(), *args)

    def _drawn(self) -> dict[str, Tensor]:
        draws = rng.innermost()
        return {} if draws is None else {one.path: one.of(draws) for one in self.asked}


_numbers = count()  # codes that are equal are one to torch


def _with_its_own_code(function: Function) -> Callable[..., tuple[Tensor, ...]]:
    """(drawn, *arguments) → function(*arguments), whose layers take what was drawn.

    torch.compile keeps what it made with the code, and takes sizes that differ between two calls of one code
    for sizes that vary: so no two parts may share theirs.
    """

    def run(drawn: dict[str, Tensor], *args: Any) -> tuple[Tensor, ...]:
        rng.hand(drawn)
        outputs = function(*args)
        rng.hand(None)
        return outputs

    run.__code__ = run.__code__.replace(co_name=f"part_{next(_numbers)}")
    return run


@dataclass(frozen=True)
class Asked:
    """One draw of a layer: the kind, and the form of one sample."""

    path: str  # of the layer
    kind: str  # normal or uniform
    count: int
    shape: tuple[int, ...]

    def of(self, draws: rng.LayerDraws) -> Tensor:
        """Numbers for all samples of a call."""
        drawn: Tensor = getattr(draws, self.kind)(self.path, self.count, *self.shape)
        return drawn


@contextmanager
def _recorded(asked: list[Asked]) -> Iterator[None]:
    """Inside the block everything that layers draw is noted."""
    draws = rng.innermost()
    with rng.drawing(None if draws is None else _Recording(draws, asked)):
        yield


class _Recording:
    """Draws as `draws` does, and notes what."""

    def __init__(self, draws: rng.LayerDraws, asked: list[Asked]) -> None:
        self.draws, self.asked = draws, asked

    def serves(self, count: int) -> bool:
        return self.draws.serves(count)

    def uniform(self, path: str, count: int, *shape: int) -> Tensor:
        self.asked.append(Asked(path, "uniform", count, shape))
        return self.draws.uniform(path, count, *shape)

    def normal(self, path: str, count: int, *shape: int) -> Tensor:
        self.asked.append(Asked(path, "normal", count, shape))
        return self.draws.normal(path, count, *shape)


class _Evaluated(NamedTuple):
    """What a part gives: values, which of them have a gradient, and gradients of a sum of squares."""

    values: list[Tensor]
    tracked: list[bool]
    gradients: list[Tensor]  # by weights and arguments; none where none of the values has any

    def unlike(self, other: _Evaluated, most: float) -> str | None:
        """How another, which should give the same, does not."""
        for k, (was, is_) in enumerate(zip(self.tracked, other.tracked, strict=True)):
            if was and not is_:
                return f"compiled, its output {k} has no gradient any more"
        least = NOISE * float(sum(gradient.float().square().sum() for gradient in self.gradients)) ** 0.5
        pairs = [(a, b, 0.0) for a, b in zip(self.values, other.values, strict=True)]
        pairs += [(a, b, least) for a, b in zip(self.gradients, other.gradients, strict=True)]
        worst = max((_distance(*pair) for pair in pairs), default=0.0)
        return None if worst <= most else f"compiled, its values or gradients are off by {worst:.1e}"


def _evaluated(
    function: Callable[[], tuple[Tensor, ...]], weights: Sequence[Tensor], args: Sequence[Any]
) -> _Evaluated:
    outputs = function()
    values, tracked = [output.detach() for output in outputs], [output.requires_grad for output in outputs]
    if not any(tracked):
        return _Evaluated(values, tracked, [])
    wanted = [*weights, *(arg for arg in args if isinstance(arg, Tensor) and arg.requires_grad)]
    total: Any = sum(output.float().square().sum() for output in outputs if output.requires_grad)
    found = torch.autograd.grad(total, wanted, allow_unused=True, materialize_grads=True)
    return _Evaluated(values, tracked, list(found))


def _on_its_own(x: Any) -> Any:
    """A tensor without what it was computed from."""
    return x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x


def _distance(a: Tensor, b: Tensor, least: float) -> float:
    """‖a − b‖ / (‖a‖ + least)."""
    return float((a - b).float().norm() / (a.float().norm() + least).clamp_min(1e-6))
