"""What no input reaches is computed once, and factors fold into their neighbours."""

from __future__ import annotations

import pytest
import torch

from gandsl.passes.constant_folding import ConstantFolding
from gandsl.passes.pipeline import pipeline
from tests.graphs import Builder
from tests.passes.exact import inputs_of
from tests.passes.firing import CPU, apply, change, image, reasons


def test_factors_fold_into_their_neighbours() -> None:
    b = Builder()
    x = image(b)
    a = b("a1", "scale", {"x": b("a0", "scale", {"x": x}, factor=3.0)}, factor=0.5)
    c = b("c1", "scale", {"x": b("c0", "leaky_relu", {"x": x}, gain=2.0)}, factor=-1.5)
    d = b("d1", "leaky_relu", {"x": b("d0", "scale", {"x": x}, factor=0.7)}, gain=2.0)
    e = b("e1", "leaky_relu", {"x": b("e0", "scale", {"x": x}, factor=-0.7)})  # not homogeneous below 0
    s = b("s1", "scale", {"x": b("s0", "add", {"terms": [x, x]}, scale=0.5)}, factor=4.0)
    shared = b("t0", "leaky_relu", {"x": x})
    t = b("t1", "scale", {"x": shared}, factor=2.0)
    module, record = apply(b, a, c, d, e, s, shared, t, passes=[ConstantFolding()])
    assert change(record) == -4
    assert reasons(record, fired=True) == {
        "a1": "a factor of a0",
        "c1": "a factor of c0",
        "d0": "a factor of d1",
        "s1": "a factor of s0",
    }
    assert reasons(record, fired=False) == {"t1": "t0 is read by others too"}
    gains = {node.name: node.kwargs for node in module.graph.nodes}
    assert gains["c0"]["gain"] == -3.0 and gains["d1"]["gain"] == 1.4 and gains["s0"]["scale"] == 2.0


def test_what_no_input_reaches_is_computed_once() -> None:
    b = Builder()
    x = image(b)
    const = b("const", "constant", {"like": x}, channels=2, size=4)
    grid = b("grid", "coordinates", {"like": x}, size=4)
    h = b("conv", "conv", {"x": b("join", "concat", {"terms": [const, grid]})}, channels=2)
    h = b("act", "leaky_relu", {"x": h})
    noisy = b("noise", "noise", {"x": h}, init=0.5)
    norm = b("norm", "batch_norm", {"x": h})
    length = b("length", "normalize_gradient", {"x": h})
    bare = b("bare", "constant", {"like": x}, channels=2, size=4)
    out = b("out", "add", {"terms": [x, noisy, h, norm, length, bare]})
    module, record = apply(b, out, passes=[ConstantFolding()])
    assert set(reasons(record, fired=True)) == {"const", "grid", "join", "conv", "act"}
    assert reasons(record, fired=False) == {
        "noise": "the same for every sample so far, but it draws for each sample",
        "norm": "the same for every sample so far, but it counts samples",
        "length": "the same for every sample so far, but it measures each sample's gradient",
    }
    assert change(record) == 3  # a sample for each of the two sources, repeated once at the end
    seen: dict[str, int] = {}
    conv = module.get_submodule("conv")
    conv.register_forward_hook(lambda layer, args, result: seen.update(batch=result.shape[0]))
    module.recompile()
    module(*inputs_of(module.graph))
    assert seen == {"batch": 1}


def test_products_with_numbers_are_one() -> None:
    """3 · (x · 2) is x · 6; a number in front, too; and a sum's factor takes both."""
    b = Builder()
    x = image(b)
    twice = b("twice", "times", {"a": x}, number=2.0)
    out = b("out", "times", {"b": twice}, number=3.0)
    total = b("total", "add", {"terms": [x, x]})
    last = b("last", "times", {"a": total}, number=0.5)
    module, record = apply(b, out, last, passes=[ConstantFolding()])
    assert {*reasons(record, fired=True)} == {"out", "last"}
    numbers = {node.meta["id"]: dict(node.kwargs) for node in module.graph.nodes if "node" in node.meta}
    assert numbers["twice"]["number"] == 6.0 and numbers["total"]["scale"] == 0.5


SOURCES = {"constant": {"channels": 2}, "coordinates": {}}


@pytest.mark.parametrize("inner", SOURCES)
@pytest.mark.parametrize("outer", SOURCES)
@pytest.mark.parametrize("between", [True, False])
@pytest.mark.parametrize("behind", [True, False])
def test_a_source_behind_a_source_has_a_sample_for_each_input(
    inner: str, outer: str, between: bool, behind: bool
) -> None:
    """What gives the batch size may itself be computed once: the samples are those of the input."""
    b = Builder()
    x = image(b)
    first = b("first", inner, {"like": x}, size=4, **SOURCES[inner])
    like = b("between", "relu", {"x": first}) if between else first
    last = b("last", outer, {"like": like}, size=4, **SOURCES[outer])
    last = b("behind", "tanh", {"x": last}) if behind else last
    own = b("own", "relu", {"x": x})  # has derivatives to compare
    for passes in ([ConstantFolding()], pipeline(CPU).passes):
        module, _ = apply(b, last, like, own, passes=list(passes))
        module.recompile()
        given = inputs_of(module.graph)
        for made in module(*given)[:2]:
            assert made.shape == (len(given[0]), 2, 4, 4)
            assert torch.equal(made[0], made[1])
