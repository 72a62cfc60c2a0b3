"""`gandsl show`: the spec as the compiler understands it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gandsl.cli.options import Answer, AnswerFormat, Set, Spec
from gandsl.ir.game import GAME

if TYPE_CHECKING:
    from gandsl.frontend.module import ModuleIR
    from gandsl.ir.graph import NetworkIR


def run(
    spec: Spec,
    set: Set = None,
    ir: Annotated[bool, typer.Option("--ir", help="print the graphs: one line a node")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="with --ir: every parameter, and where each node is from")
    ] = False,
    network: Annotated[
        str | None, typer.Option(metavar="NAME", help="with --ir: this network alone, or `game`")
    ] = None,
    game: Annotated[
        bool, typer.Option("--game", help="print what its networks are trained to do, written out")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="list what was set and patched, and the places that it changed")
    ] = False,
    format: Answer = AnswerFormat.text,
) -> int:
    """Print the spec with everything resolved; the text is a spec itself.

    `extends` and patches are applied, parameters have the values in force, the training plan every default.
    --explain lists instead what `set`, `patch` and --set changed, wildcards with all that they found.
    --game prints `data:` and `game:`, which may stand in the spec instead of `loss:` and what belongs to it.
    """
    from gandsl.analysis.resolved import resolved, resolved_text
    from gandsl.cli.output import print_json
    from gandsl.cli.read import module_of

    module = module_of(spec, set)
    if network is not None and network not in (*module.networks, GAME):
        raise typer.BadParameter(f"there is no network `{network}`: {', '.join((*module.networks, GAME))}")
    if explain:
        return _explain(module, format)
    if game:
        return _game(module, spec, format)
    if not ir:
        if format is AnswerFormat.json:
            print_json("show/1", {"spec": resolved(module)})
        else:
            print(resolved_text(module), end="")
        return 0
    from gandsl.ir.text import network_text

    chosen = [network] if network else list(module.networks)
    texts = {name: network_text(_graphs(module, name, spec), full=full) for name in chosen}
    if format is AnswerFormat.json:
        print_json("show-ir/1", {"name": module.name, "networks": texts})
    else:
        print("\n".join(texts.values()), end="")
    return 0


def _explain(module: ModuleIR, format: AnswerFormat) -> int:
    """Each change with its places: what a wildcard found."""
    from gandsl.cli.output import print_json
    from gandsl.spec.changed import changes

    found = changes(module.document)
    if format is AnswerFormat.json:
        rows = [{"change": one.said, "at": str(one.span), "places": [*one.places]} for one in found]
        print_json("show-explain/1", {"name": module.name, "changes": rows})
        return 0
    for one in found:
        where = "" if one.span.file.startswith("--set ") else f"  ({one.span.file}:{one.span.line})"
        print(f"{one.said}{where}")
        for place in one.places or ("nothing: taken out, or replaced by a later change",):
            print(f"  {place}")
    if not found:
        print("nothing is set or patched")
    return 0


def _game(module: ModuleIR, spec: Path, format: AnswerFormat) -> int:
    """`data:` and `game:`, as the short form has them or as they are written."""
    from gandsl.cli.output import print_json
    from gandsl.frontend.short_form.game_tree import game_tree
    from gandsl.spec.fill import filled
    from gandsl.spec.tree import to_plain

    tree = game_tree(module.document, module.networks, module.plan)
    if tree is None:
        raise typer.BadParameter(f"{spec} has no `training` section, so there is no game")
    if format is AnswerFormat.json:
        print_json("show-game/1", {"name": module.name, **to_plain(tree)})
    else:
        print(filled(tree, ("data", "game", "body", "players")), end="")
    return 0


def _graphs(module: ModuleIR, name: str, spec: Path) -> NetworkIR:
    """A network, or the graphs of the game under the name `game`."""
    from gandsl.ir.graph import NetworkIR

    if name != GAME:
        return module.networks[name]
    if module.game is None:
        raise typer.BadParameter(f"{spec} has no `training` section, so there is no game")
    levels = next(iter(module.networks.values())).levels
    return NetworkIR(GAME, module.game.graphs, levels)
