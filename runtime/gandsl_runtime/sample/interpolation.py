"""Interpolation from one image to the next: through latents, through styles, through classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Unpack

import torch
import torch.nn.functional as F
from torch import Tensor

from ..errors import SamplingError
from ..network import Network
from ..programs import Images, classes_of
from .sampler import Sampler, SamplingOptions, parts

Space = Literal["z", "w", "class"]
Blend = Callable[[Tensor, Tensor, Tensor], Tensor]
Frames = Callable[[Tensor], Images]  # times (T,) → images (T·ways, c, h, w), time by time


def interpolate(
    generator: Network,
    seeds: Sequence[int],
    classes: Sequence[int] | None = None,
    *,
    space: Space,
    steps: int,
    loop: bool = False,
    **how: Unpack[SamplingOptions],
) -> Iterator[Images]:
    """Frames (ways, c, h, w) of each output, drawn as they are asked for, `steps` from one stop to the next.

    K stops give (K − 1)·steps + 1 frames; with `loop`, K·steps that end before the first. `space` says what
    the stops are:
    - "z": seeds. Latents turn at constant speed on the sphere (`slerp`), uniform ones go straight. One way
      for each class, or, without, one of the class that the first seed draws.
    - "w": seeds, too; the styles between them are lerp(w0, w1, t) (arXiv:1812.04948, section 4.1).
    - "class": classes, one way for each seed: whatever reads the label (a shared embedding, say) reads a
      mixture of two (as in arXiv:1809.11096, appendix A).

    `how`: see `Sampler`. Raises SamplingError when it does not fit the generator, before the first frame.
    """
    sampler = Sampler(generator, **how)
    stops = classes if space == "class" else seeds
    if len(stops or ()) < 2:
        what = "classes" if space == "class" else "seeds"
        raise SamplingError(f"a way needs two {what} or more", "give those to stop at, in order")
    if steps < 1:
        raise SamplingError(f"{steps} steps from one stop to the next", "give at least 1")
    count = len(stops or ())
    frames, ways = _WAYS[space](sampler, seeds, classes)
    length = count * steps if loop else (count - 1) * steps + 1
    return _drawn(sampler, frames, length, steps, ways, seeds[0])


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """From a (t = 0) to b (t = 1), vectors (…, n): the direction turns evenly, the length grows evenly.

    Straight where there is no one arc: between parallel, opposite or zero vectors.
    Source: K. Shoemake, Animating rotation with quaternion curves, 1985, slerp.
    """
    length_a, length_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    product = (a * b).sum(-1, keepdim=True) / (length_a * length_b)
    angle = product.clamp(-1, 1).acos()
    length = torch.lerp(length_a, length_b, t)
    of_a = ((1 - t) * angle).sin() / angle.sin() * length / length_a
    of_b = (t * angle).sin() / angle.sin() * length / length_b
    straight = ~(product.abs() < 1 - 1e-6)  # also where it is no number
    return torch.where(straight, torch.lerp(a, b, t), of_a * a + of_b * b)


def between(stops: Tensor, times: Tensor, blend: Blend) -> Tensor:
    """Points (T, …) at `times` (T,) among stops (K, …) at 0, 1, … K − 1; after the last comes the first."""
    whole = times.floor()
    index = whole.long()
    t = (times - whole).to(stops).view(-1, *[1] * (stops.dim() - 1))
    return blend(stops[index % len(stops)], stops[(index + 1) % len(stops)], t)


def _drawn(
    sampler: Sampler, frames: Frames, length: int, steps: int, ways: int, seed: int
) -> Iterator[Images]:
    for part in parts(length, max(sampler.batch // ways, 1)):
        times = torch.arange(part.start, part.stop) / steps
        with sampler.ready(seed + part.start):
            batch = frames(times.to(sampler.device))
        now = part.stop - part.start
        yield from zip(*(images.unflatten(0, (now, ways)) for images in batch), strict=True)


def _through_latents(
    sampler: Sampler, seeds: Sequence[int], classes: Sequence[int] | None
) -> tuple[Frames, int]:
    stops = sampler.latents(seeds)
    ways = len(classes) if classes else 1
    labels = sampler.labels([seeds[0]] * ways, classes)
    blends = [torch.lerp if port.distribution == "uniform" else slerp for port in sampler.latent_ports]

    def frames(times: Tensor) -> Images:
        points = [between(z, times, blend) for z, blend in zip(stops, blends, strict=True)]
        latents = tuple(point.repeat_interleave(ways, 0) for point in points)
        return sampler.images(latents, None if labels is None else labels.repeat(len(times)))

    return frames, ways


def _through_styles(
    sampler: Sampler, seeds: Sequence[int], classes: Sequence[int] | None
) -> tuple[Frames, int]:
    sampler.generator.need_styles("interpolation in w")
    ways = len(classes) if classes else 1
    every = [seed for seed in seeds for _ in range(ways)]
    chosen = [*classes] * len(seeds) if classes else None
    with sampler.ready(seeds[0]):
        stops = sampler.styles(sampler.latents(every), sampler.labels(every, chosen))
    stops = stops.unflatten(0, (len(seeds), ways))
    return lambda times: sampler.synthesized(between(stops, times, torch.lerp).flatten(0, 1)), ways


def _through_classes(
    sampler: Sampler, seeds: Sequence[int], classes: Sequence[int] | None
) -> tuple[Frames, int]:
    chosen = list(classes or ())
    labels = sampler.labels([seeds[0]] * len(chosen), chosen)
    assert labels is not None  # there are classes, or it raised
    stops = F.one_hot(labels, classes_of(sampler.generator)).to(sampler.dtype)
    ways, starts = len(seeds), sampler.latents(seeds)

    def frames(times: Tensor) -> Images:
        latents = tuple(z.repeat(len(times), 1) for z in starts)
        return sampler.images(latents, between(stops, times, torch.lerp).repeat_interleave(ways, 0))

    return frames, ways


_WAYS = {"z": _through_latents, "w": _through_styles, "class": _through_classes}
