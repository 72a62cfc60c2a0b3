"""Which means are a process's own: by hand, and for random games by two processes against one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from gandsl.analysis.game.linear import coupling, over_all
from gandsl.analysis.game.slices import PassIR, phase_slices
from gandsl.ir.graph import Variant
from gandsl_runtime.plan.game import GameState, Term
from gandsl_runtime.plan.schedule import Clock
from tests.analysis.games import Builder
from tests.analysis.plain_pass import Play
from tests.analysis.random_games import random_game

Make = Callable[[Builder], str]


def one_pass(make: Make, weight: str | float = 1.0, heard: str = "") -> PassIR:
    """The pass of one term, which `make` builds of `m` = mean(x), `n` = mean(y), a state `k`, `x` and `y`."""
    b = Builder()
    for name in "xy":
        b.item(name, "Vector", 3)
    b("k", "state")
    b.one("m", "mean", "x")
    b.one("n", "mean", "y")
    term = make(b)
    states = [GameState("k", "k", (heard,), ("p",))] if heard else []
    made = b.game({"p": ([], [Term("p.t", term, weight=weight)])}, states)
    ((found,),) = (phase_slices(made, {}, Variant(), phase) for phase in made.plan.phases(Clock()))
    return found


def minus_squared(b: Builder) -> str:
    """mean((x − m)²)"""
    b.two("gap", "minus", "x", "m")
    b.one("squared", "power", "gap", exponent=2.0)
    return b.one("t", "mean", "squared")


def inside(b: Builder, op: str) -> str:
    """mean(x OP m)"""
    b.two("inner", op, "x", "m")
    return b.one("t", "mean", "inner")


def by_samples(b: Builder) -> str:
    b.one("squares", "power", "x", exponent=2.0)
    b.one("score", "mean", "squares")
    b.gradient("slope", "score", "x")
    b.one("size", "sample_sum", "slope_0")
    return b.one("t", "mean", "size")


CASES: dict[str, tuple[Make, set[str]]] = {  # what is built → the means over all processes
    "a mean": (lambda b: "m", set()),
    "a sum of means": (lambda b: b.two("t", "plus", "m", "n"), set()),
    "a mean, times a number": (lambda b: b.two("t", "times", "m", 3.0), set()),
    "a mean, times a state": (lambda b: b.two("t", "times", "m", "k"), set()),
    "a mean over a state": (lambda b: b.two("t", "divide", "m", "k"), set()),
    "a state over a mean": (lambda b: b.two("t", "divide", "k", "m"), {"m"}),
    "a product of means": (lambda b: b.two("t", "times", "m", "n"), {"m", "n"}),
    "a mean times itself": (lambda b: b.two("t", "times", "m", "m"), {"m"}),
    "a square": (lambda b: b.one("t", "power", "m", exponent=2.0), {"m"}),
    "a magnitude": (lambda b: b.one("t", "abs", "m"), {"m"}),
    "a sign": (lambda b: b.one("t", "sign", "m"), {"m"}),
    "what a mean is below": (lambda b: b.two("t", "below", "m", "n"), {"m", "n"}),
    "a mean taken away from each": (lambda b: inside(b, "minus"), set()),
    "a mean times each": (lambda b: inside(b, "times"), {"m"}),
    "a variance": (minus_squared, {"m"}),
    "what samples are differentiated by": (by_samples, {"score"}),
    "a mean of its own": (
        lambda b: b.one("t", "power", b.one("o", "mean", "x", processes="own"), exponent=2.0),
        set(),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_terms(name: str) -> None:
    make, means = CASES[name]
    assert over_all(one_pass(make)) == means


def test_weights_and_what_is_heard() -> None:
    assert over_all(one_pass(lambda b: "m", weight="k")) == set()
    assert over_all(one_pass(lambda b: "m", weight="n")) == {"m", "n"}
    assert over_all(one_pass(lambda b: "m", weight="m")) == {"m"}
    assert over_all(one_pass(lambda b: b.one("t", "abs", "n") and "m", heard="t")) == set(), (
        "n is not computed anyway"
    )
    assert over_all(one_pass(lambda b: b.one("t", "abs", "m") and "m", heard="t")) == {"m"}
    assert over_all(one_pass(lambda b: "m", heard="m")) == set()


def test_terms_that_couple_samples() -> None:
    assert coupling(one_pass(minus_squared)) == {"p.t": ("m",)}
    assert coupling(one_pass(lambda b: "m")) == {}
    own = CASES["a mean of its own"][0]
    assert coupling(one_pass(own)) == {"p.t": ("o",)}, "those of a process, too"


def test_two_processes_and_one() -> None:
    """Half the samples each, with own means where they are linear: the loss is the mean of both."""
    held = 0
    for seed in range(150):
        game, networks = random_game(seed)
        for phase in game.plan.phases(Clock()):
            for one in phase_slices(game, networks, Variant(), phase):
                graph = one.whole.graph
                if any(graph[id_].op == "gradient" for id_ in one.nodes):
                    continue  # by samples: whatever mean stands before it is taken over all
                whole = Play(one, lambda network, layer: False, dtype=torch.float64)
                loss = whole.run()
                shared = {id_: whole.values["", id_] for id_ in over_all(one)}
                halves = [
                    Play(
                        one, lambda network, layer: False, rows=rows, means=shared, dtype=torch.float64
                    ).run()
                    for rows in ((0, 2), (2, 4))
                ]
                if loss.isfinite():
                    torch.testing.assert_close(sum(halves) / 2, loss, rtol=1e-9, atol=1e-9)
                    own = [id_ for id_ in one.nodes if graph[id_].op == "mean" and id_ not in shared]
                    held += len(own)
    assert held > 100, "means that are a process's own"
