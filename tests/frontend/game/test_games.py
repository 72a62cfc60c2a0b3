"""Whole games, written out in small: their nodes, players and states are what their files say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.frontend.elaborate import elaborate
from gandsl.frontend.module import ModuleIR
from gandsl.ir.game import GAME, GameIR
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.ir.parser import parse_network
from gandsl.ir.text import network_text
from gandsl.spec.loader import load

GAMES = Path(__file__).parents[2] / "games"
NAMES = sorted(path.stem for path in GAMES.glob("*.yaml") if path.stem != "nets")


def module(name: str) -> ModuleIR:
    diagnostics = Diagnostics()
    document = load(GAMES / f"{name}.yaml", diagnostics=diagnostics)
    assert document is not None
    found = elaborate(document, diagnostics)
    assert found is not None and not len(diagnostics), [one.message for one in diagnostics]
    return found


def game(name: str) -> GameIR:
    found = module(name).game
    assert found is not None
    return found


def upstream(graph: Graph, id_: str) -> set[str]:
    """All nodes below a node, itself included."""
    seen: set[str] = set()
    waiting = [id_]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += graph[one].operands
    return seen


def sources(graph: Graph, id_: str) -> set[str]:
    """What a node is computed from, of all that a pass takes from outside."""
    return {
        one for one in upstream(graph, id_) if graph[one].op in ("item", "draw", "state", "clock", "fade")
    }


def calls(graph: Graph, id_: str) -> set[str]:
    return {one for one in upstream(graph, id_) if graph[one].op == "call"}


@pytest.mark.parametrize("name", NAMES)
def test_its_text_gives_an_equal_game(name: str) -> None:
    made = module(name)
    assert made.game is not None
    levels = next(iter(made.networks.values())).levels
    whole = NetworkIR(GAME, made.game.graphs, levels)
    for full in (True, False):
        diagnostics = Diagnostics()
        again = parse_network(network_text(whole, full=full), "text", diagnostics)
        assert again is not None, [one.message for one in diagnostics]
        assert again.programs == whole.programs


@pytest.mark.parametrize("name", NAMES)
def test_terms_are_scalars_of_the_graph(name: str) -> None:
    made = game(name)
    for variant, graph in made.graphs.items():
        graph.verify()
        for player in made.plan_at(variant).players.values():
            for term in player.terms:
                assert graph[term.node].type.kind == "Scalar"
                assert graph.outputs[term.id] == term.node
                assert term.sampled == any(graph[one].type.sampled for one in upstream(graph, term.node))


def test_stylegan2_ada() -> None:
    made = game("stylegan2_ada")
    graph, plan = made.main, made.plan
    assert graph["other"].attrs["holds"] == ("track_average",) and graph["mapped"].attrs["holds"] == ()
    assert graph["fake"].attrs["entry"] == "synthesis" and graph["fake"].operands == ("ws.x",)
    assert sources(graph, "ws.x") == {"z", "z2", "c", "ws.split", "ws.coin"}
    assert graph["ws.split"].attrs["per"] == "micro_batch"
    assert graph["real"].operands == ("seen.x", "y") and graph["said"].operands == ("shown.x", "c")
    assert graph["seen"].inputs == {"x": ("image",), "p": ("p",)}
    r1, path = plan.players["discriminator"].terms[1], plan.players["generator"].terms[1]
    assert (r1.weight, r1.every, r1.batch) == (2.0, 16, None)
    assert (path.weight, path.every, path.batch) == (2.0, 4, 4)
    assert sources(graph, r1.node) == {"image", "y", "p"}  # and no generated image
    assert graph["discriminator.r1.slope"].inputs == {"of": ("discriminator.r1.score",), "by": ("image",)}
    assert graph["generator.path_length.slope"].inputs["by"] == ("ws.x",)
    states = {state.id: state for state in plan.states}
    assert states["p"].heard == ("sure",) and states["p"].every == 4
    assert states["p"].players == ("discriminator",)
    mean = states["generator.path_length.a"]
    assert mean.players == ("generator",) and mean.heard == ("generator.path_length.moved",)
    assert sources(graph, "p.next") == {"p"}
    assert plan.shows == ("fake.image",)


def test_pggan() -> None:
    made = game("pggan")
    assert list(made.graphs) == [Variant(), Variant(1), Variant(1, True), Variant(2), Variant(2, True)]
    for variant, graph in made.graphs.items():
        side = 4 * 2**variant.level
        assert graph["image"].type.shape == (3, 16, 16)  # whatever the level
        assert graph["real"].operands[0] != "image" and graph[graph["real"].operands[0]].type.shape == (
            3,
            side,
            side,
        )
        assert graph["fake"].attrs["names"] == (("z", "alpha") if variant.fading else ("z",))
        assert ("alpha" in graph.nodes) == variant.fading
        fades = {node.id for node in graph if "alpha" in node.operands}
        assert fades == ({"fake", "real", "said", "middle", "item.faded"} if variant.fading else set())
        assert sources(graph, "middle") >= {"image", "z", "mix"}
    assert [term.weight for term in made.plan.players["discriminator"].terms] == [1.0, 10.0, 0.001]


def test_biggan() -> None:
    made = game("biggan")
    graph = made.main
    assert str(graph["images"].type) == "Image[3, 32, 32] ×2" and str(graph["labels"].type) == "Label[3] ×2"
    assert graph["images"].operands == ("fake.image", "image") and graph["labels"].operands == ("c", "y")
    assert graph["both.head"].type.times == 2 and graph["halves.x"].type.times == 1
    assert calls(graph, "judged.d") == {"fake", "both"} and calls(graph, "wanted.g") == {"fake", "said"}
    assert "wanted.d" not in graph.nodes  # no real logits were given
    orthogonal = made.plan.players["generator"].terms[1]
    assert not orthogonal.sampled and orthogonal.weight == 1e-4
    assert graph["generator.orthogonal.sub"].attrs["skip"] == ("shared",)
    assert made.plan.players["discriminator"].steps == 2


def test_r3gan() -> None:
    made = game("r3gan")
    graph = made.main
    generator, discriminator = made.plan.players["generator"], made.plan.players["discriminator"]
    assert "image" in sources(graph, generator.terms[0].node)  # its loss reads real images
    assert [term.weight for term in discriminator.terms] == [1.0, "gamma", "gamma"]
    assert graph["gamma"].op == "clock" and graph["gamma"].attrs["number"].shape == "cosine"
    assert "y" not in graph.nodes and "c" not in graph.nodes  # no classes, so neither is there


def test_began() -> None:
    made = game("began")
    graph, plan = made.main, made.plan
    (state,) = plan.states
    assert state.heard == ("real", "fake") and sources(graph, state.next) == {"k"}
    weight = plan.players["discriminator"].terms[1].weight
    assert weight == "discriminator.fake.weight" and graph[weight].op == "negate"
    assert graph[weight].operands == ("k",)
    assert plan.logs == {"measure": "logs.measure", "k": "k"}
    assert sources(graph, "logs.measure") == {"image", "z"}
    assert graph["z"].attrs["low"] == -1.0 and graph["z"].attrs["distribution"] == "uniform"
    assert calls(graph, "fake") == {"made", "made_again"}


def test_unet_gan() -> None:
    made = game("unet_gan")
    graph, plan = made.main, made.plan
    assert plan.players["discriminator"].trains == ("judge",)
    assert graph["mask"].type.shape == (1, 16, 16) and graph["cut"].operands == (
        "twin.image",
        "image",
        "mask",
    )
    assert sources(graph, "mixing") == {"coin", "often"} and graph["mixing"].type.kind == "Scalar"
    assert graph["coin"].attrs["per"] == "batch"
    assert graph["twin"].operands == ("z", "y") and graph["fake"].operands == ("z", "c")
    assert Counter(node.attrs["network"] for node in graph if node.op == "call") == {
        "judge": 4,
        "generator": 2,
    }
    assert calls(graph, "discriminator.consistency") == {"twin", "twin_said", "real", "cut_said"}
    assert calls(graph, "whole.g") == {"fake", "said"}
