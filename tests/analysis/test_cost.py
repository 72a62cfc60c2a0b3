"""Costs of hand-made graphs against closed forms, and every op against the tables of the analysis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gandsl.analysis import autodiff, checked, phases
from gandsl.analysis.autodiff import GradientFlow
from gandsl.analysis.cost import NETWORKS, ModuleCost, is_stage, module_cost, prefix, spatial_stages
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.spec.values import Size
from tests.ir.graphs import Builder, discriminator, family, generator


def module(graphs: Mapping[str, Graph]) -> Any:
    """What `module_cost` reads of a ModuleIR without a plan."""
    networks = {name: NetworkIR(name, {Variant(): graph}) for name, graph in graphs.items()}
    return SimpleNamespace(networks=networks, plan=None, game=None)


BOTH = {"generator": generator(), "discriminator": discriminator()}


def plain_critic() -> Graph:
    """image 3×8×8 → conv 3→4 → lrelu → conv 4→6 → lrelu → linear 384→1; every product on the way."""
    b = Builder("discriminator")
    x = b.add("a", "conv", b.input("image", "Image", 3, 8, 8), channels=4)
    x = b.add("a_act", "leaky_relu", x)
    x = b.add("b", "conv", x, channels=6)
    x = b.add("b_act", "leaky_relu", x)
    x = b.add("flat", "flatten", x)
    return b.graph(b.add("out", "linear", x, features=1), "Logits")


A, B, OUT = 64 * 3 * 4 * 9, 64 * 4 * 6 * 9, 384
IMAGE = frozenset({"image"})


def test_forward_and_backward_of_a_critic() -> None:
    graph = plain_critic()
    assert sum(phases.forward(graph).values()) == A + B + OUT
    trained = autodiff.backward_macs(GradientFlow(graph))
    assert trained == dict.fromkeys(graph.nodes, 0) | {"a": A, "b": 2 * B, "out": 2 * OUT}
    frozen = autodiff.backward_macs(GradientFlow(graph, IMAGE, weights=False))
    assert frozen == dict.fromkeys(graph.nodes, 0) | {"a": A, "b": B, "out": OUT}


def test_kept_tensors_count_once() -> None:
    kept = autodiff.kept_elements(GradientFlow(plain_critic()))
    # the convolutions and the last layer keep what they read; the activations overwrite what they read
    assert kept["image"] == 3 * 64
    assert kept["a"] == 0 and kept["a_act"] == 4 * 64
    assert kept["b"] == 0 and kept["b_act"] == 6 * 64 and kept["flat"] == 6 * 64
    assert kept["out"] == 0
    frozen = autodiff.kept_elements(GradientFlow(plain_critic(), IMAGE, weights=False))
    assert (
        frozen["flat"] == 0
    )  # of the operands of a matrix product only those that a gradient needs are kept


def test_an_activation_of_something_read_twice_keeps_its_input() -> None:
    b = Builder("discriminator")
    x = b.add("a", "conv", b.input("image", "Image", 3, 8, 8), channels=4)
    act = b.add("act", "leaky_relu", x)
    graph = b.graph(b.add("sum", "add", [x, act]), "Logits")
    kept = autodiff.kept_elements(GradientFlow(graph))
    assert kept["a"] == 4 * 64 and kept["act"] == 0


def test_a_tensor_that_two_nodes_keep_counts_once() -> None:
    b = Builder("discriminator")
    x = b.add("a", "conv", b.input("image", "Image", 3, 8, 8), channels=4)
    one, two = b.add("one", "conv", x, channels=4), b.add("two", "conv", x, channels=4)
    graph = b.graph(b.add("sum", "add", [one, two]), "Logits")
    assert autodiff.kept_elements(GradientFlow(graph))["a"] == 4 * 64


def test_no_gradient_flows_to_labels_and_constants() -> None:
    graph = discriminator()
    active = GradientFlow(graph, IMAGE, weights=False).active()
    assert "y" not in active and "head.embed" not in active and "head.dot" in active


def test_parameters_and_buffers() -> None:
    cost = module_cost(module(BOTH))
    g = cost.networks["generator"]
    assert g.nodes["synthesis.s8.conv"].parameters == 8 * 8 * 9
    assert g.nodes["mapping.embed"].parameters == 160
    assert g.nodes["synthesis.s8.noise"].buffers == 64
    assert g.nodes["mapping.average"].buffers == 16
    d = cost.networks["discriminator"]
    assert d.nodes["from_rgb"].parameters == 3 * 8 + 8
    assert d.nodes["from_rgb"].buffers == 8 + 1  # spectral: u0 and sv0
    assert g.total.parameters == sum(node.parameters for node in g.nodes.values())


def test_a_step_without_a_plan() -> None:
    found = {p.name: p for p in phases.phases(generator(), plain_critic())}
    assert set(found) == {"D", "G"}
    assert found["D"].macs["discriminator"]["b"] == 2 * (
        B + 2 * B
    )  # real and generated, forward and backward
    assert found["G"].macs["discriminator"]["b"] == B + B  # forward, and backward to the images alone
    conv = phases.forward(generator())["synthesis.s8.conv"]
    assert found["D"].macs["generator"]["synthesis.s8.conv"] == conv
    assert found["G"].macs["generator"]["synthesis.s8.conv"] == 3 * conv
    assert found["D"].kept["generator"] == {}


PLAYED = """\
gandsl: 1
name: small
generator:
  inputs: {z: "Latent[8]"}
  styles: ws
  body:
    map: {op: linear, features: 4}
    ws: {op: broadcast_styles, count: 2}
    start: {op: constant, like: ws, channels: 4, size: 8}
    conv: {op: modulated_conv, style: "ws[0]", channels: 4}
    rgb: {op: modulated_conv, style: "ws[1]", channels: 3, kernel: 1}
discriminator:
  inputs: {image: "Image[3, 8]"}
  body:
    a: {op: conv, channels: 4}
    a_act: {op: leaky_relu}
    b: {op: conv, channels: 6}
    b_act: {op: leaky_relu}
    flat: {op: flatten}
    out: {op: linear, features: 1}
training: {length: 1 kimg, batch: 8, loss: logistic, optimizer: {lr: 1e-3}}
"""
MAP = 8 * 4


def played(folder: Path, **training: Any) -> ModuleCost:
    """The cost of a spec whose critic is `plain_critic`, with these fields of its plan."""
    path = folder / "small.yaml"
    path.write_text(PLAYED)
    return module_cost(checked(path, {f"training.{name}": value for name, value in training.items()})[0])


def test_phases_of_a_plan(tmp_path: Path) -> None:
    regularizers = {
        "r1": {"gamma": 1.0, "every": "16 steps"},
        "path_length": {"every": "4 steps", "batch": 2},
    }
    cost = played(tmp_path, regularizers=regularizers, discriminator_steps=3, style_mixing={})
    rows = {p.name: p for p in cost.phases}
    assert {name: (p.every, p.repeat, p.images, p.penalty) for name, p in rows.items()} == {
        "D": (1, 3, 8, False),
        "D/16": (16, 1, 8, True),
        "G": (1, 1, 8, False),
        "G/4": (4, 1, 2, True),
    }
    # forward; the gradient gy·W; its derivatives, by gy and by W; backward below activations, which are read
    # again; at the end gy is constant, and nothing is behind it
    assert rows["D/16"].flops == {"generator": 0, "discriminator": 2 * 8 * (6 * A + 6 * B + 3 * OUT)}
    assert rows["D"].flops["discriminator"] == 3 * 8 * 2 * 2 * (2 * A + 3 * B + 3 * OUT)
    assert rows["G/4"].flops["discriminator"] == 0 and rows["G/4"].flops["generator"] > 0
    expected = sum(p.total_flops / p.every for p in cost.phases)
    assert cost.flops_per_step == pytest.approx(expected)


def test_style_mixing_maps_twice_and_synthesizes_once(tmp_path: Path) -> None:
    without, mixed = (
        played(tmp_path, style_mixing=mixing).phases[0].flops["generator"] for mixing in (None, {})
    )
    assert mixed - without == 2 * 8 * MAP


def test_joined_penalty_adds_to_the_main_step(tmp_path: Path) -> None:
    plain = played(tmp_path).phases
    joined = played(tmp_path, regularizers={"gradient_penalty": {}}, loss="wasserstein").phases
    assert [p.name for p in joined] == ["D", "G"]
    extra = joined[0].flops["discriminator"] - plain[0].flops["discriminator"]
    assert extra == 2 * 8 * (6 * A + 6 * B + 3 * OUT)  # a third forward, at the interpolates, and the penalty
    r1 = played(tmp_path, regularizers={"r1": {"gamma": 1}}).phases
    extra = r1[0].flops["discriminator"] - plain[0].flops["discriminator"]
    # real images went through already; their own gradient is wanted, and the image is a variable now
    assert extra == 2 * 8 * ((3 + 1) * A + 3 * B + 2 * OUT)


def test_weight_zero_leaves_the_penalty_out(tmp_path: Path) -> None:
    found = played(tmp_path, regularizers={"r1": {"gamma": 0, "every": "16 steps"}})
    assert [p.name for p in found.phases] == ["D", "G"]


def test_relativistic_losses_judge_real_images_in_gs_step(tmp_path: Path) -> None:
    (_, plain), (_, paired) = (
        played(tmp_path, loss=loss).phases for loss in ("logistic", "relativistic_logistic")
    )
    assert paired.flops["discriminator"] - plain.flops["discriminator"] == 2 * 8 * (A + B + OUT)


def test_consistency_judges_and_generates_again(tmp_path: Path) -> None:
    both = {"real": 10, "fake": 10, "latent": {}}
    plain, again = (
        played(tmp_path, regularizers=regularizers).phases for regularizers in ({}, {"consistency": both})
    )
    (d, g), (more_d, more_g) = ([p.flops for p in found] for found in (plain, again))
    # D sees transformed real and fake images as well, and those of moved latents
    assert 2 * more_d["discriminator"] == 5 * d["discriminator"]
    assert more_d["generator"] == 2 * d["generator"] and more_g["generator"] == 2 * g["generator"]
    assert more_g["discriminator"] == g["discriminator"]


def test_micro_batches_bound_the_memory(tmp_path: Path) -> None:
    whole, halves = (played(tmp_path, micro_batch=size).phases for size in (None, 4))
    for a, b in zip(whole, halves, strict=True):
        assert {name: n // 2 for name, n in a.activation_bytes.items()} == b.activation_bytes
        assert a.flops == b.flops


@pytest.mark.parametrize(
    ("id_", "depth", "expected"),
    [
        ("synthesis.s16.conv0.affine", None, "synthesis.s16"),
        ("synthesis.s16x24.conv0", None, "synthesis.s16x24"),
        ("mapping.fc0.linear", None, "mapping"),  # a stage, but of vectors
        ("head.s16", None, "head"),  # the node's own name is no stage
        ("z", None, "z"),
        ("synthesis.s16.conv0.affine", 1, "synthesis"),
        ("synthesis.s16.conv0.affine", 3, "synthesis.s16.conv0"),
        ("mapping.fc0", 3, "mapping.fc0"),
    ],
)
def test_prefix(id_: str, depth: int | None, expected: str) -> None:
    assert prefix(id_, depth, {"synthesis.s16", "synthesis.s16x24", "head.s16"}) == expected


def test_stages_of_features() -> None:
    b = Builder()
    x = b.add("mapping.fc0.linear", "linear", b.input("z", "Latent", 8), features=8)
    x = b.add("s2.x", "reshape", x, channels=2, size=Size(2, 2))
    x = b.add("up.s4.x", "upsample", x)
    x = b.add("up.conv1", "conv", x, channels=3)
    assert spatial_stages(b.graph(x)) == {"s2", "up.s4"}


def test_stage_names() -> None:
    assert [name for name in ("s8", "s16x24", "b4", "conv", "s", "8", "s8_x") if is_stage(name)] == [
        "s8",
        "s16x24",
        "b4",
    ]


def test_stages_sum_up_to_the_total() -> None:
    network = module_cost(module(BOTH)).networks["generator"]
    for depth in (None, 1, 2, 5):
        stages = network.stages(depth)
        total = sum(stages.values(), type(network.total)())
        assert total == network.total
    assert {"mapping", "synthesis.s4", "synthesis.s8"} <= set(network.stages())


def test_a_family_counts_every_weight_and_runs_its_last_program() -> None:
    networks = {"generator": family()}
    cost = module_cost(SimpleNamespace(networks=networks, plan=None, game=None))  # type: ignore[arg-type]
    nodes = cost.networks["generator"].nodes
    assert nodes["s4.rgb"].parameters == 6 and nodes["s4.rgb"].forward_flops == 0
    assert nodes["s8.rgb"].forward_flops == 2 * 3 * 64
    assert cost.phases == ()
    assert NETWORKS == ("generator", "discriminator")
