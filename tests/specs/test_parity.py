"""Imported checkpoints of independent implementations compute what these computed, weight for weight."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus
from typer.testing import CliRunner

import gandsl
from gandsl.cli.app import app
from gandsl_runtime.layers import set_noise_mode, set_truncation
from gandsl_runtime.runs import checkpoint
from tests.specs.compare import gradients
from tests.specs.parts import down2, up2
from tests.specs.recorded import (
    TOLERANCE,
    Record,
    assert_close,
    assert_norms_close,
    labels,
    load,
    read,
    write,
)


def assert_discriminates(record: Record) -> None:
    """Logits, their gradient by the image, its squared norm, and the gradient of that by every parameter."""
    x = record.given["x"].clone().requires_grad_()
    logits = record.network(x, *labels(record))
    (slope,) = torch.autograd.grad(logits.sum(), x, create_graph=True)
    r1 = slope.square().sum((1, 2, 3))
    expected = record.found
    found = expected["logits"] if "logits" in expected else expected["logits_lod0.0"]
    assert_close(logits, found.reshape(-1, 1), "logits")
    assert_close(slope, expected["grad_x"], "the gradient of the logits by the image")
    assert_close(r1, expected["r1"], "r1")
    assert_norms_close(
        record,
        gradients(r1.mean(), record.network),
        expected["r1_param_grad_norm"],
        "norms of r1's gradients",
    )


SYSTEMS = (
    "dcgan_64",
    "stylegan2_32",
    "stylegan2_cond_16",
    "biggan_32",
    "biggan_hier_64",
    "pggan_32",
    "stylegan_32",
    "r3gan_16",
)


@pytest.mark.parametrize("name", SYSTEMS)
def test_discriminator(name: str, parity: Path) -> None:
    assert_discriminates(load(parity, name, "discriminator"))


@pytest.mark.parametrize("name", ["dcgan_64", "biggan_32", "biggan_hier_64", "r3gan_16"])
@torch.no_grad()
def test_generator(name: str, parity: Path) -> None:
    record = load(parity, name, "generator")
    assert_close(record.network(record.given["z"].flatten(1), *labels(record)), record.found["img"], "images")


@pytest.mark.parametrize("name", ["stylegan2_32", "stylegan2_cond_16"])
def test_style_generator(name: str, parity: Path) -> None:
    record = load(parity, name, "generator")
    network, given, expected = record.network, record.given, record.found
    mapping, synthesis = network.program("mapping"), network.program("synthesis")
    with torch.no_grad():
        ws = mapping(given["z"], *labels(record))
        assert_close(ws, expected["ws"], "ws")
        assert_close(network(given["z"], *labels(record)), expected["img_noise_const"], "images")
        truncated = ws.clone()
        average = network.state_dict()["mapping.centre.average"]
        truncated[:, :3] = average.lerp(ws[:, :3], 0.6)
        assert_close(synthesis(truncated), expected["img_psi06_cutoff3"], "truncated images")
        set_noise_mode(network, "none")
        assert_close(synthesis(ws), expected["img_noise_none"], "images without noise")
    set_noise_mode(network, "constant")
    ws = mapping(given["z"], *labels(record))
    image = synthesis(ws)
    noise = given["pl_noise"] / image.shape[2]
    (slope,) = torch.autograd.grad((image * noise).sum(), ws, create_graph=True)
    lengths = slope.square().sum(2).mean(1).sqrt()
    assert_close(lengths, expected["pl_lengths"], "path lengths")
    assert_norms_close(
        record,
        gradients((lengths - 0.3).square().mean(), network),
        expected["pl_param_grad_norm"],
        "norms of the path length penalty's gradients",
    )


@torch.no_grad()
def test_growing_style_generator(parity: Path) -> None:
    record = load(parity, "stylegan_32", "generator")
    network, expected = record.network, record.found
    ws = network.program("mapping")(record.given["z"])
    assert_close(ws[:, 0], expected["w"], "w")
    assert_close(network(record.given["z"]), expected["img"], "images")
    truncated = ws.clone()
    truncated[:, :4] = network.state_dict()["mapping.centre.average"].lerp(ws[:, :4], 0.7)
    assert_close(network.program("synthesis")(truncated), expected["img_psi07_layers4"], "truncated images")


TRUNCATIONS = (1.0, 0.5, 0.425, 0.41)
"""On a row of the 51, on another, and between rows at a quarter and at half."""


@torch.no_grad()
def test_generator_with_statistics_by_truncation(parity: Path) -> None:
    record = load(parity, "biggan_deep_128", "generator")
    images = []
    for truncation in TRUNCATIONS:
        assert set_truncation(record.network, truncation)
        images.append(record.network(record.given["z"], *labels(record)))
        assert_close(images[-1], record.found[f"img_truncation_{truncation}"], f"images at {truncation}")
        for other in images[:-1]:  # else one row for all would do
            assert (images[-1] - other).abs().max() > 100 * TOLERANCE


@torch.no_grad()
def test_command_line(parity: Path, tmp_path: Path) -> None:
    """`gandsl import`, and what it prints is enough to compile the networks and load them."""
    name = "stylegan2_cond_16"
    paths, overrides = write(parity, name, tmp_path)
    settings = [word for key, value in overrides.items() for word in ("--set", f"{key}={value}")]
    file = tmp_path / "in.safetensors"
    done = CliRunner().invoke(
        app, ["import", *map(str, paths), *settings, "-o", str(file), "--format", "json"]
    )
    assert done.exit_code == 0, done.output
    facts = json.loads(done.output)
    networks = gandsl.compile(facts["spec"], facts["overrides"])
    weights, _ = checkpoint.read(file)
    for side in ("generator", "discriminator"):
        record, network = load(parity, name, side), getattr(networks, side)
        network.load_state_dict({key: weights[f"{side}/{key}"] for key in network.state_dict()})
        set_noise_mode(network.eval(), "constant")
        given = record.given["z" if side == "generator" else "x"]
        wanted = record.found["img_noise_const" if side == "generator" else "logits"]
        assert_close(network(given, *labels(record)), wanted, side)


def level_of(lod: float) -> tuple[int, bool, list[Tensor]]:
    """Level, whether it fades in, and alpha as an argument. lod 0.3 of a 32² network: 32² with alpha 0.7."""
    level = 3 - int(lod)
    share = lod - int(lod)
    return level, share > 0, [torch.tensor(1 - share)] if share else []


LODS = (0.0, 0.3, 1.0, 1.6)


@pytest.mark.parametrize("lod", LODS)
@torch.no_grad()
def test_growing_generator(lod: float, parity: Path) -> None:
    record = load(parity, "pggan_32", "generator")
    level, fading, alpha = level_of(lod)
    image = record.network.program("forward", level, fading)(record.given["z"], *alpha)
    for _ in range(3 - level):  # published: always at full size
        image = up2(image)
    assert_close(image, record.found[f"img_lod{lod}"], "images")


@pytest.mark.parametrize("lod", LODS)
@torch.no_grad()
def test_growing_discriminator(lod: float, parity: Path) -> None:
    record = load(parity, "pggan_32", "discriminator")
    level, fading, alpha = level_of(lod)
    image = record.given["x"]
    for _ in range(3 - level):
        image = down2(image)
    logits = record.network.program("forward", level, fading)(image, *alpha)
    assert_close(logits, record.found[f"logits_lod{lod}"], "logits")


def test_step_of_projection_gan(parity: Path) -> None:
    """Gradients of D's and G's step in training mode, and the statistics and singular vectors left behind."""
    g = load(parity, "biggan_step_32", "generator")
    d = load(parity, "biggan_step_32", "discriminator")
    start = {network: copy.deepcopy(network.state_dict()) for network in (g.network, d.network)}
    given, expected = g.given, g.found
    for network in start:
        network.train()
    y, real_y = given["y"].long(), given["real_y"].long()
    with torch.no_grad():
        fake = g.network(given["z"], y)
    logits = d.network(torch.cat([fake, given["real"]]), torch.cat([y, real_y]))
    on_fake, on_real = logits.split([len(fake), len(given["real"])])
    assert_close(on_fake, expected["D_fake"], "logits of generated images")
    assert_close(on_real, expected["D_real"], "logits of real images")
    loss = (1 + on_fake).relu().mean() + (1 - on_real).relu().mean()
    assert_close(loss, expected["D_loss"], "D's loss")
    assert_norms_close(d, gradients(loss, d.network), expected["D_grad_norm"], "D's gradients")
    after = {
        f"after_D/{letter}/{record.names[key]}": tensor
        for record, letter in ((g, "G"), (d, "D"))
        for key, tensor in record.network.state_dict().items()
    }
    for place in expected:
        if place.startswith("after_D/"):
            assert_close(after[place], expected[place], place)
    for network, state in start.items():
        network.load_state_dict(state)
    loss = -d.network(g.network(given["z"], y), y).mean()
    assert_close(loss, expected["G_loss"], "G's loss")
    assert_norms_close(g, gradients(loss, g.network), expected["G_grad_norm"], "G's gradients")


def test_step_of_style_based_gan(parity: Path) -> None:
    """Gradients of all four phases in training mode, each from the same state, with a clamp that acts."""
    facts, _ = read(parity / "stylegan2_step_16.npz")
    g = load(parity, "stylegan2_step_16", "generator")
    d = load(parity, "stylegan2_step_16", "discriminator")
    z, real, expected = g.given["z"], g.given["real"], g.found
    start = copy.deepcopy(g.network.state_dict())
    average = g.network.get_submodule("mapping.centre").average
    g.network.train()
    d.network.train()

    def non_saturating() -> Tensor:
        return softplus(-d.network(g.network(z))).mean()

    def path_length() -> Tensor:
        ws = g.network.program("mapping")(z[: facts["pl_batch"]])
        image = g.network.program("synthesis")(ws)
        noise = g.given["pl_noise"] / image.shape[2]
        (slope,) = torch.autograd.grad((image * noise).sum(), ws, create_graph=True)
        lengths = slope.square().sum(2).mean(1).sqrt()
        mean = (1 - facts["pl_decay"]) * facts["pl_mean_before"] + facts["pl_decay"] * lengths.mean()
        assert_close(mean, expected["Greg_pl_mean_after"], "the mean path length")
        return facts["pl_weight"] * (lengths - mean).square().mean()

    def logistic() -> Tensor:
        with torch.no_grad():
            fake = g.network(z)
        return softplus(d.network(fake)).mean() + softplus(-d.network(real)).mean()

    def r1() -> Tensor:
        x = real.clone().requires_grad_()
        (slope,) = torch.autograd.grad(d.network(x).sum(), x, create_graph=True)
        return facts["r1_gamma"] / 2 * slope.square().sum((1, 2, 3)).mean()

    phases = {"Gmain": (non_saturating, g), "Greg": (path_length, g), "Dmain": (logistic, d), "Dreg": (r1, d)}
    for phase, (loss, record) in phases.items():
        g.network.load_state_dict(start)
        found = gradients(facts["gain"][phase] * loss(), record.network)
        # the noise was drawn, and its strengths are zero: only their own gradients know of it
        expected_norms = expected[f"{phase}_grad_norm"]
        assert_norms_close(record, found, expected_norms, f"gradients of {phase}", drawn="noise_strength")
        assert_close(average, expected[f"{phase}_w_avg_after"], f"the average style after {phase}")
