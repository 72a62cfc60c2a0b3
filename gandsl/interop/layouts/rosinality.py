"""StyleGAN2 as rosinality's stylegan2-pytorch stores it."""

from __future__ import annotations

import re
from typing import Any

from gandsl.interop.changes import MAP_BIAS, leading
from gandsl.interop.derive import MEAN_STYLE
from gandsl.interop.layout import (
    Bindings,
    ImpliedTensor,
    Layout,
    Params,
    Shapes,
    Side,
    channel_rule,
    doubling,
    fir,
    resolution,
    row,
    table,
)
from gandsl.interop.layouts.peer_options import ROSINALITY_DISCRIMINATOR, ROSINALITY_GENERATOR

UP = ImpliedTensor(lambda params, *_: fir(params, gain=4.0))
DOWN = ImpliedTensor(lambda params, *_: fir(params))
ONE, TWO = leading(1), leading(2)
S, S4 = "synthesis.s{r}", "synthesis.s4"

GENERATOR = table(
    row("style.{m}.<weight|bias>", "mapping.fc{n}.linear.<weight|bias>"),
    row("latent_avg", "mapping.centre.average"),
    row("input.input", "start.weight", ONE),
    row("conv1.conv.weight", f"{S4}.conv1.conv.weight", ONE),
    row("conv1.conv.modulation.<weight|bias>", f"{S4}.conv1.affine.<weight|bias>"),
    row("conv1.activate.bias", f"{S4}.conv1.bias.bias"),
    row("conv1.noise.weight", f"{S4}.conv1.noise.strength", ONE),
    row("noises.noise_0", f"{S4}.conv1.noise.constant", TWO),
    row("convs.<{even}|{odd}>.conv.weight", f"{S}.<conv0|conv1>.conv.weight", ONE),
    row("convs.<{even}|{odd}>.conv.modulation.<weight|bias>", f"{S}.<conv0|conv1>.affine.<weight|bias>"),
    row("convs.<{even}|{odd}>.activate.bias", f"{S}.<conv0|conv1>.bias.bias"),
    row("convs.<{even}|{odd}>.noise.weight", f"{S}.<conv0|conv1>.noise.strength", ONE),
    row("noises.noise_<{odd}|{next}>", f"{S}.<conv0|conv1>.noise.constant", TWO),
    row("convs.{even}.conv.blur.kernel", f"{S}.conv0.conv.weight", UP),
    row("to_rgb1.conv.weight", f"{S4}.rgb.conv.weight", ONE),
    row("to_rgb1.conv.modulation.<weight|bias>", f"{S4}.rgb.affine.<weight|bias>"),
    row("to_rgb1.bias", f"{S4}.rgb.bias.bias", MAP_BIAS),
    row("to_rgbs.{i}.conv.weight", f"{S}.rgb.conv.weight", ONE),
    row("to_rgbs.{i}.conv.modulation.<weight|bias>", f"{S}.rgb.affine.<weight|bias>"),
    row("to_rgbs.{i}.bias", f"{S}.rgb.bias.bias", MAP_BIAS),
    row("to_rgbs.{i}.upsample.kernel", f"{S}.rgb.conv.weight", UP),
)

DISCRIMINATOR = table(
    row("convs.0.<0.weight|1.bias>", "from_rgb.conv.<weight|bias>"),
    row("convs.{d}.conv1.<0.weight|1.bias>", "stages.s{r}.conv0.conv.<weight|bias>"),
    row("convs.{d}.conv2.<1.weight|2.bias>", "stages.s{r}.conv1.conv.<weight|bias>"),
    row("convs.{d}.skip.1.weight", "stages.s{r}.short.conv.weight"),
    row("convs.{d}.<conv2|skip>.0.kernel", "stages.s{r}.<conv1|short>.conv.weight", DOWN),
    row("final_conv.<0.weight|1.bias>", "head.conv.<weight|bias>"),
    row("final_linear.<0|1>.<weight|bias>", "head.<hidden|out>.<weight|bias>"),
)


def bindings(params: Params) -> Bindings:
    """`i` counts the sizes from 8², `even`, `odd`, `next` their layers; `d` counts down from the largest."""
    sizes = doubling(8, resolution(params))
    stages = [
        {"r": r, "i": i, "even": 2 * i, "odd": 2 * i + 1, "next": 2 * i + 2, "d": len(sizes) - i}
        for i, r in enumerate(sizes)
    ]
    return [*stages, *({"n": n, "m": n + 1} for n in range(params["mapping_layers"]))]


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G; `style.0` normalizes, so the layers of the mapping count from 1."""
    layers = shapes.last("style.{}.weight")
    stages = shapes.last("to_rgbs.{}.bias") + 1
    widths = {4: shapes.of("conv1.conv.weight", 5)[1]}
    widths |= {8 << i: shapes.of(f"convs.{2 * i + 1}.conv.weight", 5)[1] for i in range(stages)}
    return {
        "resolution": 4 << stages,
        "image_channels": shapes.of("to_rgb1.bias", 4)[1],
        "classes": 0,
        "z_dim": shapes.of("style.1.weight", 2)[1],
        "w_dim": shapes.of(f"style.{layers}.weight", 2)[0],
        "mapping_layers": layers,
        **channel_rule(widths, given),
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D; `convs.0` reads the image, each further one halves the size."""
    blocks = shapes.last("convs.{}.conv1.0.weight")
    size = 4 << blocks
    widths = {size >> (i - 1): shapes.of(f"convs.{i}.conv1.0.weight", 4)[0] for i in range(1, blocks + 1)}
    return {
        "resolution": size,
        "image_channels": shapes.of("convs.0.0.weight", 4)[1],
        "classes": 0,
        **channel_rule({**widths, 4: shapes.of("final_conv.0.weight", 4)[0]}, given),
    }


def _unmapped(shapes: Shapes) -> int | None:
    return None if "style.1.weight" in shapes else 0


def _multiplier(shapes: Shapes) -> int | None:
    """Above 2, channels rise again behind the 512 of the small sizes."""
    widths = [shapes.of(key, 5)[1] for key in shapes if re.fullmatch(r"convs\.\d+\.conv\.weight", key)]
    return max(widths) // 256 if widths and max(widths) > shapes.of("conv1.conv.weight", 5)[1] else None


def _filter(shapes: Shapes) -> str | None:
    """Of another length; another one of four taps is no constant that the spec implies."""
    size = shapes.get("convs.0.conv.blur.kernel", (4, 4))
    return f"{size[0]} taps" if size != (4, 4) else None


LAYOUT = Layout(
    name="rosinality",
    doc="StyleGAN2 of rosinality's stylegan2-pytorch",
    spec="stylegan2",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("input.input", "to_rgb1.bias", "conv1.conv.modulation.weight"),
            strange={"n_mlp": _unmapped, "channel_multiplier": _multiplier, "blur_kernel": _filter},
            beside={"latent_avg": "latent_avg"},
            derived={"mapping.centre.average": MEAN_STYLE},
            options=lambda part: ROSINALITY_GENERATOR,
        ),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("final_conv.0.weight", "convs.0.0.weight"),
            options=lambda part: ROSINALITY_DISCRIMINATOR,
        ),
    },
    names={"g": "generator", "d": "discriminator", "g_ema": "average"},
    unrecorded=("clamp", "stddev_group"),
)

LAYOUTS = (LAYOUT,)
