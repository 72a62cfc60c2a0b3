"""What a pass would compute twice: which nodes and calls become one, and which must not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gandsl.analysis.game.cost import pass_cost
from gandsl.analysis.game.merging import Merging, merging
from gandsl.analysis.game.played import PlayedPass
from gandsl.analysis.game.slices import pass_slice
from gandsl.analysis.game.tracked import tracked
from gandsl.analysis.game.views import view_slice
from gandsl.ir.graph import NetworkIR, Variant
from gandsl_runtime.plan.game import Player, Term
from gandsl_runtime.plan.schedule import Clock
from tests import graphs
from tests.analysis.games import Builder

Layers = Mapping[str, Any]  # op → its parameters, one on top of the other


def network(layers: Layers) -> NetworkIR:
    """Layers in a row, with an output in front of the last and one behind it."""
    b = graphs.Builder("net")
    noisy = "noise" in layers
    x = b.input("x", "Image", 3, 4, 4) if noisy else b.input("x", "Vector", 3)
    ends = ("conv", {"channels": 3}) if noisy else ("linear", {"features": 3})
    for name, (op, attrs) in {"first": ends, **{op: (op, layers[op]) for op in layers}, "last": ends}.items():
        x = b(name, op, {"x": x}, **attrs)
    return NetworkIR("net", {Variant(): b.graph("first", "last")})


def of_calls(layers: Layers, *calls: Mapping[str, Any], read: str = "last", trained: bool = True) -> Merging:
    """Terms of several calls of one network on one input."""
    networks = {"net": network(layers), "other": network({})}
    b = Builder(networks)
    b.item("x", *(("Image", 3, 4, 4) if "noise" in layers else ("Vector", 3)))
    for index, attrs in enumerate(calls):
        b.call(f"c{index}", "net", {"x": "x"}, **attrs)
    b.item("y", "Vector", 3)
    b.call("o", "other", {"x": "y"})
    return merged(
        b, means(b, *(f"c{index}.{read}" for index in range(len(calls))), "o.last"), trained=trained
    )


def means(b: Builder, *nodes: str) -> list[Term]:
    """A term of each node's mean: `m0`, `m1`, …"""
    return [Term(f"one.t{at}", b.one(f"m{at}", "mean", node)) for at, node in enumerate(nodes)]


def merged(b: Builder, terms: list[Term], *, trained: bool = True, **plan: Any) -> Merging:
    """The first pass of one player's game, who trains `net` or the other one."""
    game = b.game({"one": (["net" if trained else "other"], terms)}, **plan)
    phase = game.plan.phases(Clock())[0]
    return merging(game, pass_slice(game, b.networks, Variant(), phase, phase.passes[0]))


DROPOUT: Layers = {"dropout": {}}
NORM: Layers = {"batch_norm": {}}
TRACKED: Layers = {"track_average": {}}
NOISE: Layers = {"noise": {"init": 0.5}}
SPECTRAL: Layers = {"linear": {"features": 3, "weight": "spectral"}}
EVALUATED = {"mode": "evaluation"}
TRAINING = {"mode": "training"}
AVERAGE = {"weights": "average"}
HELD = {"holds": ("all",)}
ONE, TWO = {"c1": "c0", "c1.last": "c0.last", "m1": "m0"}, dict[str, str]()

CALLS: list[tuple[str, Layers, Mapping[str, Any], dict[str, str]]] = [
    ("nothing in it", {}, {}, ONE),
    ("draws", DROPOUT, {}, TWO),
    ("draws nothing in evaluation", DROPOUT, EVALUATED, ONE),
    ("an average draws nothing", DROPOUT, AVERAGE, ONE),
    ("noise is drawn in evaluation, too", NOISE, EVALUATED, TWO),
    ("noise of an average", NOISE, AVERAGE, TWO),
    ("moves statistics", NORM, {}, TWO),
    ("holds them", NORM, {"holds": ("batch_norm",)}, ONE),
    ("holds others", NORM, {"holds": ("track_average",)}, TWO),
    ("statistics in evaluation", NORM, EVALUATED, ONE),
    ("a running mean", TRACKED, {}, TWO),
    ("a running mean that stays", TRACKED, HELD, ONE),
    ("a singular vector moves", SPECTRAL, {}, TWO),
    ("a singular vector stays", SPECTRAL, HELD, ONE),
    ("measures gradients", {"normalize_gradient": {}}, EVALUATED, TWO),
    ("an average moves nothing", {**NORM, **SPECTRAL}, AVERAGE, ONE),
]


@pytest.mark.parametrize(("layers", "attrs", "same"), [row[1:] for row in CALLS], ids=[r[0] for r in CALLS])
def test_calls_become_one_where_nothing_moves_or_is_drawn(
    layers: Layers, attrs: Mapping[str, Any], same: dict[str, str]
) -> None:
    found = of_calls(layers, attrs, attrs)
    assert found.same == same
    assert [(one.id, one.like) for one in found.apart] == ([] if same else [("c1", "c0")])


def test_why_two_calls_are_two() -> None:
    assert [one.why for one in of_calls(DROPOUT, {}, {}).apart] == [
        "its layer `dropout` draws numbers of its own"
    ]
    assert [one.why for one in of_calls(NORM, {}, {}).apart] == [
        "its layer `batch_norm` keeps statistics of its own"
    ]


def test_what_a_call_does_not_run_is_of_no_account() -> None:
    found = of_calls(DROPOUT, {}, {}, read="first")
    assert found.same == {"c1": "c0", "c1.first": "c0.first", "m1": "m0"}


def test_mode_is_what_it_comes_to() -> None:
    assert of_calls(NORM, EVALUATED, {}, trained=False).same == ONE, "nobody trains it"
    assert of_calls({}, TRAINING, {}).same == ONE
    assert of_calls({}, EVALUATED, {}).same == TWO
    assert of_calls({}, AVERAGE, {}).same == TWO
    assert of_calls({}, {"all": True}, {}).same == TWO


def test_a_call_that_moves_state_stands_between() -> None:
    """The two in evaluation see statistics that are not the same."""
    found = of_calls(NORM, EVALUATED, {}, EVALUATED, EVALUATED)
    assert found.same == {"c3": "c2", "c3.last": "c2.last", "m3": "m2"}
    assert [(one.id, one.why) for one in found.apart] == [("c2", "the state of `net` has moved in between")]
    assert of_calls(NORM, EVALUATED, EVALUATED, {}).same == ONE


def test_what_either_is_wanted_for_is_wanted_of_the_one() -> None:
    b = Builder({"net": network({"tanh": {}})})
    b.item("x", "Vector", 3)
    b("again", "item", field="x", kind="Vector", shape=(3,))
    b.call("a", "net", {"x": "x"})
    b.call("b", "net", {"x": "again"})
    terms = [
        Term("one.low", b.one("low", "mean", "a.first")),
        Term("one.high", b.one("high", "mean", "b.last"), weight=b.one("size", "mean", "b.first")),
    ]
    found = merged(b, terms, logs={"size": "size"})
    assert found.same == {"again": "x", "b": "a", "b.first": "a.first", "size": "low"}
    assert found.of.nodes == ("x", "a", "a.first", "b.last", "low", "high")
    assert found.of.sources == ("x",)
    assert found.of.calls["a"].outputs == ("first", "last")
    assert [(term.node, term.weight) for term in found.of.terms] == [("low", 1.0), ("high", "low")]
    assert found.of.values == ("size",) and found.of.at("size") == "low"
    assert found.of.used == {"net": ("first", "last")}


def test_draws_states_and_variables_stay_two() -> None:
    b = Builder({"net": network({})})
    b.item("x", "Vector", 3)
    b.draw("z", "Vector", 3)
    b.draw("z2", "Vector", 3)
    b("k", "state")
    b("k2", "state")
    b.one("n", "normalize_gradient", "x")
    b.one("n2", "normalize_gradient", "x")
    b.one("p", "tanh", "x")
    b.one("p2", "tanh", "x")
    b.two("both", "times", "p", "p2")
    b.one("score", "sample_sum", "both")
    b.gradient("slope", "score", "p")
    b.call("c", "net", {"x": "slope_0"})
    terms = [Term(f"one.{name}", name, weight=name) for name in ("k", "k2")]
    found = merged(b, [*means(b, "z", "z2", "n", "n2", "c.last"), *terms])
    assert found.same == {}
    assert [(one.id, one.like, one.why) for one in found.apart] == [
        ("z2", "z", "draws numbers of its own"),
        ("n2", "n", "measures the gradient that comes back to it"),
        ("p2", "p", "a gradient is taken by it"),
    ]


def test_numbers_count_to_the_bit() -> None:
    b = Builder({"net": network({})})
    b.item("x", "Vector", 3)
    b.call("c", "net", {"x": "x"})
    made = [b.two(f"n{at}", "times", "c.last", number) for at, number in enumerate((0.0, -0.0, 0.0))]
    assert merged(b, means(b, *made)).same == {"n2": "n0", "m2": "m0"}


def test_a_view_is_in_evaluation() -> None:
    networks = {"net": network({**DROPOUT, **NORM})}
    b = Builder(networks)
    b.item("x", "Vector", 3)
    for id_ in ("a", "b"):
        b.call(id_, "net", {"x": "x"})
    game = b.game({"one": (["net"], [Term("one.t", b.one("t", "mean", "a.last"))])})
    found = merging(game, view_slice(game, networks, Variant(), ["a.last", "b.last"]))
    assert found.same == {"b": "a", "b.last": "a.last"}
    assert [found.of.at(id_) for id_ in found.of.heard] == ["a.last", "a.last"]


def test_cost_and_graph_are_of_what_is_computed() -> None:
    once, twice = (of_calls({"tanh": {}}, *calls) for calls in ([{}], [{}, {}]))
    player = Player("one", ("net",), twice.of.terms)
    cost = [pass_cost(PlayedPass(one, (player,))) for one in (once.of, twice.of)]
    assert cost[0].macs == cost[1].macs and cost[0].kept == cost[1].kept
    assert tracked(twice.of, [player]).layers("c0") == {"first", "tanh", "last"}
    assert tracked(twice.of, [player]).layers("c1") == set()
