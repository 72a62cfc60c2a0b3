"""BigGAN as BigGAN-PyTorch stores it: a file for each network, spectral norm's vectors beside weights."""

from __future__ import annotations

import math
from typing import Any

from gandsl.interop.layout import (
    Bindings,
    Carried,
    KeyPair,
    Layout,
    Params,
    Shapes,
    Side,
    resolution,
    row,
    table,
)
from gandsl.interop.layouts.peer_options import BIGGAN_DISCRIMINATOR, BIGGAN_GENERATOR

WEIGHT, BIASED = "<weight|u0|sv0>", "<weight|bias|u0|sv0>"
STATISTICS = "<stored_mean|stored_var>", "<running_mean|running_var>"
LAST_WIDTH = {32: 4, 64: 2}  # the last channels of G in multiples of the width; 1 at larger sizes
SYNCED = Carried()  # a counter of the variant of batch norm that runs over devices
STANDING = Carried(zero="the statistics beside it are sums over so many batches")  # of `mybn`
NAMES = {"G": "generator", "D": "discriminator", "G_ema": "average"}
FILES = {"generator": "G.pth", "discriminator": "D.pth", "average": "G_ema.pth"}
ALIASES = {r"\.bn\.(?:stored|running)_(mean|var)$": r".stored_\1"}
LOGGED = Carried()  # singular vectors and values beyond the first, which are followed for the log alone
MOST_LOGGED = 16


def logged(entries: tuple[KeyPair, ...]) -> tuple[KeyPair, ...]:
    """With what stands beside each first singular vector where more than one is followed."""
    first = [entry for entry in entries if entry.theirs.endswith(".u0")]
    return (
        *entries,
        *(
            KeyPair(f"{entry.theirs.removesuffix('u0')}{name}{k}", entry.ours, LOGGED)
            for entry in first
            for k in range(1, MOST_LOGGED)
            for name in ("u", "sv")
        ),
    )


def norms(theirs: str, ours: str) -> tuple[KeyPair, ...]:
    """The lines of a batch norm's statistics, and of what other variants of it count."""
    return table(
        row(f"{theirs}.{STATISTICS[0]}", f"{ours}.norm.{STATISTICS[1]}"),
        row(f"{theirs}.bn.num_batches_tracked", f"{ours}.norm.running_mean", SYNCED),
        row(f"{theirs}.bn.accumulation_counter", f"{ours}.norm.running_mean", STANDING),
    )


def conditional_norms(theirs: str, ours: str) -> tuple[KeyPair, ...]:
    """Those of norms whose gains and biases follow the class, with the weights of these."""
    return table(norms(theirs, ours), row(f"{theirs}.<gain|bias>.{WEIGHT}", f"{ours}.<gain|shift>.{WEIGHT}"))


def attention(theirs: str, ours: str) -> tuple[KeyPair, ...]:
    """The lines of a block's self-attention."""
    return table(
        row(f"{theirs}.<theta|phi|g|o>.{WEIGHT}", f"{ours}.attention.<theta|phi|g|o>.{WEIGHT}"),
        row(f"{theirs}.gamma", f"{ours}.attention.gamma.weight"),
    )


def image(ours: str) -> tuple[KeyPair, ...]:
    """The lines of G's end; `ours` is its last convolution."""
    return table(
        row("output_layer.0.<gain|bias>", "norm.norm.<weight|bias>"),
        norms("output_layer.0", "norm"),
        row(f"output_layer.2.{BIASED}", f"{ours}.{BIASED}"),
    )


LOGIT = table(
    row(f"linear.{BIASED}", f"head.logit.{BIASED}"),
    row(f"embed.{WEIGHT}", f"head.embed.{WEIGHT}"),
)
"""The lines of D's end."""

GENERATOR = table(
    row("shared.weight", "shared.weight"),
    row(f"linear.{BIASED}", f"project.{BIASED}"),
    row(f"blocks.{{i}}.0.<conv1|conv2|conv_sc>.{BIASED}", f"s{{r}}.block.<conv0|conv1|short>.{BIASED}"),
    conditional_norms("blocks.{i}.0.<bn1|bn2>", "s{r}.block.<norm0|norm1>"),
    attention("blocks.{i}.1", "s{r}"),
    image("rgb"),
)

DISCRIMINATOR = table(
    row(f"blocks.{{k}}.0.<conv1|conv2|conv_sc>.{BIASED}", f"b{{k}}.block.<conv0|conv1|short>.{BIASED}"),
    attention("blocks.{k}.1", "b{k}"),
    LOGIT,
)


def bindings(params: Params) -> Bindings:
    """G's blocks double the size from 8² up, D's are only counted."""
    size = resolution(params)
    stages = size.bit_length() - 3
    return [*({"i": i, "r": 8 << i} for i in range(stages)), *({"k": k} for k in range(stages + 2))]


def _attention(shapes: Shapes, sizes: list[int]) -> list[int]:
    """The sizes behind the blocks with attention."""
    return sorted({sizes[i] for i in shapes.numbers("blocks.{}.1.gamma") if i < len(sizes)})


def _conditioning(shapes: Shapes) -> tuple[int, int, int, bool]:
    """Classes, size of the shared embedding (0: none), of the first layer's latent, and whether z is cut up.

    A norm's gain has a row for each class, or is linear in the embedding, or in embedding and a chunk of z.
    """
    latent, gain = shapes.of("linear.weight", 2)[1], shapes.of("blocks.0.0.bn1.gain.weight", 2)
    if "shared.weight" not in shapes:
        return gain[0], 0, latent, False
    classes, embedding = shapes.of("shared.weight", 2)
    return classes, embedding, latent, gain[1] == embedding + latent


def spec(shapes: Shapes) -> str:
    """BigGAN, or one of the steps of its ablation before the shared embedding and the cut latent."""
    _, embedding, _, hierarchical = _conditioning(shapes)
    return "biggan" if hierarchical else f"ablations/biggan/{'shared' if embedding else 'width'}"


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G."""
    stages = shapes.last("blocks.{}.0.conv1.weight") + 1
    classes, embedding, latent, hierarchical = _conditioning(shapes)
    image, last = shapes.of("output_layer.2.weight", 4)[:2]
    return {
        "resolution": 4 << stages,
        "image_channels": image,
        "classes": classes,
        "width": last // LAST_WIDTH.get(4 << stages, 1),
        "generator_weights": "spectral" if "linear.u0" in shapes else "none",
        **({"embedding": embedding} if embedding else {}),
        **({"z_chunk": latent} if hierarchical else {"z_dim": latent}),
        "attention_at": _attention(shapes, [8 << i for i in range(stages)]),
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D: its blocks are one more than the halvings down to 4² (at 32²: as many)."""
    blocks = shapes.last("blocks.{}.0.conv1.weight") + 1
    size = 2 << blocks
    hidden = [shapes.of(f"blocks.{k}.0.conv1.weight", 4)[0] for k in range(blocks)]
    out = [shapes.of(f"blocks.{k}.0.conv2.weight", 4)[0] for k in range(blocks)]
    # at 32 all are taken for 16; the last block keeps the size
    behind = [16] * 4 if size == 32 else [max(size >> k + 1, 4) for k in range(blocks)]
    return {
        "resolution": size,
        "image_channels": shapes.of("blocks.0.0.conv1.weight", 4)[1],
        "classes": shapes.of("embed.weight", 2)[0],
        "width": out[0] // 4 if size == 32 else out[0],
        "attention_at": _attention(shapes, behind),
        "discriminator_wide": hidden == out,
    }


def bottom_width(shapes: Shapes) -> int | None:
    """The side that G starts at, where it is not 4."""
    start, channels = shapes.of("linear.weight", 2)[0], shapes.of("blocks.0.0.conv1.weight", 4)[1]
    side = math.isqrt(start // channels)
    return side if side != 4 else None


def norm_style(shapes: Shapes) -> str | None:
    """Of norms without statistics."""
    return None if "blocks.0.0.bn1.stored_mean" in shapes else "'nonorm' or 'gn'"


def output_dim(shapes: Shapes) -> int | None:
    """How many numbers D gives, where it is not one."""
    numbers = shapes.of("linear.weight", 2)[0]
    return numbers if numbers != 1 else None


LAYOUT = Layout(
    name="biggan-pytorch",
    doc="BigGAN of BigGAN-PyTorch",
    spec="biggan",
    sides={
        "generator": Side(
            logged(GENERATOR),
            bindings,
            generator,
            ("linear.weight", "output_layer.2.weight", "blocks.0.0.bn1.gain.weight"),
            never=("blocks.0.0.bn4.gain.weight",),
            spec=spec,
            strange={"bottom_width": bottom_width, "norm_style": norm_style},
            options=lambda part: BIGGAN_GENERATOR,
        ),
        "discriminator": Side(
            logged(DISCRIMINATOR),
            bindings,
            discriminator,
            ("linear.weight", "embed.weight", "blocks.0.0.conv1.weight"),
            never=("input_conv.weight",),
            strange={"output_dim": output_dim},
            options=lambda part: BIGGAN_DISCRIMINATOR,
        ),
    },
    names=NAMES,
    files=FILES,
    aliases=ALIASES,
    assumed={"discriminator_wide": True, "generator_weights": "spectral"},
    unrecorded=("eps", "norm_eps"),
)

LAYOUTS = (LAYOUT,)
