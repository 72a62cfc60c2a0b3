"""`gandsl export-weights`: a checkpoint of gandsl's becomes state_dict files of another implementation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gandsl.cli.options import Answer, AnswerFormat, Set, output_option, spec_option


def run(
    source: Annotated[
        Path,
        typer.Argument(metavar="FILE|RUN", help="an imported or trained .safetensors, or a run's folder"),
    ],
    output: Annotated[Path, output_option("a file, or a folder where each network has one", "PATH")],
    layout: Annotated[
        str | None, typer.Option(metavar="NAME", help="whose names; default: those it was imported from")
    ] = None,
    spec: Annotated[
        Path | None, spec_option("the spec of the weights; default: that of the import or run")
    ] = None,
    set: Set = None,
    part: Annotated[
        list[str] | None, typer.Option(help="generator, discriminator or average; may be repeated")
    ] = None,
    format: Answer = AnswerFormat.text,
) -> int:
    """Write weights as other implementations name them: torch.save of plain state_dicts, no code."""
    from gandsl.cli.output import print_json, say
    from gandsl.interop import export_weights

    done = export_weights(source, output, layout, spec, set or (), part or ())
    for reason in done.passed_over:
        say(f"warning: {reason}")
    if format is AnswerFormat.json:
        print_json("export-weights/1", {"layout": done.layout, "files": dict(done.files)})
        return 0
    for file, parts in done.files.items():
        print(f"{file}: {', '.join(parts)} ({done.layout})")
    return 0
