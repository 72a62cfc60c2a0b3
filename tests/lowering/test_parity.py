"""Lowered networks, optimized for each target, against independent implementations: to second order."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gandsl.ir.graph import NetworkIR
from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.target import Target
from gandsl_runtime.layers import set_noise_mode
from tests.published import (
    biggan_discriminator,
    stylegan2_discriminator,
    stylegan2_generator,
    stylegan2_key,
)

TARGETS = [
    Target("cpu"),
    Target("cpu", batch=1),
    Target("cuda"),
    Target("cpu", "inference"),
    Target("cuda", "inference"),
]
TOLERANCE = 1e-4  # of the largest magnitude: both sides compute in float32, in different orders


def close(value: Tensor, reference: np.ndarray[Any, Any], tolerance: float = TOLERANCE) -> None:
    expected = torch.from_numpy(np.asarray(reference, np.float32))
    assert value.shape == expected.shape
    assert (value - expected).abs().max() <= tolerance * expected.abs().max()


def load(
    folder: Path, name: str, ir: NetworkIR, target: Target, rename: Any = str
) -> tuple[LoweredNetwork, Any]:
    data = np.load(folder / f"{name}.npz")
    assert json.loads(str(data["meta"]))
    network = LoweredNetwork(ir, target)
    state = {key: torch.from_numpy(data[f"state/{rename(key)}"]) for key in network.state_dict()}
    network.load_state_dict(state)
    return network.eval(), data


def trainable(network: LoweredNetwork, data: Any, rename: Any = str) -> list[Tensor]:
    """Our parameters in the order of the official state_dict."""
    by_key = {rename(key): value for key, value in network.named_parameters()}
    order = [key.removeprefix("state/") for key in data.files if key.removeprefix("state/") in by_key]
    assert len(order) == len(by_key)
    return [by_key[key] for key in order]


def norms(loss: Tensor, parameters: list[Tensor]) -> Tensor:
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    return torch.stack([torch.zeros(()) if g is None else g.norm() for g in gradients])


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_stylegan2_generator(parity: Path, target: Target) -> None:
    network, data = load(parity, "stylegan2_32_G", stylegan2_generator(), target, stylegan2_key)
    z = torch.from_numpy(data["in/z"])
    ws = network.program("mapping")(z)
    close(ws, data["out/ws"])
    synthesis = network.program("synthesis")
    set_noise_mode(network, "constant")
    close(synthesis(ws), data["out/img_noise_const"])
    close(network(z), data["out/img_noise_const"])
    average = network.get_submodule("mapping.w_avg").average
    truncated = ws.detach().clone()
    truncated[:, :3] = torch.lerp(average, truncated[:, :3], 0.6)
    close(synthesis(truncated), data["out/img_psi06_cutoff3"])
    set_noise_mode(network, "none")
    close(synthesis(ws), data["out/img_noise_none"])


@pytest.mark.parametrize("target", TARGETS, ids=str)
def test_stylegan2_path_length(parity: Path, target: Target) -> None:
    """The gradient of a gradient, through modulated, transposed and filtered convolutions."""
    network, data = load(parity, "stylegan2_32_G", stylegan2_generator(), target, stylegan2_key)
    set_noise_mode(network, "constant")
    ws = network.program("mapping")(torch.from_numpy(data["in/z"]))
    image = network.program("synthesis")(ws)
    noise = torch.from_numpy(data["in/pl_noise"]) / 32
    (gradient,) = torch.autograd.grad((image * noise).sum(), ws, create_graph=True)
    lengths = gradient.square().sum(2).mean(1).sqrt()
    close(lengths, data["out/pl_lengths"])
    parameters = trainable(network, data, stylegan2_key)
    close(norms((lengths - 0.3).square().mean(), parameters), data["out/pl_param_grad_norm"])


@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("name", ["stylegan2_32_D", "biggan_32_D"])
def test_discriminators_and_their_r1(parity: Path, name: str, target: Target) -> None:
    """Equalized weights, filters, minibatch stddev; spectral weights iterating in evaluation, projection."""
    style = name.startswith("style")
    rename = stylegan2_key if style else str
    ir = stylegan2_discriminator() if style else biggan_discriminator()
    network, data = load(parity, name, ir, target, rename)
    x = torch.from_numpy(data["in/x"]).requires_grad_()
    labels = () if style else (torch.from_numpy(data["in/y"]).long(),)
    logits = network(x, *labels)
    close(logits, data["out/logits"])
    (gradient,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    close(gradient, data["out/grad_x"])
    r1 = gradient.square().sum((1, 2, 3))
    close(r1, data["out/r1"])
    close(norms(r1.mean(), trainable(network, data, rename)), data["out/r1_param_grad_norm"])
    with torch.no_grad():
        close(network(x, *labels), data["out/logits"])
