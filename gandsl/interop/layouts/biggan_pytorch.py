"""BigGAN as BigGAN-PyTorch stores it: a file for each network, spectral norm's vectors beside weights."""

from __future__ import annotations

from typing import Any

from gandsl.interop.errors import InteropError, listed
from gandsl.interop.layout import (
    Bindings,
    Carried,
    Layout,
    Params,
    Shapes,
    Side,
    resolution,
    row,
    table,
)

WEIGHT, BIASED = "<weight|u0|sv0>", "<weight|bias|u0|sv0>"
STATISTICS = "<stored_mean|stored_var>", "<running_mean|running_var>"
LAST_WIDTH = {32: 4, 64: 2}  # the last channels of G in multiples of the width; 1 at larger sizes
SYNCED = Carried()  # counters of the variants of batch norm that run over devices

GENERATOR = table(
    row("shared.weight", "shared.weight"),
    row(f"linear.{BIASED}", f"project.{BIASED}"),
    row(f"blocks.{{i}}.0.<conv1|conv2|conv_sc>.{BIASED}", f"s{{r}}.block.<conv0|conv1|short>.{BIASED}"),
    row(f"blocks.{{i}}.0.<bn1|bn2>.{STATISTICS[0]}", f"s{{r}}.block.<norm0|norm1>.norm.{STATISTICS[1]}"),
    row(
        f"blocks.{{i}}.0.<bn1|bn2>.<gain|bias>.{WEIGHT}", f"s{{r}}.block.<norm0|norm1>.<gain|shift>.{WEIGHT}"
    ),
    row(
        "blocks.{i}.0.<bn1|bn2>.bn.<accumulation_counter|num_batches_tracked>",
        "s{r}.block.<norm0|norm1>.norm.<running_mean|running_var>",
        SYNCED,
    ),
    row(f"blocks.{{i}}.1.<theta|phi|g|o>.{WEIGHT}", f"s{{r}}.attention.<theta|phi|g|o>.{WEIGHT}"),
    row("blocks.{i}.1.gamma", "s{r}.attention.gamma.weight"),
    row(
        "output_layer.0.<gain|bias|stored_mean|stored_var>",
        "norm.norm.<weight|bias|running_mean|running_var>",
    ),
    row("output_layer.0.bn.<accumulation_counter|num_batches_tracked>", "norm.norm.<weight|bias>", SYNCED),
    row(f"output_layer.2.{BIASED}", f"rgb.{BIASED}"),
)

DISCRIMINATOR = table(
    row(f"blocks.{{k}}.0.<conv1|conv2|conv_sc>.{BIASED}", f"b{{k}}.block.<conv0|conv1|short>.{BIASED}"),
    row(f"blocks.{{k}}.1.<theta|phi|g|o>.{WEIGHT}", f"b{{k}}.attention.<theta|phi|g|o>.{WEIGHT}"),
    row("blocks.{k}.1.gamma", "b{k}.attention.gamma.weight"),
    row(f"linear.{BIASED}", f"head.logit.{BIASED}"),
    row(f"embed.{WEIGHT}", f"head.embed.{WEIGHT}"),
)


def bindings(params: Params) -> Bindings:
    """G's blocks double the size from 8² up, D's are only counted."""
    size = resolution(params)
    stages = size.bit_length() - 3
    return [*({"i": i, "r": 8 << i} for i in range(stages)), *({"k": k} for k in range(stages + 2))]


def _attention(shapes: Shapes, sizes: list[int]) -> int:
    """The size behind a block with attention; 0 where there is none."""
    found = sorted({sizes[i] for i in shapes.numbers("blocks.{}.1.gamma") if i < len(sizes)})
    if len(found) > 1:
        raise InteropError(
            f"{shapes.where} has attention at {listed([str(size) for size in found])}, the spec at one size",
            "write a spec with these, and name it with --spec",
        )
    return found[0] if found else 0


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
        **({"embedding": embedding} if embedding else {}),
        **({"z_chunk": latent} if hierarchical else {"z_dim": latent}),
        "attention_at": _attention(shapes, [8 << i for i in range(stages)]),
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D: its blocks are one more than the halvings down to 4² (at 32²: as many)."""
    size = 2 << shapes.last("blocks.{}.0.conv1.weight") + 1
    first, channels = shapes.of("blocks.0.0.conv1.weight", 4)[:2]
    behind = [16] * 4 if size == 32 else [size >> i + 1 for i in range(10)]  # at 32 all are taken for 16
    return {
        "resolution": size,
        "image_channels": channels,
        "classes": shapes.of("embed.weight", 2)[0],
        "width": first // 4 if size == 32 else first,
        "attention_at": _attention(shapes, behind),
    }


LAYOUT = Layout(
    name="biggan-pytorch",
    doc="BigGAN of BigGAN-PyTorch",
    spec="biggan",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("linear.weight", "output_layer.2.weight", "blocks.0.0.bn1.stored_mean"),
            spec=spec,
        ),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("linear.weight", "embed.weight", "blocks.0.0.conv1.weight"),
        ),
    },
    names={"G": "generator", "D": "discriminator", "G_ema": "average"},
    files={"generator": "G.pth", "discriminator": "D.pth", "average": "G_ema.pth"},
    aliases={r"\.bn\.(?:stored|running)_(mean|var)$": r".stored_\1"},
    unrecorded=("eps",),
)

LAYOUTS = (LAYOUT,)
