"""The affines of styles become one product."""

from __future__ import annotations

import pytest
import torch

from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.common_subexpressions import CommonSubexpressions
from gandsl.passes.group_epilogues import GroupEpilogues
from gandsl.passes.merge_style_affines import MergeStyleAffines
from gandsl.passes.simplify import Simplify
from tests.graphs import Builder
from tests.passes.exact import run_passes
from tests.passes.firing import CPU, CUDA, apply, change, image, reasons, small_generator
from tests.published import stylegan2_generator


def test_affines_of_one_style_become_one_product() -> None:
    network = LoweredNetwork(small_generator())
    module, log = run_passes(network, [Simplify(), MergeStyleAffines()], CUDA)
    record = log["merge-style-affines"]
    assert reasons(record, fired=True) == {"mapping.w_avg": "8 products became one"}
    assert change(record) == 8 * 2 + 1  # a weight and a bias each, one product; the affines became its parts
    assert sum(node.name.startswith("shared_linear") for node in module.graph.nodes) == 1


def test_affines_of_several_styles_become_a_batched_product() -> None:
    network = LoweredNetwork(stylegan2_generator(16, 8, 8, lambda res: 6))
    module, log = run_passes(network, [CommonSubexpressions(), MergeStyleAffines()], CUDA, entry="synthesis")
    record = log["merge-style-affines"]
    assert reasons(record, fired=True) == {
        "synthesis.b4.torgb.w": "2 products became one",
        "synthesis.b8.torgb.w": "2 products became one",
        "ws": "4 products of equal size became one batched product",
    }
    names = [node.name for node in module.graph.nodes]
    assert sum(name.startswith("batched_linear") for name in names) == 1
    assert sum(name.startswith("shared_linear") for name in names) == 2


def test_why_affines_are_not_merged() -> None:
    b = Builder()
    w, t = b.input("w", "Vector", 4), b("t", "to_tokens", {"x": image(b)})
    out = [
        b("spectral", "linear", {"x": w}, features=3, weight="spectral"),
        b("tokens", "linear", {"x": t}, features=3),
        b("act", "relu", {"x": b("rides", "linear", {"x": w}, features=3)}),
        b("alone", "linear", {"x": w}, features=3),
        b("other_factor", "linear", {"x": w}, features=3, weight="equalized"),
        b("biasless", "linear", {"x": w}, features=3, bias=False),
    ]
    _, record = apply(b, *out, passes=[GroupEpilogues(), MergeStyleAffines()], target=CUDA)
    assert not record.fired
    alone = "no other affine of this size reads this style, or another of its list"
    assert reasons(record, fired=False) == {
        "spectral": "its weight is spectral: a singular value each",
        "tokens": "it reads tokens",
        "rides": "an activation is fused with it",
        "alone": alone,
        "other_factor": alone,
        "biasless": alone,
    }


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weight", ["none", "equalized"])
def test_merged_affines_with_and_without_bias(bias: bool, weight: str) -> None:
    b = Builder()
    ws = b.input("ws", "Styles", 3, 4)
    options = {"features": 5, "bias": bias, "weight": weight, "lr_multiplier": 0.5, "gain": 2.0}
    out = []
    for i in range(3):
        s = b(f"w{i}", "select", {"x": ws}, index=i)
        out.append(b(f"affine{i}", "linear", {"x": s}, **options))
    shared = b("w1b", "select", {"x": ws}, index=1)
    out += [b(f"wide{i}", "linear", {"x": shared}, **(options | {"features": 2 + i})) for i in range(2)]
    _, record = apply(b, *out, passes=[MergeStyleAffines()], target=CUDA)
    assert reasons(record, fired=True) == {
        "w1b": "2 products became one",
        "ws": "3 products of equal size became one batched product",
    }


def test_on_a_cpu_affines_stay_apart_and_the_log_says_why() -> None:
    network = LoweredNetwork(small_generator())
    _, log = run_passes(network, [Simplify(), MergeStyleAffines()], CPU)
    record = log["merge-style-affines"]
    assert change(record) == 0
    assert reasons(record, fired=False)["mapping.w_avg"].startswith("8 affines read it, but on a CPU copying")
    _, log = run_passes(network, [Simplify(), MergeStyleAffines(everywhere=True)], CPU)
    assert log["merge-style-affines"].fired


def test_affines_of_an_affine_that_was_merged() -> None:
    b = Builder()
    w = b.input("w", "Vector", 4)
    first, other = (b(f"first{i}", "linear", {"x": w}, features=3) for i in range(2))
    ends = [b(f"end{i}", "linear", {"x": first}, features=3) for i in range(2)]
    network = LoweredNetwork(b.ir(*ends, other))
    module, log = run_passes(network, [MergeStyleAffines()], CUDA)
    assert len(reasons(log["merge-style-affines"], fired=True)) == 2
    x = torch.randn(2, 4)
    for ours, truth in zip(module(x), network.lowered()(x), strict=True):
        torch.testing.assert_close(ours, truth)
