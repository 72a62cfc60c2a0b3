"""Training in 16 bits: no overflow, scaled losses, replaced gradients, and what of it a checkpoint holds."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gandsl_runtime.errors import Diverged, PlanError
from gandsl_runtime.layers import Cast, ModulatedConv2d
from gandsl_runtime.network import Network, Port
from gandsl_runtime.ops.gradient import gradient
from gandsl_runtime.plan import Plan, Precision
from gandsl_runtime.runs.record import MachineOptions, recorded
from gandsl_runtime.runs.run_dir import RunDir
from gandsl_runtime.runs.session import session
from gandsl_runtime.training import precision
from gandsl_runtime.training.precision import Scaling, replace_nonfinite
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import arrays, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

CPU = torch.device("cpu")


class HalfDiscriminator(Network):
    """image → logit, in 16 bits up to the last layer."""

    def __init__(self, dtype: str = "float16", factor: float = 1.0) -> None:
        super().__init__()
        self.inputs = (Port("image", "Image", (1, 8, 8)),)
        self.outputs = (Port("logit", "Logits", (1,)),)
        self.factor = factor
        self.narrowed, self.widened = Cast(dtype), Cast("float32")
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.fc = nn.Linear(6, 1)

    def program(self, entry: str = "forward", level: int | None = None, fading: bool = False) -> Any:
        def run(image: Tensor) -> Tensor:
            x = self.narrowed(image)
            weight, bias = (p.to(x.dtype) for p in (self.conv.weight, self.conv.bias))
            x = torch.nn.functional.conv2d(x, weight, bias, padding=1)
            x = self.widened(torch.tanh(x)).mean((2, 3))
            return self.fc(x) * self.factor

        return run


def trainer_of(the_plan: Plan, run_dir: Path | None = None, **of_d: Any) -> Trainer:
    torch.manual_seed(0)
    discriminator = HalfDiscriminator(**of_d)
    return nets.trainer_of(
        the_plan, (seeded(ConvGenerator).float(), discriminator), data=arrays(), observing=(), run_dir=run_dir
    )


# ---- the plan


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"compute": "tf32", "stages": 4}, "leave it out with tf32"),
        ({"compute": "bf16", "overflow": "scale"}, "leave it out with bf16"),
        ({"compute": "fp16", "stages": 0}, "greater than or equal to 1"),
        ({"compute": "fp8"}, "'fp32', 'tf32', 'bf16' or 'fp16'"),
    ],
)
def test_a_precision_that_makes_no_sense(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Precision(**given)


def test_networks_without_casts_are_refused() -> None:
    """Their source was generated for another plan: training would silently be float32."""
    with pytest.raises(PlanError, match="no casts to it"):
        precision.prepare(plan(precision={"compute": "fp16"}), seeded(ConvGenerator))


def test_tf32_is_what_the_plan_says() -> None:
    def now() -> tuple[bool, bool]:
        return torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32

    before = now()
    try:
        precision.prepare(plan(precision={"compute": "tf32"}), nn.Linear(1, 1))
        assert now() == (True, True)
        precision.prepare(plan(), nn.Linear(1, 1))
        assert now() == (False, False)
    finally:
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before


# ---- range


def test_modulated_convolution_does_not_overflow() -> None:
    """x · style is 200 · 600, beyond float16's 65504; normalized as in stylegan2-ada, the result is right."""
    torch.manual_seed(0)
    layer = ModulatedConv2d(16, 8)
    x = 200 * torch.randn(2, 16, 8, 8).clamp(-1.2, 1.2)
    style = 600 * (1 + torch.rand(2, 16))
    assert (x.half() * style.half()[:, :, None, None]).isinf().any()
    results = []
    for made in (x.double(), x.half()):
        net = copy.deepcopy(layer).double() if made.dtype == torch.float64 else layer
        style_of = style.to(net.weight.dtype).requires_grad_()
        image = made.requires_grad_()
        y = net(image, style_of, form="scaled")
        assert y.dtype == made.dtype and y.isfinite().all()
        total = (y.double() * torch.linspace(-1, 1, y.numel()).view_as(y)).sum()
        results.append([y, *torch.autograd.grad(total, [image, style_of, net.weight])])
    for a, b in zip(*results, strict=True):
        assert a.any() and (a - b.double()).norm() <= 4e-3 * a.norm(), ((a - b).norm() / a.norm()).item()


def test_normalizing_weight_and_style_changes_no_derivative() -> None:
    """In float64, where nothing is rounded away: values, first and second derivatives."""
    torch.manual_seed(0)
    layer = ModulatedConv2d(5, 4, eps=1e-3).double()
    x = torch.randn(2, 5, 6, 6, dtype=torch.float64)
    style = torch.randn(2, 5, dtype=torch.float64).requires_grad_()
    found = []
    for in_range in (False, True):

        def result(in_range: bool = in_range) -> Tensor:
            demodulation = (style.square() @ layer.weight.square().sum((2, 3)).T + layer.eps).rsqrt()
            given = style, layer.weight, demodulation
            return layer._scaled(x, *(layer._in_range(*given) if in_range else given), None, {})

        y = result()
        first = torch.autograd.grad(y.square().sum() + y.sum(), [style, layer.weight], create_graph=True)
        second = torch.autograd.grad(sum(g.square().sum() for g in first), [style, layer.weight])
        found.append([y, *first, *second])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-12)


# ---- scaled losses


def test_small_gradients_arrive() -> None:
    """Gradients of 1e-8 are zero in float16, but not while losses are scaled."""
    weight = nn.Parameter(torch.ones(4))
    gradients = []
    for rule in ("scale", "replace"):
        weight.grad = None
        scaling = Scaling(Precision(compute="fp16", overflow=rule), CPU)
        scaling.backward((weight.half() * 1e-4).float().sum() * 1e-4)
        optimizer = torch.optim.SGD([weight], lr=0.0)
        scaling.step(optimizer)
        gradients.append(weight.grad.clone())
    torch.testing.assert_close(gradients[0], torch.full((4,), 1e-8), rtol=0.01, atol=0.0)
    assert not gradients[1].any()


def test_an_overflow_leaves_the_step_out_and_halves_the_scale() -> None:
    weight = nn.Parameter(torch.ones(4))
    optimizer = torch.optim.Adam([weight], lr=0.1, fused=True)
    scaling = Scaling(Precision(compute="fp16"), CPU)
    scaling.backward(weight.sum() * float("inf"))
    before = scaling.scale
    scaling.step(optimizer)
    assert torch.equal(weight, torch.ones(4)) and scaling.scale == before / 2
    optimizer.zero_grad()
    scaling.backward(weight.sum())
    scaling.step(optimizer)
    torch.testing.assert_close(weight.detach(), torch.full((4,), 0.9))  # Adam's first step, without a scale


def test_weights_that_rest_teach_the_scale_nothing() -> None:
    """Frozen ones have no gradients; those of another optimizer still step."""
    resting, weight = nn.Parameter(torch.ones(4)), nn.Parameter(torch.ones(4))
    still, moving = (torch.optim.SGD([one], lr=0.1) for one in (resting, weight))
    scaling = Scaling(Precision(compute="fp16"), CPU)
    before = scaling.scale
    scaling.step(still)
    assert scaling.scale == before and torch.equal(resting, torch.ones(4))
    scaling.backward(weight.sum())
    scaling.step(still, moving)
    assert torch.equal(resting, torch.ones(4))
    torch.testing.assert_close(weight.detach(), torch.full((4,), 0.9))


def test_gradients_that_are_infinite_at_any_scale_end_the_run() -> None:
    """Else every step would be left out, and nobody would know."""
    trainer = trainer_of(plan(precision={"compute": "fp16"}))
    trainer.step()
    assert trainer.measured().keys() >= {"loss/D", "loss/G"}
    trainer.state.networks["discriminator"].conv.weight.register_hook(
        lambda gradient: gradient * float("nan")
    )
    for _ in range(41):
        trainer.step()
    with pytest.raises(Diverged, match="gradients of the discriminator"):
        trainer.measured()


def test_gradients_inside_a_loss_are_scaled_and_scaled_back() -> None:
    """What passes through float16 inside `autograd.grad` would be lost, and so would its derivative."""
    image = torch.full((2, 1, 2, 2), 0.5).requires_grad_()
    slope = nn.Parameter(torch.tensor(3.0))

    def penalty() -> Tensor:
        scores = ((image.half() * slope.half()).float().square() * 1e-7).flatten(1).sum(1)
        (inner,) = gradient(scores, [image])
        return inner.square().sum()

    scaling = Scaling(Precision(compute="fp16"), CPU)
    plain = torch.autograd.grad(penalty(), slope)[0]
    with scaling.losses():
        (found,) = torch.autograd.grad(penalty() * 1e6, slope)
    # f = 1e-7 (s x)², ∂f/∂x = 2e-7 s² x, Σ (∂f/∂x)² = 8 · (2e-7 s² x)², and its derivative by s
    expected = 8 * (2e-7 * 0.5) ** 2 * 4 * 3.0**3 * 1e6
    assert found.item() == pytest.approx(expected, rel=0.02)
    assert plain.item() != pytest.approx(expected / 1e6, rel=0.1)
    assert gradient(slope * 2, [slope])[0] == 2  # outside the block nothing is scaled


def test_accumulation_and_penalties_with_a_scale_equal_those_without() -> None:
    """The scale is a power of two: without an overflow it changes no bit of float32."""
    changes: dict[str, Any] = {"micro_batch": 2, "regularizers": {"r1": {"gamma": 2.0}}, "ema": None}
    found = []
    for rule in ("scale", "replace"):
        trainer = trainer_of(
            plan(precision={"compute": "fp16", "overflow": rule}, **changes), dtype="float32"
        )
        for _ in range(3):
            trainer.step()
        found.append(trainer.state)
    assert found[0].scaling["discriminator"].scale == 65536.0  # nothing overflowed
    for name, tensor in found[0].tensors().items():
        torch.testing.assert_close(tensor, found[1].tensors()[name], rtol=0, atol=0, msg=name)


def test_training_in_float16_finds_its_scale_and_a_resume_keeps_it(tmp_path: Path) -> None:
    """Logits so steep that scaled gradients overflow at first; the run goes on, resumed, to the same bit."""
    the_plan = plan(precision={"compute": "fp16"}, length="48 img", loss="wasserstein")
    whole = trainer_of(the_plan, factor=3000.0)
    assert whole.state.networks["discriminator"].narrowed.active
    whole.run()
    assert 1.0 < whole.state.scaling["discriminator"].scale < 65536.0
    cut = trainer_of(the_plan, tmp_path, factor=3000.0)
    for _ in range(4):
        cut.step()
    cut.save()
    assert cut.state.scaling["discriminator"].scale < 65536.0
    again = nets.resumed(
        tmp_path,
        (seeded(ConvGenerator).float(), HalfDiscriminator(factor=3000.0)),
        data=arrays(),
        observing=(),
    )
    assert again.state.scaling["discriminator"].scale == cut.state.scaling["discriminator"].scale
    again.run()
    for name, tensor in whole.state.tensors().items():
        if not name.startswith("guard"):
            assert torch.equal(tensor, again.state.tensors()[name]), name


def test_replaced_gradients() -> None:
    weight = nn.Parameter(torch.zeros(4))
    weight.grad = torch.tensor([float("nan"), float("inf"), -float("inf"), 2.0])
    replace_nonfinite([weight, nn.Parameter(torch.zeros(1))])
    assert weight.grad.tolist() == [0.0, 1e5, -1e5, 2.0]


def test_the_average_is_sampled_in_float32() -> None:
    class HalfGenerator(ConvGenerator):
        def __init__(self) -> None:
            super().__init__()
            self.narrowed = Cast("bfloat16")

    trainer = nets.trainer_of(
        plan(precision={"compute": "bf16"}),
        (HalfGenerator(), HalfDiscriminator("bfloat16")),
        data=arrays(),
        observing=(),
    )
    assert trainer.state.networks["generator"].narrowed.active
    assert not trainer.state.game.averages["generator"].narrowed.active


@pytest.mark.parametrize("tried", [None, True, False])
def test_cudnn_tries_its_algorithms_unless_somebody_says_not_to(tried: bool | None, tmp_path: Path) -> None:
    """And a resume goes on as the last command line said."""
    before = torch.backends.cudnn.benchmark
    said = {} if tried is None else {"machine": MachineOptions(cudnn_benchmark=tried)}
    try:
        networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
        trainer = nets.trainer_of(plan(), networks, data=arrays(), observing=(), run_dir=tmp_path, **said)
        assert torch.backends.cudnn.benchmark == (tried is not False)
        with session(trainer):
            found = recorded(RunDir(tmp_path).facts)
        assert found is not None and found.how.cudnn_benchmark == (tried is not False)
    finally:
        torch.backends.cudnn.benchmark = before
