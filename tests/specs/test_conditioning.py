"""Labels: with one of them fixed, a conditional network is an unconditional one; and other options."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

import gandsl
from gandsl_runtime.layers import set_noise_mode
from tests.specs.compare import shake

CLASSES = 3
STYLE = {"resolution": 8, "channel_base": 64, "channel_max": 8, "z_dim": 5, "w_dim": 6, "mapping_layers": 2}
SIZES: dict[str, dict[str, Any]] = {
    "stylegan": STYLE,
    "stylegan2": {**STYLE, "conditioning": "selection"},
    "r3gan": {"widths": [8, 8], "cardinalities": [2, 2], "depths": [1, 1], "z_dim": 5, "label_embedding": 4},
}
VECTORS: dict[str, Callable[[dict[str, Tensor]], Tensor]] = {
    "stylegan": lambda state: state.pop("mapping.vectors.weight"),
    "stylegan2": lambda state: state.pop("mapping.vectors.weight"),
    "r3gan": lambda state: state.pop("embed.weight").T,
}
"""In the generator, what each label adds to the latent, [classes, n]."""


def network_of(root: Path, spec: str, side: str, **more: Any) -> torch.nn.Module:
    network = getattr(gandsl.compile(root / "specs" / f"{spec}.yaml", {**SIZES[spec], **more}), side)
    shake(network.double())
    set_noise_mode(network, "constant")
    return network.eval()


@pytest.mark.parametrize("spec", SIZES)
@torch.no_grad()
def test_generator_reads_the_label_beside_the_latent(spec: str, root: Path) -> None:
    conditional = network_of(root, spec, "generator", classes=CLASSES)
    state = dict(conditional.state_dict())
    vectors = VECTORS[spec](state)
    plain = network_of(root, spec, "generator", z_dim=5 + vectors.shape[1])
    plain.load_state_dict(state)
    z = torch.randn(2, 5, dtype=torch.float64)
    for label in range(CLASSES):
        wanted = plain(torch.cat([z, vectors[label].expand(2, -1)], 1))
        torch.testing.assert_close(conditional(z, torch.full((2,), label)), wanted)


@pytest.mark.parametrize("spec", SIZES)
@torch.no_grad()
def test_discriminator_has_a_row_for_each_label(spec: str, root: Path) -> None:
    conditional = network_of(root, spec, "discriminator", classes=CLASSES)
    plain = network_of(root, spec, "discriminator")
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    for label in range(CLASSES):
        state = dict(conditional.state_dict())
        if spec == "r3gan":
            state["logit.weight"] = state.pop("embed.weight").T[label : label + 1] @ state["logit.weight"]
        else:
            for name in ("weight", "bias"):
                state[f"head.out.{name}"] = state[f"head.out.{name}"][label : label + 1]
        plain.load_state_dict(state)
        torch.testing.assert_close(conditional(x, torch.full((2,), label)), plain(x))


@torch.no_grad()
def test_fused_layers_activate_behind_the_pooling(root: Path) -> None:
    """At 8² there is one such layer; without its bend, before or behind is the same."""
    sizes = {"resolution": 8, "channel_base": 64, "channel_max": 8}
    spec = root / "specs" / "pggan.yaml"
    behind, before = (
        gandsl.compile(spec, {**sizes, "fused": fused}).discriminator.double() for fused in (True, False)
    )
    shake(behind)
    before.load_state_dict(behind.state_dict())
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    assert (behind(x) - before(x)).abs().max() > 1e-3
    for network in (behind, before):  # all above zero: the bend is not reached
        network.state_dict()["stages.s8.conv1.bias"].add_(1e4)
    torch.testing.assert_close(behind(x), before(x))
