"""The cost model against torch: FLOPs that FlopCounterMode counts, bytes that autograd saves.

torch counts a little more than the model: constant filters (`fir`) are depthwise convolutions, spectral
norm and demodulation multiply small matrices. Where a spec has none of these the counts are equal.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import gandsl
from gandsl.analysis import autodiff, checked, phases
from gandsl.analysis.autodiff import GradientFlow
from gandsl.analysis.game.phases import game_phases
from gandsl.analysis.phases import StepPhase
from gandsl.api import Program
from gandsl.passes import pipeline
from gandsl.passes.fuse_epilogues import FuseEpilogues
from gandsl.passes.fuse_resampling import FuseResampling
from gandsl.passes.target import Target

SPECS = Path(__file__).parent.parent.parent / "specs"
N = 4

CASES: dict[str, tuple[str, dict[str, Any], float]] = {  # name → spec, overrides, what torch may count more
    "dcgan": ("dcgan.yaml", {"resolution": 32}, 0.0),
    "quickstart": ("quickstart.yaml", {}, 0.032),
    "biggan": ("biggan.yaml", {"resolution": 32, "width": 16}, 0.03),
    "stylegan2": ("stylegan2.yaml", {"resolution": 32, "channel_base": 1024, "training.batch": 8}, 0.03),
}


@pytest.fixture(autouse=True)
def as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model counts what the spec says; the pass that finds cheaper convolutions for it is left out."""
    kept = tuple(step for step in pipeline.FASTER if not isinstance(step, FuseResampling | FuseEpilogues))
    monkeypatch.setattr(pipeline, "FASTER", kept)


LAZY = {"r1": {"gamma": 1, "every": "16 steps"}}
OF_STYLES = {"path_length": {"every": "4 steps"}}


@cache
def program(case: str) -> Program:
    """Compiled for a GPU: there a modulated convolution always takes the form that the model counts."""
    spec, overrides, _ = CASES[case]
    return gandsl.compile(SPECS / spec, overrides, Target(device="cuda"))


@cache
def lazy(case: str) -> dict[str, StepPhase]:
    """The phases of the game whose penalties these tests compute by hand, by name."""
    spec, overrides, _ = CASES[case]
    regularizers = LAZY | (OF_STYLES if case == "stylegan2" else {})
    changes = {"training.regularizers": regularizers, "training.style_mixing": None}
    module, _ = checked(SPECS / spec, {**overrides, **changes})
    assert module.game is not None
    return {phase.name: phase for phase in game_phases(module, module.game)}


def inputs(network: Any, samples: int = N, *, to_images: bool = False) -> list[Tensor]:
    found = []
    for port in network.inputs:
        if port.kind == "Label":
            found.append(torch.randint(port.shape[0], (samples,)))
        else:
            x = torch.randn(samples, *port.shape)
            # the counter cannot differentiate to a leaf: hence a copy
            found.append(x.requires_grad_().clone() if to_images and port.kind == "Image" else x)
    return found


def flops(work: Callable[[], object]) -> float:
    """FLOPs of one sample."""
    with FlopCounterMode(display=False) as counter:
        work()
    return counter.get_total_flops() / N


def saved(network: torch.nn.Module, work: Callable[[int], object]) -> float:
    """Bytes that autograd saves for one more sample, weights and buffers aside."""

    def total(samples: int) -> int:
        own = {t.untyped_storage().data_ptr() for t in (*network.parameters(), *network.buffers())}
        storages: dict[int, tuple[int, Tensor]] = {}  # the tensors too, so that no address is used again

        def pack(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                storages[storage.data_ptr()] = (storage.nbytes(), tensor)
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            kept = work(samples)
        assert kept is not None
        return sum(size for size, _ in storages.values())

    return (total(2 * N) - total(N)) / N


def close(counted: float, modelled: int, more: float) -> None:
    assert modelled * (1 - 1e-9) <= counted <= modelled * (1 + more + 1e-9), counted / modelled


def forward_of(name: str, case: str) -> tuple[Any, Any, int]:
    network = program(case).network(name)
    graph = network.ir.main
    return network, graph, 2 * sum(phases.forward(graph).values())


@pytest.mark.parametrize("name", ["generator", "discriminator"])
@pytest.mark.parametrize("case", CASES)
def test_forward_and_training(case: str, name: str) -> None:
    network, graph, forward = forward_of(name, case)
    more = CASES[case][2]
    close(flops(lambda: network(*inputs(network))), forward, 2 * more)
    backward = 2 * sum(autodiff.backward_macs(GradientFlow(graph)).values())
    close(flops(lambda: network(*inputs(network)).sum().backward()), forward + backward, more)


@pytest.mark.parametrize("case", CASES)
def test_frozen_discriminator(case: str) -> None:
    network, graph, forward = forward_of("discriminator", case)
    backward = 2 * sum(
        autodiff.backward_macs(GradientFlow(graph, phases.images_of(graph), weights=False)).values()
    )
    network.requires_grad_(False)
    try:
        close(
            flops(lambda: network(*inputs(network, to_images=True)).sum().backward()),
            forward + backward,
            CASES[case][2],
        )
    finally:
        network.requires_grad_(True)


@pytest.mark.parametrize("case", CASES)
def test_gradient_penalty(case: str) -> None:
    network = program(case).discriminator

    def work() -> None:
        images, *labels = inputs(network, to_images=True)
        score = network(images, *labels).sum()
        (gradient,) = torch.autograd.grad(score, images, create_graph=True)
        gradient.square().sum().backward()

    modelled = 2 * sum(lazy(case)["D/16"].macs["discriminator"].values())
    strided = 0.001 if case == "dcgan" else 0.0  # torch's weight gradient of a strided convolution, once more
    close(flops(work), modelled, CASES[case][2] + strided)


def test_path_length() -> None:
    network = program("stylegan2").generator

    def work() -> None:
        styles = network.program("mapping")(*inputs(network))
        images = network.program("synthesis")(styles)
        (gradient,) = torch.autograd.grad(
            (images * torch.randn_like(images)).sum(), styles, create_graph=True
        )
        gradient.square().sum().backward()

    close(flops(work), 2 * sum(lazy("stylegan2")["G/4"].macs["generator"].values()), 0.03)


@pytest.mark.parametrize("name", ["generator", "discriminator"])
@pytest.mark.parametrize("case", CASES)
def test_kept_bytes(case: str, name: str) -> None:
    network, graph, _ = forward_of(name, case)
    modelled = 4 * sum(autodiff.kept_elements(GradientFlow(graph)).values())
    assert saved(network, lambda n: network(*inputs(network, n))) == pytest.approx(modelled, rel=0.03)


@pytest.mark.parametrize("case", CASES)
def test_kept_bytes_of_a_penalty(case: str) -> None:
    network = program(case).discriminator

    def work(samples: int) -> Tensor:
        images, *labels = inputs(network, samples, to_images=True)
        (gradient,) = torch.autograd.grad(network(images, *labels).sum(), images, create_graph=True)
        return gradient.square().sum()

    modelled = 4 * sum(lazy(case)["D/16"].kept["discriminator"].values())
    assert saved(network, work) == pytest.approx(modelled, rel=0.05)
