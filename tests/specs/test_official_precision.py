"""Official configurations train in the numbers of their authors' code, where the device is made for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import gandsl
from gandsl.passes.target import Target
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.observers.opening import facts
from gandsl_runtime.plan import Precision
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training import precision
from gandsl_runtime.training.precision import in_force
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import assert_same
from tests.specs.reduced import ALL, SPECS, reduced
from tests.specs.whole import module

FP16 = {"compute": "fp16", "stages": 4, "overflow": "replace", "fallback": "fp32"}
OFFICIAL = {
    # train.py: num_fp16_res 4, conv_clamp 256; the loop: nan_to_num(nan=0, posinf=1e5, neginf=-1e5), no TF32
    **{f"stylegan2/{name}": FP16 for name in ("ada", "auto", "cifar", "paper256", "paper512", "paper1024")},
    "stylegan2/stylegan2": FP16,
    "stylegan3": FP16,
    # train.py: FP16Stages [-1, -2, -3, -4] at 256², which are bfloat16; no TF32
    "r3gan": {"compute": "bf16", "stages": 4, "fallback": "fp32"},
}
CARDS = {"V100": (7, 0), "T4": (7, 5), "A100": (8, 0), "H100": (9, 0), "P100": (6, 0)}


@pytest.mark.parametrize("name", OFFICIAL)
def test_the_plan_has_the_official_numbers(name: str) -> None:
    whole = module(name)
    assert whole.plan is not None
    found = whole.plan.precision
    assert found == Precision(**OFFICIAL[name])
    if found.compute == "fp16":  # the authors' code keeps within its range by clamping
        assert whole.params["clamp"] == 256


def test_all_others_train_in_fp32() -> None:
    """As their authors' code does, or as nobody's."""
    found = set()
    for name in ALL:
        path = SPECS / f"{name}.yaml"
        text = path.read_text()
        base = next((line.split()[1] for line in text.splitlines() if line.startswith("extends:")), None)
        inherits = base and (path.parent / base).resolve().relative_to(SPECS).with_suffix("").as_posix()
        if "precision:" in text or inherits in OFFICIAL:
            found.add(name)
    assert found == set(OFFICIAL)


@pytest.mark.parametrize("name", ["stylegan2/paper256", "stylegan3", "r3gan"])
def test_on_a_cpu_the_programs_are_those_of_fp32(name: str) -> None:
    """Node for node; on a GPU they have casts. A precision without a fallback is the user's on both."""
    small = reduced(name)
    if name == "stylegan3":
        small["resolution"] = 128  # below, all its features are of the smallest size, which is fp32
    plain, official, asked = (
        gandsl.compile(SPECS / f"{name}.yaml", small | {"training.precision": given})
        for given in ({}, OFFICIAL[name], {k: v for k, v in OFFICIAL[name].items() if k != "fallback"})
    )
    for side in ("generator", "discriminator"):
        a, b, c = (program.network(side) for program in (plain, official, asked))
        assert str(a.graph_module().graph) == str(b.graph_module().graph)
        on_gpu = b.for_target(Target("cuda", falls_back=True))
        for halved in (on_gpu, c):
            assert "narrowed" in str(halved.graph_module().graph)


def run_of(name: str, given: dict[str, object]) -> Trainer:
    program = gandsl.compile(SPECS / f"{name}.yaml", reduced(name) | {"training.precision": given})
    torch.manual_seed(0)
    shape = program.generator.outputs[-1].shape
    images = np.random.default_rng(0).integers(0, 256, (8, *shape[1:], shape[0]), dtype=np.uint8)
    assert program.plan is not None
    how = {"data": Arrays(images), "observing": (), "machine": MachineOptions(device="cpu")}
    return nets.trainer_of(program.plan, program.game, **how)


@pytest.mark.parametrize("name", ["stylegan2/paper256", "r3gan"])
def test_a_step_on_a_cpu_is_that_of_fp32_and_the_run_says_so(name: str) -> None:
    runs = run_of(name, {}), run_of(name, OFFICIAL[name])
    for run in runs:
        run.step()
    assert_same(*(run.state.tensors() for run in runs))
    said = [dict(facts(run))["plan"] for run in runs]
    compute = OFFICIAL[name]["compute"]
    assert said[0].endswith("; fp32")
    assert said[1].endswith(f"; fp32, since cpu is not made for the plan's {compute}")
    assert runs[1].plan.precision.compute == compute  # the plan stays what it is, for a resume on a GPU


@pytest.mark.parametrize("card", CARDS)
def test_cards_and_what_they_are_made_for(card: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: CARDS[card])
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    made_for = {"fp32", *["fp16"] * (card != "P100"), *["tf32", "bf16"] * (card in ("A100", "H100"))}
    for compute in ("fp32", "tf32", "bf16", "fp16"):
        assert precision.made_for(compute, cuda) == (compute in made_for)
        assert precision.made_for(compute, cpu) == (compute == "fp32")
        assert in_force(Precision(compute=compute), cpu).compute == compute  # explicit
        if compute != "fp32":
            both = Precision(compute=compute, fallback="fp32")
            assert in_force(both, cpu) == Precision()
            assert in_force(both, cuda) == (both if compute in made_for else Precision())
