"""Architectures that exist in YAML alone: each agrees with a twin written by hand, and trains."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import gandsl
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.layers import set_noise_mode
from gandsl_runtime.network import Network
from gandsl_runtime.runs.record import MachineOptions
from tests.runtime import nets
from tests.specs.compare import copy_weights, derivatives, errors, shake
from tests.specs.images import random_images
from tests.specs.twins import TWINS

FOLDER = Path(__file__).parent / "new"
BATCH = 8  # two groups of the minibatch standard deviation
NETWORKS = ("generator", "discriminator")


def test_every_spec_has_a_twin() -> None:
    """And there is no Python beside the specs."""
    assert {path.name for path in FOLDER.iterdir()} == {f"{name}.yaml" for name in TWINS}


@pytest.mark.parametrize("name", TWINS)
def test_under_a_hundred_lines(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    assert len(text.splitlines()) < 100
    assert max(map(len, text.splitlines())) <= 160, "lines that only look like one"


def example(network: Network) -> list[Tensor]:
    """Inputs of one batch."""
    draw = torch.Generator().manual_seed(3)
    return [
        torch.randint(port.shape[0], (BATCH,), generator=draw)
        if port.kind == "Label"
        else torch.randn(BATCH, *port.shape, generator=draw, dtype=torch.float64)
        for port in network.inputs
    ]


def pair(name: str, which: str) -> tuple[Network, nn.Module, dict[str, str]]:
    """Our network and its twin with the same weights, in float64, and the map of keys."""
    network = getattr(gandsl.compile(FOLDER / f"{name}.yaml"), which).double().eval()
    shake(network)
    set_noise_mode(network, "constant")
    of = TWINS[name]._asdict()
    twin = of[which]().double().eval()
    return network, twin, copy_weights(network, twin, of[f"{which}_keys"])


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize("which", NETWORKS)
@pytest.mark.parametrize("name", TWINS)
def test_agrees_with_its_twin(name: str, which: str, training: bool) -> None:
    network, twin, names = pair(name, which)
    network.train(training)
    twin.train(training)
    inputs = example(network)
    ours, theirs = derivatives(network, network, inputs), derivatives(twin, twin, inputs)
    wrong = {what: size for what, size in errors(ours, theirs, names).items() if not size < 1e-9}
    assert not wrong
    state, other = network.state_dict(), twin.state_dict()
    moved = {key: (state[key] - other[names[key]]).abs().max().item() for key in names}
    assert max(moved.values()) < 1e-12, "the state after the call"


@pytest.mark.parametrize("name", [name for name in TWINS if name.startswith("style_")])
def test_each_layer_reads_its_own_style(name: str) -> None:
    network, twin, names = pair(name, "generator")
    draw = torch.Generator().manual_seed(5)
    ws = torch.randn(BATCH, 6, 16, generator=draw, dtype=torch.float64)
    ours = derivatives(network.program("synthesis"), network, [ws])
    theirs = derivatives(twin.synthesis, twin, [ws])
    assert not {what: size for what, size in errors(ours, theirs, names).items() if not size < 1e-9}
    z, *label = example(network)
    styles = twin.style(z, *label)[:, None].expand(-1, 6, -1)
    torch.testing.assert_close(network.program("mapping")(z, *label), styles, rtol=1e-12, atol=1e-12)


def images(network: Network) -> Arrays:
    classes = next((port.shape[0] for port in network.inputs if port.kind == "Label"), 0)
    channels, height, width = network.inputs[0].shape
    return random_images((channels, height, width), classes)


@pytest.mark.parametrize("name", TWINS)
def test_trains_three_steps(name: str) -> None:
    torch.manual_seed(1)
    program = gandsl.compile(FOLDER / f"{name}.yaml", {"training.batch": 4})
    networks = {which: getattr(program, which) for which in NETWORKS}
    before = {
        which: {k: p.detach().clone() for k, p in net.named_parameters()} for which, net in networks.items()
    }
    trainer = nets.trainer_of(
        program.plan,
        program.game,
        data=images(networks["discriminator"]),
        machine=MachineOptions(device="cpu"),
        observing=(),
    )
    for _ in range(3):
        trainer.step()
    losses = trainer.measured()  # raises Diverged where one is not finite
    assert {"loss/G", "loss/D"} <= set(losses), sorted(losses)
    for which, net in networks.items():
        # the gradient of a last bias is zero while a hinge loss has all samples within its margins
        still = [k for k, p in net.named_parameters() if torch.equal(p, before[which][k]) and p.dim() > 1]
        assert not still, f"parameters of the {which} that no step changed: {still}"
        assert all(p.isfinite().all() for p in net.parameters())
