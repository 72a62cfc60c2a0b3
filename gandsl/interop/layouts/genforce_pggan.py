"""PGGAN as genforce stores it: layers counted through, the first one a 4×4 convolution over one pixel.

With fused_scale, its enlarging layers compute the same and have their weights transposed and turned; its
discriminator activates behind the pooling. Where a layer of the generator changes the number of channels, its
shape tells; where none does, no trace of the option is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gandsl.interop.changes import FIRST_CONVOLUTION, SAME, TRANSPOSED_CONVOLUTION
from gandsl.interop.layout import (
    Layout,
    Params,
    Shapes,
    Side,
    channel_rule,
    row,
    table,
)
from gandsl.interop.layouts.genforce import FULL_SIZE, NAMES, counted
from gandsl.interop.layouts.peer_options import PGGAN_DISCRIMINATOR, PGGAN_GENERATOR

GENERATOR = table(
    row("lod", "dense.weight", FULL_SIZE),
    row("layer0.weight", "dense.weight", FIRST_CONVOLUTION),
    row("layer0.bias", "bias.bias"),
    row("layer{b}.weight", "synthesis.s{r}.conv1.weight"),
    row("layer<{a}|{b}>.bias", "synthesis.s{r}.<conv0|conv1>.bias"),
    row("output{i}.<weight|bias>", "synthesis.s{r}.rgb.<weight|bias>"),
)

DISCRIMINATOR = table(
    row("lod", "logit.weight", FULL_SIZE),
    row("input{j}.<weight|bias>", "stages.s{r}.rgb.conv.<weight|bias>"),
    row("input{last}.<weight|bias>", "stages.rgb.conv.<weight|bias>"),
    row("layer<{c}|{d}>.<weight|bias>", "stages.s{r}.<conv0|conv1>.<weight|bias>"),
    row("layer<{h0}|{h1}|{h2}>.<weight|bias>", "<conv|hidden|logit>.<weight|bias>"),
)


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G. A layer 2i + 1 is the second of size 4·2^i."""
    stages = shapes.last("output{}.weight")
    widths = {4 << i: shapes.of(f"layer{2 * i + 1}.weight", 4)[0] for i in range(stages + 1)}
    return {
        "resolution": 4 << stages,
        "image_channels": shapes.of("output0.weight", 4)[0],
        "z_dim": shapes.of("layer0.weight", 4)[1] - given.get("classes", 0),
        **channel_rule(widths, given),
    }


def _classes(shapes: Shapes) -> int:
    """D gives a number for each label beside the logit; G's first layer reads latent and label as one."""
    return shapes.of(f"layer{2 * shapes.last('input{}.weight') + 2}.weight", 2)[0] - 1


def spec(shapes: Shapes) -> str:
    """By the labels that D guesses."""
    return "pggan/labels" if _classes(shapes) else "pggan"


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D; `input0` reads the largest image."""
    stages = shapes.last("input{}.weight")
    size = 4 << stages
    out, joined = shapes.of(f"layer{2 * stages}.weight", 4)[:2]
    return {
        "resolution": size,
        "image_channels": shapes.of("input0.weight", 4)[1],
        "classes": _classes(shapes),
        "stddev_channels": joined - out,
        "head_width": shapes.of(f"layer{2 * stages + 1}.weight", 2)[0],
        **channel_rule({size >> i: shapes.of(f"input{i}.weight", 4)[0] for i in range(stages + 1)}, given),
    }


def _ups(shapes: Shapes) -> Iterator[tuple[tuple[int, ...], int, int]]:
    """Of each enlarging layer the first two sides of its weight, and the channels before and behind it."""
    for i in range(1, shapes.last("output{}.weight") + 1):
        before, behind = (shapes.of(f"layer{n}.weight", 4)[0] for n in (2 * i - 1, 2 * i + 1))
        yield shapes.of(f"layer{2 * i}.weight", 4)[:2], before, behind


def _plain(shapes: Shapes) -> bool:
    return all(sides == (behind, before) for sides, before, behind in _ups(shapes))


def _fused(shapes: Shapes) -> bool:
    return all(sides == (before, behind) for sides, before, behind in _ups(shapes))


def _layout(name: str, doc: str, fused: bool) -> Layout:
    change, fits = (TRANSPOSED_CONVOLUTION, _fused) if fused else (SAME, _plain)
    return Layout(
        name=name,
        doc=doc,
        spec="pggan",
        sides={
            "generator": Side(
                (*GENERATOR, *row("layer{a}.weight", "synthesis.s{r}.conv0.weight", change)),
                counted,
                generator,
                ("lod", "layer0.weight", "output0.weight"),
                fits=fits,
                options=lambda part: PGGAN_GENERATOR,
            ),
            "discriminator": Side(
                DISCRIMINATOR,
                counted,
                discriminator,
                ("lod", "input0.weight", "layer0.weight"),
                never=("layer1.blur.kernel",),
                spec=spec,
                presumed={"fused": fused, "stddev_group": 16},
                options=lambda part: PGGAN_DISCRIMINATOR,
            ),
        },
        names=NAMES,
        assumed={"classes": 0, "stddev_channels": 1},
        unrecorded=("stddev_group", "fused"),
    )


LAYOUTS = (
    _layout("genforce-pggan", "PGGAN of genforce", fused=False),
    _layout("genforce-pggan-fused", "PGGAN of genforce with fused_scale=True", fused=True),
)
