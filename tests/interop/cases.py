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

SYNTHESIS = {
    "resolution": 16,
    "channel_base": 256,
    "channel_max": 16,
    "z_dim": 12,
    "w_dim": 10,
    "layers": 6,
}


@dataclass(frozen=True)
class Case:
    layout: str
    spec: str
    overrides: Mapping[str, Any]
    parts: tuple[str, ...] = ("generator", "discriminator", "average")
    untold: bool = False  # the file does not tell which layout of several it is in


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
    "ada-options": Case(
        "stylegan2-ada-pytorch",
        "stylegan2",
        {
            **SMALL,
            "classes": 3,
            "mapping_width": 10,
            "label_embedding": 7,
            "label_layers": 3,
            "label_dim": 9,
            "stddev_channels": 2,
        },
    ),
    "rosinality": Case("rosinality", "stylegan2", {**SMALL, "resolution": 32}),
    "genforce2": Case("genforce-stylegan2", "stylegan2", SMALL),
    "genforce2-conditional": Case(
        "genforce-stylegan2",
        "stylegan2",
        {**SMALL, "classes": 5, "conditioning": "selection", "mapping_width": 10, "stddev_channels": 0},
    ),
    "genforce1-conditional": Case(
        "genforce-stylegan-unfused", "stylegan", {**SMALL, "classes": 5, "mapping_width": 10}, untold=True
    ),
    "genforce1-fused": Case("genforce-stylegan-fused", "stylegan", SMALL, untold=True),
    "genforce1": Case("genforce-stylegan", "stylegan", {**SMALL, "resolution": 128, "channel_base": 256}),
    "pggan": Case(
        "genforce-pggan", "pggan", {"resolution": 16, "channel_base": 64, "channel_max": 8, "z_dim": 12}
    ),
    "pggan-fused": Case(
        "genforce-pggan-fused",
        "pggan",
        {"resolution": 16, "channel_base": 64, "channel_max": 8, "fused": True},
    ),
    "biggan": Case(
        "biggan-pytorch",
        "biggan",
        {"resolution": 64, "width": 2, "classes": 7, "z_chunk": 3, "embedding": 5, "attention_at": [16]},
    ),
    "biggan-apart": Case(
        "biggan-pytorch",
        "biggan",
        {
            "resolution": 64,
            "width": 2,
            "classes": 7,
            "z_chunk": 3,
            "embedding": 5,
            "attention_at": [16, 32],
            "generator_weights": "none",
            "discriminator_width": 3,
            "discriminator_attention_at": [4, 16],
            "discriminator_wide": False,
        },
    ),
    "biggan-32": Case(
        "biggan-pytorch",
        "biggan",
        {"resolution": 32, "width": 2, "classes": 7, "z_chunk": 3, "embedding": 5, "attention_at": []},
    ),
    "biggan-plain": Case(
        "biggan-pytorch",
        "ablations/biggan/width",
        {"resolution": 32, "width": 2, "classes": 7, "z_dim": 9, "attention_at": []},
    ),
    "biggan-shared": Case(
        "biggan-pytorch",
        "ablations/biggan/shared",
        {"resolution": 32, "width": 2, "classes": 7, "z_dim": 9, "embedding": 5, "attention_at": [16]},
    ),
    "pggan-labels": Case(
        "genforce-pggan",
        "pggan/labels",
        {"resolution": 16, "channel_base": 64, "channel_max": 8, "z_dim": 12, "classes": 3, "head_width": 11},
    ),
    "genforce2-apart": Case(
        "genforce-stylegan2",
        "stylegan2",
        {
            **SMALL,
            "discriminator_channel_base": 64,
            "discriminator_channel_max": 12,
            "stddev_channels": 2,
            "head_width": 13,
        },
    ),
    "genforce1-apart": Case(
        "genforce-stylegan-fused",
        "stylegan",
        {**SMALL, "discriminator_channel_base": 72, "stddev_channels": 0, "head_width": 13},
        untold=True,
    ),
    "deep": Case(
        "pytorch-pretrained-biggan",
        "biggan_deep",
        {"width": 4, "classes": 7, "z_dim": 6, "embedding": 5, "attention_at": [32], "statistics": 3},
        ("generator",),
    ),
    "deep-pytorch": Case(
        "biggan-deep-pytorch",
        "biggan_deep/pytorch",
        {
            "resolution": 64,
            "width": 4,
            "discriminator_width": 5,
            "classes": 7,
            "z_dim": 6,
            "embedding": 5,
            "attention_at": [8, 32],
            "discriminator_attention_at": [16],
            "discriminator_depth": 1,
        },
    ),
    "deep-pytorch-32": Case(
        "biggan-deep-pytorch",
        "biggan_deep/pytorch",
        {
            "resolution": 32,
            "width": 4,
            "classes": 7,
            "z_dim": 6,
            "embedding": 5,
            "attention_at": [16],
            "depth": 3,
        },
    ),
    "dcgan": Case(
        "dcgan-example",
        "dcgan",
        {"resolution": 32, "width": 4, "z_dim": 6, "image_channels": 1},
        ("generator", "discriminator"),
    ),
    "dcgan-apart": Case(
        "dcgan-example",
        "dcgan",
        {"resolution": 32, "width": 4, "discriminator_width": 6, "z_dim": 6},
        ("generator", "discriminator"),
    ),
    "r3gan": Case(
        "r3gan", "r3gan", {"widths": [16, 8, 8], "cardinalities": [4, 2, 2], "depths": [1, 2, 1], "z_dim": 6}
    ),
    "r3gan-conditional": Case(
        "r3gan",
        "r3gan",
        {
            "widths": [16, 8],
            "cardinalities": [4, 2],
            "depths": [1, 1],
            "z_dim": 6,
            "classes": 5,
            "label_embedding": 3,
            "label_dim": 7,
        },
    ),
    "stylegan3-t": Case("stylegan3", "stylegan3", {**SYNTHESIS, "classes": 3}),
    "stylegan3-r": Case("stylegan3", "stylegan3", {**SYNTHESIS, "equivariance": "rotation"}),
}
