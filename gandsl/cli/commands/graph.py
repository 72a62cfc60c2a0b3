"""`gandsl graph`: pictures of the networks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gandsl.cli.options import Set, Spec, output_option


def run(
    spec: Spec,
    set: Set = None,
    output: Annotated[Path | None, output_option("a .html or .svg; default: NAME.html")] = None,
    network: Annotated[str | None, typer.Option(metavar="NAME", help="this network alone")] = None,
    game: Annotated[bool, typer.Option("--game", help="the game that a step plays, by calls")] = False,
    depth: Annotated[
        int | None, typer.Option(min=0, help="levels of blocks drawn open; default: down to the stages")
    ] = None,
) -> int:
    """Draw the networks: a page whose stages fold, which needs no network, or an SVG.

    Pointing at a node shows its type, its parameters and the line of the spec that it comes from.
    """
    from gandsl.analysis.cost import module_cost
    from gandsl.cli.read import module_of
    from gandsl.graph.game import game_picture
    from gandsl.graph.tree import picture

    module = module_of(spec, set)
    if game and module.game is None:
        raise typer.BadParameter(f"{spec} has no `training` section, so there is no game")
    if network is not None and network not in module.networks:
        raise typer.BadParameter(f"there is no network `{network}`: {', '.join(module.networks)}")
    path = output or Path(f"{module.name}.html")
    if path.suffix not in (".html", ".svg"):
        raise typer.BadParameter(f"{path}: the name ends in .html or .svg")
    chosen = ["game"] if game else [network] if network else list(module.networks)
    if game:
        pictures = [("game", game_picture(module))]
    else:
        cost = module_cost(module)
        pictures = [(name, picture(module.networks[name].main, cost.networks[name].nodes)) for name in chosen]
    if path.suffix == ".svg":
        from gandsl.graph import svg

        text = svg.render(pictures, depth)
    else:
        from gandsl.graph import html

        text = html.render(module.name, pictures, depth)
    from gandsl_runtime.system.files import write

    write(path, text)
    print(f"{path}: {', '.join(chosen)}")
    return 0
