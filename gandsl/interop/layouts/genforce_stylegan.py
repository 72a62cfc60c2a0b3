"""StyleGAN as genforce stores it: layers counted through.

A layer that enlarges and convolves in one step computes what the two do, with the kernel turned by 180°.
Which layers are such is an option that leaves no trace in a file: a layout for each of its values.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from gandsl.interop.changes import FLIPPED, leading
from gandsl.interop.layout import (
    Bindings,
    ImpliedTensor,
    Layout,
    Params,
    Shape,
    Shapes,
    Side,
    channel_rule,
    doubling,
    resolution,
    row,
    table,
)
from gandsl.interop.layouts.genforce import (
    FULL_SIZE,
    MAPPING,
    NAMES,
    STRANGE_MAPPING,
    counted,
    mapped,
    mapping,
)
from gandsl.interop.layouts.peer_options import STYLEGAN_DISCRIMINATOR, STYLEGAN_GENERATOR

LARGEST = 1024
AUTO = 128  # by default, sizes from here up enlarge and convolve in one step


def _blur(channels: int) -> Tensor:
    """[1, 2, 1] across and down, with sum 1, for each channel."""
    taps = torch.tensor([1.0, 2.0, 1.0])
    return (torch.outer(taps, taps) / 16).expand(channels, 1, 3, 3)


def _blur_out(params: Params, shape: Shape, key: str) -> Tensor:
    return _blur(shape[0])


def _blur_in(params: Params, shape: Shape, key: str) -> Tensor:
    return _blur(shape[1])


S = "synthesis.s{r}"
STYLE = "style.<weight|bias>"

GENERATOR = table(
    MAPPING,
    row("synthesis.lod", "start.weight", FULL_SIZE),
    row("synthesis.layer0.const", "start.weight", leading(1)),
    row("synthesis.layer{plain}.weight", "synthesis.s{small}.conv0.weight"),
    row("synthesis.layer{fused}.weight", "synthesis.s{large}.conv0.weight", FLIPPED),
    row("synthesis.layer{b}.weight", f"{S}.conv1.weight"),
    row("synthesis.layer{a}.blur.kernel", f"{S}.conv0.weight", ImpliedTensor(_blur_out)),
    row("synthesis.layer<{a}|{b}>.bias", f"{S}.<epilogue0|epilogue1>.bias.bias"),
    row("synthesis.layer<{a}|{b}>.apply_noise.weight", f"{S}.<epilogue0|epilogue1>.noise.strength"),
    row(
        "synthesis.layer<{a}|{b}>.apply_noise.noise", f"{S}.<epilogue0|epilogue1>.noise.constant", leading(2)
    ),
    row(f"synthesis.layer<{{a}}|{{b}}>.{STYLE}", f"{S}.<epilogue0|epilogue1>.adain.affine.<weight|bias>"),
    row("synthesis.output{i}.<weight|bias>", f"{S}.rgb.<weight|bias>"),
)

DISCRIMINATOR = table(
    row("lod", "head.out.weight", FULL_SIZE),
    row("input{j}.<weight|bias>", "stages.s{r}.rgb.conv.<weight|bias>"),
    row("input{last}.<weight|bias>", "stages.rgb.conv.<weight|bias>"),
    row("layer{c}.<weight|bias>", "stages.s{r}.conv0.<weight|bias>"),
    row("layer{d}.<weight|bias>", "stages.s{r}.<conv1.weight|bias.bias>"),
    row("layer{d}.blur.kernel", "stages.s{r}.conv1.weight", ImpliedTensor(_blur_in)),
    row("layer<{h0}|{h1}|{h2}>.<weight|bias>", "head.<conv|hidden|out>.<weight|bias>"),
)


def bindings(params: Params, fused: int) -> Bindings:
    """As `counted`; and where G's first layer of a size enlarges, whether that is of the `plain` kind."""
    ups = [
        {"small": r, "plain": 2 * i} if r < fused else {"large": r, "fused": 2 * i}
        for i, r in enumerate(doubling(4, resolution(params)))
    ]
    return [*counted(params), *ups, *mapped(params)]


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G; layer 2i + 1 is the second of size 4·2^i."""
    stages = shapes.last("synthesis.output{}.weight")
    widths = {4 << i: shapes.of(f"synthesis.layer{2 * i + 1}.weight", 4)[0] for i in range(stages + 1)}
    return {
        "resolution": 4 << stages,
        "image_channels": shapes.of("synthesis.output0.weight", 4)[0],
        **mapping(shapes),
        **channel_rule(widths, given),
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D; `input0` reads the largest image."""
    stages = shapes.last("input{}.weight")
    size = 4 << stages
    logits = shapes.of(f"layer{2 * stages + 2}.weight", 2)[0]  # one for each class; one too without any
    hidden = shapes.of(f"layer{2 * stages + 1}.weight", 2)[0]
    out, joined = shapes.of(f"layer{2 * stages}.weight", 4)[:2]
    return {
        "resolution": size,
        "image_channels": shapes.of("input0.weight", 4)[1],
        **({"classes": logits} if logits > 1 else {}),
        "stddev_channels": joined - out,
        "head_width": hidden if hidden != out else 0,
        **channel_rule({size >> i: shapes.of(f"input{i}.weight", 4)[0] for i in range(stages + 1)}, given),
    }


def _drawn_input(shapes: Shapes) -> bool | None:
    return None if "synthesis.layer0.const" in shapes else False


def _noise(shapes: Shapes) -> str | None:
    return "'channel'" if len(shapes["synthesis.layer0.apply_noise.weight"]) == 2 else None


def _layout(name: str, doc: str, fused: int) -> Layout:
    """Of networks whose layers from this size up are fused."""
    within = partial(bindings, fused=fused)
    return Layout(
        name=name,
        doc=doc,
        spec="stylegan",
        sides={
            "generator": Side(
                GENERATOR,
                within,
                generator,
                ("truncation.w_avg", "synthesis.lod", "synthesis.layer0.apply_noise.weight"),
                strange={
                    "const_input": _drawn_input,
                    "noise_type": _noise,
                    **STRANGE_MAPPING,
                },
                options=lambda part: STYLEGAN_GENERATOR,
            ),
            "discriminator": Side(
                DISCRIMINATOR,
                within,
                discriminator,
                ("lod", "input0.weight", "layer1.blur.kernel"),
                options=lambda part: STYLEGAN_DISCRIMINATOR,
            ),
        },
        names=NAMES,
        assumed={"classes": 0, "stddev_channels": 1, "head_width": 0},
        unrecorded=("stddev_group",),
    )


LAYOUTS = (
    _layout("genforce-stylegan", "StyleGAN of genforce", AUTO),
    _layout("genforce-stylegan-fused", "StyleGAN of genforce with fused_scale=True", 0),
    _layout("genforce-stylegan-unfused", "StyleGAN of genforce with fused_scale=False", LARGEST + 1),
)
