"""Parts of a step through torch.compile, those that are differentiated twice included, checked against eager.

A gradient that is differentiated again is taken *inside* the compiled part: what it returns is differentiated
once only. What layers draw is drawn before and handed in: compiling changes no number but by rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from . import rng
from .checkpointing import Moment
from .errors import PlanError
from .layers import Cast
from .penalties import path_lengths
from .precision import inner_gradients

NEEDED = (2, 13)  # below, compiled second derivatives may be wrong without a word (pytorch issue 181581)
CLOSE, CLOSE_IN_16_BITS = 1e-3, 0.1  # relative: rounding gives 1e-6, a lost path of gradients 0.5

Function = Callable[..., tuple[Tensor, ...]]


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

    backend: torch.compile's. warn: is told of every part that stays eager, and why. Raises PlanError for a
    torch that is too old.
    """

    def __init__(self, backend: str, warn: Callable[[str], None]) -> None:
        check(torch.__version__)
        from torch._dynamo import config as dynamo
        from torch._inductor import config as inductor

        self.backend, self.warn = backend, warn
        dynamo.trace_autograd_ops = True  # else gradients inside a part are refused
        dynamo.recompile_limit = 64  # levels, fades, frozen and trained weights
        inductor.fallback_random = True  # torch's generators give what they give in eager
        self._parts: dict[tuple[object, ...], _Part] = {}

    def __call__(
        self,
        key: tuple[object, ...],
        network: nn.Module,
        function: Function,
        *args: Any,
    ) -> tuple[Tensor, ...]:
        """function(*args), which calls layers of `network` alone; parts with one key are the same."""
        weights = any(weight.requires_grad for weight in network.parameters())
        whole = (*key, "trained" if weights else "frozen", "" if torch.is_grad_enabled() else "no gradients")
        if whole not in self._parts:
            self._parts[whole] = _Part(network, function, self.backend)
            if (why := self._parts[whole].settle(args)) is not None:
                self.warn(f"{' '.join(str(word) for word in whole if word)} stays eager: {why}")
        return self._parts[whole](*args)


def check(version: str) -> None:
    """Raise PlanError for a torch that can't be trusted with compiled penalties."""
    if tuple(int(number) for number in version.split("+")[0].split(".")[:2]) < NEEDED:
        raise PlanError(
            f"torch {version} may compile penalties to wrong gradients without a word",
            "take torch 2.13 or newer, or train without compiling",
        )


@dataclass
class _Part:
    network: nn.Module
    function: Function
    backend: str
    asked: list[Asked] = field(default_factory=list)  # what its layers draw
    compiled: Function | None = None

    def settle(self, args: tuple[Any, ...]) -> str | None:
        """Run eager, then compiled, and keep the latter if both give the same; else why not."""
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        moment = Moment(list(self.network.modules()))
        given = [_on_its_own(arg) for arg in args]
        with moment, _recorded(self.asked):
            truth = _evaluated(self.function, weights, given)
        self.compiled = torch.compile(self.function, backend=self.backend, fullgraph=True)
        try:
            with moment:
                found = _evaluated(self, weights, given)
        except Exception as error:  # noqa: BLE001  # whatever a compiler raises, eager does the same work
            self.compiled = None
            said = str(error).strip().splitlines()
            return f"{type(error).__name__}: {said[0] if said else ''}"
        halves = any(isinstance(m, Cast) and m.active for m in self.network.modules())
        worst = max((_distance(a, b) for a, b in zip(truth, found, strict=True)), default=0.0)
        if not worst <= (CLOSE_IN_16_BITS if halves else CLOSE):
            self.compiled = None
            return f"compiled, its values or gradients are off by {worst:.1e}"
        return None

    def __call__(self, *args: Any) -> tuple[Tensor, ...]:
        draws = rng.innermost()
        if draws is None or not self.asked:
            return (self.compiled or self.function)(*args)
        with rng.drawing(rng.Given({one.path: one.of(draws) for one in self.asked})):
            return (self.compiled or self.function)(*args)


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


def _evaluated(function: Function, weights: Sequence[Tensor], args: Sequence[Any]) -> list[Tensor]:
    """Values, and where gradients are taken those of a sum of squares by weights and arguments."""
    outputs = function(*args)
    values = [output.detach() for output in outputs]
    wanted = [*weights, *(arg for arg in args if isinstance(arg, Tensor) and arg.requires_grad)]
    if not torch.is_grad_enabled() or not any(output.requires_grad for output in outputs):
        return values
    total: Any = sum(output.float().square().sum() for output in outputs if output.requires_grad)
    gradients = torch.autograd.grad(total, wanted, allow_unused=True)
    return values + [torch.zeros_like(w) if g is None else g for w, g in zip(wanted, gradients, strict=True)]


def _on_its_own(x: Any) -> Any:
    """A tensor without what it was computed from."""
    return x.detach().requires_grad_(x.requires_grad) if isinstance(x, Tensor) else x


def _distance(a: Tensor, b: Tensor) -> float:
    """‖a − b‖ / ‖a‖."""
    return float((a - b).float().norm() / a.float().norm().clamp_min(1e-6))
