"""R3GAN's pickles keep no arguments: what their modules and tensors still tell of the options."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from gandsl.interop import Imported, InteropError, import_checkpoint
from tests.interop.forge import State, published, write_persistence

SIZES = {"widths": [8, 8, 8], "cardinalities": [2, 2, 2], "depths": [1, 1, 1], "z_dim": 6}
PARTS = {"G": "generator", "D": "discriminator"}


def written(root: Path, folder: Path, **overrides: Any) -> dict[str, State]:
    """Official state_dicts of random weights, with the prefix that the training code's classes have."""
    spec = root / "specs" / "r3gan.yaml"
    found = published("r3gan", spec, {**SIZES, **overrides}, tuple(PARTS.values()), folder)
    return {
        name: {f"Model.{key}": value for key, value in found[part].items()} for name, part in PARTS.items()
    }


def load(root: Path, folder: Path, halved: dict[str, list[int]], **options: Any) -> Imported:
    """Import a pickle whose networks have these stages in 16 bits."""
    attributes = {
        name: {
            f"Model.MainLayers.{i}.DataType": torch.bfloat16 if i in halved[name] else torch.float32
            for i in range(3)
        }
        for name in PARTS
    }
    write_persistence(folder / "net.pkl", written(root, folder), attributes=attributes)
    return import_checkpoint(folder / "net.pkl", root / "specs" / "r3gan.yaml", **options)


def test_halved_stages(root: Path, tmp_path: Path) -> None:
    """The largest resolutions come last in G and first in D."""
    found = load(root, tmp_path, {"G": [1, 2], "D": [0, 1]})
    assert found.module.plan is not None
    assert (found.module.plan.precision.compute, found.module.plan.precision.stages) == ("bf16", 2)
    found = load(root, tmp_path, {"G": [], "D": []})
    assert found.module.plan is not None and found.module.plan.precision.compute == "fp32"


@pytest.mark.parametrize(
    ("halved", "words"),
    [
        ({"G": [0], "D": []}, "(G) was made with FP16Stages = [-3]: a plan has the stages of the largest"),
        ({"G": [2], "D": []}, "(G) was made with FP16Stages = [-1], "),
    ],
)
def test_halved_as_no_plan_has_it(
    root: Path, tmp_path: Path, halved: dict[str, list[int]], words: str
) -> None:
    with pytest.raises(InteropError) as caught:
        load(root, tmp_path, halved)
    assert words in str(caught.value)


def test_kernel_and_filter(root: Path, tmp_path: Path) -> None:
    """The kernel is a shape; another filter has to be named, and the message says how."""
    torch.save(written(root, tmp_path, kernel=5, taps=[1, 4, 6, 4, 1]), tmp_path / "a.pt")
    with pytest.raises(InteropError) as caught:
        import_checkpoint(tmp_path / "a.pt", root / "specs" / "r3gan.yaml")
    assert "ResamplingFilter: --set taps=" in str(caught.value.remedy)
    found = import_checkpoint(
        tmp_path / "a.pt", root / "specs" / "r3gan.yaml", overrides=["taps=[1, 4, 6, 4, 1]"]
    )
    assert found.module.params["kernel"] == 5


def test_a_stage_without_blocks(root: Path, tmp_path: Path) -> None:
    state = {
        key: value
        for key, value in written(root, tmp_path)["G"].items()
        if not key.startswith("Model.MainLayers.1.Layers.1.")
    }
    torch.save(state, tmp_path / "G.pt")
    with pytest.raises(InteropError) as caught:
        import_checkpoint(tmp_path / "G.pt")
    assert "was made with 0 in BlocksPerStage" in str(caught.value)
