"""A game's optimizers: each kind's first step in closed form; averages by network; what is frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import gandsl
from gandsl_runtime.data import open_dataset
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from gandsl_runtime.plan import Plan
from gandsl_runtime.runs.header import Counters
from gandsl_runtime.training.training_set import stream_of

SPEC = """\
gandsl: 1
name: small
generator:
  inputs: {z: "Latent[4]"}
  body:
    dense: {op: linear, features: 48}
    start: {op: reshape, channels: 3, size: 4}
    middle: {op: conv, channels: 4, kernel: 1}
    image: {op: conv, channels: 3, kernel: 1}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body:
    conv: {op: conv, channels: 2}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
training: {length: 9 steps, batch: 4, loss: logistic, optimizer: {lr: 0.01, betas: [0.5, 0.9]}}
"""
CPU = torch.device("cpu")


def run_of(changes: dict[str, Any], folder: Path, written: Mapping[str, Any] | None = None) -> GameRun:
    """A run of the small spec, in float64, whose weights and data are the same each time."""
    torch.manual_seed(3)
    (folder / "small.yaml").write_text(SPEC)
    program = gandsl.compile(folder / "small.yaml", written or {}).to(torch.float64)
    assert program.plan is not None and program.game is not None
    plan = Plan.model_validate(program.plan.model_dump(mode="json") | changes)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 4, 4, 3), dtype=np.uint8)
    data = open_dataset(Arrays(pixels, None), (3, 4, 4), 0, plan.data)
    stream = stream_of(data, plan, 3, 0, ProcessGroup(), CPU, print)
    return GameRun.new(plan, program.game, stream, 3, CPU)


def weights(run: GameRun, network: str = "discriminator") -> dict[str, Tensor]:
    return {key: w.detach().clone() for key, w in run.game.networks[network].named_parameters()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """D's weights, and the gradients of its first step: what plain descent at a rate of 1 takes away."""
    run = run_of({"optimizer": {"kind": "sgd", "lr": 1.0}}, tmp_path_factory.mktemp("first"))
    before = weights(run)
    step(run)
    return before, {key: before[key] - now for key, now in weights(run).items()}


def norm(gradients: dict[str, Tensor]) -> Tensor:
    return torch.cat([gradient.flatten() for gradient in gradients.values()]).norm()


def clipped(gradients: dict[str, Tensor], most: float) -> dict[str, Tensor]:
    factor = min(1.0, most / (norm(gradients).item() + 1e-6))  # as torch has it
    return {key: g * factor for key, g in gradients.items()}


def adam(g: Tensor) -> Tensor:
    return g / (g.abs() + 1e-8)  # m̂ = g, v̂ = g²


KINDS = [
    ({"lr": 0.01}, lambda w, g: w - 0.01 * adam(g)),
    ({"kind": "adam", "lr": 0.01, "weight_decay": 0.1}, lambda w, g: w - 0.01 * adam(g + 0.1 * w)),
    ({"kind": "adamw", "lr": 0.01, "weight_decay": 0.1}, lambda w, g: w * (1 - 0.001) - 0.01 * adam(g)),
    ({"kind": "adamw", "lr": 0.01}, lambda w, g: w * (1 - 0.0001) - 0.01 * adam(g)),
    ({"kind": "sgd", "lr": 0.5, "weight_decay": 0.1}, lambda w, g: w - 0.5 * (g + 0.1 * w)),
    ({"kind": "sgd", "lr": 0.5, "momentum": 0.9}, lambda w, g: w - 0.5 * g),
    ({"kind": "sgd", "lr": 0.5, "momentum": 0.9, "nesterov": True}, lambda w, g: w - 0.5 * 1.9 * g),
    ({"kind": "rmsprop", "lr": 0.01, "alpha": 0.75}, lambda w, g: w - 0.01 * g / (0.5 * g.abs() + 1e-8)),
    (
        {"kind": "rmsprop", "lr": 0.01, "alpha": 0.75, "centered": True},  # v − ḡ² = ¼g² − (¼g)²
        lambda w, g: w - 0.01 * g / ((0.25 - 0.0625) ** 0.5 * g.abs() + 1e-8),
    ),
]


@pytest.mark.parametrize(
    ("optimizer", "moved"), KINDS, ids=lambda one: str(one) if isinstance(one, dict) else ""
)
def test_the_first_step_of_each_kind(
    first: Any, tmp_path: Any, optimizer: dict[str, Any], moved: Any
) -> None:
    before, gradients = first
    for clip in (None, 2.0 * norm(gradients).item(), 0.25 * norm(gradients).item()):
        run = run_of({"optimizer": optimizer | {"clip": clip}}, tmp_path)
        step(run)
        given = gradients if clip is None else clipped(gradients, clip)
        for key, now in weights(run).items():
            torch.testing.assert_close(now, moved(before[key], given[key]), rtol=1e-9, atol=1e-10)


def test_each_network_has_its_own(first: Any, tmp_path: Any) -> None:
    before, gradients = first
    sgd = {"kind": "sgd", "lr": 0.5}
    for changes in ({"optimizers": {"discriminator": sgd}}, {"discriminator_optimizer": sgd}):
        run = run_of(changes, tmp_path)
        step(run)
        for key, now in weights(run).items():
            torch.testing.assert_close(now, before[key] - 0.5 * gradients[key], rtol=1e-9, atol=1e-12)
        kinds = {owner.network: type(one).__name__ for owner, one in run.optimizers.by_owner.items()}
        assert kinds == {"discriminator": "SGD", "generator": "Adam"}
        assert "optimizer.generator/image.weight/exp_avg" in run.tensors()
        assert not [name for name in run.tensors() if name.startswith("optimizer.discriminator/")]


def test_lazy_terms_correct_every_decay(tmp_path: Any) -> None:
    """r = 2 / 3 with R1 every second step: rates times r, decays to its power."""
    lazy = {"training.regularizers.r1": {"gamma": 1, "every": "2 steps"}}
    for optimizer, expected in (
        ({"kind": "rmsprop", "lr": 0.3, "alpha": 0.9, "momentum": 0.5}, {"alpha": 0.9, "momentum": 0.5}),
        ({"kind": "sgd", "lr": 0.3, "momentum": 0.5}, {"momentum": 0.5}),
    ):
        run = run_of({"optimizer": optimizer}, tmp_path, lazy)
        run.enter(run.now())
        (group,) = next(
            o for k, o in run.optimizers.by_owner.items() if k.network == "discriminator"
        ).param_groups
        assert group["lr"] == pytest.approx(0.2)
        for name, decay in expected.items():
            assert group[name] == pytest.approx(decay ** (2 / 3))


def test_any_network_is_averaged(tmp_path: Any) -> None:
    run = run_of({"averages": {"discriminator": {"decay": 0.75}, "generator": {"power": 1}}}, tmp_path)
    before = {name: weights(run, name) for name in ("generator", "discriminator")}
    shown = {name: [before[name]] for name in before}
    for _ in range(3):
        step(run)
        for name in shown:
            shown[name].append(weights(run, name))
    tensors = run.tensors()
    for key, first_one in before["discriminator"].items():
        average = first_one
        for now in shown["discriminator"][1:]:
            average = 0.75 * average + 0.25 * now[key]
        torch.testing.assert_close(tensors[f"average.discriminator/{key}"], average, rtol=1e-9, atol=1e-12)
    for key in before["generator"]:  # weights of 1, 3 and 5 ninths
        one, two, three = (now[key] for now in shown["generator"][1:])
        torch.testing.assert_close(
            tensors[f"average/{key}"], (one + 3 * two + 5 * three) / 9, rtol=1e-9, atol=1e-12
        )


FROZEN = {
    "an id": (["middle"], {"middle"}),
    "two ids": (["middle", "dense"], {"middle", "dense"}),
    "a pattern": (["*d*e*"], {"middle", "dense"}),
    "all": (["*"], {"middle", "dense", "image"}),
}


@pytest.mark.parametrize("case", FROZEN)
def test_frozen_weights_rest(tmp_path: Any, case: str) -> None:
    """From the second step to the third, with their moments; all others go on."""
    nodes, resting = FROZEN[case]
    freeze = [{"network": "generator", "nodes": nodes, "from": "1 steps", "until": "2 steps"}]
    run = run_of({"freeze": freeze}, tmp_path)
    for number in range(3):
        before = {key: tensor.clone() for key, tensor in run.tensors().items()}
        step(run)
        moved = {
            key
            for key, now in run.tensors().items()
            if key not in before or not torch.equal(now, before[key])
        }
        still = resting if number == 1 else set()
        for key in (
            f"{part}{node}.{kind}"
            for node in ("dense", "middle", "image")
            for part in ("generator/", "optimizer.generator/")
            for kind in ("weight", "bias")
        ):
            expected = key.partition("/")[2].split(".")[0] not in still
            assert any(name.startswith(key) for name in moved) == expected, (number, key)
        assert any(name.startswith("discriminator/") for name in moved)
    plan = Plan.model_validate_json(run.plan.model_dump_json())
    assert plan.freeze == run.plan.freeze


@pytest.mark.parametrize(
    "optimizer",
    [
        {"kind": "adamw", "lr": 0.01},
        {"kind": "sgd", "lr": 0.1},
        {"kind": "sgd", "lr": 0.1, "momentum": 0.9},
        {"kind": "rmsprop", "lr": 0.01},
        {"kind": "rmsprop", "lr": 0.01, "momentum": 0.5, "centered": True},
    ],
    ids=str,
)
def test_a_checkpoint_holds_what_an_optimizer_keeps(tmp_path: Path, optimizer: dict[str, Any]) -> None:
    """Saved after a step and taken over by another run, both go on alike, to the bit."""
    one, other = (run_of({"optimizer": optimizer}, tmp_path) for _ in range(2))
    step(one)
    kept = {key.rpartition("/")[2] for key in one.tensors() if key.startswith("optimizer.generator/")}
    owner = next(owner for owner in one.optimizers.by_owner if owner.network == "generator")
    assert kept == set(one.optimizers.moments(owner))
    other.stream.position = one.stream.position
    saved = {key: tensor.clone() for key, tensor in one.tensors().items()}
    counters = Counters.model_validate_json(json.dumps(one.counters()))
    other.load_tensors(saved, counters)
    other.load_counters(counters)
    step(one)
    step(other)
    for key, tensor in one.tensors().items():
        assert torch.equal(tensor, other.tensors()[key]), key
