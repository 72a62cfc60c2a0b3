"""StyleGAN2 as stylegan2-ada-pytorch and stylegan3 store it: pickles with source code, or state_dicts."""

from __future__ import annotations

from typing import Any

from gandsl.interop.layout import (
    Bindings,
    Constant,
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

FIR = Constant(lambda params, *_: fir(params))

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
    row("synthesis.b{r}.<conv0|conv1>.resample_filter", "synthesis.s{r}.<conv0|conv1>.conv.weight", FIR),
    row("synthesis.b{r}.skip.resample_filter", "synthesis.s{r}.short.conv.weight", FIR),
)

DISCRIMINATOR = table(
    row("b{R}.fromrgb.<weight|bias>", "from_rgb.conv.<weight|bias>"),
    row("b{R}.fromrgb.resample_filter", "from_rgb.conv.weight", FIR),
    row("b{r}.fromrgb.<weight|bias>", "stages.s{r}.rgb.conv.<weight|bias>"),
    row("b{r}.fromrgb.resample_filter", "stages.s{r}.rgb.conv.weight", FIR),
    row("b4.fromrgb.<weight|bias>", "stages.rgb.conv.<weight|bias>"),
    row("b4.fromrgb.resample_filter", "stages.rgb.conv.weight", FIR),
    row("b{r}.<conv0|conv1|skip>.<weight|bias>", "stages.s{r}.<conv0|conv1|short>.conv.<weight|bias>"),
    row("b{r}.<conv0|conv1|skip>.resample_filter", "stages.s{r}.<conv0|conv1|short>.conv.weight", FIR),
    row("b{r}.resample_filter", "stages.s{r}.conv0.conv.weight", FIR),
    row("b4.<conv|fc|out>.<weight|bias>", "head.<conv|hidden|out>.<weight|bias>"),
    row("b4.conv.resample_filter", "head.conv.weight", FIR),
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
    return {
        "conditioning": "projection",
        "label_dim": shapes.of("b4.out.weight", 2)[0],
        "label_layers": shapes.last("mapping.fc{}.weight") + 1,
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
            ("synthesis.b4.const", "mapping.fc0.weight", "synthesis.b4.conv1.weight"),
        ),
        "discriminator": Side(DISCRIMINATOR, bindings, discriminator, ("b4.conv.weight", "b4.out.weight")),
    },
    names={"G": "generator", "D": "discriminator", "G_ema": "average"},
    assumed={"generator_architecture": "skip", "discriminator_architecture": "resnet", "stddev_channels": 1},
    arguments={
        "synthesis_kwargs.conv_clamp": "clamp",
        "conv_clamp": "clamp",
        "epilogue_kwargs.mbstd_group_size": "stddev_group",
        "synthesis_kwargs.channel_base": "channel_base",
        "synthesis_kwargs.channel_max": "channel_max",
        "channel_base": "channel_base",
        "channel_max": "channel_max",
    },
    unrecorded=("clamp", "stddev_group"),
)

LAYOUTS = (LAYOUT,)
