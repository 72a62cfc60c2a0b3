"""What the passes of a game compute once though it is written twice, as text for `compile --dump-passes`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gandsl.analysis.game.merging import merging
from gandsl.analysis.game.slices import pass_slice
from gandsl.codegen.analysis.game.moments import passes_of
from gandsl.ir.game import GameIR
from gandsl.ir.graph import NetworkIR, Variant


def merged_text(game: GameIR, networks: Mapping[str, NetworkIR]) -> str:
    """Each pass of each stage: its nodes before and after, which is which, and why others stay two."""
    return (
        "\n".join(line for variant in sorted(game.graphs) for line in _lines(game, networks, variant)) + "\n"
    )


def _lines(game: GameIR, networks: Mapping[str, NetworkIR], variant: Variant) -> Iterator[str]:
    stage = f" level {variant.level}{' fading' * variant.fading}" if len(game.graphs) > 1 else ""
    for phase, part in passes_of(game.plan_at(variant)).values():
        before = pass_slice(game, networks, variant, phase, part)
        found = merging(game, before)
        terms = ", ".join(term.id for term in before.terms)
        yield f"# {phase.name}{stage} ({terms}): {len(before.nodes)} → {len(found.of.nodes)} nodes"
        yield from (f"  fired {id_}: is {first}" for id_, first in found.same.items())
        yield from (f"  skipped {one.id}: like {one.like}, but {one.why}" for one in found.apart)
