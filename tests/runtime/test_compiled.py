"""Compiled passes are the eager ones: the same draws, values and gradients, two derivatives deep.

The backend is aot_eager, which captures and differentiates graphs as the default one does, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from gandsl_runtime.distributed.group import ProcessGroup, synchronized
from gandsl_runtime.game import compiled
from gandsl_runtime.game.calls import NetworkCall, taking
from gandsl_runtime.game.compiled import Backend, Compiler
from gandsl_runtime.game.program import PassProgram
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.layers import BatchNorm, Cast, Dropout, Linear, Noise
from gandsl_runtime.network import Network
from gandsl_runtime.ops import differentiable, gradient, mean
from gandsl_runtime.ops.gradient import scaled_inside
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.rng import Draws, Key, Part, name_layers
from tests.runtime.graphs import Graphs, Heard, fail
from tests.runtime.helpers import arrays, plan
from tests.runtime.nets import trainer_of
from tests.runtime.networks import ConvDiscriminator, StyleGenerator, seeded

BACKEND = "aot_eager"
DOUBLE = torch.float64
ALL: dict[str, Any] = {"allow_unused": True, "materialize_grads": True}
Loss = Callable[..., tuple[Tensor, ...]]


class Judge(Network):
    """image → logit, by layers that draw and layers whose state moves."""

    def __init__(self) -> None:
        super().__init__()
        self.noise, self.dropout = Noise(1, 8, init=0.5), Dropout(0.3)
        self.fc0, self.norm = Linear(64, 8, weight="spectral"), BatchNorm(8)
        self.fc1 = Linear(8, 1)
        name_layers(self)

    def program(self, entry: str = "forward", level: int | None = None, fading: bool = False) -> Any:
        def run(image: Tensor) -> Tensor:
            x = self.norm(self.fc0(self.dropout(self.noise(image)).flatten(1)))
            return self.fc1(torch.tanh(x))

        return run


class Played:
    """A network, calls of it by the ids of their draws, and steps of one pass over it in float64."""

    def __init__(self, loss: Callable[[Played], Loss], players: int = 1) -> None:
        torch.manual_seed(0)
        self.network = Judge().double()
        self.players = players
        self.calls = {
            (id_, *holds): NetworkCall({"judge": self.network}, "judge", "forward", Stage(), id_, holds=holds)
            for id_ in ("real", "fake")
            for holds in ((), ("fc0", "norm"))
        }
        self.program = PassProgram((), loss(self), ("seen",), {})

    def judged(self, image: Tensor, id_: str = "real", *holds: str) -> Tensor:
        return self.calls[id_, *holds](image)[0]

    def gradients(self, compiler: Compiler | None, step: int, count: int = 4) -> list[Tensor]:
        """What a pass gives and leaves: losses, values, gradients of each player, buffers."""
        draws = Draws(torch.device("cpu"), DOUBLE, Part.whole(count), Key(0, step, "judge"))
        image = draws.normal("image", 1, 8, 8)
        self.network.zero_grad()
        with taking(draws):
            if compiler is None:
                found = self.program.run(image)
            else:
                networks = (self.network,)
                found = compiler("phase D", self.program, self.players, networks, draws, (image,))
        weights = [weight for weight in self.network.parameters() if weight.requires_grad]
        losses = [loss for loss in found[: self.players] if loss is not None]
        given = [x for x in found if x is not None]
        for loss in losses:
            given += torch.autograd.grad(loss, weights, retain_graph=loss is not losses[-1], **ALL)
        return [x.detach().clone() for x in (*given, *self.network.buffers())]


def assert_same(
    loss: Callable[[Played], Loss],
    players: int = 1,
    backend: Backend = BACKEND,
    counts: Sequence[int] = (4, 4, 4),
    scales: Sequence[Tensor | float] = (1.0, 1.0, 1.0),
) -> Compiler:
    """In float64 all that passes give and leave agrees to 1e-9; gives the compiler."""
    torch._dynamo.reset()
    heard = Heard()
    compiler = Compiler(backend, heard.warn)
    eager, other = Played(loss, players), Played(loss, players)
    for step, (count, scale) in enumerate(zip(counts, scales, strict=True)):
        with scaled_inside(scale):
            expected, found = eager.gradients(None, step, count), other.gradients(compiler, step, count)
        for was, is_ in zip(expected, found, strict=True):
            torch.testing.assert_close(is_, was, rtol=1e-9, atol=1e-11)
    assert not heard
    assert all(region.compiled for region in compiler.regions.values())
    return compiler


def penalized(played: Played) -> Loss:
    """Logits of two calls, one of which moves nothing, and the squared slope where real images are."""

    def run(image: Tensor) -> tuple[Tensor, ...]:
        image = differentiable(image)
        real, fake = played.judged(image), played.judged(image * 0.5, "fake", "fc0", "norm")
        (slope,) = gradient(real, (image,))
        return mean(fake - real) + mean(slope.square()), mean(real)

    return run


def test_slopes_draws_and_states_that_move() -> None:
    """One graph, and what layers draw by the id of their call: noise and dropout, twice."""
    compiler = assert_same(penalized, backend=(graphs := Graphs(BACKEND)))
    (region,) = compiler.regions.values()
    assert [one.id for one in region.asked] == [
        f"{call}/{layer}" for call in ("real", "fake") for layer in ("noise", "dropout")
    ]
    assert (graphs.all, graphs.symbolic) == (1, 0)


def test_a_micro_batch_of_another_size_is_another_region() -> None:
    compiler = assert_same(penalized, backend=(graphs := Graphs(BACKEND)), counts=(4, 3, 4))
    assert (graphs.all, graphs.symbolic) == (len(compiler.regions), 0) == (2, 0)


@pytest.mark.parametrize("backend", [BACKEND, pytest.param("inductor", marks=pytest.mark.thorough)])
def test_several_players_have_a_loss_each(backend: str) -> None:
    """Each is differentiated by itself; one of them has none."""

    def losses(played: Played) -> Loss:
        def run(image: Tensor) -> tuple[Any, ...]:
            said = played.judged(image)
            return mean(said), None, mean(said.square()), mean(said)

        return run

    assert_same(losses, 3, backend)


def test_a_scale_of_gradients_inside_is_handed_in() -> None:
    """It changes from step to step, and nothing is compiled anew."""
    scales = [torch.tensor(scale, dtype=DOUBLE) for scale in (2.0, 8.0, 256.0)]
    compiler = assert_same(penalized, backend=(graphs := Graphs(BACKEND)), scales=scales)
    assert graphs.all == len(compiler.regions) == 1


def test_weights_that_rest_are_another_region() -> None:
    """Whose gradients are wanted is taken for settled in a graph."""
    torch._dynamo.reset()
    compiler, played = Compiler(graphs := Graphs(), fail), Played(penalized)
    for wanted in (True, False, True):
        played.network.fc0.weight.requires_grad_(wanted)
        played.gradients(compiler, 0)
    assert graphs.all == len(compiler.regions) == 2


# ---- what can't be compiled, or compiles to something else


def odd(how: Callable[[Tensor], Tensor]) -> Callable[[Played], Loss]:
    """A pass with something in its penalty that compilers don't like."""

    def loss(played: Played) -> Loss:
        def run(image: Tensor) -> tuple[Tensor, ...]:
            image = differentiable(image)
            said = how(played.judged(image))
            (slope,) = gradient(said, (image,))
            return mean(said) + 100 * mean(slope.square()), mean(said)

        return run

    return loss


class Squared(torch.autograd.Function):
    """x² by a function of one's own, whose second derivative torch.compile loses."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return 2 * x * gradients[0]


def printing(x: Tensor) -> Tensor:
    print(end="")
    return x * float(x.detach().abs().max().item() > -1)


@pytest.mark.parametrize(("how", "said"), [(printing, "stays eager: "), (Squared.apply, "are off by")])
def test_what_does_not_agree_stays_eager_and_says_so(how: Callable[[Tensor], Tensor], said: str) -> None:
    """Once; the numbers are eager ones, and what moves has moved once."""
    torch._dynamo.reset()
    heard = Heard()
    compiler, eager, other = Compiler(BACKEND, heard.warn), Played(odd(how)), Played(odd(how))
    for step in range(2):
        pairs = zip(eager.gradients(None, step), other.gradients(compiler, step), strict=True)
        assert all(torch.equal(was, is_) for was, is_ in pairs)
    (message,) = heard
    assert "phase D" in message and said in message


def test_a_gradient_that_leads_nowhere_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a torch before 2.13 may compile it: the numbers are right, and the loss has no gradient."""

    def cut(graph: Any, example: Any) -> Any:
        return lambda *args: tuple(x.detach() if isinstance(x, Tensor) else x for x in graph(*args))

    torch._dynamo.reset()
    heard, played = list[str](), Played(penalized)
    monkeypatch.setattr(compiled, "LOUD", (9, 0))
    compiler = Compiler(cut, heard.append)
    for step in range(2):
        assert any(x.abs().sum() > 0 for x in played.gradients(compiler, step)[2:-5])
    assert "may lose gradients of compiled penalties" in heard[0]
    assert heard[1:] == ["phase D stays eager: compiled, its loss 0 has no gradient any more"]


def evaluated(value: float, *gradient: float, tracked: bool = True) -> compiled._Evaluated:
    return compiled._Evaluated([torch.tensor(value)], [tracked], [torch.tensor(gradient)] * tracked)


@pytest.mark.parametrize(
    ("found", "exact", "why"),
    [
        (evaluated(1, 1.0, 0.5), evaluated(1, 1.0, 0.3), None),  # nearer to float32 than eager is
        (evaluated(1, 1.0, 0.5), evaluated(1, 1.0, 0.1), "off by 4.5e-01"),  # eager is right, and it is not
        (
            evaluated(1, 1.0, 0.05),
            evaluated(1, 1.0, 0.0),
            None,
        ),  # near enough: nobody asks further
        (evaluated(1, tracked=False), evaluated(1, 1.0, 0.3), "has no gradient any more"),
        (evaluated(1, 1.0, float("nan")), evaluated(1, 1.0, 0.3), "off by inf"),
    ],
)
def test_in_16_bits_a_pass_is_no_further_off_float32_than_eager_is(
    monkeypatch: pytest.MonkeyPatch,
    found: compiled._Evaluated,
    exact: compiled._Evaluated,
    why: str | None,
) -> None:
    network, casts = Judge(), list[bool]()
    network.cast = Cast("float16")
    network.cast.active = True
    given = iter((evaluated(1, 1.0, 0.0), found, exact))

    def next_one(*_: object) -> compiled._Evaluated:
        casts.append(network.cast.active)
        return next(given)

    monkeypatch.setattr(compiled, "_evaluated", next_one)
    region = compiled.Region(PassProgram((), lambda: (), (), {}), 1, [network], BACKEND)
    said = region.settle(Draws(torch.device("cpu"), DOUBLE, Part.whole(1), Key(0, 0, "judge")), (1.0,))
    assert (said is None) == (why is None) and str(why) in str(said)
    assert (region.compiled is None) == (why is not None)
    assert casts in ([True, True], [True, True, False]) and network.cast.active


def test_numbers_that_overflow_in_eager_are_left_out() -> None:
    overflows = evaluated(float("inf"), 1.0, float("inf"))
    assert overflows.unlike(evaluated(float("inf"), 1.0, float("nan")), 1e-3) is None
    assert "off by 5" in str(overflows.unlike(evaluated(float("inf"), 0.4, float("inf")), 1e-3))


class Two(ProcessGroup):
    """As if another process had the same samples."""

    size = 2

    def rows(self, x: Tensor) -> Tensor:
        return torch.stack((x, x))


def test_what_needs_other_processes_stays_eager_and_says_so() -> None:
    torch._dynamo.reset()
    heard = Heard()
    compiler, played = Compiler(BACKEND, heard.warn), Played(penalized)
    with synchronized(Two()):
        played.gradients(compiler, 0)
    assert heard == ["phase D stays eager: it computes with samples of other processes"]


def test_torch_before_2_13_is_warned_of() -> None:
    for version in ("2.11.0", "2.12.1+cu126"):
        assert "each pass is held against eager" in str(compiled.remark_on(version))
    assert compiled.remark_on("2.13.0+cpu") is None
    assert compiled.remark_on("3.0.0") is None


# ---- whole steps of a trainer


def test_a_pass_is_one_graph_and_none_has_sizes_that_vary() -> None:
    """With all that might tell two passes apart: micro-batches that are not alike, a held average, a smaller
    batch for path lengths, real images in the generator's step, a look of the guard.
    """
    torch._dynamo.reset()
    the_plan = plan(
        loss="relativistic_logistic",
        regularizers={
            "r1": {"gamma": 2.0, "every": "2 steps"},
            "path_length": {"every": "2 steps", "batch": 3},
        },
        style_mixing={"probability": 0.5},
        micro_batch=2,
        guard={"every": 1, "samples": 8},
    )
    networks = map(seeded, (StyleGenerator, ConvDiscriminator))
    trainer = trainer_of(the_plan, networks, data=arrays(), seed=3, observing=())
    assert isinstance(trainer.state, GameRun)
    compiler = trainer.state.compiler = Compiler(graphs := Graphs(), fail)
    made = []
    for _ in range(5):
        trainer._tell(trainer.step())
        made.append(graphs.all)
    assert made[0] == made[-1] == len(compiler.regions) == 5
    assert not graphs.symbolic
    assert all(region.compiled for region in compiler.regions.values())
    assert trainer.guard is not None and trainer.guard.memory.images
