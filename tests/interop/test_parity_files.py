"""Checkpoints of independent implementations, in each kind of file: imported, they compute the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gandsl.interop import Imported, export_weights, import_checkpoint
from gandsl.lowering.network import LoweredNetwork
from gandsl_runtime.layers import set_noise_mode
from tests.interop.forge import State, write_persistence

TOLERANCE = 1e-4  # of the largest magnitude, in float32; 2e-6 is what is met

# name → (what the state_dict does not tell, which of G's recorded outputs)
NETWORKS: dict[str, tuple[dict[str, Any], str]] = {
    "dcgan_64": ({}, "img"),
    "pggan_32": ({}, "img_lod0.0"),
    "stylegan_32": ({}, "img"),
    "stylegan2_32": ({"clamp": 256.0}, "img_noise_const"),
    "stylegan2_cond_16": ({"clamp": 256.0}, "img_noise_const"),
    "biggan_hier_64": ({"eps": 1e-6}, "img"),
    "biggan_32": ({"eps": 1e-6}, "img"),
    "r3gan_16": ({}, "img"),
}


@cache
def recorded(path: Path) -> tuple[State, dict[str, Tensor]]:
    """The state_dict of an npz, and its inputs and outputs."""
    file = np.load(path)
    arrays = {key: torch.from_numpy(file[key]) for key in file.files if key != "meta"}
    state = {key.removeprefix("state/"): value for key, value in arrays.items() if key.startswith("state/")}
    return state, {key: value for key, value in arrays.items() if not key.startswith("state/")}


def written(name: str, parity: Path, folder: Path, kind: str) -> dict[str, Path]:
    """The two networks as files of one kind."""
    states = {letter: recorded(parity / f"{name}_{letter}.npz")[0] for letter in "GD"}
    roles = {"G": "generator", "D": "discriminator"}
    paths = {roles[letter]: folder / f"{letter}.pth" for letter in states}
    for letter, state in states.items():
        path = paths[roles[letter]]
        match kind:
            case "zip":
                torch.save(state, path)
            case "stream":
                torch.save(state, path, _use_new_zipfile_serialization=False)
            case "pickle":
                write_persistence(path, {letter: state})
    return paths


def network(found: Imported, part: str) -> LoweredNetwork:
    made = LoweredNetwork(found.module.networks[part])
    made.load_state_dict(dict(found.states[part]))
    set_noise_mode(made, "constant")
    return made.eval()


def labels(inputs: Mapping[str, Tensor]) -> list[Tensor]:
    """Classes, whether they were stored so or as one-hot rows."""
    if "in/y" in inputs:
        return [inputs["in/y"]]
    one_hot = inputs.get("in/c", torch.empty(0, 0))
    return [one_hot.argmax(1)] if one_hot.shape[1] else []


def assert_near(given: Tensor, wanted: Tensor) -> None:
    difference = float((given.reshape(wanted.shape) - wanted).abs().max() / wanted.abs().max())
    assert difference < TOLERANCE


@pytest.mark.parametrize("kind", ["zip", "stream"])
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs(name: str, kind: str, parity: Path, tmp_path: Path) -> None:
    """Every tensor finds its place: images and logits agree."""
    overrides, image = NETWORKS[name]
    found = import_checkpoint(written(name, parity, tmp_path, kind), overrides=overrides)
    _, g = recorded(parity / f"{name}_G.npz")
    _, d = recorded(parity / f"{name}_D.npz")
    with torch.no_grad():
        assert_near(network(found, "generator")(g["in/z"].flatten(1), *labels(g)), g[f"out/{image}"])
        logits = d["out/logits_lod0.0" if name.startswith("pggan") else "out/logits"]
        assert_near(network(found, "discriminator")(d["in/x"], *labels(d)), logits)


@pytest.mark.parametrize("name", ["stylegan2_32", "stylegan2_cond_16"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_official_pickles(name: str, protocol: int, parity: Path, tmp_path: Path) -> None:
    """Persistence classes: tensors and constructor's arguments are read, the source code is not run."""
    canary = tmp_path / "canary"
    states = {"G": "G", "G_ema": "G", "D": "D"}
    arguments = {
        "c_dim": 0,
        "synthesis_kwargs": {"conv_clamp": 256, "num_fp16_res": 4},
        "epilogue_kwargs": {"mbstd_group_size": 4},
    }
    write_persistence(
        tmp_path / "net.pkl",
        {key: recorded(parity / f"{name}_{letter}.npz")[0] for key, letter in states.items()},
        arguments,
        source=f"open({str(canary)!r}, 'w')",
        protocol=protocol,
    )
    found = import_checkpoint(tmp_path / "net.pkl")
    assert not canary.exists()
    assert set(found.states) == {"generator", "average", "discriminator"}
    assert found.module.params["clamp"] == 256.0 and "clamp" not in found.report.unrecorded
    assert set(found.report.aside) == {"augment_pipe", "training_set_kwargs"}
    _, g = recorded(parity / f"{name}_G.npz")
    with torch.no_grad():
        made = network(found, "generator")
        assert_near(made(g["in/z"], *labels(g)), g["out/img_noise_const"])
        assert_near(made.program("mapping")(g["in/z"], *labels(g)), g["out/ws"])


def test_truncation_statistics(parity: Path, tmp_path: Path) -> None:
    """BigGAN-deep: statistics at every truncation are loaded, and written back."""
    state, io = recorded(parity / "biggan_deep_128_G.npz")
    torch.save(state, tmp_path / "pytorch_model.bin")
    found = import_checkpoint(tmp_path / "pytorch_model.bin")
    with torch.no_grad():
        image = network(found, "generator")(io["in/z"], io["in/y_onehot"].argmax(1))
    assert_near(image, io["out/img_truncation_1.0"])
    found.save(tmp_path / "a.safetensors")
    export_weights(tmp_path / "a.safetensors", tmp_path / "back.bin")
    back = torch.load(tmp_path / "back.bin", weights_only=True)
    assert back.keys() == state.keys() and all(torch.equal(back[key], state[key]) for key in state)


@pytest.mark.parametrize("name", NETWORKS)
def test_files_come_back_as_they_were(name: str, parity: Path, tmp_path: Path) -> None:
    """Imported and exported, every key and number of the published file is there again."""
    paths = written(name, parity, tmp_path, "zip")
    found = import_checkpoint(paths)
    found.save(tmp_path / "a.safetensors")
    for part, path in paths.items():
        done = export_weights(tmp_path / "a.safetensors", tmp_path / "out.pt", parts=[part])
        content = torch.load(next(iter(done.files)), weights_only=True)
        state = (
            content if all(isinstance(v, Tensor) for v in content.values()) else next(iter(content.values()))
        )
        wanted = torch.load(path, weights_only=True)
        assert state.keys() == wanted.keys()
        for key in wanted:
            torch.testing.assert_close(state[key], wanted[key], rtol=0, atol=1e-7)


def test_meta_of_the_data_is_what_is_inferred(parity: Path, tmp_path: Path) -> None:
    """The parameters found in the shapes are those that the networks were made with."""
    meta = json.loads(str(np.load(parity / "stylegan2_cond_16_G.npz")["meta"]))
    params = import_checkpoint(written("stylegan2_cond_16", parity, tmp_path, "zip")).module.params
    assert (params["resolution"].h, params["classes"]) == (meta["img_resolution"], meta["c_dim"])
    for ours, theirs in {
        "channel_base": "channel_base",
        "channel_max": "channel_max",
        "z_dim": "z_dim",
    }.items():
        assert params[ours] == meta[theirs]
    assert params["mapping_layers"] == meta["mapping_layers"] and params["w_dim"] == meta["w_dim"]
