"""What `gandsl sample` is asked for, and whether its options go together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer

from gandsl_runtime.media.formats import FORMATS, latents_suffix

VIDEOS = (".gif", ".mp4")
MOST_IN_GIF = 50
MOST_IMAGES = 10_000_000


@dataclass(frozen=True)
class Ask:
    """The options of a call, read."""

    output: Path
    seeds: list[int]  # none where the images are of `latents`
    classes: list[int] | None = None
    class_columns: bool = False
    columns: int | None = None
    interpolate: Literal["z", "w", "class"] | None = None
    steps: int | None = None
    loop: bool = False
    fps: int | None = None
    mix: list[int] | None = None
    mix_seeds: list[int] | None = None
    latents: Path | None = None  # a file of them
    save_latents: Path | None = None
    format: str | None = None
    processes: int = 1
    data: str | None = None  # items that something is made of
    inputs: Path | None = None  # a file of what the network takes
    network: str | None = None  # NAME, or NAME.OUTPUT

    @property
    def form(self) -> Literal["grid", "video", "folder", "zip"]:
        """What the output's name asks for."""
        suffix = self.output.suffix.lower()
        if suffix in FORMATS:
            return "grid"
        return "video" if suffix in VIDEOS else "zip" if suffix == ".zip" else "folder"

    @property
    def each(self) -> bool:
        """Whether each image gets a file."""
        return self.form in ("folder", "zip")

    def check(self) -> None:
        """Raise typer.BadParameter for options that do not go together, NoLatents for a file that is none."""
        for path in filter(None, (self.latents, self.save_latents)):
            latents_suffix(path)
        for wrong, message in self._rules():
            if wrong:
                raise typer.BadParameter(message)

    def _rules(self) -> Iterator[tuple[bool, str]]:
        """What is wrong, and what to do instead."""
        way, mix, form = self.interpolate is not None, self.mix is not None, self.form
        suffix = self.output.suffix
        yield (
            form == "folder" and bool(suffix) and not self.output.is_dir(),
            f"no {suffix} files: write {', '.join(FORMATS)} for a grid, {' or '.join(VIDEOS)} for a video, "
            "a .zip or a folder for a file each",
        )
        yield (
            len(self.seeds) * len(self.classes or [0]) > MOST_IMAGES,
            f"--seeds in each of --classes are more than {MOST_IMAGES} images",
        )
        twice = any(len({*given}) < len(given) for given in (self.seeds, self.classes or ()))
        yield self.each and twice, "seeds and classes name the files here: give each once"
        yield (
            bool(self.latents and (way or mix)),
            "latents from a file are drawn as they are: leave --interpolate and --mix out",
        )
        yield (
            self.save_latents is not None and (way or mix),
            "--save-latents saves those of one image each: leave --interpolate and --mix out",
        )
        yield (
            self.format is not None and not self.each,
            "--format is of the images in a folder or a zip: a grid's is its ending",
        )
        yield (
            self.processes > 1 and (way or mix or not self.each),
            "--processes draw one image each into a folder or a zip: name one",
        )
        yield (
            self.data is not None and not self.each,
            "--data makes a file of each item: write to a folder or a zip, -o FOLDER or -o FILE.zip",
        )
        yield way and mix, "--interpolate and --mix are two kinds of sampling: take one"
        yield (
            mix != (self.mix_seeds is not None),
            "--mix and --mix-seeds go together: which layers, and whose styles they take",
        )
        yield self.steps is not None and not way, "--steps counts images between stops: add --interpolate"
        yield self.loop and not way, "--loop leads back to the first stop: add --interpolate"
        yield form == "video" and not way, "a video goes from image to image: add --interpolate z, w or class"
        yield self.fps is not None and form != "video", "--fps is of a video: write to .gif or .mp4"
        yield (
            suffix.lower() == ".gif" and (self.fps or 0) > MOST_IN_GIF,
            f"a GIF shows {MOST_IN_GIF} frames a second at most: give --fps {MOST_IN_GIF}, or write .mp4",
        )
        yield (
            self.interpolate == "class" and len(self.classes or ()) < 2,
            "--interpolate class goes through classes: give two or more, such as --classes 3,7",
        )
        yield (
            way and self.interpolate != "class" and not self.latents and len(self.seeds) < 2,
            "--interpolate goes through seeds: give two or more, such as --seeds 1,5",
        )
        yield (
            mix and self.classes is not None and len(self.classes) != 1,
            "--mix shows one class: give --classes one number",
        )
        yield (
            self.class_columns and (self.classes is None or way or mix or self.each),
            "--class-columns is of a grid of seeds and classes: give --classes, and no other kind",
        )
        fixed = {
            f"a {form} has none": self.each,
            "those of --mix are its seeds": mix,
            "those of --class-columns are classes": self.class_columns,
            "those of --interpolate in a grid are its steps": way and form == "grid",
        }
        for why, applies in fixed.items():
            yield self.columns is not None and applies, f"--columns can't be chosen: {why}"
