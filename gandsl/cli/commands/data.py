"""`gandsl data`: look at a set of images before training, or pack it at one size."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.exits import Exit
from gandsl.cli.options import Answer, AnswerFormat, Readers, Set, output_option, refuse_old, spec_option

if TYPE_CHECKING:
    from gandsl_runtime.data.labels import Labels
    from gandsl_runtime.data.sources import Source
    from gandsl_runtime.plan import Data

Where = Annotated[
    str,
    typer.Argument(metavar="WHERE", help="a folder, a zip, *.tar shards, hf:NAME, or a built-in set: mnist"),
]


class Filter(StrEnum):
    """Pillow's filters; each but nearest averages when it shrinks."""

    lanczos = "lanczos"
    box = "box"
    bilinear = "bilinear"
    hamming = "hamming"
    bicubic = "bicubic"
    nearest = "nearest"


class Crop(StrEnum):
    """What becomes of another aspect."""

    cut = "center"
    squeeze = "none"
    pad = "pad"


class PackFile(StrEnum):
    """What the images are written as."""

    png = "png"
    webp = "webp"
    npy = "npy"


def inspect(
    where: Where,
    spec: Annotated[Path | None, spec_option("say what this spec's networks need of the set")] = None,
    set: Set = None,
    workers: Readers = None,
    format: Answer = AnswerFormat.text,
) -> int:
    """Look at every image of a set.

    Tells sizes, channels, classes, copies, and each file that is broken, with the reason.
    Ends with 3 where an image is broken, or where training the --spec would refuse the set.
    """
    from gandsl.cli import data_fields, surveyed
    from gandsl.cli.output import print_json
    from gandsl.cli.progress import progress
    from gandsl_runtime.data.needs import needs
    from gandsl_runtime.data.sources import open_source
    from gandsl_runtime.data.survey import survey

    if spec is not None and (table := data_fields.table_of(where, spec, set)) is not None:
        return data_fields.inspect(table, _processes(workers), format == AnswerFormat.json)
    wanted = None if spec is None else _wanted(spec, set)
    source = open_source(where)
    with progress("looking", len(source.images)) as told:
        found = survey(source, _processes(workers), told)
    said = None if wanted is None else needs(found, *wanted)
    if format == AnswerFormat.json:
        print_json("data-inspect/1", surveyed.as_json(found, said))
    else:
        print(surveyed.text(found, said, str(spec)))
    refused = any(need.level == "error" for need in said or ())
    return Exit.DATA if found.broken or refused else Exit.FINE


def pack(
    where: Where,
    output: Annotated[Path, output_option("a new zip; of npy a new folder", "FILE.zip|DIR")],
    size: Annotated[str | None, typer.Option(metavar="N|HxW", help="height and width: 64, or 96x160")] = None,
    spec: Annotated[
        Path | None, spec_option("the fields that this spec's game reads, decoded as its networks take them")
    ] = None,
    set: Set = None,
    filter: Annotated[Filter, typer.Option(help="how images are resized")] = Filter.lanczos,
    crop: Annotated[
        Crop, typer.Option(help="another aspect: cut to the middle, squeezed (none), or padded with black")
    ] = Crop.cut,
    channels: Annotated[int, typer.Option(min=1, max=4, help="1 gray, 3 colour; 2 and 4 with alpha")] = 3,
    format: Annotated[
        PackFile, typer.Option(help="png or webp in a zip; npy: decoded, read without work")
    ] = PackFile.png,
    white: Annotated[
        int, typer.Option(min=1, max=65535, help="the value in 16-bit images that is white; 12 bits: 4095")
    ] = 65535,
    labels: Annotated[
        str, typer.Option(metavar="auto|none|FILE", help="the set's own, none, or those of a labels file")
    ] = "auto",
    skip_broken: Annotated[
        bool, typer.Option("--skip-broken", help="leave out what can't be read, instead of stopping there")
    ] = False,
    workers: Readers = None,
) -> int:
    """Write a set at one size: into a zip, or decoded into a folder (--format npy).

    Images are lossless, and class labels are kept. With --spec, the fields of a game, decoded, into a folder.
    The same images give the same bytes. It appears when it is whole.
    """
    from gandsl.cli.output import binary, say
    from gandsl.cli.progress import progress
    from gandsl_runtime.data import pack as packing
    from gandsl_runtime.data.sources import open_source
    from gandsl_runtime.data.sources.base import shown

    if spec is not None:
        from gandsl.cli import data_fields

        refuse_old(output, "-o", ())
        table = data_fields.table_of(where, spec, set)
        if table is None:
            raise typer.BadParameter(f"{spec} reads plain images of {where}: leave --spec out, give --size")
        return data_fields.pack(table, output, skip_broken, _processes(workers))
    if size is None:
        raise typer.BadParameter("say how large: --size 64 or --size 96x160; or for which --spec")
    refuse_old(output, "-o", () if format == PackFile.npy else (".zip",))
    try:
        recipe = packing.Recipe(_size(size), filter.value, crop.value, channels, format.value, white)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    source = open_source(where)
    chosen = _labels(source, labels)
    with progress("packing", len(source.images)) as told:
        done = packing.pack(source, output, recipe, chosen, skip_broken, _processes(workers), told)
    for image, why in done.skipped:
        say(f"skipped {shown(image)}: {why}")
    of = f", {len(done.skipped)} skipped" if done.skipped else ""
    classes = f"{len({*chosen.numbers.tolist()})} classes" if chosen else "no labels"
    print(f"{done.images} images{of}, {classes}, {binary(_bytes(output))}: {output}")
    if done.enlarged:
        say(f"note: {done.enlarged} images were smaller than {size}, and were enlarged")
    return Exit.FINE


RUNS = {"inspect": inspect, "pack": pack}


def _wanted(spec: Path, sets: list[str] | None) -> tuple[tuple[int, int, int], int, Data | None]:
    """The image that a spec takes of its data, (c, h, w), the classes of the data's labels, the plan."""
    from gandsl.cli.read import reported
    from gandsl.cli.shelf import image_in

    module = reported(spec, sets)
    if module.game is not None and module.plan is not None:
        game = module.game.plan
        return game.image or _planar(image_in(module)), game.classes, module.plan.data
    inputs = (node.type for network in module.networks.values() for node in network.main.inputs)
    labels = [type_.shape[0] for type_ in inputs if type_.kind == "Label"]
    return _planar(image_in(module)), max(labels, default=0), module.plan.data if module.plan else None


def _planar(shape: tuple[int, ...]) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise typer.BadParameter(f"images are looked at, and the spec takes {shape}, channels first")
    return shape


def _size(text: str) -> tuple[int, int]:
    """`64` or `96x160` as (h, w)."""
    found = re.fullmatch(r"(\d{1,5})(?:[x×](\d{1,5}))?", text.strip().lower())
    if found is None:
        raise typer.BadParameter(f"--size {text}: give 64, or height and width as 96x160")
    return int(found[1]), int(found[2] or found[1])


def _bytes(output: Path) -> int:
    """Of a file, or of those in a folder."""
    return sum(file.stat().st_size for file in (output.iterdir() if output.is_dir() else [output]))


def _labels(source: Source, wanted: str) -> Labels | None:
    from gandsl_runtime.data.labels import from_file
    from gandsl_runtime.errors import DataError
    from gandsl_runtime.system.files import read

    if wanted == "none":
        return None
    if wanted == "auto":
        try:
            return source.labels()
        except DataError as fault:
            raise DataError(fault.message, f"{fault.remedy}; or pack without them: --labels none") from fault
    return from_file(read(Path(wanted)), source.images, wanted)


def _processes(wanted: int | None) -> int:
    from gandsl_runtime.data.parallel import processors

    return processors() if wanted is None else wanted
