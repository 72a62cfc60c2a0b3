"""Diffs of hand-made graphs: what is found, how it folds, what it means for weights."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from gandsl.analysis.cost import module_cost
from gandsl.diff import compare
from gandsl.diff.fold import fold, place, roots, stage_order
from gandsl.diff.json import to_json
from gandsl.diff.lines import graph_lines
from gandsl.diff.nodes import diff_graphs
from gandsl.diff.text import render
from gandsl.diff.values import MISSING, changes, flat, same
from gandsl.diff.weights import WeightVerdict, compatibility
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.spec.document import moved_in
from gandsl_runtime.moved import renamed
from gandsl_runtime.plan import Plan
from tests.ir.graphs import Builder, discriminator, family, generator

PLAN = {"length": "1 kimg", "batch": 8, "loss": "logistic", "optimizer": {"lr": 1e-3}}


def module(
    g: Graph, params: dict[str, Any] | None = None, moved: dict[str, str] | None = None, **plan: Any
) -> Any:
    """What `compare` reads of a ModuleIR."""
    return SimpleNamespace(
        name="hand",
        params=params or {},
        networks={"generator": network(g), "discriminator": network(discriminator())},
        plan=Plan.model_validate({**PLAN, **plan}),
        document=SimpleNamespace(moved=moved or {}, game=None),
        game=None,
    )


def network(graph: Graph) -> NetworkIR:
    return NetworkIR(graph.network, {Variant(): graph})


def lines(old: Graph, new: Graph, moved: dict[str, str] | None = None) -> list[str]:
    return [line.text() for line in graph_lines(diff_graphs(old, new, moved or {}))]


def test_equal_modules_do_not_differ() -> None:
    diff = compare(module(generator()), module(generator()))
    assert not diff
    assert render(diff) == "hand → hand: no difference"
    assert to_json(diff)["different"] is False
    assert {n.weights.verdict for n in diff.networks.values()} == {WeightVerdict.compatible}


def test_a_change_in_all_stages_is_one_line() -> None:
    found = lines(generator(stages=4, weight="equalized"), generator(stages=4, weight="spectral"))
    assert found == ["~ synthesis.s4…s32: affine, conv, rgb_affine, rgb  weight equalized → spectral"]


def test_changes_by_a_ratio_fold() -> None:
    def tower(base: int) -> Graph:
        b = Builder("discriminator")
        x = b.input("image", "Image", 3, 32, 32)
        for k in range(3):
            x = b.add(f"s{32 >> k}.conv", "conv", x, channels=base << k, stride=2)
        return b.graph(x, "Logits")

    diff = diff_graphs(tower(8), tower(4), {})
    assert [line.text() for line in graph_lines(diff)] == ["~ s32…s8: conv  channels 8…32 → 4…16 (×1/2)"]


def test_removed_nodes_and_rewired_inputs() -> None:
    found = lines(generator(stages=3), generator(stages=3, noise=False))
    assert found == [
        "- synthesis.s4…s16: noise  (noise)",
        "~ synthesis.s4: bias  inputs.x noise → conv",
        "~ synthesis.s8, s16: bias  inputs.x noise → blur",
    ]


def test_stages_that_are_new_count_as_a_whole() -> None:
    found = lines(generator(stages=2), generator(stages=4))
    assert found[:3] == [
        "+ ws_4, ws_5, ws_6, ws_7  (select)",
        "+ synthesis.s16, s32  (10 nodes each)",
        "~ ws  count 4 → 8",
    ]


def test_inputs_of_the_stage_before() -> None:
    def chain(skip: bool) -> Graph:
        b = Builder("discriminator")
        x = b.input("image", "Image", 3, 8, 8)
        for k in (8, 16, 32):
            inner = b.add(f"s{k}.conv", "conv", x, channels=3)
            out = b.add(f"s{k}.act", "relu", inner)
            x = inner if skip else out
        return b.graph(out, "Logits")

    assert lines(chain(False), chain(True)) == ["~ s16, s32: conv  inputs.x previous.act → previous.conv"]


def test_another_op_names_the_op_and_no_foreign_parameters() -> None:
    def net(op: str) -> Graph:
        b = Builder("discriminator")
        return b.graph(b.add("act", op, b.input("image", "Image", 3, 8, 8)), "Logits")

    assert lines(net("relu"), net("leaky_relu")) == ["~ act  op relu → leaky_relu"]


def test_moved_nodes_are_no_change_and_their_weights_fit() -> None:
    def net(name: str) -> Graph:
        b = Builder("discriminator")
        x = b.add(f"{name}.conv", "conv", b.input("image", "Image", 3, 8, 8), channels=4)
        return b.graph(b.add(f"{name}.act", "relu", x), "Logits")

    old, new = net("b4"), net("head.last")
    assert lines(old, new, {"b4": "head.last"}) == []
    assert compatibility(network(old), network(new), {}).verdict is WeightVerdict.breaking
    found = compatibility(network(old), network(new), {"b4": "head.last"})
    assert found.verdict is WeightVerdict.compatible
    assert found.renamed == {"b4.conv.weight": "head.last.conv.weight", "b4.conv.bias": "head.last.conv.bias"}


def test_the_longest_move_wins() -> None:
    assert renamed("a.b.c", {"a": "x", "a.b": "y.z"}) == "y.z.c"
    assert renamed("ab.c", {"a": "x"}) == "ab.c"


def test_moves_are_taken_within_their_network() -> None:
    moved = {
        "discriminator.b4": "discriminator.head",
        "generator.a": "generator.b",
        "generator.c": "encoder.c",
    }
    assert moved_in("discriminator", moved) == {"b4": "head"}
    assert moved_in("generator", moved) == {"a": "b"}


def test_weights_partial() -> None:
    found = compatibility(network(generator(stages=2)), network(generator(stages=3)), {})
    assert found.verdict is WeightVerdict.partial
    assert not found.lost and not found.reshaped and not found.reread
    assert "synthesis.s16.conv.weight" in found.new and "synthesis.s8.noise.constant" in found.fits


def test_weights_of_another_shape() -> None:
    found = compatibility(network(generator(width=8)), network(generator(width=4)), {})
    assert found.reshaped["synthesis.s8.conv.weight"] == ((8, 8, 3, 3), (4, 4, 3, 3))
    assert "mapping.fc0.weight" in found.fits


def test_same_shape_in_another_parametrization_does_not_fit() -> None:
    old, new = generator(weight="equalized"), generator(weight="none")
    found = compatibility(network(old), network(new), {})
    assert "synthesis.s8.conv.weight" in found.reread
    assert "mapping.fc0.weight" in found.fits and found.verdict is WeightVerdict.partial


def test_a_familys_weights_are_those_of_all_levels() -> None:
    found = compatibility(family(), family(), {})
    assert found.verdict is WeightVerdict.compatible and "s4.rgb.weight" in found.fits


def test_levels_are_told_by_what_differs() -> None:
    """Their number; else their sizes."""
    old = family()
    for levels, told in ((((8, 8), (16, 12)), "4×4, 8×8 → 8×8, 16×12"), ((), "2 levels → none")):
        one, other = module(old.main), module(old.main)
        one.networks["generator"], other.networks["generator"] = old, replace(old, levels=levels)
        assert f"~ growth: {told}" in render(compare(one, other))


def test_params_and_plan() -> None:
    old = module(generator(), {"resolution": 64, "layers": 8}, style_mixing={})
    new = module(generator(), {"resolution": 32, "taps": (1, 3)}, batch=16, ema={"decay": 0.9})
    diff = compare(old, new)
    assert [(c.path, c.old, c.new) for c in diff.params] == [
        ("resolution", 64, 32),
        ("layers", 8, MISSING),
        ("taps", MISSING, (1, 3)),
    ]
    plan = {change.path: (change.old, change.new) for change in diff.plan}
    assert plan["batch"] == (8, 16)
    assert plan["style_mixing.per"] == ("micro_batch", MISSING)
    assert plan["ema.decay"] == (MISSING, 0.9)
    assert "ema.half_life" not in plan  # null on one side, missing on the other
    text = render(diff)
    assert "  ~ resolution: 64 → 32\n  - layers: 8\n  + taps: [1, 3]" in text
    assert "  ~ batch: 8 → 16" in text


def test_text_stays_within_its_columns() -> None:
    diff = compare(module(generator()), module(generator(width=4, stages=4, noise=False)))
    for columns in (60, 80):
        assert max(map(len, render(diff, columns=columns).split("\n"))) <= columns


def test_text_tells_cost_and_weights() -> None:
    """Without a plan steps are one of each network."""
    old, new = module(generator()), module(generator(width=4))
    old.plan = new.plan = None
    text = render(compare(old, new))
    before, after = (module_cost(one).networks["generator"].total.parameters for one in (old, new))
    assert f"\n  cost: parameters {before / 1000:.3g} k → {after / 1000:.3g} k" in text
    assert "  weights: partial (" in text
    assert "training step: " in text


def test_json_is_complete_and_plain() -> None:
    import json

    diff = compare(module(generator()), module(generator(weight="none", noise=False)))
    body = json.loads(json.dumps(to_json(diff)))
    g = body["networks"]["generator"]
    assert {row["id"] for row in g["removed"]} == {"synthesis.s4.noise", "synthesis.s8.noise"}
    conv = next(row for row in g["changed"] if row["id"] == "synthesis.s8.conv")
    assert {"path": "weight", "change": "changed", "old": "equalized", "new": "none"} in conv["fields"]
    assert g["weights"]["verdict"] == "partial"
    assert g["cost"]["old"]["parameters"] - g["cost"]["new"]["parameters"] == 2  # two strengths of noise
    assert body["networks"]["discriminator"]["changed"] == []


def test_networks_that_come_and_go() -> None:
    old, new = module(generator()), module(generator())
    new.networks["encoder"] = network(generator())
    assert "+ encoder (the whole network)" in render(compare(old, new))
    assert "- encoder (the whole network)" in render(compare(new, old))


@pytest.mark.parametrize(
    ("a", "b", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        ([1, 2], (1, 2), True),
        ([1], [1, 2], False),
        ("a", "a", True),
        (None, 0, False),
    ],
)
def test_same(a: Any, b: Any, equal: bool) -> None:
    assert same(a, b) is equal


def test_changes_keep_the_order() -> None:
    assert [c.path for c in changes({"b": 1, "a": 2, "c": 3}, {"d": 0, "a": 5, "c": 3})] == ["b", "a", "d"]


def test_flat() -> None:
    assert flat({"a": {"b": 1, "c": None}, "d": [1]}) == {"a.b": 1, "d": [1]}


def test_places_and_orders() -> None:
    assert place("synthesis.s16x24.conv0.w").stage == "s16x24"
    assert not place("head.conv1").stage
    assert place("a.s8", {"a": ["s8"]}).stage == "s8" and not place("a.s8").stage
    order = stage_order(["s64.a", "s32.a", "s16.a"], ["s128.a", "s32.a", "s8.a"])
    assert order == {"": ("s64", "s128", "s32", "s8", "s16")}  # next to what they follow


def test_fold_breaks_where_stages_differ() -> None:
    ids = ["s8.a", "s8.b", "s16.a", "s16.b", "s32.a", "s64.a", "s64.b", "x"]
    spans = [span.text() for span in fold(ids, stage_order(ids))]
    assert spans == ["x", "s8, s16: a, b", "s32: a", "s64: a, b"]
    gap = ["s8.a", "s32.a"]
    assert [s.text() for s in fold(gap, {"": ("s8", "s16", "s32")})] == ["s8: a", "s32: a"]


def test_roots_are_the_topmost_foreign_paths() -> None:
    assert roots(["a.b.c", "a.b.d", "a.e"], ["a.f"]) == {"a.b": 2, "a.e": 1}
    assert roots(["a.b"], ["a.b.c"]) == {"a.b": 1}
