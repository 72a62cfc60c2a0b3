"""`gandsl compile`: from a spec to readable source and a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.exits import Exit
from gandsl.cli.options import Answer, AnswerFormat, Set, Spec, output_option

if TYPE_CHECKING:
    from gandsl.api import Program


def run(
    spec: Spec,
    set: Set = None,
    output: Annotated[Path | None, output_option("where to; default: generated/NAME", "DIR")] = None,
    check: Annotated[
        bool, typer.Option("--check", help="write nothing; end with 8 if what is there is stale")
    ] = False,
    dump_passes: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="write what each pass did, and the graph after it, here"),
    ] = None,
    format: Answer = AnswerFormat.text,
) -> int:
    """Write readable source, the training plan and a manifest to generated/NAME/.

    Every program is also lowered to torch.fx, taken through all passes and verified; `--check` only
    compares files.
    """
    from gandsl.cli.output import print_json
    from gandsl.cli.read import reported
    from gandsl_runtime.system.pasted import pasted

    module = reported(spec, set)
    folder = output or Path("generated") / module.name
    from gandsl import codegen

    if check:
        stale = codegen.stale(module, folder)
        if format is AnswerFormat.json:
            print_json("compile/1", {"name": module.name, "folder": str(folder), "stale": stale})
        elif stale:
            command = pasted("compile", spec, *(("-o", output) if output else ()), sets=set)
            print(f"{folder} is stale: {', '.join(stale)}\nrun `{command}`")
        else:
            print(f"{folder} is up to date")
        return Exit.DIFFERENT if stale else Exit.FINE
    from gandsl.api import Program

    program = Program(module)
    summary = _optimize(program, dump_passes)
    if dump_passes is not None and module.game is not None:
        from gandsl.cli.merged import merged_text
        from gandsl_runtime.system.files import write

        write(dump_passes / "game.txt", merged_text(module.game, module.networks))
    changed = codegen.write(module, folder)
    if format is AnswerFormat.json:
        body = {"name": module.name, "folder": str(folder), "changed": changed, "programs": summary}
        print_json("compile/1", body)
        return Exit.FINE
    for name, (before, after) in summary.items():
        print(f"{name}: {before} nodes, {after} after the passes")
    print(f"{folder}: " + (f"wrote {', '.join(changed)}" if changed else "was up to date"))
    return Exit.FINE


def _optimize(program: Program, dump: Path | None) -> dict[str, tuple[int, int]]:
    """Lower every program, run the passes, verify. Node counts before and after, by program."""
    import torch

    from gandsl_runtime.system.files import write

    found = {}
    with torch.device("meta"):  # shapes only: no memory, no time
        networks = {name: program.network(name) for name in program.module.networks}
    for name, network in networks.items():
        for variant in network.ir.programs:
            log = network.pass_log(level=variant.level, fading=variant.fading)
            title = (
                name if not network.levels else f"{name} level {variant.level}" + " fading" * variant.fading
            )
            found[title] = (log.records[0].nodes_before, log.records[-1].nodes_after)
            if dump is not None:
                write(dump / f"{title.replace(' ', '_')}.txt", log.dump())
    return found
