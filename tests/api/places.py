"""What `gandsl.load` and the docs' examples read: a run, an import, and a file of another implementation."""

from __future__ import annotations

import shutil
from pathlib import Path

import torch

from gandsl.interop import import_checkpoint
from gandsl.interop.layouts import layouts
from tests.interop.cases import SMALL
from tests.interop.forge import ours

ROOT = Path(__file__).parent.parent.parent
RUN = ROOT / "tests" / "data" / "run_format_2" / "run"


def run(folder: Path) -> Path:
    """A run that has classes and an average."""
    shutil.copytree(RUN, folder)
    return folder


def published(path: Path) -> Path:
    """Networks with a style space, as another implementation saves them."""
    from gandsl.interop import export_weights

    spec, weights = ROOT / "specs" / "stylegan2.yaml", path.with_suffix(".ours")
    ours(weights, spec, SMALL, ("generator", "discriminator", "average"))
    layout = next(name for name, known in layouts().items() if known.spec == "stylegan2" and not known.files)
    export_weights(weights, path, layout, spec, SMALL)
    weights.unlink()
    return path


def imported(path: Path, file: Path) -> Path:
    """What `gandsl import` writes of a file."""
    import_checkpoint(file).save(path)
    return path


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    return a.shape == b.shape and torch.allclose(a, b, rtol=1e-5, atol=1e-6)
