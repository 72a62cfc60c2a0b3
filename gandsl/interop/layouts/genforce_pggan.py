"""PGGAN as genforce stores it: layers counted through, the first one a 4×4 convolution over one pixel."""

from __future__ import annotations

from typing import Any

import torch

from gandsl.interop.changes import FIRST_CONVOLUTION
from gandsl.interop.layout import (
    Bindings,
    Constant,
    Layout,
    Params,
    Shapes,
    Side,
    channel_rule,
    doubling,
    resolution,
    row,
    table,
)

FULL_SIZE = Constant(lambda params, _: torch.zeros(()))  # level of detail: 0 is grown to the end

GENERATOR = table(
    row("lod", "dense.weight", FULL_SIZE),
    row("layer0.weight", "dense.weight", FIRST_CONVOLUTION),
    row("layer0.bias", "bias.bias"),
    row("layer<{a}|{b}>.<weight|bias>", "synthesis.s{r}.<conv0|conv1>.<weight|bias>"),
    row("output{i}.<weight|bias>", "synthesis.s{r}.rgb.<weight|bias>"),
)

DISCRIMINATOR = table(
    row("lod", "logit.weight", FULL_SIZE),
    row("input{j}.<weight|bias>", "stages.s{r}.rgb.conv.<weight|bias>"),
    row("input{last}.<weight|bias>", "stages.rgb.conv.<weight|bias>"),
    row("layer<{c}|{d}>.<weight|bias>", "stages.s{r}.<conv0|conv1>.<weight|bias>"),
    row("layer<{h0}|{h1}|{h2}>.<weight|bias>", "<conv|hidden|logit>.<weight|bias>"),
)


def bindings(params: Params) -> Bindings:
    """`i` counts the sizes up from 4², `a`, `b` their layers in G; `j` counts down, `c`, `d` theirs in D."""
    sizes = doubling(4, resolution(params))
    last = len(sizes) - 1
    stages = [
        {
            "r": r,
            "i": i,
            "a": 2 * i,
            "b": 2 * i + 1,
            "j": last - i,
            "c": 2 * (last - i),
            "d": 2 * (last - i) + 1,
        }
        for i, r in enumerate(sizes)
    ]
    return [*stages, {"last": last}, {f"h{k}": 2 * last + k for k in range(3)}]


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G. A layer 2i + 1 is the second of size 4·2^i."""
    stages = shapes.last("output{}.weight")
    widths = {4 << i: shapes.of(f"layer{2 * i + 1}.weight", 4)[0] for i in range(stages + 1)}
    return {
        "resolution": 4 << stages,
        "image_channels": shapes.of("output0.weight", 4)[0],
        "z_dim": shapes.of("layer0.weight", 4)[1],
        **channel_rule(widths, given),
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D; `input0` reads the largest image."""
    stages = shapes.last("input{}.weight")
    size = 4 << stages
    return {
        "resolution": size,
        "image_channels": shapes.of("input0.weight", 4)[1],
        **channel_rule({size >> i: shapes.of(f"input{i}.weight", 4)[0] for i in range(stages + 1)}, given),
    }


LAYOUT = Layout(
    name="genforce-pggan",
    doc="PGGAN of genforce",
    spec="pggan",
    sides={
        "generator": Side(GENERATOR, bindings, generator, ("lod", "layer0.weight", "output0.weight")),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("lod", "input0.weight", "layer0.weight"),
            never=("layer1.blur.kernel",),
        ),
    },
    names={"generator": "generator", "discriminator": "discriminator", "generator_smooth": "average"},
)
