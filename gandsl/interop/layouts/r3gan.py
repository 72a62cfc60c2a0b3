"""R3GAN as its authors store it: lists of stages, each a transition and blocks (in D the other way round)."""

from __future__ import annotations

from typing import Any

from gandsl.interop.layout import (
    Bindings,
    Constant,
    Layout,
    Params,
    Shapes,
    Side,
    fir,
    row,
    table,
)

# the filter [1, 2, 1] brought to four taps by [1, 1]; the spec has it as its blocks' default
KERNEL = Constant(lambda params, *_: fir({"taps": (1.0, 3.0, 3.0, 1.0)}))
PARTS = (
    "<LinearLayer1.Layer.weight|LinearLayer2.Layer.weight|LinearLayer3.Layer.weight|NonLinearity1.Bias|NonLinearity2.Bias>",
    "<conv0.weight|conv1.weight|conv2.weight|bias0.bias|bias1.bias>",
)

GENERATOR = table(
    row("EmbeddingLayer.weight", "embed.weight"),
    row("MainLayers.0.Layers.0.Basis", "basis.weight"),
    row("MainLayers.0.Layers.0.LinearLayer.weight", "weights.weight"),
    row("MainLayers.{i}.Layers.0.Resampler.Kernel", "s{up}.block0.conv0.weight", KERNEL),
    row("MainLayers.{i}.Layers.0.LinearLayer.Layer.weight", "s{up}.project.weight"),
    row(f"MainLayers.{{g}}.Layers.{{n}}.{PARTS[0]}", f"s{{r}}.block{{k}}.{PARTS[1]}"),
    row("AggregationLayer.Layer.weight", "rgb.weight"),
)

DISCRIMINATOR = table(
    row("EmbeddingLayer.weight", "embed.weight"),
    row("ExtractionLayer.Layer.weight", "from_rgb.weight"),
    row(f"MainLayers.{{d}}.Layers.{{k}}.{PARTS[0]}", f"s{{r}}.block{{k}}.{PARTS[1]}"),
    row("MainLayers.{j}.Layers.{end}.Resampler.Kernel", "s{down}.block0.conv0.weight", KERNEL),
    row("MainLayers.{j}.Layers.{end}.LinearLayer.Layer.weight", "s{down}.project.weight"),
    row("MainLayers.{last}.Layers.{bottom}.Basis.weight", "basis.weight"),
    row("MainLayers.{last}.Layers.{bottom}.LinearLayer.weight", "logit.weight"),
)


def bindings(params: Params) -> Bindings:
    """Sizes count up from 4². In G a stage's blocks follow its transition, in D they stand before it."""
    depths = params["depths"]
    last = len(depths) - 1
    blocks = [
        {"r": 4 << i, "g": i, "d": last - i, "k": k, "n": k + 1}
        for i, depth in enumerate(depths)
        for k in range(depth)
    ]
    ups = [{"i": i, "up": 4 << i} for i in range(1, last + 1)]
    downs = [{"j": last - i, "end": depths[i], "down": 4 << i - 1} for i in range(1, last + 1)]
    return [*blocks, *ups, *downs, {"last": last, "bottom": depths[0]}]


def _stages(shapes: Shapes, order: list[int]) -> dict[str, Any]:
    """Widths, groups and depths from 4² up. `order` lists the stages so."""
    found: dict[str, list[int]] = {"widths": [], "cardinalities": [], "depths": []}
    expansion = 1
    for stage in order:
        layers = f"MainLayers.{stage}.Layers"
        blocks = shapes.numbers(f"{layers}.{{}}.LinearLayer3.Layer.weight")
        first = blocks[0] if blocks else 0
        width, hidden = shapes.of(f"{layers}.{first}.LinearLayer3.Layer.weight", 4)[:2]
        found["widths"].append(width)
        found["cardinalities"].append(
            hidden // max(shapes.of(f"{layers}.{first}.LinearLayer2.Layer.weight", 4)[1], 1)
        )
        found["depths"].append(len(blocks))
        expansion = hidden // width
    return {**found, "expansion": expansion}


def _labels(shapes: Shapes, name: str) -> dict[str, int]:
    """Number of classes, and size of their embedding."""
    if "EmbeddingLayer.weight" not in shapes:
        return {"classes": 0}
    size, classes = shapes.of("EmbeddingLayer.weight", 2)
    return {"classes": classes, name: size}


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G."""
    last = shapes.last("MainLayers.{}.Layers.1.LinearLayer3.Layer.weight")
    labels = _labels(shapes, "label_embedding")
    return {
        **_stages(shapes, list(range(last + 1))),
        "image_channels": shapes.of("AggregationLayer.Layer.weight", 4)[0],
        "z_dim": shapes.of("MainLayers.0.Layers.0.LinearLayer.weight", 2)[1]
        - labels.get("label_embedding", 0),
        **labels,
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D."""
    last = shapes.last("MainLayers.{}.Layers.0.LinearLayer3.Layer.weight")
    return {
        **_stages(shapes, list(range(last, -1, -1))),
        "image_channels": shapes.of("ExtractionLayer.Layer.weight", 4)[1],
        **_labels(shapes, "label_dim"),
    }


LAYOUT = Layout(
    name="r3gan",
    doc="R3GAN of its authors",
    spec="r3gan",
    sides={
        "generator": Side(
            GENERATOR,
            bindings,
            generator,
            ("AggregationLayer.Layer.weight", "MainLayers.0.Layers.0.Basis"),
        ),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("ExtractionLayer.Layer.weight", "MainLayers.0.Layers.0.LinearLayer3.Layer.weight"),
        ),
    },
    names={"G": "generator", "D": "discriminator", "G_ema": "average"},
    assumed={"classes": 0},
    aliases={r"^Model\.": ""},
)

LAYOUTS = (LAYOUT,)
