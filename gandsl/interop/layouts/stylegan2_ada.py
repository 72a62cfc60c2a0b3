"""StyleGAN2 as stylegan2-ada-pytorch and stylegan3 store it: pickles with source code, or state_dicts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gandsl.interop.layout import (
    Bindings,
    ImpliedTensor,
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
from gandsl.interop.layouts import stylegan_options

DEFAULT = (1.0, 3.0, 3.0, 1.0)
LONG = 8  # a filter of so many taps is kept as one line, and works on rows, then on columns


def resampling(taps: Sequence[float]) -> Tensor:
    """A filter as it is stored: [n, n], a long one [n], in sum 1."""
    line = torch.tensor(taps, dtype=torch.float32)
    kernel = line if len(line) >= LONG else torch.outer(line, line)
    return kernel / kernel.sum()


FIR = ImpliedTensor(
    lambda params, *_: resampling(params.get("taps", DEFAULT)),
    "it was made with another resample_filter: --set taps=[…]",
)
UNUSED = ImpliedTensor(lambda *_: resampling(DEFAULT))  # of a layer that does not resample: it is told none

GENERATOR = table(
    row("mapping.<embed|fc{n}>.<weight|bias>", "mapping.<embed|fc{n}.linear>.<weight|bias>"),
    row("mapping.w_avg", "mapping.centre.average"),
    row("synthesis.b4.const", "start.weight"),
    row(
        "synthesis.b{r}.<conv0|conv1|torgb>.<weight|bias|affine.weight|affine.bias>",
        "synthesis.s{r}.<conv0|conv1|rgb>.<conv.weight|bias.bias|affine.weight|affine.bias>",
    ),
    row(
        "synthesis.b{r}.<conv0|conv1>.<noise_strength|noise_const>",
        "synthesis.s{r}.<conv0|conv1>.noise.<strength|constant>",
    ),
    row("synthesis.b{r}.skip.weight", "synthesis.s{r}.short.conv.weight"),
    row("synthesis.b{r}.resample_filter", "synthesis.s{r}.conv1.conv.weight", FIR),
    row("synthesis.b{r}.conv0.resample_filter", "synthesis.s{r}.conv0.conv.weight", FIR),
    row("synthesis.b{r}.conv1.resample_filter", "synthesis.s{r}.conv1.conv.weight", UNUSED),
    row("synthesis.b{r}.skip.resample_filter", "synthesis.s{r}.short.conv.weight", FIR),
)

DISCRIMINATOR = table(
    row("b{R}.fromrgb.<weight|bias>", "from_rgb.conv.<weight|bias>"),
    row("b{R}.fromrgb.resample_filter", "from_rgb.conv.weight", UNUSED),
    row("b{r}.fromrgb.<weight|bias>", "stages.s{r}.rgb.conv.<weight|bias>"),
    row("b{r}.fromrgb.resample_filter", "stages.s{r}.rgb.conv.weight", UNUSED),
    row("b4.fromrgb.<weight|bias>", "stages.rgb.conv.<weight|bias>"),
    row("b4.fromrgb.resample_filter", "stages.rgb.conv.weight", UNUSED),
    row("b{r}.<conv0|conv1|skip>.<weight|bias>", "stages.s{r}.<conv0|conv1|short>.conv.<weight|bias>"),
    row("b{r}.conv0.resample_filter", "stages.s{r}.conv0.conv.weight", UNUSED),
    row("b{r}.<conv1|skip>.resample_filter", "stages.s{r}.<conv1|short>.conv.weight", FIR),
    row("b{r}.resample_filter", "stages.s{r}.conv0.conv.weight", FIR),
    row("b4.<conv|fc|out>.<weight|bias>", "head.<conv|hidden|out>.<weight|bias>"),
    row("b4.conv.resample_filter", "head.conv.weight", UNUSED),
    row("mapping.<embed|fc{n}>.<weight|bias>", "mapping.<embed|fc{n}.linear>.<weight|bias>"),
)


def bindings(params: Params) -> Bindings:
    """`r` is a size, `R` the largest, `n` a layer of either mapping."""
    size = resolution(params)
    stages = [{"r": r} for r in doubling(4, size)]
    return [
        *stages,
        *({"n": n} for n in range(max(params["mapping_layers"], params.get("label_layers", 8)))),
        {"R": size},
    ]


def _classes(shapes: Shapes) -> int:
    return shapes.of("mapping.embed.weight", 2)[1] if "mapping.embed.weight" in shapes else 0


def _labels(shapes: Shapes) -> dict[str, Any]:
    """Sizes of the discriminator's mapping of labels."""
    last = shapes.last("mapping.fc{}.weight")
    return {
        "conditioning": "projection",
        "label_dim": shapes.of("b4.out.weight", 2)[0],
        "label_layers": last + 1,
        "label_input": shapes.of("mapping.embed.weight", 2)[0],
        **({"label_width": shapes.of("mapping.fc0.weight", 2)[0]} if last else {}),
    }


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G. Styles, labels and latents are read off the mapping network."""
    sizes = shapes.numbers("synthesis.b{}.conv1.weight")
    last = shapes.last("mapping.fc{}.weight")
    w_dim, classes = shapes.of(f"mapping.fc{last}.weight", 2)[0], _classes(shapes)
    hidden, joined = shapes.of("mapping.fc0.weight", 2)
    embedding = shapes.of("mapping.embed.weight", 2)[0] if classes else 0
    rgb = shapes.numbers("synthesis.b{}.torgb.weight")
    architecture = (
        "skip" if rgb == sizes else "resnet" if shapes.numbers("synthesis.b{}.skip.weight") else "orig"
    )
    return {
        "resolution": max(sizes),
        "image_channels": shapes.of(f"synthesis.b{max(sizes)}.torgb.weight", 4)[0],
        "classes": classes,
        "z_dim": joined - embedding,
        "w_dim": w_dim,
        "mapping_layers": last + 1,
        **({"mapping_width": hidden} if last else {}),
        **({"label_embedding": embedding, "conditioning": "projection"} if classes else {}),
        "generator_architecture": architecture,
        "kernel": shapes.of("synthesis.b4.conv1.weight", 4)[2],
        "noise": "synthesis.b4.conv1.noise_strength" in shapes,
        **channel_rule({r: shapes.of(f"synthesis.b{r}.conv1.weight", 4)[0] for r in sizes}, given),
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D. A conditional one ends in as many numbers as its mapping of labels."""
    sizes = shapes.numbers("b{}.conv0.weight")
    rgb, classes = shapes.numbers("b{}.fromrgb.weight"), _classes(shapes)
    widths = {r: shapes.of(f"b{r}.conv0.weight", 4)[0] for r in sizes}
    last, joined = shapes.of("b4.conv.weight", 4)[:2]
    architecture = "resnet" if shapes.numbers("b{}.skip.weight") else "skip" if len(rgb) > 1 else "orig"
    return {
        "resolution": max(sizes, default=4),
        "image_channels": shapes.of(f"b{max(sizes, default=4)}.fromrgb.weight", 4)[1],
        "classes": classes,
        **(_labels(shapes) if classes else {}),
        "stddev_channels": joined - last,
        "discriminator_architecture": architecture,
        **channel_rule({**widths, 4: last}, given),
    }


LAYOUT = Layout(
    name="stylegan2-ada-pytorch",
    doc="StyleGAN2 of stylegan2-ada-pytorch or stylegan3",
    spec="stylegan2",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("synthesis.b4.const", "synthesis.b4.conv1.affine.weight"),
            options=lambda part: stylegan_options.generator("synthesis.num_fp16_res" in part.attributes),
        ),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("b4.conv.weight", "b4.out.weight"),
            options=lambda part: stylegan_options.discriminator("b4.out.in_features" in part.attributes),
        ),
    },
    names={"G": "generator", "D": "discriminator", "G_ema": "average"},
    assumed={
        "generator_architecture": "skip",
        "discriminator_architecture": "resnet",
        "stddev_channels": 1,
        "kernel": 3,
        "noise": True,
    },
)

LAYOUTS = (LAYOUT,)
