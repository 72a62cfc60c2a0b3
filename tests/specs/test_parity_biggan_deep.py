"""BigGAN-deep computes what an independent implementation did, at truncations that pick its statistics."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import gandsl
from gandsl_runtime.layers import set_truncation
from gandsl_runtime.network import Network
from tests.specs.published import Published, fit

SPEC = Path(__file__).resolve().parents[2] / "specs" / "biggan_deep.yaml"
TRUNCATIONS = (1.0, 0.5, 0.425, 0.41)
"""On a row of the 51, on another, and between rows at a quarter and at half."""
TOLERANCE = 1e-5
"""Of the largest magnitude: both sides are float32. Found: equal to the bit, on one machine and one torch."""


def spectral(ours: str, theirs: str) -> dict[str, str]:
    """A weight under torch's own spectral norm; its bias, if it has one, is added by the caller."""
    return {
        f"{ours}.weight": f"{theirs}.weight_orig",
        f"{ours}.u0": f"{theirs}.weight_u",
        f"{ours}.v0": f"{theirs}.weight_v",
    }


def biased(ours: str, theirs: str) -> dict[str, str]:
    return spectral(ours, theirs) | {f"{ours}.bias": f"{theirs}.bias"}


def statistics(ours: str, theirs: str) -> dict[str, str]:
    return {
        f"{ours}.running_mean": f"{theirs}.running_means",
        f"{ours}.running_var": f"{theirs}.running_vars",
    }


def biggan_deep(meta: dict[str, Any]) -> Published:
    """Layers are counted through, with the attention among them; two make one of our sizes."""
    attention = meta["attention_layer_position"]
    keys = {"embed.weight": "embeddings.weight"} | biased("project", "generator.gen_z")
    keys |= statistics("norm.norm", "generator.bn") | biased("wide", "generator.conv_to_rgb")
    keys |= {f"norm.norm.{name}": f"generator.bn.{name}" for name in ("weight", "bias")}
    for i in range(len(meta["layers"])):
        ours = f"s{8 << i // 2}.{('same', 'grown')[i % 2]}"
        theirs = f"generator.layers.{i + (i >= attention)}"
        for n in range(4):
            keys |= biased(f"{ours}.conv{n}", f"{theirs}.conv_{n}")
            keys |= statistics(f"{ours}.norm{n}.norm", f"{theirs}.bn_{n}")
            keys |= spectral(f"{ours}.norm{n}.gain", f"{theirs}.bn_{n}.scale")
            keys |= spectral(f"{ours}.norm{n}.shift", f"{theirs}.bn_{n}.offset")
    ours, theirs = f"s{4 << attention // 2}.attention", f"generator.layers.{attention}"
    for a, b in (("theta", "theta"), ("phi", "phi"), ("g", "g"), ("o", "o_conv")):
        keys |= spectral(f"{ours}.{a}", f"{theirs}.snconv1x1_{b}")
    keys |= {f"{ours}.gamma.weight": f"{theirs}.gamma"}
    vectors = {key: (lambda x: x[None]) for key in keys if key.endswith((".u0", ".v0"))}
    overrides = {
        "resolution": meta["output_dim"],
        "width": meta["channel_width"],
        "classes": meta["num_classes"],
        "z_dim": meta["z_dim"],
        "embedding": meta["class_embed_dim"],
        "attention_at": 4 << attention // 2,
        "eps": meta["eps"],
        "statistics": meta["n_stats"],
    }
    changes = {"embed.weight": torch.t, **vectors}
    return Published("biggan_deep", overrides, keys, changes, own=("sv0",))


def load(folder: Path) -> tuple[Network, dict[str, Tensor]]:
    path = folder / "biggan_deep_128_G.npz"
    if not path.is_file():
        pytest.skip(f"no parity data at {path}: set GANDSL_PARITY to the folder of .npz files")
    with np.load(path) as file:
        meta = json.loads(str(file["meta"]))
        tensors = {key: torch.from_numpy(file[key]) for key in file.files if key != "meta"}
    of = biggan_deep(meta)
    network = gandsl.compile(SPEC, of.overrides).generator
    state = {key.removeprefix("state/"): x for key, x in tensors.items() if key.startswith("state/")}
    fit(network, state, of)
    return network.eval(), tensors


@torch.no_grad()
def test_images_at_truncations(parity: Path) -> None:
    network, tensors = load(parity)
    z, y = tensors["in/z"], tensors["in/y_onehot"].argmax(1)
    for truncation in TRUNCATIONS:
        assert set_truncation(network, truncation)
        theirs = tensors[f"out/img_truncation_{truncation}"]
        error = ((network(z, y) - theirs).abs().max() / theirs.abs().max()).item()
        assert error < TOLERANCE, f"at {truncation}, off by {error:.1e} of the largest magnitude"


@torch.no_grad()
def test_the_truncations_tell_the_rows(parity: Path) -> None:
    """Else the test above would pass with one row for all."""
    network, tensors = load(parity)
    images = []
    for truncation in TRUNCATIONS:
        set_truncation(network, truncation)
        images.append(network(tensors["in/z"], tensors["in/y_onehot"].argmax(1)))
    for i, image in enumerate(images):
        for other in images[:i]:
            assert (image - other).abs().max() > 100 * TOLERANCE
