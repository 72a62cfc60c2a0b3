"""Small generators with random weights in files, and what `gandsl sample` draws with them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from typer.testing import Result

import gandsl as package
from gandsl_runtime.media import images
from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import SPECS, Gandsl

PLAIN = ("quickstart.yaml", {"resolution": 14, "width": 2, "z_dim": 8, "classes": 4})
STYLED = (
    "stylegan2.yaml",
    {"resolution": 8, "channel_max": 4, "z_dim": 8, "w_dim": 8, "mapping_layers": 1, "image_channels": 1},
)
LABELLED = ("stylegan2.yaml", STYLED[1] | {"classes": 3})


class Trained:
    """A spec with weights in a file; called with options, it is `gandsl sample`."""

    def __init__(self, gandsl: Gandsl, folder: Path, spec: tuple[str, dict[str, int]]) -> None:
        torch.manual_seed(0)
        name, settings = spec
        self.generator = package.compile(SPECS / name, settings).generator
        for tensor in self.generator.parameters():
            torch.nn.init.normal_(tensor, std=1.0 if self.generator.has_styles else 0.5)
        self.weights = folder / "weights.safetensors"
        self.save()
        sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        self.command = ["sample", SPECS / name, *sets, "--weights", self.weights, "--device", "cpu"]
        self.gandsl = gandsl

    def save(self) -> None:
        """The weights as they are now."""
        tensors = {f"generator/{key}": tensor for key, tensor in self.generator.state_dict().items()}
        checkpoint.write(self.weights, tensors, {})

    def __call__(self, *options: object) -> Result:
        return self.gandsl(*self.command, *options)

    def pixels(self, drawn: tuple[torch.Tensor, ...]) -> np.ndarray:
        """(…, h, w) of the first channel."""
        return images.to_pixels(drawn[-1], -1, 1).numpy()[..., 0, :, :]


def tiles(path: Path, size: int) -> np.ndarray:
    """A grid as (rows, columns, h, w)."""
    array = np.asarray(Image.open(path).convert("L"))
    rows, columns = array.shape[0] // size, array.shape[1] // size
    return array.reshape(rows, size, columns, size).swapaxes(1, 2)


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal but for the rounding of a value between two steps of 256."""
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= 1
    assert np.ptp(expected) > 20


def fine(done, words: str = "") -> None:
    assert done.exit_code == 0 and words in done.stdout, done.stderr


def folder(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}
