"""Consistency: images that are transformed once more, and those of latents that moved a little."""

from __future__ import annotations

from gandsl.diagnostics import Span
from gandsl.frontend.short_form.make import number
from gandsl.frontend.short_form.nodes import Images, Nodes
from gandsl.spec.tree import Tree


def judged_again(nodes: Nodes, place: str, term: str, pipe: Tree, span: Span) -> str:
    """What D says of the images at a place, each transformed by `pipe` behind the plan's augmentation.

    term: its id, under which draws are made.
    """
    moved = f"{place}_moved"
    seen = nodes.seen(place)
    draws = f"{term}.moved"
    nodes.add(
        "moved", moved, {"op": "augment", "x": seen.whole, "pipe": pipe, "p": "1", "draws": draws}, span
    )
    again = nodes.judge(
        "moved_said", f"{place}_again", nodes.split(moved), nodes.labels(place), span, draws=f"{term}.again"
    )
    return nodes.said(again)


def near(nodes: Nodes, term: str, sigma: float, name: str, span: Span) -> Images:
    """Images of the same draws, but that each number of the latents is moved by N(0, sigma²)."""

    def moved(stem: str) -> dict[str, str]:
        found = {}
        for port, whole in ((p, nodes.latent(p, stem)) for p in nodes.roles.latents):
            draws = whole.strip("[]").split(", ")
            made = []
            for node, draw in zip(port.nodes, draws, strict=True):
                move = {"draw": f"generator.{node}", "distribution": "normal", "draws": f"{term}.{draw}"}
                by = nodes.add("near", f"{name}_by_{draw}", move, span)
                made.append(nodes.add("near", f"{name}_{draw}", f"{draw} + {number(sigma)} * {by}", span))
            found[port.name] = f"[{', '.join(made)}]" if port.is_list else made[0]
        return found

    more = nodes.held()
    if not nodes.mixing:
        node = {"network": "generator", **nodes.inputs(moved("z")), **more, "draws": "fake"}
    else:
        nodes.styles()
        mapped = nodes.add("near", f"{name}_mapped", nodes.other(moved("z"), draws="mapped"), span)
        other = nodes.add("near", f"{name}_other", nodes.other(moved("z2"), draws="other"), span)
        crossed = {"op": "crossover", "a": mapped, "b": other, "at": "ws.at"}
        ws = nodes.add("near", f"{name}_ws", crossed, span)
        node = {"network": "generator.synthesis", "ws": ws, **more, "draws": "fake"}
    several = {"outputs": "all"} if nodes.roles.outputs["generator"] > 1 else {}
    return nodes.generated_by(nodes.add("near", name, {**node, **several}, span))


def near_judged(nodes: Nodes, term: str, sigma: float, name: str, span: Span) -> str:
    """What D says of them: it sees them by the same draws of augmentation as the others."""
    images = nodes.viewed("near", f"{name}_seen", near(nodes, term, sigma, name, span), draws="shown")
    said = nodes.judge("near_said", f"{name}_said", images, nodes.labels("fake"), span, draws=f"{term}.again")
    return nodes.said(said)
