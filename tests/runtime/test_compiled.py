"""Compiled steps are the eager ones: the same draws, values and gradients, two derivatives deep.

The backend is aot_eager, which captures and differentiates graphs as the default one does, in seconds.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gandsl_runtime.layers import Dropout, Linear, Noise
from gandsl_runtime.network import Network, Port
from gandsl_runtime.plan import Plan
from gandsl_runtime.training import compiled
from gandsl_runtime.training.compiled import Backend, Compiler, linearized, with_gradients
from gandsl_runtime.training.penalties import score, squared_gradient_norm
from gandsl_runtime.training.trainer import Trainer
from tests.runtime.graphs import Graphs
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, StyleGenerator, seeded

BACKEND = "aot_eager"


class NoisyGenerator(StyleGenerator):
    """With noise after the styles' layers, and dropout before."""

    def __init__(self) -> None:
        super().__init__()
        self.noise, self.dropout = Noise(3, 4, init=0.5), Dropout(0.3)

    def synthesis(self, ws: Tensor) -> Tensor:
        x = self.const.expand(len(ws), -1, -1, -1)
        x = self.noise(self.dropout(x))
        return super().synthesis(ws) + nn.functional.interpolate(x.mean(1, keepdim=True), scale_factor=2)


def trained(the_plan: Plan, backend: Backend | None, *makers: Any, steps: int = 2) -> Trainer:
    trainer = Trainer(the_plan, *map(seeded, makers), data=arrays(), seed=3, observing=())
    if backend is not None:
        trainer.game.compiler = Compiler(backend, trainer.warn)
    for _ in range(steps):
        trainer.step()
    return trainer


def assert_same_training(the_plan: Plan, *makers: Any) -> Compiler:
    """In float64 the weights after some steps agree to 1e-9; gives the compiler."""
    eager, other = (trained(the_plan, backend, *makers) for backend in (None, BACKEND))
    for name, tensor in eager.state.tensors().items():
        if tensor.is_floating_point() and not name.startswith("guard"):
            torch.testing.assert_close(other.state.tensors()[name], tensor, rtol=1e-9, atol=1e-11, msg=name)
    assert other.game.compiler is not None
    return other.game.compiler


def names(compiler: Compiler) -> set[str]:
    return {part.name for part in compiler.parts.values()}


def test_whole_steps_with_r1_path_length_noise_and_dropout() -> None:
    """Every part is compiled, penalties too, and draws what eager steps draw."""
    the_plan = plan(
        regularizers={"r1": {"gamma": 2.0, "every": "2 steps"}, "path_length": {"every": "2 steps"}},
        style_mixing={"probability": 0.5},
        micro_batch=2,
    )
    compiler = assert_same_training(the_plan, NoisyGenerator, ConvDiscriminator)
    parts = {part.name: part for part in compiler.parts.values()}
    assert all(part.compiled for part in compiler.parts.values())
    assert {"discriminator with gradients", "generator with path lengths"} <= parts.keys()
    assert [one.kind for one in parts["generator with path lengths"].asked] == ["uniform", "normal"]


@pytest.mark.parametrize("interpolate", ["between", "fake"])
def test_a_gradient_penalty_in_the_main_step(interpolate: str) -> None:
    the_plan = plan(
        loss="wasserstein",
        regularizers={"gradient_penalty": {"interpolate": interpolate}, "drift": {}},
        augment={"pipe": "diffaugment", "p": 1.0},
    )
    compiler = assert_same_training(the_plan, StyleGenerator, ConvDiscriminator)
    assert "discriminator with gradients" in names(compiler)


def test_joint_passes_stay_eager_where_penalties_look() -> None:
    """A gradient of one place's scores is not that of both, where samples are compared."""
    the_plan = plan(regularizers={"r1": {"gamma": 1.0}}, discriminator_passes="joint")
    compiler = assert_same_training(the_plan, StyleGenerator, ConvDiscriminator)
    assert "discriminator with gradients" not in names(compiler)


def test_linearized_outputs_have_the_penalty_s_gradients() -> None:
    """Against differentiating twice through a formula: f = sin(w x)·v, in float64."""
    torch.manual_seed(0)
    w, v = (torch.randn(5, 3, dtype=torch.float64).requires_grad_() for _ in range(2))
    x = torch.randn(4, 3, dtype=torch.float64)

    def f(x: Tensor) -> tuple[Tensor, ...]:
        return (torch.sin(x @ w.T), (x @ v.T).square())

    found = []
    for trick in (False, True):
        image = (2 * x.clone().requires_grad_()).sigmoid()  # something, such as augmentation, lies before
        image.retain_grad()
        outputs = f(image)
        if trick:
            still = image.detach().requires_grad_()
            *said, gradient = with_gradients(f, 1)(1.0, still)
            outputs = linearized(said, [gradient], [image])
        scores = score(outputs)
        total = squared_gradient_norm(scores, (image,)).mean() + scores.square().mean()
        found.append([*outputs, total, *torch.autograd.grad(total, [w, v])])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-14)


# ---- what can't be compiled, or compiles to something else


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


class Odd(Network):
    """image → logit through something that compilers don't like."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind
        self.inputs, self.outputs = (Port("image", "Image", (1, 8, 8)),), (Port("logit", "Logits", (1,)),)
        self.fc0, self.fc1 = Linear(64, 8), Linear(8, 1)

    def program(self, entry: str = "forward", level: int | None = None, fading: bool = False) -> Any:
        def run(image: Tensor) -> Tensor:
            x = self.fc0(image.flatten(1))
            if self.kind == "breaks":
                x = x * float(x.detach().abs().max().item() > -1)
                print(end="")
            else:
                x = Squared.apply(x)
            return self.fc1(x)

        return run


@pytest.mark.parametrize(("kind", "said"), [("breaks", "stays eager: "), ("function", "are off by")])
def test_what_does_not_agree_stays_eager_and_says_so(kind: str, said: str) -> None:
    """Training goes on, with eager numbers."""
    the_plan = plan(regularizers={"r1": {"gamma": 10.0, "every": "1 steps"}})
    states = []
    for backend in (None, BACKEND):
        torch.manual_seed(1)
        heard: list[str] = []
        networks = seeded(StyleGenerator), Odd(kind).double()
        trainer = Trainer(the_plan, *networks, data=arrays(), observing=())
        if backend is not None:
            trainer.game.compiler = Compiler(backend, heard.append)
        trainer.step()
        states.append(trainer.state.discriminator.state_dict())
    assert any("discriminator with gradients" in one and said in one for one in heard), heard
    for name, tensor in states[0].items():
        torch.testing.assert_close(states[1][name], tensor, rtol=1e-9, atol=1e-11)


def test_a_gradient_that_leads_nowhere_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a torch before 2.13 may compile it: the numbers are right, and too small for theirs to be missed."""

    def cut(graph: Any, example: Any) -> Any:
        return lambda *args: (*(found := graph(*args))[:-1], found[-1].detach())

    network, heard = seeded(ConvDiscriminator), list[str]()
    tracked = with_gradients(lambda image: (network.program()(image),), 1)

    def small(scale: float, image: Tensor) -> tuple[Tensor, ...]:
        logit, gradient = tracked(scale, image)
        return logit, 1e-6 * gradient

    image = torch.randn(3, 1, 8, 8).requires_grad_()
    monkeypatch.setattr(compiled, "LOUD", (9, 0))
    compiler = Compiler(cut, heard.append)
    for _ in range(2):
        assert compiler(("D",), network, small, 1.0, image)[1].requires_grad
    assert "may lose gradients of compiled penalties" in heard[0]
    assert heard[1:] == ["D stays eager: compiled, its output 1 has no gradient any more"]


def test_torch_before_2_13_is_warned_of() -> None:
    for version in ("2.11.0", "2.12.1+cu126"):
        assert "each part is held against eager" in str(compiled.remark_on(version))
    assert compiled.remark_on("2.13.0+cpu") is None
    assert compiled.remark_on("3.0.0") is None


# ---- nothing is compiled twice


def test_a_part_is_one_graph_and_none_has_sizes_that_vary() -> None:
    """With all that might tell two calls of a program apart: micro-batches that are not alike, held averages,
    a smaller batch for path lengths, real images in the generator's step, a look of the guard.
    """
    the_plan = plan(
        loss="relativistic_logistic",
        regularizers={"r1": {"gamma": 2.0, "every": "2 steps"}, "path_length": {"every": "2 steps"}},
        style_mixing={"probability": 0.5},
        micro_batch=3,
        guard={"every": 1, "samples": 8},
    )
    graphs = Graphs()
    trainer = trained(the_plan, graphs, NoisyGenerator, ConvDiscriminator, steps=2)
    parts = trainer.game.compiler.parts.values()  # type: ignore[union-attr]
    made = graphs.all
    for _ in range(3):
        trainer._tell(trainer.step())
    assert all(part.compiled for part in parts)
    assert (graphs.all, graphs.symbolic) == (made, 0) == (len(parts), 0)
    assert trainer.guard is not None and trainer.guard.memory.images
