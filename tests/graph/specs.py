"""Every spec of the checkout as its graphs and its page's data: what the tests of the page go through."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from gandsl.analysis.cost import module_cost
from gandsl.cli.read import module_of
from gandsl.frontend.module import ModuleIR
from gandsl.graph.model import model
from gandsl.graph.tree import Picture, picture
from gandsl.ir.graph import Graph

ROOT = Path(__file__).parents[2]
SPECS = {
    path.relative_to(ROOT).with_suffix("").as_posix(): path
    for folder in ("specs", "tests/specs/new")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
    if "zoo" not in path.parts
}


@cache
def module(name: str) -> ModuleIR:
    return module_of(SPECS[name], [])


def graphs(name: str) -> dict[str, Graph]:
    """The networks of a spec, by name."""
    return {key: network.main for key, network in module(name).networks.items()}


def pictures(name: str) -> list[tuple[str, Picture]]:
    costs = module_cost(module(name)).networks
    return [(key, picture(graph, costs[key].nodes)) for key, graph in graphs(name).items()]


def page_data(name: str) -> list[dict[str, Any]]:
    return model(pictures(name))
