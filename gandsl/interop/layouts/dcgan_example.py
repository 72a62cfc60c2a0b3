"""DCGAN as PyTorch's example stores it: one Sequential, so layers have numbers."""

from __future__ import annotations

from typing import Any

import torch

from gandsl.interop.layout import (
    Bindings,
    Carried,
    Layout,
    Params,
    Shapes,
    Side,
    doubling,
    resolution,
    row,
    table,
)
from gandsl.interop.layouts.peer_options import DCGAN_DISCRIMINATOR, DCGAN_GENERATOR

BATCHES = Carried(torch.zeros((), dtype=torch.int64))  # batches that a batch norm has seen
NORM = "<weight|bias|running_mean|running_var>"

GENERATOR = table(
    row("main.0.weight", "project.weight"),
    row(f"main.1.{NORM}", f"norm.{NORM}"),
    row("main.1.num_batches_tracked", "norm.weight", BATCHES),
    row("main.{conv}.weight", "s{r}.conv.weight"),
    row(f"main.{{norm}}.{NORM}", f"s{{r}}.norm.{NORM}"),
    row("main.{norm}.num_batches_tracked", "s{r}.norm.weight", BATCHES),
    row("main.{rgb}.weight", "rgb.weight"),
)

DISCRIMINATOR = table(
    row("main.0.weight", "s{half}.conv.weight"),
    row("main.{down}.weight", "s{r}.conv.weight"),
    row(f"main.{{down_norm}}.{NORM}", f"s{{r}}.norm.{NORM}"),
    row("main.{down_norm}.num_batches_tracked", "s{r}.norm.weight", BATCHES),
    row("main.{logit}.weight", "logit.weight"),
)


def bindings(params: Params) -> Bindings:
    """G's stages of three modules go up from 8², D's go down to 4²; D's first has no norm."""
    half = resolution(params) // 2
    up, down = doubling(4, half)[1:], doubling(4, half)[:-1][::-1]
    return [
        *({"r": r, "conv": 3 * i + 3, "norm": 3 * i + 4} for i, r in enumerate(up)),
        *({"r": r, "down": 3 * i + 2, "down_norm": 3 * i + 3} for i, r in enumerate(down)),
        {"half": half},
        {"rgb": 3 * len(up) + 3, "logit": 3 * len(down) + 2},
    ]


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G: each of its convolutions but the first doubles the size."""
    last = shapes.last("main.{}.weight")
    return {
        "resolution": 4 << (last // 3),
        "image_channels": shapes.of(f"main.{last}.weight", 4)[1],
        "z_dim": shapes.of("main.0.weight", 4)[0],
        "width": shapes.of(f"main.{last}.weight", 4)[0],
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D: each of its convolutions but the last halves the size."""
    last = shapes.last("main.{}.weight")
    return {
        "resolution": 4 << (last + 1) // 3,
        "image_channels": shapes.of("main.0.weight", 4)[1],
        "width": shapes.of("main.0.weight", 4)[0],
    }


LAYOUT = Layout(
    name="dcgan-example",
    doc="DCGAN of PyTorch's examples",
    spec="dcgan",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("main.0.weight", "main.1.running_mean"),
            options=lambda part: DCGAN_GENERATOR,
        ),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("main.0.weight", "main.3.running_mean"),
            ("main.1.weight",),
            options=lambda part: DCGAN_DISCRIMINATOR,
        ),
    },
    names={"netG": "generator", "netD": "discriminator"},
    files={"generator": "netG.pth", "discriminator": "netD.pth"},
)

LAYOUTS = (LAYOUT,)
