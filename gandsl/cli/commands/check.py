"""`gandsl check`: read, unfold and type specs, and report whatever is wrong or known to train badly."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gandsl.cli.completion import spec_names
from gandsl.cli.exits import Exit
from gandsl.cli.options import Set


class CheckFormat(StrEnum):
    """How the findings are told."""

    text = "text"
    json = "json"
    sarif = "sarif"


def run(
    specs: Annotated[
        list[Path], typer.Argument(metavar="SPEC...", help="specs to check", autocompletion=spec_names)
    ],
    set: Set = None,
    format: Annotated[
        CheckFormat, typer.Option(help="text, JSON, or SARIF for code hosts")
    ] = CheckFormat.text,
) -> int:
    """Check specs: every error at once, with its place. Exit code 1 if there is an error."""
    from gandsl.cli.output import colored, columns, print_json
    from gandsl.cli.read import analyzed, taken
    from gandsl.diagnostics import Diagnostics
    from gandsl.diagnostics.excerpt import one_line
    from gandsl.diagnostics.text import render_text, summary

    found = Diagnostics()
    lines = []
    for path in specs:
        _, diagnostics = analyzed(path, set)
        found.extend(diagnostics)
        found.sources.update(diagnostics.sources)
        lines.append((path, diagnostics))
    match format:
        case CheckFormat.json:
            from gandsl.diagnostics.json import to_json
            from gandsl.spec.files import spec_file

            each = [
                {"spec": str(path), "file": spec_file(str(path)).path, "ok": not own.has_errors}
                for path, own in lines
            ]
            print_json("check/1", {"ok": not found.has_errors, "specs": each, **to_json(found)})
        case CheckFormat.sarif:
            from gandsl.diagnostics.sarif import render_sarif

            print(render_sarif(found))
        case CheckFormat.text:
            if len(found):
                color = colored(sys.stdout)
                print(render_text(found, found.sources, color=color, columns=columns()), end="\n\n")
            for path, diagnostics in lines:
                which = f" ({taken(path)})" if taken(path) else ""
                print(f"{one_line(str(path) + which)}: {summary(diagnostics) or 'fine'}")
    return Exit.INPUT if found.has_errors else Exit.FINE
