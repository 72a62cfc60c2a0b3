"""`gandsl eval`: how good samples are, in figures that carry what they depend on."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gandsl.cli.options import NOISES, NoiseChoice, output_option


class ReportFormat(StrEnum):
    """How figures are told."""

    text = "text"
    markdown = "markdown"
    csv = "csv"
    json = "json"


class Checkpoints(StrEnum):
    """Which of a run are evaluated."""

    newest = "newest"
    all = "all"


def run(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUN...", help="runs, checkpoints, files of weights; or images: a folder, .zip, .npz"
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(metavar="WHERE", help="real images, as for training"),
    ],
    held_out: Annotated[
        str | None,
        typer.Option(metavar="WHERE", help="real images that were not trained on, for the floor"),
    ] = None,
    metrics: Annotated[
        str | None,
        typer.Option(help="names, such as kid,fd; all; default: kid, precision, recall, density, coverage"),
    ] = None,
    images: Annotated[int, typer.Option(min=16, help="samples")] = 5000,
    real_images: Annotated[
        str | None, typer.Option(metavar="N|all", help="real images; default: as many as samples")
    ] = None,
    extractor: Annotated[
        str | None,
        typer.Option(metavar="NAME[:FILE]", help="whose features; default: lite0 (docs/evaluation.md)"),
    ] = None,
    filter: Annotated[
        str | None, typer.Option(help="that resizes images for the extractor; default: its own")
    ] = None,
    neighbours: Annotated[
        int, typer.Option(min=1, max=100, help="k of precision, recall, density, coverage")
    ] = 5,
    checkpoints: Annotated[Checkpoints, typer.Option(help="of runs")] = Checkpoints.newest,
    seed: Annotated[int, typer.Option(min=0, help="the first of the samples' seeds")] = 0,
    truncation: Annotated[
        str | None, typer.Option(metavar="ψ[,ψ…]", help="of styles, else of latents; several: a curve")
    ] = None,
    cutoff: Annotated[int | None, typer.Option(min=1, help="truncate the styles of this many layers")] = None,
    noise: Annotated[NoiseChoice, typer.Option(help="what noise layers add")] = NoiseChoice.random,
    network: Annotated[
        str | None, typer.Option(metavar="NAME", help="another than the generator; NAME.OUTPUT: one output")
    ] = None,
    truth: Annotated[
        str | None,
        typer.Option(metavar="FIELD", help="of translators: the true partner of what is made"),
    ] = None,
    device: Annotated[
        str, typer.Option(help="cpu, cuda, cuda:1 …; auto takes a GPU if there is one")
    ] = "auto",
    format: Annotated[ReportFormat, typer.Option(help="how figures are told")] = ReportFormat.text,
    output: Annotated[
        Path | None, output_option(".html: a page; .json, .csv, .md: what --format prints")
    ] = None,
) -> int:
    """Evaluate samples against real images: KID, precision, recall, FD, SWD, copies and others.

    Each figure has its floor (real images against others) and says what it depends on. Those of a run are
    kept in its folder, where `gandsl plot` finds them.
    """
    from gandsl.cli.data_sets import named_sets
    from gandsl.cli.evaluating.asked import EvaluationAsked, check_output, written
    from gandsl.cli.evaluating.evaluation import evaluated

    check_output(output)
    where = named_sets(data)
    assert where is not None
    asked = EvaluationAsked.of(
        metrics, images, real_images, extractor, filter, neighbours, seed, truncation, cutoff, NOISES[noise],
        network, truth, device,
    )  # fmt: skip
    columns = evaluated(sources, where, held_out, asked, every=checkpoints is Checkpoints.all)
    if columns is not None:  # of several processes the first one has them
        written(columns, format.value, output)
    return 0
