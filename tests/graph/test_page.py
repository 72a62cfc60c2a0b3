"""What the page knows, and what it holds: every edge of every spec, and no text that it would run."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics import Span
from gandsl.graph import html
from gandsl.graph.game import game_picture
from gandsl.graph.model import FLOWS, model
from gandsl.graph.svg import colours
from gandsl.graph.tree import Picture, picture
from gandsl.graph.words import FAMILIES
from gandsl.ir.graph import Graph
from tests.graph.specs import SPECS, graphs, module, page_data
from tests.ir.graphs import Builder, discriminator, generator
from tests.specs.families import one_of_each

ENGINE = files("gandsl.graph").joinpath("vendor", "elkjs")
HOSTILE = "</script><img src=x onerror=alert(1)><!--<script>\"'&$title\u2028"


def held(network: dict[str, Any]) -> set[tuple[str, str, str]]:
    """The edges of the IR that a network's data tells: source, target, port; `select` nodes are in them."""
    ids = [box["id"] for box in network["boxes"]]
    found = set()
    for edge in network["edges"]:
        source, target, through = ids[edge["from"]], ids[edge["to"]], edge.get("select")
        found |= (
            {(source, through, "x"), (through, target, edge["port"])}
            if through
            else {(source, target, edge["port"])}
        )
    return found


def edges(graph: Graph) -> set[tuple[str, str, str]]:
    """The edges of the IR, and one to each output."""
    inner = {(id_, node.id, port) for node in graph for port, ids in node.inputs.items() for id_ in ids}
    return inner | {(id_, f"output:{name}", "") for name, id_ in graph.outputs.items()}


ROOT = Path(__file__).parents[2]
GAMES = ["specs/stylegan2/ada", "specs/pggan", "specs/msg_gan", "specs/biggan", "specs/pggan/labels"]


@pytest.mark.parametrize("name", GAMES)
def test_every_edge_of_a_game_is_on_its_page(name: str) -> None:
    found = module(name)
    assert found.game is not None
    graph = found.game.main
    (game,) = model([("game", game_picture(found))])
    assert held(game) == edges(graph)
    boxes = {box["id"]: box for box in game["boxes"]}
    assert len(boxes) == len(game["boxes"])
    calls = {node.id: node.attrs["network"] for node in graph if node.op == "call"}
    assert all(boxes[id_]["lines"][0].split(".")[0] == f"call {calls[id_]}" for id_ in calls)
    assert boxes["discriminator"]["what"] == "player" and not boxes["discriminator"].get("family")
    d = boxes.get("adversarial.d…", boxes.get("wanted.g…"))  # an expression is shut, and says itself
    assert d is not None and d["what"].startswith("= average(") and not d["open"]


@pytest.mark.parametrize("name", one_of_each(SPECS))
def test_every_edge_of_every_spec_is_on_the_page(name: str) -> None:
    for network, graph in zip(page_data(name), graphs(name).values(), strict=True):
        assert held(network) == edges(graph)
        operands = sum(len(ids) for node in graph for ids in node.inputs.values()) + len(graph.outputs)
        hidden = len({edge["select"] for edge in network["edges"] if "select" in edge})
        assert len(network["edges"]) == operands - hidden  # one each: x + x has two
        boxes = network["boxes"]  # they nest, and edges join primitives
        assert len({box["id"] for box in boxes}) == len(boxes)
        assert all(box.get("parent", -1) < place for place, box in enumerate(boxes))
        groups = {box["parent"] for box in boxes if "parent" in box}
        assert {place for place, box in enumerate(boxes) if "open" in box} == groups
        ends = {edge[end] for edge in network["edges"] for end in ("from", "to")}
        assert not ends & groups and {edge["flow"] for edge in network["edges"]} <= set(FLOWS)
        for place in groups:  # what stands in a group is named after it
            assert all(
                box["id"].startswith(boxes[place]["id"] + ".") for box in boxes if box.get("parent") == place
            )


def test_mapping_feeds_every_stage_and_the_label_what_reads_it() -> None:
    generator, discriminator = page_data("specs/stylegan2/paper1024")
    ids = [box["id"] for box in generator["boxes"]]
    styles = ids.index("mapping.ws")
    readers = {ids[edge["to"]] for edge in generator["edges"] if edge["from"] == styles}
    assert {id_.split(".")[1] for id_ in readers if "." in id_} == {f"s{2**k}" for k in range(2, 11)}
    _, discriminator = page_data("specs/biggan")
    ids = [box["id"] for box in discriminator["boxes"]]
    label = [edge for edge in discriminator["edges"] if edge["from"] == ids.index("y")]
    assert [(ids[edge["to"]], edge["flow"]) for edge in label] == [("head.embed", "label")]


def test_a_line_says_what_runs_along_it() -> None:
    (network,) = model([("generator", picture(generator(stages=2), {}))])
    boxes = {box["id"]: box for box in network["boxes"]}
    told = {
        (network["boxes"][edge["from"]]["id"], network["boxes"][edge["to"]]["id"]): edge
        for edge in network["edges"]
    }
    assert told["z", "mapping.norm"]["flow"] == "vector"
    assert told["y", "mapping.embed"]["flow"] == "label"
    assert told["synthesis.const", "synthesis.s4.conv"]["flow"] == "feature"
    assert told["ws", "synthesis.const"]["flow"] == "count"  # the size of the batch alone
    style = told["ws", "synthesis.s8.affine"]
    assert (style["select"], style["element"], style["flow"]) == ("ws_2", "ws[2]", "vector")
    assert boxes["synthesis.s8.affine"]["lines"] == ["linear", "Vector 8", "x ws[2]"]


def test_a_select_that_is_given_or_not_read_has_a_box() -> None:
    b = Builder()
    ws = b.add("ws", "broadcast_styles", b.input("z", "Latent", 4), count=3)
    b.add("idle", "select", ws, index=0)
    given = b.add("given", "select", ws, index=1)
    b.add("act", "relu", given)
    graph = b.graph(given, "Vector")
    (network,) = model([("generator", picture(graph, {}))])
    assert {"idle", "given"} <= {box["id"] for box in network["boxes"]}
    assert held(network) == edges(graph)


def test_the_depth_opens_groups() -> None:
    def open_(depth: int | None) -> set[str]:
        (network,) = model([("generator", picture(generator(stages=2), {}))], depth)
        return {box["id"] for box in network["boxes"] if box.get("open")}

    assert open_(None) == {"mapping", "synthesis"} and open_(0) == set()
    assert open_(2) == {"mapping", "synthesis", "synthesis.s4", "synthesis.s8"}


# --- the page's text ---


class Reader(HTMLParser):
    """Tags in order, and the text of each script by id, as a browser reads them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.within: str | None = None
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.within = (dict(attrs).get("id") or "script") if tag == "script" else None

    def handle_endtag(self, tag: str) -> None:
        self.within = None

    def handle_data(self, data: str) -> None:
        if self.within:
            self.scripts[self.within] = self.scripts.get(self.within, "") + data


def hostile() -> Picture:
    """A network whose ids and places are what an attacker would write."""
    graph = discriminator()
    names = {
        id_: ".".join(f"{part}{HOSTILE.replace('.', '')}" for part in id_.split(".")) for id_ in graph.nodes
    }
    nodes = {
        names[node.id]: replace(
            node,
            id=names[node.id],
            inputs={port: tuple(names[id_] for id_ in ids) for port, ids in node.inputs.items()},
            provenance=replace(node.provenance, span=Span(HOSTILE, 1, 1, 1, 2)),
        )
        for node in graph
    }
    (given,) = graph.outputs.values()
    outputs = {HOSTILE: names[given]}
    return picture(Graph(graph.network, nodes, outputs, dict.fromkeys(outputs, "Logits")), {})


def test_hostile_names_stay_text() -> None:
    kind = html.render("calm", [("discriminator", picture(discriminator(), {}))])
    page = html.render(HOSTILE, [(HOSTILE, hostile())])
    read = Reader(page)
    assert [tag for tag, _ in read.tags] == [tag for tag, _ in Reader(kind).tags]
    (network,) = json.loads(read.scripts["data"])
    assert network["name"] == HOSTILE and any(
        HOSTILE.replace(".", "") in box["title"] for box in network["boxes"]
    )
    assert "<" not in read.scripts["data"]


def test_the_policy_lets_no_script_run_but_the_pages_own() -> None:
    read = Reader(html.render("x", [("generator", picture(generator(), {}))]))
    (policy,) = (
        tag["content"] for name, tag in read.tags if tag.get("http-equiv") == "Content-Security-Policy"
    )
    seal = base64.b64encode(hashlib.sha256(read.scripts["script"].encode()).digest()).decode()
    assert policy is not None and f"script-src 'sha256-{seal}'" in policy
    assert policy.startswith("default-src 'none'") and "unsafe-eval" not in policy
    assert not any(attribute.startswith("on") for _, tag in read.tags for attribute in tag)


def test_the_page_loads_nothing() -> None:
    read = Reader(html.render("x", [("generator", picture(generator(), {}))]))
    assert not [tag for tag in read.tags if {"src", "href", "data", "action"} & set(tag[1])]
    own = read.scripts["script"] + colours()
    assert not re.search(r"fetch\(|XMLHttpRequest|import\(|@import|url\((?!#)", own)
    # text of a spec never becomes markup
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", own)


def test_the_engine_is_the_published_file_with_its_licence() -> None:
    sums = dict(
        reversed(line.split()) for line in ENGINE.joinpath("SHA256SUMS").read_text("utf-8").splitlines()
    )
    assert set(sums) == {"elk-worker.min.js", "LICENSE.md"}
    for name, digest in sums.items():
        assert hashlib.sha256(ENGINE.joinpath(name).read_bytes()).hexdigest() == digest
    read = Reader(page := html.render("x", [("generator", picture(generator(), {}))]))
    packed = base64.b64decode(read.scripts["engine"])
    assert gzip.decompress(packed) == ENGINE.joinpath("elk-worker.min.js").read_bytes()
    assert (
        f"elkjs {ENGINE.joinpath('VERSION').read_text('utf-8').strip()}, ©" in page
        and "Eclipse Public License 2.0" in page
    )
    assert ENGINE.joinpath("LICENSE.md").read_text("utf-8").startswith("# Eclipse Public License - v 2.0")


def test_the_same_spec_gives_the_same_page() -> None:
    once, again = (html.render("x", [("generator", picture(generator(), {}))]) for _ in range(2))
    assert once == again


def test_every_family_and_every_flow_has_a_colour() -> None:
    light, dark = colours().split("@media screen")
    for name in (*FAMILIES, *FLOWS, "output"):
        assert f"--{name}:" in light and f"--{name}:" in dark
    page = html.render("x", [("generator", picture(generator(), {}))])
    assert all(f".line.{flow}" in page or flow == "feature" for flow in FLOWS)


def test_terms_say_how_they_count() -> None:
    """Weight, interval; a weight that is a node has a line of its own, and a Scalar is no label."""
    style, _ = analyze(ROOT / "specs" / "stylegan2.yaml")
    own, _ = analyze(ROOT / "tests" / "games" / "vqgan.yaml")
    assert style is not None and own is not None
    (network,) = model([("game", game_picture(style))])
    boxes = {box["id"]: box for box in network["boxes"]}
    assert boxes["output:discriminator.r1"]["lines"] == ["term", "weight 2", "every 16 steps"]
    assert boxes["output:generator.adversarial"]["lines"] == ["term"]
    (network,) = model([("game", game_picture(own))])
    ids = [box["id"] for box in network["boxes"]]
    told = {
        (ids[edge["from"]], edge["port"], edge["flow"])
        for edge in network["edges"]
        if ids[edge["to"]] == "output:autoencoder.judged"
    }
    assert told == {("fooled", "", "scalar"), ("ratio.weight", "weight", "scalar")}
