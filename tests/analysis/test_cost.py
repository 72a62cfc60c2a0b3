"""Costs of hand-made graphs against closed forms, and every op against the tables of the analysis."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gandsl.analysis import autodiff, phases
from gandsl.analysis.autodiff import GradientFlow
from gandsl.analysis.cost import NETWORKS, is_stage, module_cost, prefix, spatial_stages
from gandsl.ir.graph import Graph, NetworkIR, Variant
from gandsl.spec.values import Size
from gandsl_runtime.plan import Plan
from tests.ir.graphs import Builder, discriminator, family, generator


def module(plan: dict[str, Any] | None = None, g: Graph | None = None, d: Graph | None = None) -> Any:
    """What `module_cost` reads of a ModuleIR."""
    graphs = {"generator": g or generator(), "discriminator": d or discriminator()}
    networks = {name: NetworkIR(name, {Variant(): graph}) for name, graph in graphs.items()}
    made = Plan.model_validate(BASE | plan) if plan is not None else None
    return SimpleNamespace(networks=networks, plan=made, document=SimpleNamespace(game=None))


BASE = {"length": "1 kimg", "batch": 8, "loss": "logistic", "optimizer": {"lr": 1e-3}}


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


def test_penalty_of_a_critic() -> None:
    """Gradient, its derivative to gy (constant at the last layer) and to the weight, full backward."""
    macs = autodiff.penalty_macs(plain_critic(), IMAGE)
    assert (macs["a"], macs["b"], macs["out"]) == ((1 + 2 + 2) * A, (1 + 2 + 2) * B, (1 + 1 + 2) * OUT)


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
    cost = module_cost(module())
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
    found = {p.name: p for p in phases.phases(generator(), plain_critic(), None)}
    assert set(found) == {"D", "G"}
    assert found["D"].macs["discriminator"]["b"] == 2 * (
        B + 2 * B
    )  # real and generated, forward and backward
    assert found["G"].macs["discriminator"]["b"] == B + B  # forward, and backward to the images alone
    conv = phases.forward(generator())["synthesis.s8.conv"]
    assert found["D"].macs["generator"]["synthesis.s8.conv"] == conv
    assert found["G"].macs["generator"]["synthesis.s8.conv"] == 3 * conv
    assert found["D"].kept["generator"] == {}


def test_phases_of_a_plan() -> None:
    regularizers = {
        "r1": {"gamma": 1.0, "every": "16 steps"},
        "path_length": {"every": "4 steps", "batch": 2},
    }
    plan = {"regularizers": regularizers, "discriminator_steps": 3, "style_mixing": {}}
    cost = module_cost(module(plan, d=plain_critic()))
    rows = {p.name: p for p in cost.phases}
    assert {name: (p.every, p.repeat, p.images, p.penalty) for name, p in rows.items()} == {
        "D": (1, 3, 8, False),
        "D/16": (16, 1, 8, True),
        "G": (1, 1, 8, False),
        "G/4": (4, 1, 2, True),
    }
    assert rows["D/16"].flops == {"generator": 0, "discriminator": 2 * 8 * (6 * A + 6 * B + 5 * OUT)}
    assert rows["D"].flops["discriminator"] == 3 * 8 * 2 * 2 * (2 * A + 3 * B + 3 * OUT)
    assert rows["G/4"].flops["discriminator"] == 0 and rows["G/4"].flops["generator"] > 0
    expected = sum(p.total_flops / p.every for p in cost.phases)
    assert cost.flops_per_step == pytest.approx(expected)


def test_style_mixing_maps_twice_and_synthesizes_once() -> None:
    without, mixed = (
        module_cost(module(plan)).phases[0].flops["generator"] for plan in ({}, {"style_mixing": {}})
    )
    mapping = sum(phases.forward(generator())[id_] for id_ in generator().nodes if id_.startswith("mapping"))
    assert mapping > 0 and mixed - without == 2 * 8 * mapping


def test_joined_penalty_adds_to_the_main_step() -> None:
    plain = module_cost(module({}, d=plain_critic())).phases
    wgan = {"regularizers": {"gradient_penalty": {}}, "loss": "wasserstein"}
    joined = module_cost(module(wgan, d=plain_critic())).phases
    assert [p.name for p in joined] == ["D", "G"]
    extra = joined[0].flops["discriminator"] - plain[0].flops["discriminator"]
    assert extra == 2 * 8 * (6 * A + 6 * B + 5 * OUT)  # a third forward, at the interpolates, and the penalty
    r1 = module_cost(module({"regularizers": {"r1": {"gamma": 1}}}, d=plain_critic())).phases
    extra = r1[0].flops["discriminator"] - plain[0].flops["discriminator"]
    # real images went through already; now their own gradient is wanted as well, also of the first layer
    assert extra == 2 * 8 * ((6 - 2) * A + (6 - 3) * B + (5 - 3) * OUT)


def test_weight_zero_leaves_the_penalty_out() -> None:
    plan = {"regularizers": {"r1": {"gamma": 0, "every": "16 steps"}}}
    assert [p.name for p in module_cost(module(plan)).phases] == ["D", "G"]


def test_relativistic_losses_judge_real_images_in_gs_step() -> None:
    (_, plain), (_, paired) = (
        module_cost(module({"loss": loss}, d=plain_critic())).phases
        for loss in ("logistic", "relativistic_logistic")
    )
    assert paired.flops["discriminator"] - plain.flops["discriminator"] == 2 * 8 * (A + B + OUT)


def test_consistency_judges_and_generates_again() -> None:
    both = {"real": 10, "fake": 10, "latent": {}}
    plain, again = (
        module_cost(module(plan, d=plain_critic())).phases
        for plan in ({}, {"regularizers": {"consistency": both}})
    )
    (d, g), (more_d, more_g) = ([p.flops for p in found] for found in (plain, again))
    # D sees transformed real and fake images as well, and those of moved latents
    assert 2 * more_d["discriminator"] == 5 * d["discriminator"]
    assert more_d["generator"] == 2 * d["generator"] and more_g["generator"] == 2 * g["generator"]
    assert more_g["discriminator"] == g["discriminator"]


def test_micro_batches_bound_the_memory() -> None:
    whole, halves = (module_cost(module(plan)).phases for plan in ({}, {"micro_batch": 4}))
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
    network = module_cost(module({})).networks["generator"]
    for depth in (None, 1, 2, 5):
        stages = network.stages(depth)
        total = sum(stages.values(), type(network.total)())
        assert total == network.total
    assert {"mapping", "synthesis.s4", "synthesis.s8"} <= set(network.stages())


def test_a_family_counts_every_weight_and_runs_its_last_program() -> None:
    networks = {"generator": family()}
    cost = module_cost(SimpleNamespace(networks=networks, plan=None, document=SimpleNamespace(game=None)))  # type: ignore[arg-type]
    nodes = cost.networks["generator"].nodes
    assert nodes["s4.rgb"].parameters == 6 and nodes["s4.rgb"].forward_flops == 0
    assert nodes["s8.rgb"].forward_flops == 2 * 3 * 64
    assert cost.phases == ()
    assert NETWORKS == ("generator", "discriminator")
