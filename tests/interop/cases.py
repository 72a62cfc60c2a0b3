"""Small sizes of every layout: a spec and what to set in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SMALL = {
    "resolution": 16,
    "channel_base": 128,
    "channel_max": 16,
    "z_dim": 12,
    "w_dim": 16,
    "mapping_layers": 2,
}


@dataclass(frozen=True)
class Case:
    layout: str
    spec: str
    overrides: Mapping[str, Any]
    parts: tuple[str, ...] = ("generator", "discriminator", "average")


CASES = {
    "ada": Case("stylegan2-ada-pytorch", "stylegan2", SMALL),
    "ada-conditional": Case("stylegan2-ada-pytorch", "stylegan2", {**SMALL, "classes": 5}),
    "ada-orig": Case(
        "stylegan2-ada-pytorch",
        "stylegan2",
        {**SMALL, "generator_architecture": "orig", "discriminator_architecture": "orig"},
    ),
    "ada-resnet": Case(
        "stylegan2-ada-pytorch",
        "stylegan2",
        {**SMALL, "generator_architecture": "resnet", "discriminator_architecture": "skip"},
    ),
    "rosinality": Case("rosinality", "stylegan2", {**SMALL, "resolution": 32}),
    "genforce2": Case("genforce-stylegan2", "stylegan2", SMALL),
    "genforce1": Case("genforce-stylegan", "stylegan", {**SMALL, "resolution": 128, "channel_base": 256}),
    "pggan": Case(
        "genforce-pggan", "pggan", {"resolution": 16, "channel_base": 64, "channel_max": 8, "z_dim": 12}
    ),
    "biggan": Case(
        "biggan-pytorch",
        "biggan",
        {"resolution": 64, "width": 2, "classes": 7, "z_chunk": 3, "embedding": 5, "attention_at": 16},
    ),
    "biggan-32": Case(
        "biggan-pytorch",
        "biggan",
        {"resolution": 32, "width": 2, "classes": 7, "z_chunk": 3, "embedding": 5, "attention_at": 0},
    ),
    "biggan-plain": Case(
        "biggan-pytorch",
        "ablations/biggan/width",
        {"resolution": 32, "width": 2, "classes": 7, "z_dim": 9, "attention_at": 0},
    ),
    "biggan-shared": Case(
        "biggan-pytorch",
        "ablations/biggan/shared",
        {"resolution": 32, "width": 2, "classes": 7, "z_dim": 9, "embedding": 5, "attention_at": 16},
    ),
    "deep": Case(
        "pytorch-pretrained-biggan",
        "biggan_deep",
        {"width": 4, "classes": 7, "z_dim": 6, "embedding": 5, "attention_at": 32, "statistics": 3},
        ("generator",),
    ),
    "dcgan": Case(
        "dcgan-example",
        "dcgan",
        {"resolution": 32, "width": 4, "z_dim": 6, "image_channels": 1},
        ("generator", "discriminator"),
    ),
    "r3gan": Case(
        "r3gan", "r3gan", {"widths": [16, 8, 8], "cardinalities": [4, 2, 2], "depths": [1, 2, 1], "z_dim": 6}
    ),
}
