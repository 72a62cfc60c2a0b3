"""`gandsl sample`: images, interpolations and style mixing from a trained run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.options import NOISES, NoiseChoice, Set

if TYPE_CHECKING:
    from gandsl.cli.sampling.order import SamplingOrder


class ImageFile(StrEnum):
    """Formats of images that have a file each."""

    png = "png"
    jpg = "jpg"
    webp = "webp"
    npy = "npy"  # the numbers as they are


class Space(StrEnum):
    """Where the way from image to image lies."""

    z = "z"
    w = "w"
    classes = "class"


def run(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|FILE|SPEC",
            help="a run's folder, a checkpoint, an imported or a published file; or a spec, with --weights",
        ),
    ],
    set: Set = None,
    weights: Annotated[
        Path | None, typer.Option(metavar="FILE|RUN", help="a checkpoint; default: the run's newest")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            metavar="WHERE",
            help="make something of each item of a set, as `train --data` takes it: what the game shows of "
            "it, or --network",
        ),
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="another network than the generator; NAME.OUTPUT: one output"),
    ] = None,
    inputs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=".npz, .npy, .csv, .jsonl: vectors, labels and latents by the inputs' names, an image a row",
        ),
    ] = None,
    seeds: Annotated[
        str | None,
        typer.Option(help="one image each: 0-63, or 1,5,9; default: 0-31, and 0-3 for other kinds"),
    ] = None,
    latents: Annotated[
        str | None,
        typer.Option(
            metavar="numpy|FILE",
            help="NumPy's RandomState makes those of seeds; or a .npz, .safetensors file's `z` or `w`",
        ),
    ] = None,
    classes: Annotated[
        str | None,
        typer.Option("--classes", "--class", help="a row for each class, with every seed: 0-9, or 3,7"),
    ] = None,
    class_columns: Annotated[
        bool, typer.Option("--class-columns", help="a column for each class instead of a row")
    ] = False,
    truncation: Annotated[float | None, typer.Option(help="ψ of styles, else of normal latents")] = None,
    cutoff: Annotated[
        int | None,
        typer.Option(
            "--cutoff", "--truncation-cutoff", min=1, help="truncate the styles of this many layers"
        ),
    ] = None,
    noise: Annotated[NoiseChoice, typer.Option(help="what noise layers add")] = NoiseChoice.constant,
    translate: Annotated[
        str | None, typer.Option(metavar="X,Y", help="shift images of Fourier features, in image sides")
    ] = None,
    rotate: Annotated[float | None, typer.Option(metavar="DEGREES", help="turn those images")] = None,
    standing_statistics: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="average batch norm's statistics over N batches first"),
    ] = None,
    interpolate: Annotated[
        Space | None, typer.Option(help="from seed to seed through latents or styles, or from class to class")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(min=1, help="of --interpolate, from one stop to the next; default: 7, video 25"),
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="of --interpolate: back to the first stop")] = False,
    mix: Annotated[
        str | None,
        typer.Option(
            metavar="LAYERS", help="a grid of --seeds (rows) whose layers, such as 4-7, take other styles"
        ),
    ] = None,
    mix_seeds: Annotated[str | None, typer.Option(help="of --mix: seeds of those styles (columns)")] = None,
    columns: Annotated[int | None, typer.Option(min=1, help="images in a row of the grid")] = None,
    fps: Annotated[int | None, typer.Option(min=1, max=120, help="frames a second; default: 25")] = None,
    batch: Annotated[int, typer.Option(min=1, help="images at a time")] = 32,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1 …; auto takes a GPU if there is one")
    ] = "auto",
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help=".png, .jpg, .webp: a grid; .gif, .mp4: a video; a folder or .zip: an image each",
        ),
    ] = Path("samples.png"),
    format: Annotated[
        ImageFile | None,
        typer.Option(help="of the files in a folder or zip; default: png, npy of what is no image"),
    ] = None,
    save_latents: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help=".npz or .safetensors: what the images are drawn of, as --latents reads it"
        ),
    ] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=256, help="that draw the images of a folder or zip together")
    ] = 1,
) -> int:
    """Draw images from a trained run: the averaged weights, one image a seed.

    Other kinds: the way from image to image (--interpolate), images that share styles (--mix), what is made
    of given images (--data) or vectors and labels (--inputs). A folder or zip that was not finished goes on
    with the same call.
    """
    from gandsl.cli.ranges import numbers, pair
    from gandsl.cli.sampling.ask import Ask
    from gandsl.cli.sampling.order import SamplingOrder

    plain = interpolate is None and mix is None
    stored = None if latents in (None, "numpy") else Path(latents)
    if stored and seeds is not None:
        raise typer.BadParameter("--latents FILE says what is drawn: leave --seeds out")
    usual = "0-31" if plain else "0-3"
    ask = Ask(
        output,
        [] if stored or data or inputs else numbers(usual if seeds is None else seeds, "--seeds"),
        None if classes is None else numbers(classes, "--classes"),
        class_columns,
        columns,
        interpolate.value if interpolate else None,
        steps,
        loop,
        fps,
        None if mix is None else numbers(mix, "--mix"),
        None if mix_seeds is None else numbers(mix_seeds, "--mix-seeds"),
        stored,
        save_latents,
        format.value if format else None,
        processes,
        data,
        inputs,
        network,
    )
    ask.check()
    if ask.form == "video":
        from gandsl_runtime.media import video

        video.writer(output)  # before the work: is its package there?
    order = SamplingOrder(
        ask,
        source,
        tuple(set or ()),
        weights,
        device,
        truncation,
        cutoff,
        NOISES[noise],
        "numpy" if latents == "numpy" else "torch",
        standing_statistics,
        batch,
        None if translate is None else pair(translate, "--translate"),
        rotate,
    )
    print(f"{_made(order)}: {output}")
    return 0


def _made(order: SamplingOrder) -> str:
    """Draw what is asked for; what that was."""
    from gandsl_runtime.distributed import launch
    from gandsl_runtime.sample import Draws, given

    ask, share = order.ask, launch.share()
    if share[1] > 1 and (ask.form != "folder" or ask.interpolate or ask.mix or ask.processes > 1):
        raise typer.BadParameter("torchrun's processes draw one image each into a folder: -o FOLDER")
    if ask.each and not (ask.interpolate or ask.mix):
        from gandsl.cli.sampling.missing import draw_missing

        series = order.series()
        made = draw_missing(order, series, share)
        if ask.save_latents and not share[0]:
            assert isinstance(series.draws, Draws)
            given.write(ask.save_latents, series.draws.arrays())
        return made
    studio = order.studio()
    made = studio.make(ask)
    if ask.save_latents and not share[0]:
        given.write(ask.save_latents, studio.draws(ask).arrays())
    return made
