"""Gradients by weights against loops written by hand, in float64: of variables, of constants; also twice."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, autograd

from gandsl_runtime.game.step import step
from gandsl_runtime.ops import gradient, norm
from tests.games.loop import GAMES, Loop, compare, descend, lazy, made_run
from tests.games.random_runs import carry

STEPS = 3


def length(slopes: tuple[Tensor, ...]) -> Tensor:
    return sum(one.square().sum() for one in slopes).sqrt()  # type: ignore[union-attr, return-value]


@pytest.mark.parametrize("micro_batch", [None, 4])
def test_the_adaptive_weight_of_a_judge(micro_batch: int | None) -> None:
    """λ = ‖∇ gap‖ / (‖∇ fooled‖ + δ), by the last weight, of each micro-batch (arXiv:2012.09841, eq. 7)."""
    changes = {} if micro_batch is None else {"training.micro_batch": micro_batch}
    loop = Loop(GAMES / "vqgan.yaml", changes, (1, 4, 4))
    encoder, decoder, judge = loop["encoder"], loop["decoder"], loop["judge"]
    moving = [loop.adam(name, 0.01, (0.5, 0.9)) for name in ("encoder", "decoder", "judge")]
    last = decoder.get_parameter("rgb.weight")
    turns = 8 // (micro_batch or 8)
    for _ in loop.steps(STEPS):
        x, _ = loop.real(8)
        losses = []
        for part in (x[turn::turns] for turn in range(turns)):
            back = decoder(encoder(part))
            gap, fooled = (part - back).abs().mean(), -judge(back).mean()
            slopes = [autograd.grad(one, last, retain_graph=True) for one in (gap, fooled)]
            ratio = length(slopes[0]) / (length(slopes[1]) + 1e-6)
            losses.append((gap + ratio.clamp(0, 1e4).detach() * fooled) / turns)
        for optimizer in moving:
            optimizer.zero_grad()
        sum(losses, torch.zeros(())).backward()
        moving[0].step(), moving[1].step()

        x, _ = loop.real(8)
        with torch.no_grad():
            back = decoder(encoder(x))
        descend(moving[2], F.relu(1 - judge(x)).mean() + F.relu(1 + judge(back)).mean())
    loop.compare()


@pytest.mark.parametrize("micro_batch", [None, 2])
def test_a_gradient_over_a_running_length(micro_batch: int | None) -> None:
    """An operator, written as a hook: x; backwards g over the running mean of ‖n gᵢ‖, of whole batches.

    What reaches the images otherwise is left as it is. A run that goes on in the midst comes to the same.
    """
    changes = {} if micro_batch is None else {"training.micro_batch": micro_batch}
    loop = Loop(GAMES / "running_length.yaml", changes, (1, 4, 4))
    generator, judge = loop["generator"], loop["judge"]
    moving = {name: torch.optim.SGD(loop[name].parameters(), 0.1) for name in ("generator", "judge")}
    running = 0.0

    def passed(slope: Tensor) -> Tensor:
        nonlocal running
        now = (len(slope) * slope).flatten(1).norm(dim=1).mean().item()
        divided, running = running + 1e-8 if running else 1.0, 0.75 * running + 0.25 * now if running else now
        return slope / divided

    other = made_run(GAMES / "running_length.yaml", changes, (1, 4, 4))
    for number in loop.steps(5):
        x, _ = loop.real(8)
        with torch.no_grad():
            fake = generator(loop.draws("judge", 8).normal("z", 5))
        descend(moving["judge"], F.softplus(judge(fake)).mean() + F.softplus(-judge(x)).mean())
        fake = generator(loop.draws("generator", 8).normal("z", 5))
        even = fake.view_as(fake)
        even.register_hook(passed)
        descend(moving["generator"], F.softplus(-judge(even)).mean() + 0.1 * fake.square().mean())
        if number == 2:
            carry(loop.run, other)
        loop.compare(even_length=running)
    step(other), step(other)
    compare(loop.run.tensors(), other.tensors(), "gone on")


def penalized(folder: Path, by: str) -> Path:
    """The autoencoder minimizes the norm of its judge's loss's gradient, too."""
    path = folder / "penalized.yaml"
    text = (GAMES / "vqgan.yaml").read_text("utf-8")
    old = "terms: {gap: gap, judged: {value: fooled, weight: ratio}}"
    assert text.count(old) == 1
    body = f'    slope: {{op: gradient, of: fooled, by: "{by}"}}\n  players:\n'
    text = text.replace(old, "terms: {gap: gap, steep: norm(slope)}").replace("  players:\n", body, 1)
    path.write_text(
        text.replace("ratio: {block", "ratio: {when: false, block").replace("  logs: {ratio: ratio}\n", ""),
        "utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("by", "network", "keys"),
    [
        ("weights(judge)", "judge", ("conv.weight", "logit.weight")),  # constants there
        ("weights(judge, 'conv')", "judge", ("logit.weight",)),
        ("weight(decoder.rgb)", "decoder", ("rgb.weight",)),  # variables
    ],
)
def test_a_norm_that_is_differentiated_again(
    by: str, network: str, keys: tuple[str, ...], tmp_path: Path
) -> None:
    loop = Loop(penalized(tmp_path, by), {}, (1, 4, 4))
    encoder, decoder, judge = loop["encoder"], loop["decoder"], loop["judge"]
    moving = [loop.adam(name, 0.01, (0.5, 0.9)) for name in ("encoder", "decoder", "judge")]
    for _ in loop.steps(STEPS):
        x, _ = loop.real(8)
        back = decoder(encoder(x))
        weights = [loop[network].get_parameter(key) for key in keys]
        slopes = autograd.grad(-judge(back).mean(), weights, create_graph=True)
        for optimizer in moving:
            optimizer.zero_grad()
        ((x - back).abs().mean() + length(slopes)).backward()
        moving[0].step(), moving[1].step()

        x, _ = loop.real(8)
        with torch.no_grad():
            back = decoder(encoder(x))
        descend(moving[2], F.relu(1 - judge(x)).mean() + F.relu(1 + judge(back)).mean())
    loop.compare()


def test_constants_keep_no_gradient(tmp_path: Path) -> None:
    """What a phase differentiates by, and does not train, is left as it was."""
    run = made_run(penalized(tmp_path, "weights(judge)"), {}, (1, 4, 4))
    step(run)
    assert all(weight.requires_grad for weight in run.game.networks["judge"].parameters())


def test_the_page_shows_what_is_played() -> None:
    line = "    ratio: {block: weight.adaptive, of: fooled, beside: gap, by: weight(decoder.rgb)}\n"
    page = GAMES.parents[1] / "docs" / "game.md"
    assert line in page.read_text("utf-8") and line in (GAMES / "vqgan.yaml").read_text("utf-8")


def test_closed_form() -> None:
    """of = E(w·x)²: ∇ = 2 E(w·x) x, and of its norm the gradient is the Hessian times the unit vector."""
    torch.manual_seed(0)
    x, w = torch.randn(6, 4, dtype=torch.float64), torch.randn(1, 4, dtype=torch.float64, requires_grad=True)
    (found,) = gradient((x @ w.T).square().mean(), [(w,)])
    expected = 2 * ((x @ w.T) * x).mean(0, keepdim=True)
    torch.testing.assert_close(found, (expected,))
    (again,) = autograd.grad(norm(found), w)
    torch.testing.assert_close(again, expected / expected.norm() @ (2 * x.T @ x / 6))


def test_norm_has_no_slope_at_zero() -> None:
    x = torch.zeros(3, requires_grad=True)
    norm([x]).backward()
    assert x.grad is not None and not x.grad.any()


FORCED = """\
gandsl: 1
name: forced
data: {image: "Image[1, 4]"}
networks:
  coder:
    inputs: {image: "Image[1, 4]"}
    defaults: {weighted: {weight: forced}}
    body:
      conv: {op: conv, channels: 3, kernel: 3, groups: 1}
      act: {op: tanh}
      up: {op: conv_transpose, channels: 2, kernel: 3, stride: 1, lr_multiplier: 0.5}
      rgb: {op: conv, channels: 1, kernel: 3, weight: normalized}
    outputs: {image: {of: rgb, kind: Image}}
game:
  body: {back: {network: coder, image: image}}
  players:
    coder:
      trains: [coder]
      terms: {gap: mean((back - image) ** 2), each: {value: mean(back ** 2), every: 2 steps}}
  shows: [back]
training: {length: 1 kimg, batch: 4, optimizer: {lr: 0.01, betas: [0.0, 0.99]}}
"""


def test_forced_weights_keep_their_norm(tmp_path: Path) -> None:
    """w ← √n · w / ‖w‖ of each output, after each step of each phase (arXiv:2312.02696, section 2.3)."""
    (tmp_path / "forced.yaml").write_text(FORCED)
    loop = Loop(tmp_path / "forced.yaml", {}, (1, 4, 4))
    coder, r = loop["coder"], lazy(1, 2)
    moving = loop.adam("coder", 0.01 * r, (0.0, 0.99**r))
    conv, up = (coder.get_parameter(f"{name}.weight") for name in ("conv", "up"))

    def descend_forced(loss: Tensor) -> None:
        descend(moving, loss)
        with torch.no_grad():
            conv.copy_(conv * 3 / conv.square().sum((1, 2, 3), keepdim=True).sqrt())
            up.copy_(up * 27**0.5 * 2 / up.square().sum((0, 2, 3), keepdim=True).sqrt())

    for number in loop.steps(STEPS):
        x, _ = loop.real(4)
        descend_forced((coder(x) - x).square().mean())
        if number % 2 == 0:
            descend_forced(2 * coder(x).square().mean())
    loop.compare()
    rgb = loop.run.networks["coder"].get_parameter("rgb.weight")
    assert not torch.isclose(rgb.square().mean().sqrt(), torch.ones(()).double(), rtol=1e-3)
