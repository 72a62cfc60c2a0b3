"""`gandsl diff`: two specs side by side, or one and what `--set` would make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gandsl.cli.exits import Exit
from gandsl.cli.options import Answer, AnswerFormat, Set, Spec


def run(
    old: Spec,
    new: Annotated[
        Path | None, typer.Argument(metavar="NEW", help="the spec to compare with; default: SPEC itself")
    ] = None,
    set: Set = None,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="end with 8 where the specs differ, like git's with 1")
    ] = False,
    format: Answer = AnswerFormat.text,
) -> int:
    """What differs: parameters, plan, nodes, cost, and whether trained weights still fit.

    `--set` applies to NEW, so that `gandsl diff a.yaml --set resolution=512` shows what a change would do.
    Weights are compatible (all load), partial (some do: the keys are named) or breaking (none does).
    """
    if new is None and not set:
        raise typer.BadParameter("a spec is no different from itself: name another, or change it with --set")
    from gandsl.cli.memory import remembered, remembered_line
    from gandsl.cli.output import columns, print_json
    from gandsl.cli.read import module_of
    from gandsl.diff import compare

    diff = compare(module_of(old, None), module_of(new or old, set))
    if format is AnswerFormat.json:
        from gandsl.diff.json import to_json

        print_json("diff/1", {**to_json(diff), **remembered(diff)})
    else:
        from gandsl.diff.text import render

        print(render(diff, columns=columns()))
        if diff and (line := remembered_line(diff)):
            print(f"\n{line}")
    return Exit.DIFFERENT if diff and exit_code else Exit.FINE
