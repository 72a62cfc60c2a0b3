"""What official code computes, of layouts without parity data: recorded numbers of its own runs, in float64.

Weights and inputs are NumPy's of a key's checksum, so that the official class could be given the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pytest
import torch

import gandsl
from gandsl.interop import import_checkpoint
from gandsl_runtime.layers import set_noise_mode
from tests.interop.cases import SMALL, SYNTHESIS
from tests.interop.forge import published

CONSTANTS = re.compile(r"(kernel|filter|lod|num_batches_tracked|accumulation_counter)$")
POSITIVE = ("var", "magnitude_ema")
GROWN = {"resolution": 16, "channel_base": 128, "channel_max": 16, "z_dim": 12}
DEEP = {
    "resolution": 32,
    "width": 4,
    "classes": 7,
    "z_dim": 6,
    "embedding": 5,
    "attention_at": [16],
}


class Recorded(NamedTuple):
    layout: str
    spec: str
    overrides: Mapping[str, Any]
    numbers: Mapping[str, tuple[float, ...]]  # part → three sums over what it gives, two over a slope


RECORDED = {
    "rosinality": Recorded(
        "rosinality",
        "stylegan2",
        {**SMALL, "channel_base": 256, "w_dim": 12},
        {
            "generator": (-45.8829629, 5.59405943, 239.295874, 0.0175039339, -0.00719870395),
            "discriminator": (0.966986553, -0.925662994, 2.03350931, -0.00542481714, -0.0452850011),
        },
    ),
    "genforce-stylegan2": Recorded(
        "genforce-stylegan2",
        "stylegan2",
        SMALL,
        {
            "generator": (-522.204571, -331.663714, -964.124905, 0.0517294641, -0.0247815049),
            "discriminator": (-2.57486358, 2.15542557, -5.15604165, -0.399247125, 0.0517834062),
        },
    ),
    "genforce-stylegan-fused": Recorded(
        "genforce-stylegan-fused",
        "stylegan",
        SMALL,
        {
            "generator": (30.9039323, -62.5213455, 43.8362145, -4.52176143e-05, 0.00169071422),
            "discriminator": (-1.611895, 1.46515411, -3.32124627, -0.165329524, -0.0240884406),
        },
    ),
    "genforce-pggan-fused": Recorded(
        "genforce-pggan-fused",
        "pggan",
        GROWN,
        {
            "generator": (38.6636066, 38.4131333, 205.377084, -6.67524232, -5.24533178),
            "discriminator": (-1.83161253, 1.80754615, -3.87882998, -0.151723363, 0.241856565),
        },
    ),
    "biggan-deep-pytorch": Recorded(
        "biggan-deep-pytorch",
        "biggan_deep/pytorch",
        DEEP,
        {
            "generator": (-103.809111, 127.002491, 54.5373042, -2.0626664, 0.0695415348),
            "discriminator": (31.3264359, -45.0141171, 85.4731693, -3.8571919, -1.33161621),
        },
    ),
    "stylegan3-t": Recorded(
        "stylegan3",
        "stylegan3",
        {**SYNTHESIS, "clamp": 0.0},
        {
            "generator": (-8.1431864, 7.79077849, 7.54755406, 0.00198446795, -0.000813553395),
        },
    ),
    "stylegan3-r": Recorded(
        "stylegan3",
        "stylegan3",
        {**SYNTHESIS, "clamp": 0.0, "equivariance": "rotation"},
        {
            "generator": (-26.6026401, 7.05071472, -9.56961722, -0.000280849621, -0.00367608677),
        },
    ),
}
"""Of rosinality's class the channels were 16 at each size; the others were made with these options."""


def filled(name: str, shape: tuple[int, ...]) -> torch.Tensor:
    """Normal numbers that a name stands for, float32; NumPy promises them for ever (NEP 19)."""
    numbers = torch.tensor(np.random.RandomState(crc32(name.encode())).standard_normal(shape))
    return (numbers.abs() + 0.5 if name.endswith(POSITIVE) else numbers).float()


def as_recorded(key: str, tensor: torch.Tensor) -> torch.Tensor:
    """The tensor that the official class had under this key; constants are its own."""
    constant = CONSTANTS.search(key) or not tensor.is_floating_point()
    return tensor if constant else filled(key, tuple(tensor.shape))


def summed(tensor: torch.Tensor, name: str) -> torch.Tensor:
    return (tensor * filled(name, tuple(tensor.shape)).double()).sum()


@pytest.mark.parametrize("name", RECORDED)
def test_recorded(name: str, tmp_path: Path, root: Path) -> None:
    """Images, logits and slopes to 1e-6 of the largest sum: both sides are float64."""
    one = RECORDED[name]
    spec = root / "specs" / f"{one.spec}.yaml"
    for part, state in published(one.layout, spec, one.overrides, tuple(one.numbers), tmp_path).items():
        weights = {key: as_recorded(key, tensor) for key, tensor in state.items()}
        torch.save(weights, tmp_path / f"{part}.pth")
    found = import_checkpoint({part: tmp_path / f"{part}.pth" for part in one.numbers}, layout=one.layout)
    program = gandsl.compile(found.spec, list(found.overrides))
    for part, wanted in one.numbers.items():
        network = program.network(part)
        network.load_state_dict(dict(found.states[part]))
        set_noise_mode(network.eval().double(), "constant")
        port, *labels = network.inputs
        given = filled("z" if part == "generator" else "x", (4, *port.shape)).double().requires_grad_()
        drawn = network(given, *(torch.tensor([0, 2, 4, 6]) for _ in labels)).flatten(1)
        sums = [summed(drawn, f"direction {k}") for k in range(3)]
        (slope,) = torch.autograd.grad(sums[0], given)
        for of, theirs in ((sums, wanted[:3]), ([summed(slope, f"slope {k}") for k in range(2)], wanted[3:])):
            expected = torch.tensor(theirs, dtype=torch.float64)
            most = 1e-6 * float(expected.abs().max())
            torch.testing.assert_close(torch.stack(of).detach(), expected, rtol=0, atol=most)
