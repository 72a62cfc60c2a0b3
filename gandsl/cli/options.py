"""Arguments and options that several commands share, said once."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gandsl.cli.completion import spec_names

if TYPE_CHECKING:
    from gandsl_runtime.sample import NoiseMode


class AnswerFormat(StrEnum):
    """How a command that reports facts answers."""

    text = "text"
    json = "json"


class NoiseChoice(StrEnum):
    """What noise layers add."""

    random = "random"
    constant = "constant"
    const = "const"  # another word for it
    none = "none"


NOISES: dict[NoiseChoice, NoiseMode] = {
    NoiseChoice.random: "random",
    NoiseChoice.constant: "constant",
    NoiseChoice.const: "constant",
    NoiseChoice.none: "none",
}


Spec = Annotated[
    Path,
    typer.Argument(
        metavar="SPEC", help="a spec: a file, or a name that `gandsl specs` lists", autocompletion=spec_names
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="change a parameter (resolution=64) or any field (training.batch=16); may be repeated",
    ),
]
Answer = Annotated[AnswerFormat, typer.Option("--format", help="answer for people or for programs")]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda, cuda:1 …; default: auto, which takes a GPU if there is one")
]
Readers = Annotated[
    int | None,
    typer.Option("--workers", min=0, help="processes that read images; default: one for each core"),
]


def output_option(help: str, metavar: str = "FILE") -> Any:
    """`-o`: where the result goes."""
    return typer.Option("--output", "-o", metavar=metavar, help=help)


def spec_option(help: str) -> Any:
    """`--spec`: beside what the command is about."""
    return typer.Option(metavar="SPEC", help=help, autocompletion=spec_names)


def refuse_old(path: Path, option: str, endings: Collection[str]) -> None:
    """Raises BadParameter unless the name is free and has such an ending, of which the first is named.

    Without endings it has to have none, as folders have that are written.
    """
    if not endings and path.suffix:
        raise typer.BadParameter(f"{option} {path} is to be a folder: leave {path.suffix} out")
    if endings and path.suffix.lower() not in endings:
        raise typer.BadParameter(f"{option} {path} must end in {next(iter(endings))}")
    if path.exists():
        raise typer.BadParameter(f"{path} is there already: remove it, or give another name")
