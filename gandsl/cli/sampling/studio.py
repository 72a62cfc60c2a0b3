"""The pictures of each kind of sampling, written as their file's name asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gandsl.cli.sampling.ask import Ask

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from gandsl_runtime.network import Network
    from gandsl_runtime.sample import How

STEPS = {"grid": 7, "folder": 7, "video": 25}  # from one stop to the next, unless told
RATE = 25  # frames a second, unless told; GIF counts in 1/100 s


@dataclass(frozen=True)
class Studio:
    """A generator, how it is sampled, and the range of its images."""

    generator: Network
    how: How
    range: tuple[float, float]

    def make(self, ask: Ask) -> str:
        """Write what is asked for, and say in words what that was."""
        kind = self._mix if ask.mix else self._way if ask.interpolate else self._seeds
        return kind(ask)

    # ---- one image a seed, or a seed and class ----------

    def _seeds(self, ask: Ask) -> str:
        from gandsl_runtime.sample import sample

        seeds, classes = ask.seeds, ask.classes or []
        pairs: list[tuple[int, int | None]] = [(seed, None) for seed in seeds]
        wide = ask.columns or _columns(len(seeds))
        if classes and ask.class_columns:
            pairs, wide = [(seed, label) for seed in seeds for label in classes], len(classes)
        elif classes:
            pairs, wide = [(seed, label) for label in classes for seed in seeds], ask.columns or len(seeds)
        labels = [label for _, label in pairs if label is not None]
        pixels = self._pixels(sample(self.generator, [seed for seed, _ in pairs], labels or None, **self.how))
        names = [f"seed{seed}" + ("" if label is None else f"_class{label}") for seed, label in pairs]
        _write(ask, pixels, names, wide)
        return f"{len(pairs)} images"

    # ---- from image to image ----------

    def _way(self, ask: Ask) -> str:
        from gandsl_runtime.sample import interpolate

        assert ask.interpolate is not None
        steps = ask.steps or STEPS[ask.form]
        through_classes = ask.interpolate == "class"
        stops = len(ask.classes or ()) if through_classes else len(ask.seeds)
        drawn = interpolate(
            self.generator,
            ask.seeds,
            ask.classes,
            space=ask.interpolate,
            steps=steps,
            loop=ask.loop,
            **self.how,
        )
        frames = (self._pixels(images) for images in drawn)
        if ask.form == "video":
            return self._video(ask, frames)
        return self._stills(ask, frames, steps, stops if ask.loop else stops - 1)

    def _video(self, ask: Ask, frames: Iterator[Tensor]) -> str:
        from gandsl_runtime import images, video

        count = 0

        def shown() -> Iterator[Image]:
            nonlocal count
            for pixels in frames:
                count += 1
                yield images.grid(pixels, ask.columns or _columns(len(pixels)))

        video.writer(ask.output)(shown(), ask.output, ask.fps or RATE)
        return f"{count} frames"

    def _stills(self, ask: Ask, frames: Iterator[Tensor], steps: int, legs: int) -> str:
        """A grid has a row for each leg of each way, with both its ends; a folder an image for each frame."""
        import torch

        every = torch.stack(list(frames), 1)  # (ways, frames, c, h, w)
        ways, count = every.shape[:2]
        if ask.form == "grid":
            index = (torch.arange(legs)[:, None] * steps + torch.arange(steps + 1)) % count
            _write(ask, every[:, index.flatten()].flatten(0, 1), [], steps + 1)
            return f"{ways * legs} rows of {steps + 1} images"
        of = "seed" if ask.interpolate == "class" else "class"
        each = ask.seeds if of == "seed" else ask.classes or [0]
        names = [
            (f"{of}{way}_" if ways > 1 else "") + f"frame{frame:05d}"
            for way in each
            for frame in range(count)
        ]
        _write(ask, every.flatten(0, 1), names, 1)
        return f"{ways * count} images"

    # ---- style mixing ----------

    def _mix(self, ask: Ask) -> str:
        """A grid has the sources of columns above and those of rows on the left."""
        import torch

        from gandsl_runtime.sample import mix, sample

        rows, columns, layers = ask.seeds, ask.mix_seeds or [], ask.mix or []
        label = ask.classes[0] if ask.classes else None
        mixed = self._pixels(mix(self.generator, rows, columns, layers, label, **self.how))
        seeds = [*rows, *columns]
        sources = self._pixels(
            sample(self.generator, seeds, None if label is None else [label] * len(seeds), **self.how)
        )
        if ask.form == "folder":
            names = [f"seed{seed}" for seed in dict.fromkeys(seeds)]
            first = [seeds.index(seed) for seed in dict.fromkeys(seeds)]
            names += [f"seed{row}_styles{column}" for row in rows for column in columns]
            _write(ask, torch.cat([sources[first], mixed.flatten(0, 1)]), names, 1)
            return f"{len(names)} images"
        of_rows, of_columns = sources[: len(rows), None], sources[len(rows) :]
        above = torch.cat([torch.zeros_like(sources[:1]), of_columns])
        grid = torch.cat([above[None], torch.cat([of_rows, mixed], 1)])
        _write(ask, grid.flatten(0, 1), [], len(columns) + 1)
        return f"{len(rows)} × {len(columns)} mixed images"

    def _pixels(self, images: tuple[Tensor, ...]) -> Tensor:
        """uint8 of the last output."""
        from gandsl_runtime.images import to_pixels

        return to_pixels(images[-1], *self.range)


def _write(ask: Ask, pixels: Tensor, names: list[str], columns: int) -> None:
    """One grid, or a file for each image in a folder."""
    from gandsl_runtime import images

    if ask.form == "grid":
        images.save(images.grid(pixels, columns), ask.output)
        return
    for name, image in zip(names, pixels, strict=True):
        images.save(images.to_pillow(image), ask.output / f"{name}.png")


def _columns(count: int) -> int:
    return min(count, max(1, round((count * 1.6) ** 0.5)))
