"""Graphs that do not fall into neat blocks are printed all the same, and exactly."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gandsl.codegen.identifiers import class_name
from gandsl.codegen.printing.locations import Locations
from gandsl.codegen.printing.network import network_source
from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.graph import NetworkIR, Variant
from gandsl.lowering.precision import in_precision
from gandsl_runtime.plan import Precision
from tests.codegen.twins import assert_equal_programs
from tests.graphs import Builder


def check(ir: NetworkIR) -> dict[str, ast.ClassDef]:
    """Print, compare with the lowered network to the bit, and give the classes."""
    source = network_source(ir, "A test.", Locations("hand.yaml"), lambda origin: None)
    assert_equal_programs(ir, source, class_name(ir.name))
    return {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}


def methods(class_: ast.ClassDef) -> list[str]:
    return [node.name for node in class_.body if isinstance(node, ast.FunctionDef)]


def test_a_value_that_leaves_a_block_and_comes_back() -> None:
    """The block keeps its layers, and the forward around it calls them."""
    b = Builder()
    x = b.input("x", "Image", 3, 8, 8)
    x = b("block.conv0", "conv", {"x": x}, channels=4)
    x = b("outside", "conv", {"x": x}, channels=4)
    x = b("block.conv1", "conv", {"x": x}, channels=4)
    classes = check(b.ir(x))
    assert methods(classes["Block"]) == ["__init__"]


def test_two_blocks_that_wait_for_each_other() -> None:
    """Each could run in one go, but not one after the other: one of them is opened, the other is called."""
    b = Builder()
    x = b.input("x", "Image", 3, 8, 8)
    first = b("left.first", "conv", {"x": x}, channels=4)
    right = b("right.first", "conv", {"x": first}, channels=4)
    other = b("right.second", "conv", {"x": x}, channels=4)
    left = b("left.second", "conv", {"x": other}, channels=4)
    classes = check(b.ir(b("sum", "add", {"terms": [right, left]})))
    assert sorted(methods(classes[name]) for name in ("Left", "Right")) == [
        ["__init__"],
        ["__init__", "forward"],
    ]


def test_random_numbers_are_drawn_in_the_order_of_the_spec() -> None:
    """Though no value says so: without it, the same seed would give another image."""
    b = Builder()
    x = b.input("x", "Image", 3, 8, 8)
    parts = []
    for number, block in enumerate(["a", "b", "a", "c", "b"]):
        y = b(f"{block}.conv{number}", "conv", {"x": x}, channels=3)
        parts.append(b(f"{block}.drop{number}", "dropout", {"x": y}, p=0.5))
    check(b.ir(b("sum", "add", {"terms": parts})))


def test_a_layer_below_a_layer() -> None:
    b = Builder()
    z = b.input("z", "Latent", 6, distribution="normal")
    x = b("conv.start", "constant", {"like": z}, channels=4, size=4)
    style = b("conv.affine", "linear", {"x": z}, features=4)
    x = b("conv", "modulated_conv", {"x": x, "style": style}, channels=4)
    check(b.ir(b("conv.tail.rgb", "conv", {"x": x}, channels=3)))


def test_odd_names() -> None:
    b = Builder()
    x = b.input("sum", "Image", 3, 8, 8)
    for name in ("blocks.0.conv", "blocks.1.conv", "self.layers", "sum.ops"):
        x = b(name, "conv", {"x": x}, channels=3)
    classes = check(b.ir(x))
    assert len(classes) == 5  # blocks.0 and blocks.1 are alike


def test_what_differs_in_a_forward_is_kept_by_the_constructor() -> None:
    b = Builder()
    x = b.input("x", "Image", 3, 16, 16)
    for size in (16, 8, 4):
        tokens = b(f"s{size}.tokens", "to_tokens", {"x": x})
        tokens = b(f"s{size}.linear", "linear", {"x": tokens}, features=3)
        x = b(f"s{size}.pixels", "from_tokens", {"x": tokens}, size=size)
        x = b(f"s{size}.pool", "pool", {"x": x})
    classes = check(b.ir(x))
    assert set(classes) == {"Stage", "Generator"}
    assert "self.size = size" in ast.unparse(classes["Stage"])


def test_a_part_that_nobody_reads_is_still_returned_where_others_read_it() -> None:
    b = Builder("discriminator")
    x = b.input("x", "Image", 3, 16, 16)
    images = []
    for size in (16, 8, 4):
        x = b(f"s{size}.conv", "conv", {"x": x}, channels=3, stride=2)
        images.append(b(f"s{size}.rgb", "conv", {"x": x}, channels=1, kernel=1))
    sizes = [b(f"pool{i}", "global_pool", {"x": image}) for i, image in enumerate(images)]
    classes = check(b.ir(b("sum", "add", {"terms": sizes})))
    assert set(classes) == {"Stage", "Discriminator"}


def test_one_value_as_two_outputs_and_an_input_as_an_output() -> None:
    b = Builder("encoder")
    x = b.input("x", "Image", 3, 8, 8)
    y = b("conv", "conv", {"x": x}, channels=3)
    graph = b.graph(y, x)
    both = type(graph)("encoder", graph.nodes, {"a": y, "b": x, "c": y}, dict.fromkeys("abc", "Image"))
    check(NetworkIR("encoder", {Variant(): both}))


def test_dead_layers_keep_their_weights_and_statistics() -> None:
    b = Builder()
    x = b.input("x", "Image", 3, 8, 8)
    b("watch.conv", "conv", {"x": x}, channels=3)
    b("watch.norm", "batch_norm", {"x": "watch.conv"})
    b("norm", "batch_norm", {"x": x})
    b("noise", "noise", {"x": x})
    b("unused.conv", "conv", {"x": x}, channels=3)
    b("unused.act", "relu", {"x": "unused.conv"})
    check(b.ir(b("conv", "conv", {"x": x}, channels=3)))


def test_a_label_that_both_sides_of_the_style_space_read() -> None:
    """The full program embeds it once; mapping and synthesis alone each embed it."""
    b = Builder()
    z = b.input("z", "Latent", 6, distribution="normal")
    y = b.input("y", "Label", 5)
    label = b("label", "embedding", {"y": y}, features=6)
    joined = b("mapping.sum", "add", {"terms": [z, label]})
    w = b("mapping.fc", "linear", {"x": joined}, features=6)
    ws = b("ws", "broadcast_styles", {"x": w}, count=2)
    x = b("start", "constant", {"like": ws}, channels=6, size=4)
    for index in range(2):
        style = b(f"ws_{index}", "select", {"x": ws}, index=index)
        x = b(f"s{index}.scaled", "modulate", {"x": x, "scale": style, "shift": label})
        x = b(f"s{index}.conv", "conv", {"x": x}, channels=6)
    classes = check(b.ir(x, styles=ws))
    assert {"forward", "map_styles", "synthesize"} <= {*methods(classes["Generator"])}


def test_levels_that_differ_in_a_number_are_two_methods() -> None:
    programs = {}
    for variant, factor in ((Variant(0), 0.5), (Variant(1), 2.0), (Variant(1, True), 3.0)):
        b = Builder()
        z = b.input("z", "Latent", 6, distribution="normal")
        alpha = b.input("alpha", "Scalar") if variant.fading else None
        x = b("block.linear", "linear", {"x": z}, features=48)
        x = b("block.scaled", "scale", {"x": x}, factor=factor)
        if alpha:
            x = b("block.faded", "lerp", {"a": x, "b": "block.linear", "weight": alpha})
        x = b("image", "reshape", {"x": x}, channels=3, size=4)
        programs[variant] = b.graph(x)
    classes = check(NetworkIR("generator", programs, ((4, 4), (4, 4))))
    assert len(methods(classes["Block"])) == 4  # __init__ and three forwards


def test_a_name_that_torch_has_is_a_bug_of_the_compiler() -> None:
    b = Builder()
    x = b("half.train", "conv", {"x": b.input("x", "Image", 3, 8, 8)}, channels=3)
    with pytest.raises(InvariantError, match="cannot name a module"):
        network_source(b.ir(x), "", Locations(""), lambda origin: None)


@settings(max_examples=100)
@given(st.data())
def test_any_graph_in_any_blocks(data: st.DataObject) -> None:
    """Random wiring through randomly nested blocks, several of them alike, with noise and dropout."""
    b = Builder()
    values = [b.input("x", "Image", 3, 4, 4), b.input("other", "Image", 3, 4, 4)]
    scopes = ["", "a.", "b.", "a.s0.", "a.s1.", "b.s0.", "b.s1.", "c.d.e."]
    count = data.draw(st.integers(1, 14))
    for number in range(count):
        at = f"{data.draw(st.sampled_from(scopes))}n{number}"
        op = data.draw(st.sampled_from(["conv", "add", "relu", "noise", "dropout", "fir"]))
        read = data.draw(st.sampled_from(values))
        if op == "add":
            values.append(b(at, op, {"terms": [read, data.draw(st.sampled_from(values))]}))
        elif op == "conv":
            values.append(b(at, op, {"x": read}, channels=3, kernel=data.draw(st.sampled_from([1, 3]))))
        elif op == "fir":
            values.append(b(at, op, {"x": read}, pad=(1, 2, 1, 2)))
        else:
            values.append(b(at, op, {"x": read}))
    check(
        b.ir(b("out", "add", {"terms": data.draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))}))
    )


def family(data: st.DataObject) -> NetworkIR:
    """Programs that share most of their statements: some are left out of one, read another value, differ in
    a number; with several outputs, of features, images and vectors."""
    scopes = ["", "a.", "b.", "a.s0.", "a.s1.", "c.d."]
    ops = ["conv", "wide", "add", "relu", "scale", "pool", "linear", "add"]
    plan = [
        (f"{data.draw(st.sampled_from(scopes))}n{number}", data.draw(st.sampled_from(ops)))
        for number in range(data.draw(st.integers(3, 12)))
    ]
    usual = [data.draw(st.integers(0, 30)) for _ in plan]
    outputs = data.draw(st.lists(st.integers(0, 30), min_size=1, max_size=3))
    programs = {}
    for variant in (Variant(0), Variant(1), Variant(1, True)):
        b = Builder()
        x = b.input("x", "Image", 3, 4, 4)
        if variant.fading:
            b.input("alpha", "Scalar")
        made = [
            x,
            b("first", "conv", {"x": x}, channels=3),
            b("v", "linear", {"x": b("p", "global_pool", {"x": x})}, features=3),
        ]
        for (at, op), like in zip(plan, usual, strict=True):
            if data.draw(st.integers(0, 9)) == 0:
                continue
            like = data.draw(st.integers(0, 30)) if data.draw(st.integers(0, 9)) == 0 else like
            made.append(_statement(data, b, made, at, op, like))
        chosen = [made[-1 - index % len(made)] for index in outputs]
        graph = b.graph(made[-1])
        names = {f"o{index}": id_ for index, id_ in enumerate(chosen)}
        kinds = {name: graph[id_].type.kind for name, id_ in names.items()}
        programs[variant] = type(graph)("generator", graph.nodes, names, kinds)
    return NetworkIR("generator", programs, ((4, 4), (8, 8)))


def _statement(data: st.DataObject, b: Builder, made: list[str], at: str, op: str, like: int) -> str:
    vectors = op == "linear"
    fit = [id_ for id_ in made if (len(b.nodes[id_].type.shape) == 1) == vectors]
    fit = [id_ for id_ in fit if op in ("relu", "scale", "pool") or b.nodes[id_].type.shape[0] == 3]
    read = fit[-1 - like % len(fit)]
    match op:
        case "conv" | "wide":
            return b(at, "conv", {"x": read}, channels=3 if op == "conv" else 4, kernel=1)
        case "add":
            return b(at, "add", {"terms": [read, fit[0]]})
        case "scale":
            return b(at, "scale", {"x": read}, factor=data.draw(st.sampled_from([0.5, 0.5, 0.5, 2.0])))
        case "pool":
            return b(at, "global_pool", {"x": read})
        case "linear":
            return b(at, "linear", {"x": read}, features=3)
    return b(at, op, {"x": read})


@settings(max_examples=60)
@given(st.data(), st.sampled_from([Precision(), Precision(compute="bf16")]))
def test_any_family_in_any_blocks(data: st.DataObject, precision: Precision) -> None:
    """Its programs call each other and share helpers, in one order of arguments and results."""
    check(in_precision(family(data), precision))
