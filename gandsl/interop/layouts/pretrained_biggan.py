"""BigGAN-deep as pytorch-pretrained-biggan stores it: torch's spectral norm, statistics at 51 truncations."""

from __future__ import annotations

import itertools
from typing import Any

from gandsl.interop.changes import ROW, SAME, STATISTICS, TRANSPOSED, Change, leading
from gandsl.interop.derive import SINGULAR_VALUE
from gandsl.interop.layout import (
    Bindings,
    KeyPair,
    Layout,
    Params,
    Shapes,
    Side,
    doubling,
    resolution,
    row,
    table,
)
from gandsl.interop.layouts.peer_options import PRETRAINED


def spectral(theirs: str, ours: str, bias: bool = True) -> tuple[KeyPair, ...]:
    """The lines of a weight with torch's spectral norm: both vectors are kept."""
    tails: list[tuple[str, str, Change]] = [
        ("weight_orig", "weight", SAME),
        ("weight_u", "u0", ROW),
        ("weight_v", "v0", ROW),
    ]
    tails += [("bias", "bias", SAME)] if bias else []
    return table(*(row(f"{theirs}.{left}", f"{ours}.{right}", change) for left, right, change in tails))


LAYER, BLOCK = "generator.layers.<{same}|{grown}>", "s{r}.<same|grown>"
FOUR = "<0|1|2|3>"

GENERATOR = table(
    row("embeddings.weight", "embed.weight", TRANSPOSED),
    spectral("generator.gen_z", "project"),
    row(
        f"{LAYER}.bn_{FOUR}.<running_means|running_vars>",
        f"{BLOCK}.norm{FOUR}.norm.<running_mean|running_var>",
        STATISTICS,
    ),
    spectral(f"{LAYER}.bn_{FOUR}.<scale|offset>", f"{BLOCK}.norm{FOUR}.<gain|shift>", bias=False),
    spectral(f"{LAYER}.conv_{FOUR}", f"{BLOCK}.conv{FOUR}"),
    spectral(
        "generator.layers.{attention}.snconv1x1_<theta|phi|g|o_conv>",
        "s{at}.attention.<theta|phi|g|o>",
        bias=False,
    ),
    row("generator.layers.{attention}.gamma", "s{at}.attention.gamma.weight", leading(1)),
    row(
        "generator.bn.<running_means|running_vars>",
        "norm.norm.<running_mean|running_var>",
        STATISTICS,
    ),
    row("generator.bn.<weight|bias>", "norm.norm.<weight|bias>"),
    spectral("generator.conv_to_rgb", "wide"),
)


def bindings(params: Params) -> Bindings:
    """Two layers a size from 8² up, `same` and `grown`; behind those of a size `at` stands its attention."""
    found: Bindings = []
    layer = 0
    for r in doubling(8, resolution(params)):
        found.append({"r": r, "same": layer, "grown": layer + 1})
        layer += 2
        if r in params["attention_at"]:
            found.append({"at": r, "attention": layer})
            layer += 1
    return found


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G."""
    stages = len(shapes.numbers("generator.layers.{}.conv_0.weight_orig")) // 2
    embedding, classes = shapes.of("embeddings.weight", 2)
    inner, outer = shapes.of("generator.layers.0.conv_0.weight_orig", 4)[:2]
    attention = shapes.numbers("generator.layers.{}.gamma")
    sizes = [4 << (place - before) // 2 for before, place in enumerate(attention)]
    rows = shapes.of("generator.bn.running_means", 2)[0]
    return {
        "resolution": 4 << stages,
        "classes": classes,
        "embedding": embedding,
        "z_dim": shapes.of("generator.gen_z.weight_orig", 2)[1] - embedding,
        "width": shapes.of("generator.conv_to_rgb.weight_orig", 4)[1],
        "reduction": outer // inner,
        "statistics": rows,
        "attention_at": sizes,
    }


def _odd_attention(shapes: Shapes) -> int | None:
    """Attention before the first layer, or between the two of a size."""
    places = shapes.numbers("generator.layers.{}.gamma")
    return next((k for n, k in enumerate(places) if k == 0 or (k - n) % 2), None)


PATTERNS = [(16, 16, 8, 4, 2, 1), (16, 16, 8, 8, 4, 2, 1), (16, 16, 8, 8, 4, 2, 1, 1)]
"""Channels in multiples of the width, at 4² and behind each size, of the published 128², 256² and 512²."""


def _layers(shapes: Shapes) -> list[tuple[int, int]] | None:
    """Their channels, where they are not two to a size, the first with as many channels out as in."""
    width = shapes.of("generator.conv_to_rgb.weight_orig", 4)[1]
    layers = shapes.numbers("generator.layers.{}.conv_0.weight_orig")
    given = [
        (
            shapes.of(f"generator.layers.{k}.conv_0.weight_orig", 4)[1] // width,
            shapes.of(f"generator.layers.{k}.conv_3.weight_orig", 4)[0] // width,
        )
        for k in layers
    ]
    wanted = (
        [pair for a, b in itertools.pairwise(channels) for pair in ((a, a), (a, b))] for channels in PATTERNS
    )
    return None if given in wanted else given


LAYOUT = Layout(
    name="pytorch-pretrained-biggan",
    doc="BigGAN-deep of pytorch-pretrained-biggan",
    spec="biggan_deep",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("embeddings.weight", "generator.gen_z.weight_orig"),
            derived={".sv0": SINGULAR_VALUE},
            strange={"layers": _layers, "attention_layer_position": _odd_attention},
            options=lambda part: PRETRAINED,
        ),
    },
    names={},
    files={"generator": "pytorch_model.bin"},
    unrecorded=("eps",),
)

LAYOUTS = (LAYOUT,)
