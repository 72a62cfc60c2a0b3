"""`gandsl import`: an official checkpoint becomes a checkpoint of gandsl's."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gandsl.cli.options import Answer, AnswerFormat, Set, output_option, spec_option


class Only(StrEnum):
    """One network of two."""

    generator = "generator"
    discriminator = "discriminator"


def run(
    checkpoints: Annotated[
        list[str],
        typer.Argument(
            metavar="CHECKPOINT...",
            help="a .pkl, .pt, .pth, .bin, .ckpt or .safetensors file; several of one model as "
            "`generator=FILE average=FILE`",
        ),
    ],
    spec: Annotated[Path | None, spec_option("the spec it is to fit; default: the system's own")] = None,
    set: Set = None,
    output: Annotated[Path | None, output_option("default: CHECKPOINT.safetensors beside it")] = None,
    layout: Annotated[
        str | None, typer.Option(metavar="NAME", help="read it in this layout; default: recognized")
    ] = None,
    only: Annotated[
        Only | None,
        typer.Option(help="this network alone, whatever the other is; with the generator comes its average"),
    ] = None,
    format: Answer = AnswerFormat.text,
) -> int:
    """Bring an official checkpoint into the matching spec. What the file contains is never run.

    Parameters (resolution, channels, classes …) are taken from the checkpoint; those given with --set
    are checked against it. Every key is accounted for, or nothing is written.
    """
    from gandsl.cli.output import print_json
    from gandsl.interop import import_checkpoint
    from gandsl.interop.recognize import sources
    from gandsl_runtime.system.pasted import pasted

    files = sources(checkpoints)
    read = list(files.values()) if isinstance(files, dict) else files
    target = output or _beside(read[0], only)
    if target.suffix != ".safetensors":
        raise typer.BadParameter(f"{target} does not end in .safetensors")
    if any(target.exists() and path.exists() and target.samefile(path) for path in read):
        raise typer.BadParameter(f"{target} is the file to be read: name another one with -o")
    found = import_checkpoint(files, spec, set or (), layout, only)
    found.save(target)
    if format is AnswerFormat.json:
        facts = found.report.to_json() | {"output": str(target), "overrides": list(found.overrides)}
        print_json("import/1", facts)
        return 0
    print(found.report.text())
    if found.states.keys() & {"generator", "average"}:  # a discriminator draws nothing
        print(f"written to {target}; see it with\n  {pasted('sample', target)}")
    else:
        print(f"written to {target}")
    return 0


def _beside(checkpoint: Path, only: Only | None) -> Path:
    """Where an import goes that names no place: never the checkpoint itself."""
    ending = f".{only}.safetensors" if only else ".safetensors"
    target = (
        checkpoint.with_name(f"{checkpoint.stem}{ending}") if checkpoint.name else Path(f"imported{ending}")
    )
    return target if target != checkpoint else checkpoint.with_name(f"{checkpoint.stem}.gandsl{ending}")
