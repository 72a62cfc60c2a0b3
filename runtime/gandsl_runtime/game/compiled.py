"""Passes of a game through torch.compile, gradients inside their losses included, checked against eager.

A compiled region is a whole pass: what it gives is differentiated once. What is drawn within is drawn before
and handed in: compiling changes no number but by rounding.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..distributed.group import ProcessGroup, active, synchronized
from ..layers import Cast
from ..ops.gradient import hand_scale, inner_scale
from ..recompute import Moment
from ..rng import Draws, Part, seeded
from ..rng.before import Asked, DrawnBefore, Recording
from . import calls
from .program import PassProgram

LOUD = (2, 13)  # below, compiled second derivatives may be wrong without a word (pytorch issue 181581)
CLOSE, CLOSE_IN_16_BITS = 0.03, 0.1
"""Relative. Rounding gives 1e-6, and 1e-2 where a unit of a small network falls on the other side of its
kink, which slopes that are differentiated again feel; a lost path of gradients gives 0.5. In 16 bits more of
them fall there: eager passes of a small network are themselves up to 0.7 off what they are in float32."""
NO_WORSE = 2.0  # what is further off than 16 bits allow may be off float32 by this many times what eager is
NOISE = 0.1  # a gradient that is 0 but for rounding (a bias before a norm) is held against this share of all
SMALL = 1e-3  # a loss or a value below this is a difference of larger ones, and has their rounding

Backend = str | Callable[..., Any]  # of torch.compile
Given = Sequence[Any]  # the scale of gradients inside, then a tensor for each source
Found = tuple[Any, ...]  # losses or None, then values


class Compiler:
    """Compiles passes when they are first taken, and leaves those eager that don't agree.

    A region has code of its own, one form of its arguments and one state of its networks: what is compiled
    when it is first run has no sizes that vary, and is never compiled again. backend: torch.compile's. warn:
    is told of every pass that stays eager, and why.
    """

    def __init__(self, backend: Backend, warn: Callable[[str], None]) -> None:
        from torch._dynamo import config as dynamo
        from torch._inductor import config as inductor

        self.backend, self.warn = backend, warn
        dynamo.trace_autograd_ops = True  # else gradients inside a region are refused
        inductor.fallback_random = True  # torch's generators give what they give in eager
        self.regions: dict[tuple[object, ...], Region] = {}
        self._pieces: dict[nn.Module, tuple[list[nn.Module], list[nn.Parameter]]] = {}

    def __call__(
        self,
        name: str,
        program: PassProgram,
        players: int,
        networks: Iterable[nn.Module],
        draws: Draws,
        given: Sequence[Tensor],
    ) -> Found:
        """What `program.run` gives of these, values without a gradient; inside `taking(draws)`.

        `players` losses come first. networks: all that the pass may call. name: what users are told it is.
        """
        networks = tuple(networks)
        args = (inner_scale(), *given)
        key = (program, draws.part.count, *map(self._state, networks), *map(_form, args))
        region = self.regions.get(key)
        if region is None:
            if not self.regions and (remark := remark_on(torch.__version__)):
                self.warn(remark)
            region = self.regions[key] = Region(program, players, networks, self.backend)
            if players > 1:  # a first backward must not give away what the next one needs
                torch._functorch.config.donated_buffer = False
            if (why := region.settle(draws, args)) is not None:
                self.warn(f"{name} stays eager: {why}")
        return region(draws, args)

    def _state(self, network: nn.Module) -> tuple[object, ...]:
        """What a graph takes for settled of a network: modes of layers, and whose gradients are wanted."""
        if network not in self._pieces:
            self._pieces[network] = list(network.modules()), list(network.parameters())
        modules, weights = self._pieces[network]
        return tuple([m.training for m in modules]), tuple([weight.requires_grad for weight in weights])


def remark_on(version: str) -> str | None:
    """What is to be said of a torch that loses gradients of gradients without a word; None of a newer one."""
    if tuple(int(number) for number in version.split("+")[0].split(".")[:2]) >= LOUD:
        return None
    return (
        f"torch {version} may lose gradients of compiled penalties without a word: each pass is held against "
        "eager when it is first run, and stays eager where it differs; torch 2.13 says so itself"
    )


def _form(arg: Any) -> object:
    """What a graph takes for settled of an argument: all of a number, of a tensor all but its numbers."""
    if not isinstance(arg, Tensor):
        return arg
    return arg.shape, arg.stride(), arg.dtype, arg.requires_grad


class Region:
    """A pass, and what is drawn within it: eager until `settle`, then maybe compiled."""

    def __init__(
        self, program: PassProgram, players: int, networks: Sequence[nn.Module], backend: Backend
    ) -> None:
        self.program, self.players, self.networks, self.backend = program, players, networks, backend
        self.asked: list[Asked] = []
        self.compiled: Callable[..., Found] | None = None

    def settle(self, draws: Draws, args: Given) -> str | None:
        """Run eager, then compiled, and keep the latter if both give the same; else why not."""
        weights = [w for network in self.networks for w in network.parameters() if w.requires_grad]
        moment = Moment((m for network in self.networks for m in network.modules()), any_mode=True)
        recording, group = Recording(draws, self.asked), _Watched(active())
        with moment, seeded(draws), calls.taking(recording), synchronized(group):
            truth = _evaluated(lambda: self(draws, args), weights)
        if group.spoke:
            why: str | None = "it computes with samples of other processes"
        else:
            why = self._unlike(truth, weights, moment, draws, args)
        if why is not None:
            self.compiled = None
        return why

    def _unlike(
        self, truth: _Evaluated, weights: Sequence[Tensor], moment: Moment, draws: Draws, args: Given
    ) -> str | None:
        code = _with_its_own_code(self._eager, draws.part.count, args)
        compiled = torch.compile(code, backend=self.backend, fullgraph=True, dynamic=False)
        casts = [
            m for network in self.networks for m in network.modules() if isinstance(m, Cast) and m.active
        ]

        def evaluated(how: Callable[..., Found] | None) -> _Evaluated:
            self.compiled = how
            with moment, seeded(draws):
                return _evaluated(lambda: self(draws, args), weights)

        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Dynamo detected a call to a `functools.lru_cache`")
                found = evaluated(compiled)
            why = truth.unlike(found, CLOSE_IN_16_BITS if casts else CLOSE)
            if why is None or not casts:
                return why
            with _resting(casts):
                exact = evaluated(None)
            self.compiled = compiled
            return why if exact.unlike(found, NO_WORSE * exact.apart(truth)) else None
        except Exception as error:  # noqa: BLE001  # whatever a compiler raises, eager does the same work
            said = str(error).strip().splitlines()
            return f"{type(error).__name__}: {said[0] if said else ''}"

    def __call__(self, draws: Draws, args: Given) -> Found:
        """Losses and values of these."""
        if self.compiled is None:
            return self._eager(*args[1:])
        drawn = {one.key: one.of(draws) for one in self.asked}
        zero = torch.zeros(1, device=draws.device, dtype=draws.dtype, requires_grad=True)
        return self.compiled(drawn, zero, *(x.reshape(1) if _is_scalar(x) else x for x in args))

    def _eager(self, *given: Tensor) -> Found:
        found = self.program.run(*given)
        return (*found[: self.players], *(value.detach() for value in found[self.players :]))


_numbers = count()  # codes that are equal are one to torch


def _with_its_own_code(function: Callable[..., Found], samples: int, args: Given) -> Callable[..., Found]:
    """(drawn, zero [1], *arguments) → function(*arguments but the scale), which draws what was drawn.

    Of arguments like `args`; scalars come as [1], since those in float64 would be taken for Python's numbers.
    torch.compile keeps what it made with the code, and takes sizes that differ between two calls of one code
    for sizes that vary: so no two regions may share theirs. What is handed in is set and then read within
    the region, so that its graph depends on no state.
    """
    scalars, part = tuple(map(_is_scalar, args)), Part.whole(samples)

    def run(drawn: Mapping[str, Tensor], zero: Tensor, *args: Any) -> Found:
        scale, *given = [x.reshape(()) if scalar else x for x, scalar in zip(args, scalars, strict=True)]
        calls.hand(DrawnBefore(drawn, part))
        hand_scale(scale, zero.reshape(()))
        found = function(*given)
        calls.hand(None)
        hand_scale(None)
        return found

    run.__code__ = run.__code__.replace(co_name=f"region_{next(_numbers)}")
    return run


def _is_scalar(x: Any) -> bool:
    return isinstance(x, Tensor) and x.dim() == 0


class _Watched(ProcessGroup):
    """Speaks to the other processes as `group` does, and notes that it did."""

    def __init__(self, group: ProcessGroup) -> None:
        self.group, self.rank, self.size, self.spoke = group, group.rank, group.size, False

    def total(self, x: Tensor) -> Tensor:
        self.spoke |= self.size > 1
        return self.group.total(x)

    def rows(self, x: Tensor) -> Tensor:
        self.spoke |= self.size > 1
        return self.group.rows(x)

    def average(self, x: Tensor, count: int) -> Tensor:
        self.spoke |= self.size > 1
        return self.group.average(x, count)


class _Evaluated(NamedTuple):
    """What a pass gives: losses and values, which of them have a gradient, and gradients of all losses."""

    values: list[Tensor]
    tracked: list[bool]
    gradients: list[Tensor]  # by weights; none where no loss has any

    def unlike(self, other: _Evaluated, most: float) -> str | None:
        """How another, which should give the same, does not."""
        for k, (was, is_) in enumerate(zip(self.tracked, other.tracked, strict=True)):
            if was and not is_:
                return f"compiled, its loss {k} has no gradient any more"
        worst = self.apart(other)
        return None if worst <= most else f"compiled, its values or gradients are off by {worst:.1e}"

    def apart(self, other: _Evaluated) -> float:
        """How far the value or gradient is off that differs most, relative."""
        square = sum(float(g.float().nan_to_num(0.0, 0.0, 0.0).square().sum()) for g in self.gradients)
        least = NOISE * square**0.5
        pairs = [(a, b, SMALL) for a, b in zip(self.values, other.values, strict=True)]
        pairs += [(a, b, least) for a, b in zip(self.gradients, other.gradients, strict=True)]
        return max((_distance(*pair) for pair in pairs), default=0.0)


@contextmanager
def _resting(casts: Sequence[Cast]) -> Iterator[None]:
    """Inside, features stay as they come: float32."""
    for cast in casts:
        cast.active = False
    try:
        yield
    finally:
        for cast in casts:
            cast.active = True


def _evaluated(function: Callable[[], Found], weights: Sequence[Tensor]) -> _Evaluated:
    outputs = [output for output in function() if output is not None]
    values, tracked = [output.detach() for output in outputs], [output.requires_grad for output in outputs]
    if not any(tracked):
        return _Evaluated(values, tracked, [])
    total: Any = sum(output for output in outputs if output.requires_grad)
    found = torch.autograd.grad(total, list(weights), allow_unused=True, materialize_grads=True)
    return _Evaluated(values, tracked, list(found))


def _distance(a: Tensor, b: Tensor, least: float) -> float:
    """‖a − b‖ / (‖a‖ + least) of what is finite in a: 16 bits overflow. ∞ where that is not finite in b."""
    known = a.isfinite()
    a, b = (torch.where(known, x, 0).float() for x in (a, b))
    apart = (a - b).norm() / (a.norm() + least).clamp_min(1e-6)
    return float(apart) if bool(apart.isfinite()) else math.inf
