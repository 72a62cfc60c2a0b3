"""BigGAN-deep as BigGAN-PyTorch stores it: names as of its BigGAN, with blocks of four convolutions."""

from __future__ import annotations

from typing import Any

from gandsl.interop.layout import (
    Bindings,
    Layout,
    Params,
    Shapes,
    Side,
    doubling,
    resolution,
    row,
    table,
)
from gandsl.interop.layouts.biggan_pytorch import (
    ALIASES,
    BIASED,
    FILES,
    LAST_WIDTH,
    LOGIT,
    NAMES,
    attention,
    bottom_width,
    conditional_norms,
    image,
    logged,
    norm_style,
    output_dim,
)
from gandsl.interop.layouts.peer_options import DEEP_DISCRIMINATOR, DEEP_GENERATOR

G_BLOCK, D_BLOCK = "s{r}.block{g}.block", "b{r}.block{d}.block"

GENERATOR = table(
    row("shared.weight", "embed.weight"),
    row(f"linear.{BIASED}", f"project.{BIASED}"),
    row(
        f"blocks.{{i}}.0.<conv1|conv2|conv3|conv4>.{BIASED}", f"{G_BLOCK}.<conv0|conv1|conv2|conv3>.{BIASED}"
    ),
    conditional_norms("blocks.{i}.0.<bn1|bn2|bn3|bn4>", f"{G_BLOCK}.<norm0|norm1|norm2|norm3>"),
    attention("blocks.{a}.1", "s{at}"),
    image("wide"),
)

DISCRIMINATOR = table(
    row(f"input_conv.{BIASED}", f"from_rgb.{BIASED}"),
    row(
        f"blocks.{{k}}.{{d}}.<conv1|conv2|conv3|conv4|conv_sc>.{BIASED}",
        f"{D_BLOCK}.<conv0|conv1|conv2|conv3|more>.{BIASED}",
    ),
    attention("blocks.{k}.{depth}", "b{r}"),
    LOGIT,
)


def bindings(params: Params) -> Bindings:
    """G's blocks are counted through, each size's attention stands with the last; D's are counted twice."""
    sizes = doubling(8, resolution(params))
    depth, down = params["depth"], params["discriminator_depth"]
    found: Bindings = [
        {"r": r, "g": g, "i": depth * k + g} for k, r in enumerate(sizes) for g in range(depth)
    ]
    found += [{"at": r, "a": depth * (k + 1) - 1} for k, r in enumerate(sizes)]
    downward = list(enumerate(reversed(sizes)))
    found += [{"r": r, "k": k, "d": d} for k, r in downward for d in range(down)]
    return [*found, *({"r": r, "k": k, "depth": down} for k, r in downward)]


def _depth(shapes: Shapes) -> int:
    """Blocks at each size of G: as many as read twice the last channels; at 32² all channels are alike."""
    last = shapes.of("output_layer.2.weight", 4)[1]
    blocks = range(shapes.last("blocks.{}.0.conv1.weight") + 1)
    final = sum(shapes.of(f"blocks.{i}.0.conv1.weight", 4)[1] == 2 * last for i in blocks)
    return final or len(blocks) // 3


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G. Its depth is how many blocks there are to a size."""
    depth = _depth(shapes)
    stages = (shapes.last("blocks.{}.0.conv1.weight") + 1) // depth
    classes, embedding = shapes.of("shared.weight", 2)
    image, last = shapes.of("output_layer.2.weight", 4)[:2]
    return {
        "resolution": 4 << stages,
        "image_channels": image,
        "classes": classes,
        "width": last // LAST_WIDTH.get(4 << stages, 1),
        "embedding": embedding,
        "z_dim": shapes.of("linear.weight", 2)[1] - embedding,
        "depth": depth,
        "attention_at": sorted(8 << i // depth for i in shapes.numbers("blocks.{}.1.gamma")),
        "generator_weights": "spectral" if "linear.u0" in shapes else "none",
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D, whose first list of blocks begins at half the image's size."""
    stages = shapes.last("blocks.{}.0.conv1.weight") + 1
    depth = shapes.last("blocks.0.{}.conv1.weight") + 1
    width, channels = shapes.of("input_conv.weight", 4)[:2]
    size = 4 << stages
    behind = [16 if size == 32 else size >> k + 1 for k in shapes.numbers(f"blocks.{{}}.{depth}.gamma")]
    return {
        "resolution": size,
        "image_channels": channels,
        "classes": shapes.of("embed.weight", 2)[0],
        "width": width // 4 if size == 32 else width,
        "depth": depth,
        "attention_at": sorted(set(behind)),
    }


def _shared(shapes: Shapes) -> bool | None:
    return None if "shared.weight" in shapes else False


def _stray_depth(shapes: Shapes) -> int | None:
    """Where sizes differ in channels, its code builds no network that runs but with two blocks at each."""
    depth, stages = _depth(shapes), (shapes.last("blocks.{}.0.conv1.weight") + 1) // _depth(shapes)
    return depth if depth != 2 and stages > 3 else None


LAYOUT = Layout(
    name="biggan-deep-pytorch",
    doc="BigGAN-deep of BigGAN-PyTorch",
    spec="biggan_deep/pytorch",
    sides={
        "generator": Side(
            logged(GENERATOR),
            bindings,
            generator,
            ("linear.weight", "output_layer.2.weight", "blocks.0.0.bn4.gain.weight"),
            strange={
                "G_shared": _shared,
                "bottom_width": bottom_width,
                "norm_style": norm_style,
                "G_depth": _stray_depth,
            },
            options=lambda part: DEEP_GENERATOR,
        ),
        "discriminator": Side(
            logged(DISCRIMINATOR),
            bindings,
            discriminator,
            ("linear.weight", "embed.weight", "input_conv.weight", "blocks.0.0.conv4.weight"),
            strange={"output_dim": output_dim},
            options=lambda part: DEEP_DISCRIMINATOR,
        ),
    },
    names=NAMES,
    files=FILES,
    aliases=ALIASES,
    unrecorded=("eps", "norm_eps"),
)

LAYOUTS = (LAYOUT,)
