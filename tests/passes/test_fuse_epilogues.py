"""Where what follows a product becomes one operator."""

from __future__ import annotations

import pytest

from gandsl.passes import devices
from gandsl.passes.fuse_epilogues import FuseEpilogues
from gandsl.passes.group_epilogues import GroupEpilogues
from gandsl.passes.rewrite import nodes_of
from tests.graphs import Builder
from tests.passes.firing import CPU, CUDA, apply, image, reasons

PASSES = [GroupEpilogues(), FuseEpilogues()]


def test_it_fires_where_something_follows_and_says_why_elsewhere() -> None:
    b = Builder()
    x = image(b)
    h = b("acted", "conv", {"x": x}, channels=4, bias=False)
    h = b("act", "leaky_relu", {"x": h}, slope=0.2)
    h = b("biased", "conv", {"x": h}, channels=4)
    h = b("bare", "conv", {"x": h}, channels=4, bias=False)
    h = b("bent", "conv", {"x": h}, channels=4)
    h = b("bend", "tanh", {"x": h})
    out = b("filter", "fir", {"x": h}, pad=(1, 2, 1, 2))
    module, record = apply(b, out, passes=PASSES, target=CUDA)
    assert reasons(record, fired=True) == {
        "acted": "one operator: activation, gain",
        "biased": "one operator: bias",
        "filter": "one operator: itself",
    }
    assert reasons(record, fired=False) == {
        "bare": "nothing follows it",
        "bent": "the slope of tanh is not told by its result",
    }
    marked = {
        node.meta["id"]: node.kwargs.get("fused", False) for node in nodes_of(module.graph, ["conv", "fir"])
    }
    assert marked == {"acted": True, "biased": True, "bare": False, "bent": False, "filter": True}


def test_on_a_cpu_it_leaves_all_and_gives_the_table_s_reason() -> None:
    b = Builder()
    module, record = apply(b, b("conv", "conv", {"x": image(b)}, channels=4), passes=PASSES, target=CPU)
    assert reasons(record, fired=False) == {"conv": devices.DEVICES["cpu"].fuses_epilogues.why}
    assert not any("fused" in node.kwargs for node in module.graph.nodes)


@pytest.mark.parametrize("device", devices.DEVICES)
def test_every_choice_has_a_reason(device: str) -> None:
    choices = devices.DEVICES[device]
    named = [choices.merges_affines, choices.fuses_epilogues, choices.fuses_resampling_below]
    assert all(len(choice.why) > 2 for choice in named)
    for target in (CPU, CUDA):
        assert choices.modulation(target, 1.0).value in ("grouped", "scaled")
