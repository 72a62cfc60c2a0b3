"""The pictures of each kind of sampling, written as their file's name asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gandsl.cli.sampling.ask import Ask
from gandsl.cli.sampling.rows import rows_of, suffix_of

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from gandsl.cli.sampling.series import Series
    from gandsl_runtime.network import Network
    from gandsl_runtime.sample import Draws, SamplingOptions
    from gandsl_runtime.sample.collection import Collection, Facts

STEPS = {"grid": 7, "folder": 7, "zip": 7, "video": 25}  # from one stop to the next, unless told
RATE = 25  # frames a second, unless told; GIF counts in 1/100 s


@dataclass(frozen=True)
class Studio:
    """A generator, how it is sampled, its images' range, and what they depend on (for files one each)."""

    generator: Network
    how: SamplingOptions
    range: tuple[float, float]
    facts: Facts
    output: int = -1  # which of the outputs is drawn

    def make(self, ask: Ask) -> str:
        """Write what is asked for, and say in words what that was."""
        suffix_of(ask, self._shape)  # its format: before the work
        kind = self._mix if ask.mix else self._way if ask.interpolate else self._grid
        return kind(ask)

    # ---- one image a seed, or a seed and class ----------

    def series(self, ask: Ask) -> Series:
        """One image each, into files of their own."""
        from gandsl.cli.sampling.series import Series
        from gandsl_runtime.sample.collection import Collection

        draws = self.draws(ask)
        suffix = suffix_of(ask, self._shape)
        names = [f"{name}{suffix}" for name in _names(ask, draws)]
        rows = rows_of(suffix, self.output, self.range)
        return Series(draws, Collection(ask.output, names, self.facts), rows)

    def draws(self, ask: Ask) -> Draws:
        """The images of seeds, or of a file of latents, row by row as a grid has them."""
        from gandsl_runtime.sample import Draws, Sampler, given, inputs

        sampler = Sampler(self.generator, **self.how)
        if ask.inputs:
            rows = inputs.read(ask.inputs, self.generator)
            return Draws(sampler, range(len(rows)), None, inputs=rows)
        stored = given.read(ask.latents, sampler) if ask.latents else None
        starts, classes = ask.seeds if stored is None else range(len(stored)), ask.classes
        if not classes:
            return Draws(sampler, starts, None, stored)
        pairs = [(start, label) for label in classes for start in starts]
        if ask.class_columns:
            pairs = [(start, label) for start in starts for label in classes]
        return Draws(sampler, [start for start, _ in pairs], [label for _, label in pairs], stored)

    def _grid(self, ask: Ask) -> str:
        import torch

        from gandsl.cli.progress import progress

        draws = self.draws(ask)
        count, classes = len(draws.which), len(ask.classes or ())
        wide = ask.columns or (count // classes if classes else _columns(count))
        wide = classes if ask.class_columns else wide
        self._check_grid(ask, wide, -(-count // wide))
        drawn = []
        with progress("drawing", count) as told:
            for batch in draws.batches:
                drawn.append(self._pixels(draws.drawn(batch)))
                told(batch.stop)
        self._write(ask, torch.cat(drawn), [], wide)
        return f"{count} images"

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
        from gandsl_runtime.media import images, video

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
            self._write(ask, every[:, index.flatten()].flatten(0, 1), [], steps + 1)
            return f"{ways * legs} rows of {steps + 1} images"
        of = "seed" if ask.interpolate == "class" else "class"
        each = ask.seeds if of == "seed" else ask.classes or [0]
        names = [
            (f"{of}{way}_" if ways > 1 else "") + f"frame{frame:05d}"
            for way in each
            for frame in range(count)
        ]
        self._write(ask, every.flatten(0, 1), names, 1)
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
        if ask.each:
            names = [f"seed{seed}" for seed in dict.fromkeys(seeds)]
            first = [seeds.index(seed) for seed in dict.fromkeys(seeds)]
            names += [f"seed{row}_styles{column}" for row in rows for column in columns]
            self._write(ask, torch.cat([sources[first], mixed.flatten(0, 1)]), names, 1)
            return f"{len(names)} images"
        of_rows, of_columns = sources[: len(rows), None], sources[len(rows) :]
        above = torch.cat([torch.zeros_like(sources[:1]), of_columns])
        grid = torch.cat([above[None], torch.cat([of_rows, mixed], 1)])
        self._write(ask, grid.flatten(0, 1), [], len(columns) + 1)
        return f"{len(rows)} × {len(columns)} mixed images"

    def _pixels(self, images: tuple[Tensor, ...]) -> Tensor:
        """uint8 of the output that is drawn."""
        from gandsl_runtime.media.images import to_pixels

        return to_pixels(images[self.output], *self.range)

    def _write(self, ask: Ask, pixels: Tensor, names: list[str], columns: int) -> None:
        """One grid, or a file for each image."""
        from gandsl_runtime.media import images

        if ask.form == "grid":
            self._check_grid(ask, columns, -(-len(pixels) // columns))
            images.save(images.grid(pixels, columns), ask.output)
            return
        files = self._collection(ask, names)
        files.begin()
        files.save(range(len(pixels)), pixels)
        files.finish()

    def _collection(self, ask: Ask, names: list[str]) -> Collection:
        from gandsl_runtime.sample.collection import Collection

        suffix = suffix_of(ask, self._shape)
        return Collection(ask.output, [f"{name}{suffix}" for name in names], self.facts)

    def _check_grid(self, ask: Ask, columns: int, rows: int) -> None:
        from gandsl_runtime.media.formats import check_format

        channels, h, w = self._shape
        check_format(ask.output.suffix, channels, (rows * h, columns * w))

    @property
    def _shape(self) -> tuple[int, ...]:
        """Of what is drawn, at this stage of growth: (c, h, w) of an image."""
        shape = self.generator.outputs[self.output].shape
        stage = self.how.get("stage")
        level = None if stage is None else stage.level
        return shape if level is None else (shape[0], *self.generator.levels[level])


def _names(ask: Ask, draws: Draws) -> list[str]:
    """Of each image's file, without its ending."""
    start = "latent{:05d}" if ask.latents else "seed{}"
    if draws.inputs is not None:
        return list(draws.inputs.names) or [f"row{place:05d}" for place in range(len(draws.inputs))]
    names = [start.format(which) for which in draws.which]
    return (
        names
        if draws.classes is None
        else [f"{n}_class{c}" for n, c in zip(names, draws.classes, strict=True)]
    )


def _columns(count: int) -> int:
    return min(count, max(1, round((count * 1.6) ** 0.5)))
