"""A convolution takes over the change of size beside it."""

from __future__ import annotations

from typing import Any

import pytest

from gandsl.passes.fuse_resampling import FuseResampling
from tests.graphs import Builder
from tests.passes.firing import apply, change, image, reasons


@pytest.mark.parametrize("factor", [2, 3])
@pytest.mark.parametrize("kernel", [3, (1, 3), 5])
def test_a_convolution_takes_over_the_change_of_size(factor: int, kernel: Any) -> None:
    b = Builder()
    x = image(b, 2, 2 * factor)
    up = b("up", "upsample", {"x": x}, factor=factor)
    first = b("first", "conv", {"x": up}, channels=3, kernel=kernel, weight="equalized")
    second = b("second", "conv", {"x": b("act", "relu", {"x": first})}, channels=2, kernel=kernel)
    small = b("small", "pool", {"x": second}, factor=factor)
    third = b("third", "conv", {"x": small}, channels=2, kernel=kernel, weight="spectral")
    out = b("out", "pool", {"x": third}, factor=factor)
    module, record = apply(b, out, passes=[FuseResampling()])
    assert change(record) == -3
    assert set(reasons(record, fired=True)) == {"first", "second", "third"}
    calls = {node.name: dict(node.kwargs) for node in module.graph.nodes if node.op == "call_module"}
    assert calls == {"first": {"enlarge": factor}, "second": {"shrink": factor}, "third": {"shrink": factor}}


def test_a_convolution_of_one_pixel_changes_places() -> None:
    b = Builder()
    x = image(b, 2, 6)
    wide = b("wide", "conv", {"x": b("up", "upsample", {"x": x}, factor=2)}, channels=3, kernel=1)
    narrow = b("narrow", "conv", {"x": b("act", "tanh", {"x": wide})}, channels=5, kernel=1)
    out = b("out", "pool", {"x": narrow}, factor=3)
    module, record = apply(b, out, passes=[FuseResampling()])
    assert change(record) == 0
    assert [node.name for node in module.graph.nodes] == ["x", "wide", "up", "act", "out", "narrow", "output"]
    types = {node.name: node.meta["type"].shape for node in module.graph.nodes if node.op != "output"}
    assert types["wide"] == (3, 6, 6) and types["up"] == (3, 12, 12)
    assert types["out"] == (3, 4, 4) and types["narrow"] == (5, 4, 4)


def test_what_a_convolution_does_not_take_over() -> None:
    b = Builder()
    x = image(b, 2, 8)
    up = b("up", "upsample", {"x": x}, factor=2)
    plain_conv = {"channels": 2, "kernel": 3}
    terms = [
        b("even", "conv", {"x": b("up1", "upsample", {"x": x}, factor=2)}, channels=2, kernel=4, padding=2),
        b(
            "mirror",
            "conv",
            {"x": b("up2", "upsample", {"x": x}, factor=2)},
            padding_mode="reflect",
            **plain_conv,
        ),
        b("bare", "conv", {"x": b("up3", "upsample", {"x": x}, factor=2)}, padding=0, **plain_conv),
        b("smooth", "conv", {"x": b("up4", "upsample", {"x": x}, factor=2, mode="bilinear")}, **plain_conv),
        b("shared", "conv", {"x": up}, **plain_conv),
        b("other", "conv", {"x": up}, **plain_conv),
    ]
    tiny = b("tiny", "conv", {"x": x}, channels=4, kernel=8, padding=0)
    wide = b("up5", "upsample", {"x": tiny}, factor=2)
    terms.append(b("heavy", "conv", {"x": wide}, channels=4, kernel=3))
    means = [b(f"mean{i}", "global_pool", {"x": term}, mode="average") for i, term in enumerate(terms)]
    _, record = apply(b, *means, passes=[FuseResampling()])
    assert not record.fired
    assert reasons(record, fired=False) == {
        "even": "an even, dilated or grouped kernel",
        "mirror": "its border is not of zeros",
        "bare": "it changes the size itself, beside up3",
        "heavy": "the weight is 7.2 of the features, above 5 (CPU)",
    }
