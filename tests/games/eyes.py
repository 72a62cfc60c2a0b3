"""A game whose autoencoder is judged by the features of a frozen network, which starts from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

SPEC = """\
gandsl: 1
name: perceptual
data: {image: "Image[3, 8]"}
networks:
  coder:
    inputs: {image: "Image[3, 8]"}
    body:
      narrow: {op: conv, channels: 4, kernel: 3}
      act: {op: tanh}
      wide: {op: conv, channels: 3, kernel: 3}
    outputs: {image: {of: wide, kind: Image}}
  eyes:
    weights: {file: eyes.safetensors, sha256: DIGEST}
    inputs: {image: "Image[3, 8]"}
    body:
      one: {op: conv, channels: 4, kernel: 3}
      near: {op: relu}
      two: {op: conv, channels: 5, kernel: 3, stride: 2}
      far: {op: relu}
    outputs: {near: {of: near, kind: Feature}, far: {of: far, kind: Feature}}
game:
  body:
    back: {network: coder, image: image}
    seen: {network: eyes, image: image}
    said: {network: eyes, image: back}
    near: mean(abs(seen.near - said.near))
    far: mean(abs(seen.far - said.far))
  players: {coder: {trains: [coder], terms: {perceptual: near + 2 * far}}}
  shows: [image, back]
training:
  length: 4 steps
  batch: 4
  optimizer: {kind: adam, lr: 0.01, betas: [0.5, 0.9]}
  averages: {coder: {half_life: 100 img}}
  cadence: {log: 2 steps, grid: 4 steps, checkpoint: 2 steps}
"""


def eyes(seed: int = 5) -> dict[str, Tensor]:
    """Weights of the frozen network."""
    rng = torch.Generator().manual_seed(seed)
    shapes = {"one.weight": (4, 3, 3, 3), "one.bias": (4,), "two.weight": (5, 4, 3, 3), "two.bias": (5,)}
    return {name: torch.randn(shape, generator=rng) / 3 for name, shape in shapes.items()}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def written(folder: Path, tensors: Mapping[str, Tensor] | None = None, spec: str = SPEC) -> Path:
    """The spec in a folder, and the file that it names beside it."""
    file = folder / "eyes.safetensors"
    save_file(dict(eyes() if tensors is None else tensors), file)
    path = folder / "perceptual.yaml"
    path.write_text(spec.replace("DIGEST", digest(file)))
    return path
