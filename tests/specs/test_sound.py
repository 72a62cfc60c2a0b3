"""Small specs that pass `check`, and used to fail behind it: each trains, and means what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bench.memory import measured
from gandsl_runtime import Trainer
from gandsl_runtime.game.compiled import Compiler
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.guard.probe import Probe
from gandsl_runtime.observers.grids import write_shown
from gandsl_runtime.programs import classes_of
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.sample import sample
from tests.runtime import nets
from tests.runtime.graphs import fail
from tests.specs.images import random_images
from tests.specs.probe import spec

DENSE = "    a: {op: linear, features: 48}\n    b: {op: reshape, channels: 3, size: 4}\n"
FLAT = "    flat: {op: flatten}\n    logit: {op: linear, features: 1}\n"


def written(
    generator: str = DENSE,
    discriminator: str = FLAT,
    training: str = "",
    image: str = '"Image[3, 4]"',
    **beside: str,
) -> str:
    """A spec of 4×4 images: bodies, what the plan has besides, D's image, and keys beside G's body."""
    return (
        f'gandsl: 1\nname: sound\ngenerator:\n  inputs: {{z: "Latent[3]"}}\n  body:\n{generator}'
        + "".join(f"  {key}: {value}\n" for key, value in beside.items())
        + f"discriminator:\n  inputs: {{image: {image}}}\n  body:\n{discriminator}"
        + "training:\n  length: 100 steps\n  batch: 4\n  loss: logistic\n"
        + f"  optimizer: {{lr: 1e-3, betas: [0.0, 0.99]}}\n{training}"
    )


SCALES = '{type: "Image[3, res]", each: {res: [4, 8]}}'
UNREAD = written(
    DENSE + "    big: {op: upsample}\n",
    FLAT.replace("flatten}", "flatten, x: 'image[1]'}"),
    outputs='{images: "[b, big]"}',
    image=SCALES,
)
STYLED = (
    "    ws: {op: broadcast_styles, count: 2}\n"
    "    k: {op: constant, like: ws, channels: 3, size: 4}\n"
    '    c: {op: modulated_conv, style: "ws[0]", channels: 3}\n'
    '    d: {op: modulated_conv, style: "ws[1]", channels: 3}\n'
)
PATH = "  regularizers: {path_length: {weight: 2, decay: 0.5}}\n"
NORMED = "    n: {op: NORM}\n" + FLAT


def normed(norm: str) -> str:
    return written(
        DENSE + "    c: {op: conv, channels: 3}\n",
        NORMED.replace("NORM", norm),
        "  memory_format: channels_last\n",
    )


SPECS = {
    "noise at the end of a product": written(
        DENSE + "    c: {op: conv, channels: 3}\n    noise: {op: noise}\n    norm: {op: instance_norm}\n"
    ),
    "a source behind a source": written(
        "    k: {op: constant, channels: 1, size: 9}\n    low: {op: relu}\n"
        "    l: {op: constant, like: low, channels: 2, size: [4, 10]}\n"
        "    m: {op: resize, size: 9}\n    both: {op: concat, terms: [m, low]}\n"
        "    s: {op: resize, size: 4}\n    c: {op: conv, channels: 3}\n"
    ),
    "a constant for an image": written("    k: {op: constant, channels: 3, size: 4}\n"),
    "path length of latents": written(STYLED, training=PATH, styles="ws"),
    "a scale that nobody reads": UNREAD
    + "  regularizers: {r1: {gamma: 1, every: 2 steps}, r2: {gamma: 1}, gradient_penalty: {weight: 1}}\n",
    **{
        f"{norm} of the image, channels last": normed(norm)
        for norm in ("group_norm, groups: 3", "instance_norm, affine: true", "layer_norm", "batch_norm")
    },
}


def trainer(text: str) -> Trainer:
    torch.manual_seed(0)
    program = spec(text)
    assert program.plan is not None
    shapes = [port.shape for port in program.discriminator.inputs if port.kind == "Image"]
    data = random_images(max(shapes, key=lambda shape: shape[1]), classes_of(program.generator), 11)
    how = {"data": data, "observing": (), "machine": MachineOptions(device="cpu")}
    return nets.trainer_of(program.plan, program.game, **how)


@pytest.mark.parametrize("name", SPECS)
def test_trains_and_is_sampled(name: str, tmp_path: Path) -> None:
    run = trainer(SPECS[name])
    for _ in range(2):
        run.step()
    assert {"loss/G", "loss/D"} <= set(run.measured())  # raises Diverged where one is not finite
    write_shown(tmp_path / "grid.png", run.state, run.data, run.state.now())
    for made in sample(run.state.networks["generator"], range(5)):
        assert len(made) == 5 and made.isfinite().all()


@pytest.mark.parametrize("name", SPECS)
def test_its_memory_is_measured(name: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(SPECS[name], "utf-8")
    sizes = measured(tmp_path / "spec.yaml", {})
    assert list(sizes) == [phase.label for phase in trainer(SPECS[name]).state.phases()]
    assert all(size > 0 for size in sizes.values())


@pytest.mark.parametrize("penalty", ["r1: {gamma: 1}", "r2: {gamma: 1}", "gradient_penalty: {weight: 1}"])
@pytest.mark.parametrize("backend", [None, pytest.param("aot_eager", marks=pytest.mark.thorough)])
def test_penalties_hold_for_the_scales_that_are_read(penalty: str, backend: str | None) -> None:
    """D is linear in one scale: its gradient there is the weight, and on the other 0."""
    run = trainer(f"{UNREAD}  regularizers: {{{penalty}}}\n")
    if backend:
        assert isinstance(run.state, GameRun)
        run.state.compiler = Compiler(backend, fail)
    weight = dict(run.state.networks["discriminator"].named_parameters())["logit.weight"].detach().clone()
    run.step()
    name, norm = penalty.split(":")[0], weight.norm().item()
    expected = (norm - 1) ** 2 if name == "gradient_penalty" else norm**2 / 2
    assert run.measured()[f"penalty/{name}"] == pytest.approx(expected, rel=1e-5)


def test_path_length_without_a_mapping() -> None:
    """As with a mapping that leaves the latent what it is: the same lengths, and the same new weights."""
    found = []
    for mapping in ("", "    same: {op: linear, features: 3}\n"):
        run = trainer(written(mapping + STYLED, training=PATH, styles="ws"))
        weights = dict(run.state.networks["generator"].named_parameters())
        with torch.no_grad():
            for seed, (name, weight) in enumerate(sorted(weights.items(), key=lambda item: item[0])):
                if name.startswith("same."):
                    weight.copy_(torch.eye(3) if weight.dim() == 2 else torch.zeros(3))
                else:
                    weight.copy_(torch.randn(weight.shape, generator=torch.Generator().manual_seed(seed)))
            for weight in run.state.networks["discriminator"].parameters():
                weight.fill_(0.1)
        run.step()
        rest = {name: weight for name, weight in weights.items() if not name.startswith("same.")}
        found.append((run.measured(), rest))
    (plain, weights), (mapped, same) = found
    assert plain["penalty/path_length"] == pytest.approx(mapped["penalty/path_length"], rel=1e-5)
    assert plain["penalty/path_length"] > 0
    assert weights.keys() == same.keys()
    for name, weight in weights.items():
        torch.testing.assert_close(weight, same[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("batch", "group"), [("batch: 3", 8), ("batch: 6", 3), ("batch: 4\n  micro_batch: 2", 0)]
)
def test_the_guard_s_probe_judges_as_training_does(batch: str, group: int) -> None:
    """11 images are no multiple of the group: D is given batches as large as those that it is trained on."""
    body = f"    s: {{op: minibatch_stddev, group: {group}}}\n" + FLAT
    text = written(discriminator=body).replace("batch: 4", batch)
    run = trainer(text)
    seen: list[int] = []
    judging = run.state.networks["discriminator"].get_submodule("logit")
    judging.register_forward_hook(lambda _, given, made: seen.append(len(given[0])))
    assert Probe(run.state, run.data, 11).measured(run.state.now())["logits/gap"].isfinite()
    assert set(seen) == {run.plan.micro_batch or run.plan.batch}
