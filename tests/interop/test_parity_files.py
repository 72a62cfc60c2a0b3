"""Checkpoints of independent implementations in each kind of file, read and written back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gandsl.interop import export_weights, import_checkpoint
from gandsl.spec.values import as_size
from tests.interop.forge import write_persistence
from tests.specs.recorded import imported, place, read, write

SYSTEMS = (
    "dcgan_64",
    "pggan_32",
    "stylegan_32",
    "stylegan2_32",
    "stylegan2_cond_16",
    "biggan_hier_64",
    "biggan_32",
    "biggan_deep_128",
    "r3gan_16",
)
"""That they compute what was recorded, tests/specs/test_parity.py tells."""


@pytest.mark.parametrize("name", SYSTEMS)
def test_older_files(name: str, parity: Path, tmp_path: Path) -> None:
    """Torch's stream holds what its zip holds."""
    paths, overrides = write(parity, name, tmp_path, _use_new_zipfile_serialization=False)
    found = import_checkpoint(paths, overrides=overrides)
    for part, state in imported(parity, name).states.items():
        assert found.states[part].keys() == state.keys()
        assert all(torch.equal(found.states[part][key], tensor) for key, tensor in state.items())


@pytest.mark.parametrize("name", ["stylegan2_32", "stylegan2_cond_16"])
@pytest.mark.parametrize("protocol", [2, 4])
def test_official_pickles(name: str, protocol: int, parity: Path, tmp_path: Path) -> None:
    """Persistence classes: tensors and constructor's arguments are read, the source code is not run."""
    canary = tmp_path / "canary"
    sides = {"G": "generator", "G_ema": "generator", "D": "discriminator"}
    meta, _ = read(place(parity, name, "generator")[0])
    first = {key: meta[key] for key in ("c_dim", "img_resolution", "img_channels")}
    widths = {key: meta[key] for key in ("channel_base", "channel_max")}
    half = {"conv_clamp": 128, "num_fp16_res": 4}
    arguments = {
        "G": {
            **first,
            "z_dim": meta["z_dim"],
            "w_dim": meta["w_dim"],
            "mapping_kwargs": {"num_layers": meta["mapping_layers"]},
            "synthesis_kwargs": {**widths, **half},
        },
        "D": {**first, **widths, **half, "epilogue_kwargs": {"mbstd_group_size": 4}},
    }
    arguments["G_ema"] = arguments["G"]
    write_persistence(
        tmp_path / "net.pkl",
        {key: read(place(parity, name, side)[0])[1]("state") for key, side in sides.items()},
        arguments,
        source=f"open({str(canary)!r}, 'w')",
        protocol=protocol,
    )
    found = import_checkpoint(tmp_path / "net.pkl")
    assert not canary.exists()
    assert set(found.states) == {"generator", "average", "discriminator"}
    assert found.module.params["clamp"] == 128.0 and "clamp" not in found.report.unrecorded
    assert found.module.plan is not None
    precision = found.module.plan.precision
    assert (precision.compute, precision.stages, precision.overflow) == ("fp16", 4, "replace")
    assert set(found.report.aside) == {"augment_pipe", "training_set_kwargs"}
    for part, state in imported(parity, name).states.items():
        assert found.states[part].keys() == state.keys()
        assert all(torch.equal(found.states[part][key], tensor) for key, tensor in state.items())


@pytest.mark.parametrize("name", SYSTEMS)
def test_files_come_back_as_they_were(name: str, parity: Path, tmp_path: Path) -> None:
    """Imported and exported, every key and number of the published file is there again."""
    found = imported(parity, name)
    found.save(tmp_path / "a.safetensors")
    for part in found.states:
        done = export_weights(tmp_path / "a.safetensors", tmp_path / "out.pt", parts=[part])
        content = torch.load(next(iter(done.files)), weights_only=True)
        state = (
            content if all(isinstance(v, Tensor) for v in content.values()) else next(iter(content.values()))
        )
        wanted = read(place(parity, name, part)[0])[1]("state")
        assert state.keys() == wanted.keys()
        for key in wanted:
            torch.testing.assert_close(state[key], wanted[key], rtol=0, atol=1e-7)


def test_meta_of_the_data_is_what_is_inferred(parity: Path) -> None:
    """The parameters found in the shapes are those that the networks were made with."""
    name = "stylegan2_cond_16"
    meta, _ = read(place(parity, name, "generator")[0])
    params = imported(parity, name).module.params
    assert params["resolution"] == as_size(meta["img_resolution"]) and params["classes"] == meta["c_dim"]
    for same in ("channel_base", "channel_max", "z_dim", "w_dim", "mapping_layers"):
        assert params[same] == meta[same]
