"""Every spec of the repository: its game is text of the language, whose tokens stand where the user wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.frontend.references import names_in
from gandsl.spec.fill import WIDTH, filled
from gandsl.spec.parse import parse
from gandsl.spec.tree import to_plain
from tests import draw_ids as ids
from tests.frontend.short_form.shown import (
    BLOCKS,
    NOWHERE,
    expanded,
    game_of,
    module_of,
    read_back,
    spans,
    texts,
)
from tests.frontend.short_form.told import block
from tests.specs.families import one_of_each
from tests.specs.reduced import ALL

OF_TERMS = {"weight", "every", "batch", "from", "until", "log", "block"}


@pytest.mark.parametrize("name", one_of_each(ALL))
def test_the_game_of_a_spec(name: str) -> None:
    module = module_of(name)
    tree = expanded(module)
    assert texts(read_back(tree)) == texts(tree)
    assert max(map(len, filled(tree, BLOCKS).splitlines())) <= WIDTH
    assert {span.file for span in spans(tree)} <= set(module.document.sources)
    for span in spans(tree):
        lines = module.document.sources[span.file].split("\n")
        assert lines[span.line - 1][span.column - 1 : span.end_column - 1 or None].strip(), span
    holds_together(to_plain(tree))


def holds_together(sections: dict[str, Any]) -> None:
    """Names are of what stands before them, arguments of the block that gets them."""
    game, known = sections["game"], set(sections["data"])
    for name, node in game["body"].items():
        assert _named(node) <= known | {name} | _later(node, game["body"]), (name, node)
        known.add(name)
    for player in game["players"].values():
        for term in player["terms"].values():
            assert _named({key: one for key, one in term.items() if key != "log"}) <= known, term
    for node in [*game["body"].values(), *(t for p in game["players"].values() for t in p["terms"].values())]:
        if isinstance(node, dict) and "block" in node:
            _fits(node)
    assert {name for shown in game["shows"] for name in _names(shown)} <= known
    assert all(_named({"value": one}) <= known for one in game["watches"].values())


def _later(node: Any, body: dict[str, Any]) -> set[str]:
    """In the `next` of a state, and there alone, later nodes are named."""
    return set(body) if isinstance(node, dict) and "state" in node else set()


def _fits(node: dict[str, Any]) -> None:
    used, given = block(node["block"]), node.keys() - OF_TERMS
    assert given <= {*used.ports, *used.params, used.weight}, node
    needed = {name for name, port in used.ports.items() if not port.optional}
    # a loss that only G reads in this node needs no real images
    assert needed - {"real"} <= given, node


WORDS = {"per", "holds", "draws", "op", "block", "network", "distribution", "pipe", "state", "in", "moved"}


def _named(node: Any) -> set[str]:
    """Names of nodes and fields that a node reads."""
    if not isinstance(node, dict):
        return set(_names(node))
    if isinstance(node.get("value"), dict):
        return set()  # a curve
    held = {"draw", *WORDS, "every", "start", "when", "outputs", "log", "sizes", "processes"}
    held |= {"gamma", "weight", "batch", "decay", "size", "one_sided", "target", "probability"}
    return {name for key, one in node.items() if key not in held for name in _named(one)}


def _names(text: Any) -> Iterator[str]:
    for one in text if isinstance(text, list) else [text]:
        if isinstance(one, str) and not re.fullmatch(r"[\d.e+-]+ (img|kimg|Mimg|steps?)", one):
            expression = parse(one, NOWHERE, Diagnostics())
            assert expression is not None, one
            yield from names_in(expression) - FUNCTIONS


FUNCTIONS = {
    "mean",
    "average",
    "first_present",
    "sign",
    "clip",
    "lerp",
    "weights",
    "present",
    "generator",
    "discriminator",
    "batch",
}


@pytest.mark.parametrize(("name", "lines"), [("stylegan2", 60), ("biggan", 40), ("pggan", 40)])
def test_a_game_fits_on_a_screen(name: str, lines: int) -> None:
    assert len(filled(expanded(module_of(name)), BLOCKS).splitlines()) <= lines


def test_what_is_drawn_keeps_its_name() -> None:
    """Names of nodes are in the keys of draws: those of docs/training.md, by `rng.ids`."""
    body = game_of("stylegan2/ada", classes=3)["body"]
    drawn = {name for name, node in body.items() if isinstance(node, dict) and "draw" in node}
    assert drawn == {"z", "z2", ids.LABELS}
    calls = {name for name, node in body.items() if isinstance(node, dict) and "network" in node}
    assert calls == {ids.MAPPED, ids.OTHER, ids.FAKE, ids.REAL, ids.SAID}
    views = {name for name, node in body.items() if isinstance(node, dict) and node.get("op") == "augment"}
    assert views == {ids.SEEN["real"], ids.SEEN["fake"]}
    drawing = [entry.key for entry in block("style.crossover").body if "draw" in to_plain(entry.value)]
    inside = {f"ws.{name}" for name in drawing}
    assert "ws" in body and inside == {ids.SPLIT, ids.COIN}
    assert f"generator.path_length.{next(iter(block('penalty.path_length').body)).key}" == ids.PATH_LENGTH


def test_what_is_drawn_between_and_of_several_latents() -> None:
    body = game_of("pggan")["body"]
    assert list(body)[-4:-1] == [ids.MIX, "between", ids.JUDGED["between"]]
