"""Arguments and options that several commands share, said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gandsl.cli.completion import spec_names


class Format(StrEnum):
    """How a command that reports facts answers."""

    text = "text"
    json = "json"


Spec = Annotated[
    Path,
    typer.Argument(
        metavar="SPEC",
        help="a spec: a file, or a name that `gandsl specs` lists",
        show_default=False,
        autocompletion=spec_names,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="change a parameter (resolution=64) or any field (training.batch=16); may be repeated",
        show_default=False,
    ),
]
Answer = Annotated[Format, typer.Option("--format", help="answer for people or for programs")]
