"""Specs of published systems compute what independent implementations of them computed, weight for weight."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import softplus

import gandsl
from gandsl_runtime.layers import set_noise_mode
from gandsl_runtime.network import Network
from tests.specs import published
from tests.specs.compare import gradients
from tests.specs.parts import down2, up2

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (ROOT / "specs", Path(__file__).parent / "derived")
TOLERANCE = 1e-5
"""Of the largest magnitude: both sides are float32 and sum in another order. Found: at most 2e-6."""


class Record(NamedTuple):
    """What one implementation computed, and our network with its weights."""

    network: Network
    names: dict[str, str]  # our keys → the published ones
    given: Mapping[str, Tensor]
    found: Mapping[str, Tensor]
    state: Mapping[str, Tensor]  # under the published keys


def read(path: Path) -> tuple[dict[str, Any], Callable[[str], dict[str, Tensor]]]:
    """A file's facts, and its tensors below a folder."""
    if not path.is_file():
        pytest.skip(f"no parity data at {path}: set GANDSL_PARITY to the folder of .npz files")
    with np.load(path) as file:
        tensors = {key: torch.from_numpy(file[key]) for key in file.files if key != "meta"}
        facts = json.loads(str(file["meta"]))
    return facts, lambda folder: {
        key.split("/", 1)[1]: tensor for key, tensor in tensors.items() if key.startswith(folder + "/")
    }


def load(folder: Path, name: str, which: str, make: Callable[..., published.Published]) -> Record:
    """A network from its own file, or from one that holds a training step of both."""
    path = folder / f"{name}.npz"
    state = f"state_{which[0].upper()}"
    if not path.is_file():
        path, state = folder / f"{name}_{which[0].upper()}.npz", "state"
    facts, part = read(path)
    of = make(facts, which)
    spec = next(found for at in FOLDERS if (found := at / f"{of.spec}.yaml").is_file())
    network = getattr(gandsl.compile(spec, of.overrides), which)
    names = published.fit(network, part(state), of)
    set_noise_mode(network, "constant")
    return Record(network.eval(), names, part("in"), part("out"), part(state))


def assert_close(ours: Tensor, theirs: Tensor, what: str) -> None:
    assert ours.shape == theirs.shape, what
    error = ((ours - theirs).abs().max() / theirs.abs().max()).item()
    assert error < TOLERANCE, f"{what} is off by {error:.1e} of its largest magnitude"


def assert_norms_close(
    record: Record, found: Mapping[str, Tensor], expected: Tensor, what: str, drawn: str = "nothing"
) -> None:
    """The norm of each gradient, in the order of the published state_dict; without keys that hold `drawn`."""
    theirs = {record.names[name]: gradient.norm() for name, gradient in found.items()}
    keys = [key for key in record.state if key in theirs]
    assert len(keys) == len(expected) == len(found)
    compared = [i for i, key in enumerate(keys) if drawn not in key]
    assert_close(torch.stack([theirs[keys[i]] for i in compared]), expected[compared], what)


def labels(record: Record) -> list[Tensor]:
    """As class numbers, where there are any."""
    if "y" in record.given:
        return [record.given["y"].long()]
    c = record.given.get("c")
    return [c.argmax(1)] if c is not None and c.shape[1] else []


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


SYSTEMS = {
    "dcgan_64": published.dcgan,
    "stylegan2_32": published.stylegan2,
    "stylegan2_cond_16": published.stylegan2,
    "biggan_32": published.biggan,
    "biggan_hier_64": published.biggan,
    "pggan_32": published.pggan,
    "stylegan_32": published.stylegan,
    "r3gan_16": published.r3gan,
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_discriminator(name: str, parity: Path) -> None:
    assert_discriminates(load(parity, name, "discriminator", SYSTEMS[name]))


@pytest.mark.parametrize("name", ["dcgan_64", "biggan_32", "biggan_hier_64", "r3gan_16"])
@torch.no_grad()
def test_generator(name: str, parity: Path) -> None:
    record = load(parity, name, "generator", SYSTEMS[name])
    assert_close(record.network(record.given["z"].flatten(1), *labels(record)), record.found["img"], "images")


@pytest.mark.parametrize("name", ["stylegan2_32", "stylegan2_cond_16"])
def test_style_generator(name: str, parity: Path) -> None:
    record = load(parity, name, "generator", published.stylegan2)
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
    record = load(parity, "stylegan_32", "generator", published.stylegan)
    network, expected = record.network, record.found
    ws = network.program("mapping")(record.given["z"])
    assert_close(ws[:, 0], expected["w"], "w")
    assert_close(network(record.given["z"]), expected["img"], "images")
    truncated = ws.clone()
    truncated[:, :4] = network.state_dict()["mapping.centre.average"].lerp(ws[:, :4], 0.7)
    assert_close(network.program("synthesis")(truncated), expected["img_psi07_layers4"], "truncated images")


def level_of(lod: float) -> tuple[int, bool, list[Tensor]]:
    """Level, whether it fades in, and alpha as an argument. lod 0.3 of a 32² network: 32² with alpha 0.7."""
    level = 3 - int(lod)
    share = lod - int(lod)
    return level, share > 0, [torch.tensor(1 - share)] if share else []


LODS = (0.0, 0.3, 1.0, 1.6)


@pytest.mark.parametrize("lod", LODS)
@torch.no_grad()
def test_growing_generator(lod: float, parity: Path) -> None:
    record = load(parity, "pggan_32", "generator", published.pggan)
    level, fading, alpha = level_of(lod)
    image = record.network.program("forward", level, fading)(record.given["z"], *alpha)
    for _ in range(3 - level):  # published: always at full size
        image = up2(image)
    assert_close(image, record.found[f"img_lod{lod}"], "images")


@pytest.mark.parametrize("lod", LODS)
@torch.no_grad()
def test_growing_discriminator(lod: float, parity: Path) -> None:
    record = load(parity, "pggan_32", "discriminator", published.pggan)
    level, fading, alpha = level_of(lod)
    image = record.given["x"]
    for _ in range(3 - level):
        image = down2(image)
    logits = record.network.program("forward", level, fading)(image, *alpha)
    assert_close(logits, record.found[f"logits_lod{lod}"], "logits")


def test_step_of_projection_gan(parity: Path) -> None:
    """Gradients of D's and G's step in training mode, and the statistics and singular vectors left behind."""
    g = load(parity, "biggan_step_32", "generator", published.biggan)
    d = load(parity, "biggan_step_32", "discriminator", published.biggan)
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
    g = load(parity, "stylegan2_step_16", "generator", published.stylegan2)
    d = load(parity, "stylegan2_step_16", "discriminator", published.stylegan2)
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
