"""R3GAN as its authors store it: lists of stages, each a transition and blocks (in D the other way round)."""

from __future__ import annotations

import re
from typing import Any

from gandsl.interop.errors import InteropError
from gandsl.interop.layout import (
    Bindings,
    ImpliedTensor,
    Layout,
    Params,
    Shapes,
    Side,
    fir,
    row,
    table,
)
from gandsl.interop.options import Option, applied, held, labelled
from gandsl.interop.peel import LocatedState

KERNEL = ImpliedTensor(
    lambda params, *_: fir(params),
    "it was made with another ResamplingFilter: --set taps=[…], that filter convolved with [1, 1]",
)
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
    expansion = kernel = 1
    for stage in order:
        layers = f"MainLayers.{stage}.Layers"
        blocks = shapes.numbers(f"{layers}.{{}}.LinearLayer3.Layer.weight")
        if not blocks:
            raise InteropError(
                f"{shapes.where} was made with 0 in BlocksPerStage: the spec's stages have blocks. "
                "Nothing was loaded",
                "there is no remedy here: a stage without blocks does not tell its width",
            )
        first = blocks[0]
        width, hidden = shapes.of(f"{layers}.{first}.LinearLayer3.Layer.weight", 4)[:2]
        found["widths"].append(width)
        found["cardinalities"].append(
            hidden // max(shapes.of(f"{layers}.{first}.LinearLayer2.Layer.weight", 4)[1], 1)
        )
        found["depths"].append(len(blocks))
        expansion = hidden // width
        kernel = shapes.of(f"{layers}.{first}.LinearLayer2.Layer.weight", 4)[2]
    return {**found, "expansion": expansion, "kernel": kernel}


def _count(shapes: Shapes) -> int:
    """Stages."""
    found = (re.match(r"MainLayers\.(\d+)\.", key) for key in shapes)
    return 1 + max(int(match[1]) for match in found if match)


def _labels(shapes: Shapes, name: str) -> dict[str, int]:
    """Number of classes, and size of their embedding."""
    if "EmbeddingLayer.weight" not in shapes:
        return {"classes": 0}
    size, classes = shapes.of("EmbeddingLayer.weight", 2)
    return {"classes": classes, name: size}


def generator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of G."""
    labels = _labels(shapes, "label_embedding")
    return {
        **_stages(shapes, list(range(_count(shapes)))),
        "image_channels": shapes.of("AggregationLayer.Layer.weight", 4)[0],
        "z_dim": shapes.of("MainLayers.0.Layers.0.LinearLayer.weight", 2)[1]
        - labels.get("label_embedding", 0),
        **labels,
    }


def discriminator(shapes: Shapes, given: Params) -> dict[str, Any]:
    """Sizes of D."""
    return {
        **_stages(shapes, list(reversed(range(_count(shapes))))),
        "image_channels": shapes.of("ExtractionLayer.Layer.weight", 4)[1],
        **_labels(shapes, "label_dim"),
    }


def _arguments(part: LocatedState, largest_last: bool) -> dict[str, Any] | None:
    """What the modules of a pickle still tell of the constructor's arguments: no shape has it."""
    types = {
        int(match[1]): value
        for name, value in part.attributes.items()
        if (match := re.fullmatch(r"(?:Model\.)?MainLayers\.(\d+)\.DataType", name))
    }
    if not types:
        return None
    first = -len(types) if largest_last else 0  # G's are counted from its end, as the training code does
    halved = [first + stage for stage in sorted(types) if types[stage] != "float32"]
    return {"FP16Stages": halved, **dict.fromkeys(("KernelSize", "ResamplingFilter"))}  # None: not kept


def _precision(stages: Any) -> dict[str, Any]:
    """Of training: the stages of the largest resolutions, which are G's last and D's first, in bfloat16."""
    count = len(stages)
    if list(stages) not in (list(range(count)), list(range(-count, 0))):
        raise ValueError("a plan has the stages of the largest resolutions in 16 bits, or none")
    return {"compute": "bf16", "stages": count, "fallback": "fp32"} if count else {}


def _options(first: tuple[Option, ...], label: str) -> tuple[Option, ...]:
    return (
        *first,
        held("WidthPerStage", "widths"),
        held("CardinalityPerStage", "cardinalities"),
        held("BlocksPerStage", "depths"),
        held("ExpansionFactor", "expansion"),
        held("c_dim", "classes"),
        *labelled(held("ConditionEmbeddingDimension", label)),
        held("KernelSize", "kernel", 3),
        held("ResamplingFilter", "taps", (1, 2, 1)),
        held("img_resolution", "resolution"),
        applied("FP16Stages", "training.precision", value=_precision),
    )


GENERATOR_OPTIONS = _options((held("NoiseDimension", "z_dim"),), "label_embedding")
DISCRIMINATOR_OPTIONS = _options((), "label_dim")

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
            options=lambda part: GENERATOR_OPTIONS,
            arguments=lambda part: _arguments(part, largest_last=True),
        ),
        "discriminator": Side(
            DISCRIMINATOR,
            bindings,
            discriminator,
            ("ExtractionLayer.Layer.weight",),
            never=("AggregationLayer.Layer.weight",),
            options=lambda part: DISCRIMINATOR_OPTIONS,
            arguments=lambda part: _arguments(part, largest_last=False),
        ),
    },
    names={"G": "generator", "D": "discriminator", "G_ema": "average"},
    assumed={"classes": 0, "kernel": 3},
    aliases={r"^Model\.": ""},
)

LAYOUTS = (LAYOUT,)
