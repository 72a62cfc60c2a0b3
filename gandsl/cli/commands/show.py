"""`gandsl show`: the spec as the compiler understands it."""

from __future__ import annotations

from typing import Annotated

import typer

from gandsl.cli.options import Answer, AnswerFormat, Set, Spec


def run(
    spec: Spec,
    set: Set = None,
    ir: Annotated[bool, typer.Option("--ir", help="print the graphs: one line a node")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="with --ir: every parameter, and where each node is from")
    ] = False,
    network: Annotated[str | None, typer.Option(metavar="NAME", help="with --ir: this network alone")] = None,
    format: Answer = AnswerFormat.text,
) -> int:
    """Print the spec with everything resolved; the text is a spec itself.

    `extends` and patches are applied, parameters have the values in force, the training plan every default.
    """
    from gandsl.analysis.resolved import resolved, resolved_text
    from gandsl.cli.output import print_json
    from gandsl.cli.read import module_of

    module = module_of(spec, set)
    if network is not None and network not in module.networks:
        raise typer.BadParameter(f"there is no network `{network}`: {', '.join(module.networks)}")
    if not ir:
        if format is AnswerFormat.json:
            print_json("show/1", {"spec": resolved(module)})
        else:
            print(resolved_text(module), end="")
        return 0
    from gandsl.ir.text import network_text

    chosen = [network] if network else list(module.networks)
    texts = {name: network_text(module.networks[name], full=full) for name in chosen}
    if format is AnswerFormat.json:
        print_json("show-ir/1", {"name": module.name, "networks": texts})
    else:
        print("\n".join(texts.values()), end="")
    return 0
