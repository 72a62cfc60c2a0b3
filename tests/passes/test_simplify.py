"""Identities, inverses and joins go."""

from __future__ import annotations

from typing import Any

import pytest

from gandsl.passes.base import PassRecord
from gandsl.passes.dead_code import DeadCode
from gandsl.passes.simplify import Simplify
from tests.graphs import Builder
from tests.passes.firing import apply, change, image, reasons


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("scale", {"factor": 1.0}),
        ("upsample", {"factor": 1}),
        ("pool", {"factor": 1}),
        ("pixel_shuffle", {"factor": 1}),
        ("pixel_unshuffle", {"factor": 1}),
        ("resize", {"size": 4}),
        ("pad", {"pad": (0, 0, 0, 0)}),
        ("slice_channels", {"count": 2}),
        ("leaky_relu", {"slope": 1.0}),
        ("fir", {"taps": (3.0,)}),
        ("dropout", {"p": 0.0}),
    ],
)
def test_identities(op: str, attrs: dict[str, Any]) -> None:
    b = Builder()
    out = b("out", "tanh", {"x": b("nothing", op, {"x": image(b)}, **attrs)})
    _, record = apply(b, out, passes=[Simplify()])
    assert change(record) == -1 and set(reasons(record, fired=True)) == {"nothing"}


@pytest.mark.parametrize(
    ("op", "attrs"),
    [
        ("scale", {"factor": 2.0}),
        ("slice_channels", {"count": 1}),
        ("leaky_relu", {"slope": 1.0, "gain": 2.0}),
        ("fir", {"taps": (3.0,), "gain": 2.0}),
        ("fir", {"taps": (3.0,), "pad": (1, -1, 0, 0)}),
        ("dropout", {"p": 0.1}),
        ("resize", {"size": (2, 4)}),
    ],
)
def test_what_is_no_identity_stays(op: str, attrs: dict[str, Any]) -> None:
    b = Builder()
    out = b("out", "tanh", {"x": b("something", op, {"x": image(b)}, **attrs)})
    _, record = apply(b, out, passes=[Simplify()])
    assert change(record) == 0 and not record.fired


@pytest.mark.parametrize(
    ("op", "port", "attrs", "goes"),
    [
        ("times", "a", {"number": 1.0}, True),
        ("times", "b", {"number": 1.0}, True),
        ("times", "a", {"number": 2.0}, False),
        ("divide", "a", {"number": 1.0}, True),
        ("divide", "b", {"number": 1.0}, False),  # 1 / x
        ("plus", "a", {"number": 0.0}, False),  # -0 becomes 0
        ("power", "x", {"exponent": 1.0}, True),
        ("slice", "x", {"over": "channels", "count": 2}, True),
        ("slice", "x", {"over": "channels", "count": 1}, False),
    ],
)
def test_arithmetic_that_changes_nothing(op: str, port: str, attrs: dict[str, Any], goes: bool) -> None:
    b = Builder()
    out = b("out", "tanh", {"x": b("inner", op, {port: image(b)}, **attrs)})
    _, record = apply(b, out, passes=[Simplify()])
    assert (change(record), bool(record.fired)) == ((-1, True) if goes else (0, False))


def test_inverses() -> None:
    b = Builder()
    x = image(b)
    tokens = b("tokens", "to_tokens", {"x": x})
    pixels = b("pixels", "from_tokens", {"x": tokens}, size=4)
    other = b("other", "from_tokens", {"x": tokens}, size=(2, 8))
    flat = b("flat", "flatten", {"x": x})
    shaped = b("shaped", "reshape", {"x": flat}, channels=2, size=4)
    back = b("back", "flatten", {"x": shaped})
    twisted = b("twisted", "reshape", {"x": flat}, channels=2, size=4, layout="hwc")
    unback = b("unback", "flatten", {"x": twisted})
    total = b("sum", "add", {"terms": [back, unback, b("flat2", "flatten", {"x": pixels})]})
    total = b("sum2", "add", {"terms": [total, b("flat3", "flatten", {"x": other})]})
    module, _ = apply(b, total, passes=[Simplify(), DeadCode()])
    fired = {event.where for event in run_simplify(b, total).fired}
    assert fired == {"pixels", "back", "sum"}
    assert {node.name for node in module.graph.nodes} >= {"other", "twisted", "unback"}


def run_simplify(b: Builder, *outputs: str) -> PassRecord:
    return apply(b, *outputs, passes=[Simplify()])[1]


def test_styles_of_a_broadcast_are_the_vector() -> None:
    b = Builder()
    w = b.input("w", "Vector", 4)
    ws = b("ws", "broadcast_styles", {"x": w}, count=3)
    stacked = b("stacked", "stack", {"terms": [w, b("t", "tanh", {"x": w})]})
    chunked = b("chunked", "chunks", {"x": w}, count=2)
    picks = [
        b("a", "select", {"x": ws}, index=0),
        b("b", "select", {"x": ws}, index=2),
        b("c", "select", {"x": stacked}, index=1),
    ]
    cut = b("d", "select", {"x": chunked}, index=1)
    const = b("const", "constant", {"like": ws}, channels=4, size=1)
    out = b("out", "add", {"terms": [*picks, b("flat", "flatten", {"x": const})]})
    module, _ = apply(b, out, cut, passes=[Simplify(), DeadCode()])
    names = {node.name for node in module.graph.nodes}
    assert not names & {"ws", "stacked", "a", "b", "c"} and {"chunked", "d"} <= names


def test_nested_sums_and_joins() -> None:
    b = Builder()
    x = image(b)
    y, z = b("y", "relu", {"x": x}), b("z", "tanh", {"x": x})
    inner = b("inner", "add", {"terms": [x, y]})
    scaled = b("scaled", "add", {"terms": [x, z]}, scale=0.5)
    joined = b("joined", "concat", {"terms": [b("join", "concat", {"terms": [x, y]}), z]})
    shared = b("shared", "add", {"terms": [y, z]})
    outs = [
        b("out0", "add", {"terms": [inner, z]}, scale=2.0),
        b("out1", "add", {"terms": [scaled, z]}),
        b("out2", "add", {"terms": [shared, x]}),
        b("out3", "add", {"terms": [b("one", "add", {"terms": [shared]}), shared]}),
    ]
    _, record = apply(b, *outs, joined, passes=[Simplify()])
    assert change(record) == -3
    assert set(reasons(record, fired=True)) == {"inner", "join", "one"}
    assert reasons(record, fired=False) == {"scaled": "a sum inside a sum, but scaled"}
