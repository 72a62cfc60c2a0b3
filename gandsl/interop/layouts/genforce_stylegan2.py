"""StyleGAN2 as genforce stores it: layers counted through, up-kernels turned, style biases without 1."""

from __future__ import annotations

from typing import Any

from gandsl.interop.changes import FLIPPED, PLUS_ONE, leading
from gandsl.interop.layout import (
    Bindings,
    ImpliedTensor,
    Layout,
    Params,
    Shapes,
    Side,
    channel_rule,
    fir,
    row,
    table,
)
from gandsl.interop.layouts.genforce import MAPPING, NAMES, STRANGE_MAPPING, counted, mapped, mapping
from gandsl.interop.layouts.peer_options import STYLEGAN2_DISCRIMINATOR, STYLEGAN2_GENERATOR

UP = ImpliedTensor(lambda params, *_: fir(params, gain=4.0)[None, None])
DOWN = ImpliedTensor(lambda params, *_: fir(params)[None, None])
S, S4 = "synthesis.s{r}", "synthesis.s4"

GENERATOR = table(
    MAPPING,
    row("synthesis.early_layer.const", "start.weight", leading(1)),
    row("synthesis.layer{a}.weight", f"{S}.conv0.conv.weight", FLIPPED),
    row("synthesis.layer{b}.weight", f"{S}.conv1.conv.weight"),
    row("synthesis.layer<{a}|{b}>.<bias|style.weight>", f"{S}.<conv0|conv1>.<bias.bias|affine.weight>"),
    row("synthesis.layer<{a}|{b}>.style.bias", f"{S}.<conv0|conv1>.affine.bias", PLUS_ONE),
    row("synthesis.layer<{a}|{b}>.noise_strength", f"{S}.<conv0|conv1>.noise.strength"),
    row("synthesis.layer<{a}|{b}>.noise", f"{S}.<conv0|conv1>.noise.constant", leading(2)),
    row("synthesis.layer{a}.filter.kernel", f"{S}.conv0.conv.weight", UP),
    row("synthesis.output{i}.<weight|bias|style.weight>", f"{S}.rgb.<conv.weight|bias.bias|affine.weight>"),
    row("synthesis.output{i}.style.bias", f"{S}.rgb.affine.bias", PLUS_ONE),
    row("synthesis.upsample.kernel", f"{S4}.rgb.conv.weight", UP),
)

DISCRIMINATOR = table(
    row("input0.<weight|bias>", "from_rgb.conv.<weight|bias>"),
    row("input{j}.<weight|bias>", "stages.s{r}.rgb.conv.<weight|bias>"),
    row("input{last}.<weight|bias>", "stages.rgb.conv.<weight|bias>"),
    row("downsample.kernel", "stages.rgb.conv.weight", DOWN),
    row("layer<{c}|{d}>.<weight|bias>", "stages.s{r}.<conv0|conv1>.conv.<weight|bias>"),
    row("skip_layer{j}.weight", "stages.s{r}.short.conv.weight"),
    row("<layer{d}|skip_layer{j}>.filter.kernel", "stages.s{r}.<conv1|short>.conv.weight", DOWN),
    row("layer<{h0}|{h1}|{h2}>.<weight|bias>", "head.<conv|hidden|out>.<weight|bias>"),
)


def bindings(params: Params) -> Bindings:
    """As `counted`; 4² has one layer, `b`."""
    return [*counted(params, first=-1), *mapped(params)]


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G; layer 2i is the second of size 4·2^i."""
    stages = shapes.last("synthesis.layer{}.weight") // 2
    rgb = shapes.numbers("synthesis.output{}.weight")
    widths = {4 << i: shapes.of(f"synthesis.layer{2 * i}.weight", 4)[0] for i in range(stages + 1)}
    return {
        "resolution": 4 << stages,
        "image_channels": shapes.of(f"synthesis.output{stages}.weight", 4)[0],
        **mapping(shapes),
        **({"conditioning": "selection"} if "mapping.label_weight" in shapes else {}),
        "generator_architecture": "skip" if len(rgb) == stages + 1 else "orig",
        **channel_rule(widths, given),
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D; the last three layers are the head."""
    last = shapes.last("layer{}.weight")
    stages = (last - 2) // 2
    size = 4 << stages
    logits = shapes.of(f"layer{last}.weight", 2)[0]  # one for each class; one too where there are none
    out, joined = shapes.of(f"layer{last - 2}.weight", 4)[:2]
    skips, inputs = shapes.numbers("skip_layer{}.weight"), shapes.numbers("input{}.weight")
    widths = {size >> i: shapes.of(f"layer{2 * i}.weight", 4)[0] for i in range(stages + 1)}
    hidden = shapes.of(f"layer{last - 1}.weight", 2)[0]
    return {
        "resolution": size,
        "image_channels": shapes.of("input0.weight", 4)[1],
        **({"classes": logits, "conditioning": "selection"} if logits > 1 else {}),
        "stddev_channels": joined - out,
        "head_width": hidden if hidden != out else 0,
        "discriminator_architecture": "resnet" if skips else "skip" if len(inputs) > 1 else "orig",
        **channel_rule(widths, given),
    }


def _residual(shapes: Shapes) -> str | None:
    """Its shortcuts take the names of the layers beside them, which it so has not; it cannot run."""
    return "'resnet'" if "synthesis.layer1.style.weight" not in shapes else None


def _drawn_input(shapes: Shapes) -> bool | None:
    return None if "synthesis.early_layer.const" in shapes else False


LAYOUT = Layout(
    name="genforce-stylegan2",
    doc="StyleGAN2 of genforce",
    spec="stylegan2",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("truncation.w_avg", "synthesis.layer0.style.weight", "synthesis.layer0.noise_strength"),
            strange={"architecture": _residual, "const_input": _drawn_input, **STRANGE_MAPPING},
            options=lambda part: STYLEGAN2_GENERATOR,
        ),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("input0.weight", "layer1.filter.kernel"),
            never=("lod",),
            options=lambda part: STYLEGAN2_DISCRIMINATOR,
        ),
    },
    names=NAMES,
    assumed={
        "generator_architecture": "skip",
        "discriminator_architecture": "resnet",
        "stddev_channels": 1,
        "head_width": 0,
    },
    unrecorded=("clamp", "stddev_group"),
)

LAYOUTS = (LAYOUT,)
