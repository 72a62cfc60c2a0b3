"""Recompute: the same numbers to the bit, state that moves once, and less memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gandsl.analysis import analyze
from gandsl.codegen import render
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.planned import recomputed
from gandsl.passes.target import Target
from gandsl_runtime import recompute
from gandsl_runtime.layers import Dropout
from gandsl_runtime.network import Network
from gandsl_runtime.rng import CallDraws, Draws, Key, Part, drawing, name_layers
from tests.codegen.twins import arguments, loaded
from tests.specs.reduced import SPECS, reduced


def both(spec: str, name: str, which: Any = "stages") -> tuple[LoweredNetwork, LoweredNetwork]:
    """A network without and with recompute, with equal weights and no zero among noise strengths."""
    module, diagnostics = analyze(SPECS / f"{spec}.yaml", reduced(spec) | {"training.checkpointing": which})
    assert module is not None, [d.message for d in diagnostics]
    ir = module.networks[name]
    torch.manual_seed(0)
    plain = LoweredNetwork(ir).train()
    with torch.no_grad():
        for parameter in plain.parameters():
            parameter += 0.1 * torch.randn_like(parameter)
    kept = LoweredNetwork(ir, Target(recomputed=recomputed(ir, module.plan)), thorough=True).train()
    kept.load_state_dict(plain.state_dict())
    return plain, kept


def draws_of(count: int) -> Draws:
    return Draws(torch.device("cpu"), torch.float32, Part.whole(count), Key(0, 0, "generator"))


def computed(network: Network, entry: str, inputs: Sequence[Tensor]) -> list[Tensor]:
    """Outputs, gradients, those of a penalty on the gradients, and the state after; draws as in training."""
    given = [x.detach().clone().requires_grad_(x.is_floating_point()) for x in inputs]
    floats = [x for x in given if x.requires_grad]
    name_layers(network)
    with drawing(CallDraws(draws_of(len(inputs[0])), "fake")):
        made = network.program(entry)(*given)
        outputs = made if isinstance(made, tuple) else (made,)
        total = sum(
            ((y * torch.linspace(0.5, 1.5, y.numel()).view_as(y)).sum() for y in outputs), torch.zeros(())
        )
        first = torch.autograd.grad(total, floats, create_graph=True)
        penalty = sum((g.square().sum() for g in first), torch.zeros(()))
        weights = list(network.parameters())
        second = torch.autograd.grad(penalty + total, weights, allow_unused=True)
    zeros = [torch.zeros_like(w) if g is None else g for w, g in zip(weights, second, strict=True)]
    return [*outputs, *first, *zeros, *network.state_dict().values()]


def kept_numbers(network: Network, entry: str, inputs: Sequence[Tensor]) -> int:
    """How many numbers the forward keeps for the backward."""
    counts: list[int] = []

    def pack(x: Tensor) -> Tensor:
        counts.append(x.numel())
        return x

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda x: x):
        network.program(entry)(*inputs)
    return sum(counts)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("stylegan2", "generator"),  # noise, modulated convolutions, an image passed from stage to stage
        ("stylegan2", "discriminator"),
        pytest.param("biggan", "generator", marks=pytest.mark.thorough),  # batch norm and spectral norm
        ("sngan", "discriminator"),  # spectral norm
        ("pggan", "generator"),  # growth
    ],
)
def test_equal_to_the_bit(spec: str, name: str) -> None:
    plain, kept = both(spec, name)
    entry = "synthesis" if plain.has_styles else "forward"
    inputs = arguments(plain.graph_module(entry))
    log = kept.pass_log(entry)["recompute-stages"]
    assert log.fired and not log.skipped
    for a, b in zip(computed(plain, entry, inputs), computed(kept, entry, inputs), strict=True):
        assert torch.equal(a, b)
    # the inputs of the stages at least
    assert 0 < kept_numbers(kept, entry, inputs) < 0.5 * kept_numbers(plain, entry, inputs)


def test_beside_merged_affines() -> None:
    """On a GPU's target one product outside of the stages makes the styles of all."""
    plain, kept = (
        network.for_target(Target("cuda", recomputed=network.target.recomputed))
        for network in both("stylegan2", "generator")
    )
    inputs = arguments(plain.graph_module("synthesis"))
    assert len(kept.pass_log("synthesis")["recompute-stages"].fired) == 4
    a, b = (computed(network, "synthesis", inputs) for network in (plain, kept))
    assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_chosen_resolutions_alone() -> None:
    plain, kept = both("stylegan2", "generator", [32, 8])
    assert [event.where for event in kept.pass_log("synthesis")["recompute-stages"].fired] == [
        "synthesis.s8",
        "synthesis.s32",
    ]
    inputs = arguments(plain.graph_module("synthesis"))
    whole, some = kept_numbers(plain, "synthesis", inputs), kept_numbers(kept, "synthesis", inputs)
    assert 0 < kept_numbers(both("stylegan2", "generator")[1], "synthesis", inputs) < some < whole


def test_every_level_and_fade_of_a_family() -> None:
    plain, kept = both("pggan", "discriminator")
    for variant in plain.ir.programs:
        which = {"level": variant.level, "fading": variant.fading}
        inputs = arguments(plain.graph_module(**which))
        for a, b in zip(plain.program(**which)(*inputs), kept.program(**which)(*inputs), strict=True):
            assert torch.equal(a, b)


def test_a_resolution_that_no_stage_has() -> None:
    overrides = reduced("stylegan2") | {"training.checkpointing": [32, 100]}
    _, diagnostics = analyze(SPECS / "stylegan2.yaml", overrides)
    (found,) = [d for d in diagnostics if "100" in d.message]
    assert found.code == "G0602"
    assert found.message == "`checkpointing` names 100, and no stage works at that resolution"
    assert found.help == "there are 4, 8, 16 and 32"


def test_inference_keeps_nothing_anyway() -> None:
    _, kept = both("stylegan2", "generator")
    log = kept.for_target(Target(mode="inference", recomputed=("synthesis.s8",))).pass_log("synthesis")
    assert [event.reason for event in log["recompute-stages"].skipped] == ["nothing is kept in inference"]


def test_printed_networks_checkpoint_what_they_say() -> None:
    """A printed network names its stages; once the trainer begins, it computes as before, with less kept."""
    spec, overrides = SPECS / "stylegan2.yaml", reduced("stylegan2") | {"training.checkpointing": "stages"}
    module, _ = analyze(spec, overrides)
    assert module is not None
    source = render(module)["generator.py"]
    assert 'recomputed = ("synthesis.s4", "synthesis.s8", "synthesis.s16", "synthesis.s32")' in source
    torch.manual_seed(0)
    network = loaded(source, "Generator").train()
    keys = list(network.state_dict())
    ws = [torch.randn(4, 8, 16).requires_grad_()]
    start = {key: value.clone() for key, value in network.state_dict().items()}
    found, numbers = [], []
    for turn in range(2):
        if turn:
            recompute.begin(network)
        network.load_state_dict(start)
        found.append(computed(network, "synthesis", ws))
        numbers.append(kept_numbers(network, "synthesis", ws))
    assert list(network.state_dict()) == keys
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))
    assert 0 < numbers[1] < 0.2 * numbers[0]


def test_dropout_draws_the_same_again() -> None:
    """Both from a step's draw and from torch's generator."""
    torch.manual_seed(0)
    stage = nn.Sequential(nn.Linear(8, 8), Dropout(0.5), nn.Tanh(), Dropout(0.3)).train()
    x = torch.randn(6, 8)
    name_layers(stage)
    for draws in (CallDraws(draws_of(6), "fake"), None):
        found = []
        for again in (False, True):
            given = x.clone().requires_grad_()
            torch.manual_seed(1)
            with drawing(draws):
                y = recompute.recomputed(stage, [*stage.modules()], given) if again else stage(given)
            (first,) = torch.autograd.grad(y.square().sum(), given, create_graph=True)
            found.append([y, first, *torch.autograd.grad(first.square().sum(), [*stage.parameters()])])
        assert (found[0][0] == 0).any()
        assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


STATE_ALONE = """\
gandsl: 1
name: state_alone
generator:
  inputs: {z: "Latent[8]"}
  body:
    steps:
      fold: {i: range(2)}
      carry: {v: z}
      body: {seen: {op: track_average, x: v}, dense: {op: linear, x: seen, features: 8}}
      next: {v: dense}
    both: {op: stack, terms: [steps, z]}
    flat: {op: linear, x: "both[1]", features: 3 * 4 * 4}
    image: {op: reshape, channels: 3, size: 4}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {flat: {op: flatten}, logit: {op: linear, features: 1}}
training: {length: 1 kimg, batch: 4, loss: hinge, optimizer: {lr: 1e-3}, checkpointing: stages}
"""


def test_a_stage_of_which_only_the_state_is_wanted(tmp_path: Path) -> None:
    """Nothing reads the last stage, but its mean moves; so does it with recompute."""
    (tmp_path / "spec.yaml").write_text(STATE_ALONE)
    module, diagnostics = analyze(tmp_path / "spec.yaml")
    assert module is not None, [d.message for d in diagnostics]
    ir, states = module.networks["generator"], []
    for stages in ((), ("s0", "s1")):
        torch.manual_seed(0)
        network = LoweredNetwork(ir, Target(recomputed=stages)).train()
        before = {key: value.clone() for key, value in network.state_dict().items()}
        network(torch.ones(4, 8))
        states.append(network.state_dict())
        moved = {key for key, value in states[-1].items() if not torch.equal(value, before[key])}
        assert moved == {f"{stage}.seen.average" for stage in ("s0", "s1")}
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])
