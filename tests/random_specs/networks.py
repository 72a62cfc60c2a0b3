"""A random generator, and a discriminator for its images."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from gandsl.ir.op import Op, Trait
from gandsl.ir.types import TensorType
from gandsl.spec.values import Size
from tests.random_specs import growing
from tests.random_specs.again import Again
from tests.random_specs.body import Body, Names, stops
from tests.random_specs.constructs import varied

INPUTS = ("z", "z2", "y", "image", "larger", "alpha")


@dataclass
class Networks:
    """What both networks of a spec have in common while they are made."""

    rng: Random
    ops: Iterator[Op]
    palette: tuple[Op, ...]  # the ops that may stand in them
    classes: int = 0
    styles: int = 0  # layers of the style space
    images: list[tuple[int, int, int]] = field(default_factory=list)
    blocks: dict[str, Any] = field(default_factory=dict)
    auxiliary: str | None = None
    levels: growing.Levels | None = None
    again: Again | None = None


def generator(nets: Networks, first: Op, last: Op) -> dict[str, Any]:
    """A generator; `first` reads one of its inputs if it can, `last` gives its image if it can."""
    rng = nets.rng
    body = Body(rng, Names(rng, set(INPUTS)), ops=tuple(filter(stands_alone, nets.palette)), again=nets.again)
    inputs: dict[str, Any] = {}
    for name in ["z", "z2"][: rng.choice([1, 1, 1, 2])]:
        size = rng.choice([2, 3, 4, 6, 8])
        inputs[name] = {"type": f"Latent[{size}]"}
        if rng.random() < 0.4:
            inputs[name]["distribution"] = rng.choice(["normal", "uniform", "truncated_normal"])
        body.offer(name, (TensorType("Latent", (size,)),), above=name == "z")
    if nets.classes:
        inputs["y"] = {"type": f"Label[{nets.classes}]"}
        body.offer("y", (TensorType("Label", (nets.classes,)),))
    made: dict[str, Any] = {"inputs": inputs, **defaults(rng)}
    body.attempt(first, reads=list(inputs)) or body.grow(iter([first]), 1)
    if rng.random() < 0.55:
        made["styles"] = _style_space(nets, body)
    varied(body, nets.ops, nets.blocks, rng.randint(2, 5))
    main = body.joined(_canvas(body))
    if nets.levels:
        inputs["alpha"] = growing.ALPHA
        body, image = growing.grown_image(body, nets.levels, nets.ops, nets.blocks, main)
        nets.images = [body.seen[image][-1].shape]  # type: ignore[list-item]
        made["output"] = growing.kept_shape(body, f"{image}", last)
    elif rng.random() < 0.15:
        made["outputs"] = {"images": _two_sizes(nets, body, main)}
    else:
        image = ending(body, main, last, ("Feature",), most=4)
        nets.images = [body.seen[image][0].shape]  # type: ignore[list-item]
        made["output"] = image
    return made | {"body": body.nodes}


def stands_alone(op: Op) -> bool:
    """Whether a generator may have it: `check` refuses there what compares the samples of a batch."""
    return op.has(Trait.BATCH_NORMALIZED) or not op.has(Trait.BATCH_COUPLED)


def defaults(rng: Random) -> dict[str, Any]:
    """`defaults:` of a network, now and then."""
    if rng.random() < 0.6:
        return {}
    options = {
        "weighted": {
            "weight": rng.choice(["spectral", "equalized"]),
            "init": rng.choice(["orthogonal", "normal"]),
        },
        "conv": {"bias": rng.random() < 0.5},
        "leaky_relu": {"slope": 0.1},
    }
    return {"defaults": {name: options[name] for name in rng.sample(list(options), rng.randint(1, 3))}}


def _style_space(nets: Networks, body: Body) -> str:
    """From the inputs to a list of styles, past which nothing leads to the image."""
    rng = nets.rng
    varied(body, nets.ops, nets.blocks, rng.randint(1, 4))
    main = body.joined_vector(body.vector(rng.choice([4, 6])))
    if rng.random() < 0.4:
        main = body.add("track_average", {"x": [main]}, {})
    makers = [op for op in rng.sample(body.ops, len(body.ops))]
    for op in makers:
        if (ws := body.attempt(op, tries=8, wanted=("Styles",), reads=[main])) is not None:
            break
    else:
        raise AssertionError("no op makes styles")
    if set(body.unread) - {ws}:  # a vector of a stack alone may be left
        body.unread = [ws]
    nets.styles = body.seen[ws][0].shape[0]
    body.seen = {text: types for text, types in body.seen.items() if text == ws or text.startswith(f"{ws}[")}
    return ws


def _canvas(body: Body) -> str:
    """A feature of a size at which ops have room."""
    main = body.feature()
    height, width = body.seen[main][0].shape[1:]
    if min(height, width) < 3 or max(height, width) > 12 or body.rng.random() < 0.3:
        size = Size(*body.rng.choice([(4, 4), (6, 6), (8, 8), (4, 6), (5, 7), (8, 4)]))
        main = body.add("resize", {"x": [main]}, {"size": size})
    return main


def ending(body: Body, main: str, op: Op, wanted: tuple[str, ...], most: int) -> str:
    """A last node of this op with at most so many channels; a convolution or linear layer otherwise."""
    before = body.state()
    if stops(op):
        fitting = (other for other in body.rng.sample(body.ops, 9) if other.ports[0].name == "x")
        op = next(other for other in fitting if not stops(other))
    for channels in (None, *body.rng.sample([1, 2, 3, 4, 8, 12], 6)):
        anchor = main
        if channels is not None:
            anchor = body.add("conv", {"x": [main]}, {"channels": channels, "kernel": 1})
        read = body.turned_into(anchor, op.ports[0])
        made = body.attempt(op, wanted=wanted, reads=[read])
        if made is not None and body.seen[made][0].shape[0] <= most:
            return made
        body.back_to(before)
    if wanted == ("Feature",):
        return body.add("conv", {"x": [main]}, {"channels": body.rng.choice([1, 3, 3, 4])})
    return body.add("linear", {"x": [body.vector_of(main)]}, {"features": 1})


def _two_sizes(nets: Networks, body: Body, main: str) -> str:
    """Two images, the second twice as large."""
    channels = body.rng.choice([1, 3])
    small = body.add("conv", {"x": [main]}, {"channels": channels})
    height, width = body.seen[small][0].shape[1:]
    large = body.add("resize", {"x": [main]}, {"size": Size(2 * height, 2 * width)})
    large = body.add("conv", {"x": [large]}, {"channels": channels})
    nets.images = [(channels, height, width), (channels, 2 * height, 2 * width)]
    return f"[{small}, {large}]"


def discriminator(nets: Networks, first: Op, last: Op) -> dict[str, Any]:
    """A discriminator of the generator's images."""
    rng = nets.rng
    body = Body(rng, Names(rng, set(INPUTS)), ops=nets.palette, again=nets.again)
    inputs: dict[str, Any] = {}
    names = ["image", "larger"][: len(nets.images)]
    if nets.levels:
        inputs["image"], types = growing.image_input(nets.levels, nets.images[0][0])
        body = Body(rng, body.names, len(types), ops=body.ops, again=nets.again)
        body.offer("image", types, above=True)
    elif len(nets.images) > 1 and all(height == width for _, height, width in nets.images):
        sizes = [height for _, height, _ in nets.images]
        inputs["image"] = {"type": f"Image[{nets.images[0][0]}, res]", "each": {"res": sizes}}
        names = [f"image[{index}]" for index in range(len(sizes))]
    else:
        for name, (channels, height, width) in zip(names, nets.images, strict=True):
            inputs[name] = {"type": f"Image[{channels}, {height}, {width}]"}
    for name, shape in zip(names, nets.images if not nets.levels else (), strict=not nets.levels):
        body.offer(name, (TensorType("Image", shape),), above=name == "image")
    made: dict[str, Any] = {"inputs": inputs, **defaults(rng)}
    if nets.levels:
        body = growing.shrunk_image(body, nets.levels, nets.ops, nets.blocks, "image")
    if nets.classes and rng.random() < 0.8:
        inputs["y"] = {"type": f"Label[{nets.classes}]"}
        body.offer("y", (TensorType("Label", (nets.classes,)),))
    if nets.levels:
        inputs["alpha"] = growing.ALPHA
    body.attempt(first, reads=list(body.seen)) or body.grow(iter([first]), 1)
    varied(body, nets.ops, nets.blocks, rng.randint(2, 5))
    main = body.joined(_canvas(body))
    made["outputs"] = _judgement(nets, body, main, last)
    return made | {"body": body.nodes}


def _judgement(nets: Networks, body: Body, main: str, last: Op) -> dict[str, Any]:
    """The outputs: logits of any shape, and a classifier's where there are classes."""
    outputs: dict[str, Any] = {"logit": ending(body, main, last, ("Vector", "Feature"), most=64)}
    if body.rng.random() < 0.2:
        outputs["more"] = ending(body, main, next(nets.ops), ("Vector", "Feature"), most=64)
    if nets.classes and body.rng.random() < 0.4:
        nets.auxiliary = "classes_out"
        outputs["classes_out"] = body.add("linear", {"x": [body.vector_of(main)]}, {"features": nets.classes})
    if "more" in outputs:  # of several, each says that it is one
        said = {name: {"of": outputs[name], "kind": "Logits"} for name in ("logit", "more")}
        return {**outputs, **said}
    return outputs
