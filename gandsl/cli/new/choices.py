"""What `gandsl new` chooses, as pure functions of what there is. Each choice says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

FULL = 0.9  # of the images are as large as the networks' at least, or nearly so
ENLARGED = 4 / 3  # an image is enlarged by no more than this, then
FEWEST = 30  # images of a class that is learned as one
FEW = 50_000  # images up to which D learns them by heart unless they are augmented
SCARCE = 5_000  # images up to which its penalty is doubled, too
NARROW = (1, 2, 4, 8)  # divisors of the channels; above NARROWED pixels, the first two alone
NARROWED = 64
SIZES = (1024, 512, 256, 128, 64, 32, 16)
NEEDED = {1024: 6000, 512: 4000, 256: 2500, 128: 1500, 64: 800, 32: 400, 16: 200}
"""Size → thousands of images to be shown until samples are worth looking at: a rule of thumb."""
LONGEST = 25_000  # thousands of images, of the base's own plan
SHARE = 0.35  # of a lone convolution's speed that whole training steps reach


@dataclass(frozen=True)
class Circumstances:
    """What there is."""

    images: int
    broken: int
    sizes: Counter[tuple[int, int]]  # (h, w) → images
    gray: bool
    classes: dict[int, int]  # class → images; empty without labels
    memory: int  # bytes that a step may take
    hours: float
    speed: float  # FLOP/s of a convolution
    half: bool  # the device has fast 16-bit products
    device: str = "cpu"  # where it will train: cpu or cuda


class ChosenField(NamedTuple):
    """A field of the spec, its value, and why."""

    path: str
    value: Any
    why: str


class Shape(NamedTuple):
    """What is tried: the size of the images, and by what the channels are divided."""

    size: int
    narrow: int


def shapes(given: Circumstances) -> Iterator[Shape]:
    """What may be trained on these images, the best first."""
    largest = side(given.sizes) * ENLARGED
    for size in [size for size in SIZES if size <= largest] or [SIZES[-1]]:
        yield from (Shape(size, by) for by in (NARROW if size <= NARROWED else NARROW[:2]))


def side(sizes: Counter[tuple[int, int]]) -> int:
    """The shorter side that most images reach."""
    total, below = sum(sizes.values()), 0
    for short, count in sorted((min(size), count) for size, count in sizes.items()):
        below += count
        if below > (1 - FULL) * total:
            return short
    return 0


def batch_of(size: int) -> int:
    """Images a step, by size: the rule of arXiv:2006.06676's code."""
    return max(4, min(4096 // size, 32))


def kimg(given: Circumstances, flops: float) -> float:
    """Thousands of images that the time buys, at so many FLOPs an image."""
    return given.hours * 3600 * given.speed * SHARE / flops / 1000


def enough(shape: Shape, bought: float) -> bool:
    """Whether so many thousands of images are enough for that size."""
    return bought >= NEEDED[shape.size]


def networks(given: Circumstances, shape: Shape) -> Iterator[ChosenField]:
    """What makes the networks, and so what a step takes: all but the length, and how the batch is split."""
    size, batch = shape.size, batch_of(shape.size)
    yield ChosenField("params.resolution", size, _why_size(given, shape))
    yield ChosenField(
        "params.image_channels", 1 if given.gray else 3, "all are gray" if given.gray else "in colour"
    )
    yield ChosenField("params.classes", *_classes(given))
    widths = f"here 1/{shape.narrow} of them, which trains faster and says less"
    full = "of the widest layers, at 1 pixel: arXiv:2006.06676 has 16384 below 512², else 32768"
    base = 32768 if size >= 512 else 16384
    yield ChosenField(
        "params.channel_base", base // shape.narrow, full if shape.narrow == 1 else f"{full}; {widths}"
    )
    yield ChosenField("params.channel_max", 512 // shape.narrow, "the most channels of a layer")
    yield ChosenField("params.mapping_layers", 2, "two are steadier on most sets (arXiv:2006.06676)")
    yield ChosenField("training.batch", batch, "4096 / size, from 4 to 32: a larger image tells a step more")
    times = 2 if given.images < SCARCE else 1
    gamma = 0.0002 * size**2 / batch * times
    why = "0.0002 · size² / batch: a first guess (arXiv:2006.06676)"
    few = f", times 2 since {given.images:,} images are soon learned by heart" if times == 2 else ""
    yield ChosenField(
        "training.regularizers.r1.gamma",
        float(f"{gamma:.3g}"),
        f"{why}{few}. The one number worth trying: a quarter and four times as much",
    )
    rate = 0.002 if size >= 1024 else 0.0025
    yield ChosenField("training.optimizer.lr", rate, "of both networks: 0.002 at 1024², else 0.0025")
    average = f"{float(f'{10 * batch / 32:.3g}'):g} kimg"
    yield ChosenField(
        "training.ema",
        {"half_life": average, "ramp_up": 0.05, "buffers": "copy"},
        "the averaged weights that samples are drawn with: 10 kimg · batch / 32",
    )
    if given.images < FEW:
        adaptive = {"target": 0.6, "every": "4 steps", "over": "500 kimg", "max": None}
        pipe = "bg" if given.gray else "bgc"
        why = f"{given.images:,} images are few: adaptive augmentation keeps D from learning them by heart"
        yield ChosenField("training.augment", {"pipe": pipe, "p": adaptive}, why)
    if given.half:
        fp16 = {"compute": "fp16", "stages": 4, "overflow": "replace"}
        yield ChosenField(
            "training.precision", fp16, "this GPU has fast 16-bit products; the smallest stages stay fp32"
        )
        yield ChosenField("training.memory_format", "channels_last", "what they want")
        yield ChosenField("params.clamp", 256.0, "so that no activation leaves fp16's range")
    else:
        yield ChosenField("training.precision", {"compute": "fp32"}, "16 bits are no faster here")
    if given.broken:
        why = f"{given.broken:,} images can't be read: `gandsl data inspect WHERE` names them"
        yield ChosenField("training.data.broken", "skip", why)


def _why_size(given: Circumstances, shape: Shape) -> str:
    short = side(given.sizes)
    largest = next(shapes(given)).size
    why = f"the shorter side of {FULL:.0%} of the images is {short} or more"
    if shape.size < largest:
        why += f"; {largest}² would fit that, and is more than the time or memory at hand allow"
    if any(h != w for h, w in given.sizes):
        why += ". Images of another shape are cut to their middle"
    return why


def _classes(given: Circumstances) -> tuple[int, str]:
    if len(given.classes) < 2:
        return 0, "the set has no labels" if not given.classes else "all images are of one class"
    least = min(given.classes.values())
    if least < FEWEST:
        return (
            0,
            f"the set has {len(given.classes)} classes, but one of only {least} images: too few to learn it",
        )
    return max(given.classes) + 1, f"the set's labels; the smallest class has {least:,} images"


def length(given: Circumstances, shape: Shape, bought: float) -> Iterator[ChosenField]:
    """How long it trains, and how often it writes."""
    chosen = max(1, int(float(f"{min(bought, LONGEST):.2g}")))
    why = f"about what {given.hours:g} h buy: a convolution ran at {given.speed / 1e9:.3g} GFLOP/s here"
    why += ", and training reaches a third of that. Rough: the first minutes' speed says better"
    if bought >= LONGEST:
        why = f"what arXiv:2006.06676 trains at most; {given.hours:g} h buy more here"
    if not enough(shape, bought):
        why += f". That is little: {NEEDED[shape.size]:,} kimg are what this size wants (--hours)"
    yield ChosenField("training.length", f"{chosen} kimg", why)
    every = f"{max(1, chosen // 50)} kimg"
    yield ChosenField(
        "training.cadence",
        {"grid": every, "checkpoint": every},
        "how often an image grid and the state are written",
    )


def split(micro: int, batch: int, memory: str) -> Iterator[ChosenField]:
    """How many images at a time."""
    if micro < batch:
        yield ChosenField(
            "training.micro_batch", micro, f"at a time: what {memory} hold. Gradients are those of the batch"
        )
