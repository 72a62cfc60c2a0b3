"""`gandsl import`: an official checkpoint becomes a checkpoint of gandsl's."""

from __future__ import annotations

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from gandsl.cli.options import Answer, Format, Set


def run(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            metavar="CHECKPOINT...",
            help="a .pkl, .pt, .pth or .bin file; several of one model as `generator=FILE average=FILE`",
            show_default=False,
        ),
    ],
    spec: Annotated[
        Path | None,
        typer.Option(help="the spec it is to fit; default: the system's own", show_default=False),
    ] = None,
    set: Set = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="default: CHECKPOINT.safetensors", show_default=False
        ),
    ] = None,
    layout: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="read it in this layout; default: recognized", show_default=False),
    ] = None,
    format: Answer = Format.text,
) -> int:
    """Bring an official checkpoint into the matching spec. What the file contains is never run.

    Parameters (resolution, channels, classes …) are taken from the checkpoint; those given with --set
    are checked against it. Every key is accounted for, or nothing is written.
    """
    from gandsl.cli.output import print_json
    from gandsl.interop import import_checkpoint
    from gandsl.interop.recognize import sources

    files = sources(checkpoints)
    target = output or Path(checkpoints[0].rpartition("=")[2]).with_suffix(".safetensors")
    if target.suffix != ".safetensors":
        raise typer.BadParameter(f"{target} does not end in .safetensors")
    found = import_checkpoint(files, spec, set or (), layout)
    found.save(target)
    if format is Format.json:
        facts = found.report.to_json() | {"output": str(target), "overrides": list(found.overrides)}
        print_json("import/1", facts)
        return 0
    print(found.report.text())
    settings = "".join(f" --set {quote(text)}" for text in found.overrides)
    print(f"written to {target}; see it with\n  gandsl sample {found.spec}{settings} --weights {target}")
    return 0
