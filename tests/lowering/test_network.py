"""Lowered networks: entries, levels, sharing, keys, meta, and what is refused."""

from __future__ import annotations

import copy
import traceback

import pytest
import torch
from torch import fx, nn

from gandsl.diagnostics.errors import InvariantError
from gandsl.ir.graph import NetworkIR, Variant
from gandsl.ir.split import entry_graph, mapping, synthesis
from gandsl.lowering.lower import lower_graph
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.tree import grow, layer_targets
from gandsl.lowering.verify import verify, verify_shapes
from gandsl.passes.target import Target
from gandsl_runtime.layers import materialize, set_noise_mode
from gandsl_runtime.network import Port
from tests.graphs import Builder
from tests.published import NETWORKS, pggan_discriminator, stylegan2_generator


def generator() -> NetworkIR:
    return stylegan2_generator(16, 8, 8, lambda res: 64 // res + 2)


def test_one_fx_node_for_each_primitive_and_all_say_where_they_are_from() -> None:
    ir = generator()
    module = LoweredNetwork(ir).lowered()
    nodes = [node for node in module.graph.nodes if node.op != "output"]
    assert [node.meta["id"] for node in nodes] == list(ir.main.nodes)
    for node in nodes:
        assert node.meta["node"] is ir.main[node.meta["id"]]
        assert (
            node.meta["stack_trace"]
            == f'File "hand.yaml", line {node.meta["span"].line}, in {node.meta["id"]}'
        )
        if node.op == "call_module":
            assert node.target == node.meta["id"]


def test_a_runtime_error_quotes_the_spec() -> None:
    module = LoweredNetwork(generator()).lowered("synthesis")
    with pytest.raises(Exception) as caught:
        fx.Interpreter(module).run(torch.randn(2, 6, 5))
    assert 'File "hand.yaml", line' in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("passes", [False, True])
def test_a_node_may_be_called_self(passes: bool) -> None:
    """In torch.fx's code that is the module, whose layers the nodes behind it call."""
    b = Builder()
    b.input("self", "Vector", 4)
    b("x.self", "linear", {"x": "self"}, features=4)
    b("out", "linear", {"x": "x.self"}, features=2)
    network = LoweredNetwork(b.ir("out"))
    x = torch.randn(3, 4)
    program = network.program() if passes else network.lowered()
    layers = network.get_submodule("x.self"), network.get_submodule("out")
    assert torch.equal(program(x), layers[1](layers[0](x)))


@pytest.mark.parametrize("name", NETWORKS)
def test_lowered_networks_verify_and_have_the_irs_keys(name: str) -> None:
    ir = NETWORKS[name]()
    network = LoweredNetwork(ir)
    expected = set()
    for graph, node in ir.weighted().values():
        call = graph.call(node)
        expected |= {f"{node.id}.{part}" for part in (*node.spec.weights(call), *node.spec.buffers(call))}
    assert set(network.state_dict()) == expected
    for variant in ir.programs:
        module = network.lowered(level=variant.level, fading=variant.fading)
        verify(module)
        verify_shapes(module, network._meta_twin())


def test_entries_compose() -> None:
    network = LoweredNetwork(generator()).eval()
    set_noise_mode(network, "constant")
    z = torch.randn(3, 8)
    ws = network.program("mapping")(z)
    assert ws.shape == (3, 6, 8) and network.has_styles
    torch.testing.assert_close(network.program("synthesis")(ws), network(z))
    assert network.inputs == (Port("z", "Latent", (8,), "normal"),)
    assert network.outputs == (Port("sum", "Feature", (3, 16, 16)),)


def test_synthesis_computes_anew_what_lies_on_both_sides_and_needs_its_inputs() -> None:
    b = Builder()
    z, y = b.input("z", "Latent", 4), b.input("y", "Label", 3)
    unread = b.input("u", "Latent", 2)
    shared = b("shared", "embedding", {"y": y}, features=4)
    ws = b("ws", "stack", {"terms": [b("w0", "add", {"terms": [z, shared]}), z]})
    start = b("start", "constant", {"like": z}, channels=4, size=2)
    style = b("style", "select", {"x": ws}, index=1)
    x = b("x", "modulate", {"x": start, "scale": style, "shift": shared})
    graph = b.graph(x, styles=ws)
    first, second = mapping(graph), synthesis(graph)
    for part in (first, second):
        part.verify()
    assert [node.id for node in first.inputs] == ["z", "y", "u"] and unread in first.nodes
    assert [node.id for node in second.inputs] == ["ws", "y"]
    assert second["start"].inputs["like"] == ("ws",) and set(second.nodes) == {
        "ws",
        "y",
        "shared",
        "start",
        "style",
        "x",
    }
    network = LoweredNetwork(b.ir(x, styles=ws))
    arguments = torch.randn(2, 4), torch.tensor([0, 2]), torch.randn(2, 2)
    whole = network(*arguments)
    torch.testing.assert_close(
        network.program("synthesis")(network.program("mapping")(*arguments), arguments[1]), whole
    )


def test_the_fades_scalar_comes_last() -> None:
    b = Builder()
    alpha, z = b.input("alpha", "Scalar"), b.input("z", "Latent", 4)
    ws = b("ws", "broadcast_styles", {"x": z}, count=2)
    old, new = (b(f"w{i}", "select", {"x": ws}, index=i) for i in range(2))
    ir = b.ir(b("x", "lerp", {"a": old, "b": new, "weight": alpha}), styles=ws)
    network = LoweredNetwork(ir)
    for entry, arguments in {
        "forward": ["z", "alpha"],
        "mapping": ["z", "alpha"],
        "synthesis": ["ws", "alpha"],
    }.items():
        placeholders = [n.name for n in network.graph_module(entry).graph.nodes if n.op == "placeholder"]
        assert placeholders == arguments


def test_levels_share_one_set_of_layers() -> None:
    network = LoweredNetwork(pggan_discriminator())
    assert network.levels == ((4, 4), (8, 8))
    small, large = torch.randn(4, 3, 4, 4), torch.randn(4, 3, 8, 8)
    network.program(level=0)(small).sum().backward()
    head, wide = network.get_submodule("b4.conv").weight, network.get_submodule("b8.conv0").weight
    assert head.grad is not None and wide.grad is None
    network(large)
    alpha = torch.tensor(0.0)
    faded = network.program(level=1, fading=True)
    pooled = nn.functional.avg_pool2d(large, 2)
    torch.testing.assert_close(faded(large, alpha), network.program(level=0)(pooled))
    torch.testing.assert_close(faded(large, torch.tensor(1.0)), network(large))
    assert network.program() is network.program(level=1) is network.graph_module("forward", 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("forward", 3), "no program for level 3, only for 0, 1, 1 fading"),
        (("forward", 0, True), "no program for level 0 fading"),
        (("mapping",), "no entry 'mapping', only forward"),
        (("backward",), "no entry 'backward'"),
    ],
)
def test_programs_that_do_not_exist(arguments: tuple[object, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LoweredNetwork(pggan_discriminator()).program(*arguments)  # type: ignore[arg-type]


def test_copies_share_nothing_with_the_original_and_everything_within() -> None:
    """What the moving average of a generator needs."""
    network = LoweredNetwork(generator())
    network.graph_module()
    twin = copy.deepcopy(network)
    set_noise_mode(twin, "none")
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    z = torch.randn(2, 8)
    assert not twin(z).any() and not twin.program("synthesis")(torch.randn(2, 6, 8)).any()
    assert network(z).any()
    assert list(twin.state_dict()) == list(network.state_dict())
    for which in ({}, {"entry": "synthesis"}):
        layers = dict(twin.graph_module(**which).named_modules())
        assert layers["synthesis.b4.conv1.conv"] is twin.get_submodule("synthesis.b4.conv1.conv")


def test_moving_and_casting_reaches_every_program() -> None:
    network = LoweredNetwork(generator())
    network.graph_module()
    network.program("mapping")
    network.double()
    assert network(torch.randn(2, 8, dtype=torch.float64)).dtype == torch.float64
    before = network.get_submodule("mapping.w_avg").average.clone()
    network.train().program("mapping")(torch.randn(2, 8, dtype=torch.float64))
    assert not torch.equal(before, network.get_submodule("mapping.w_avg").average)


def test_training_mode_reaches_every_program() -> None:
    network = LoweredNetwork(generator())
    program = network.program("mapping")
    average = network.get_submodule("mapping.w_avg").average
    network.eval()
    program(torch.randn(2, 8))
    assert not average.any()
    network.train()
    program(torch.randn(2, 8))
    assert average.any()


def test_another_target_shares_the_layers() -> None:
    network = LoweredNetwork(generator())
    fast = network.for_target(Target("cuda", "inference"))
    assert all(a is b for a, b in zip(network.parameters(), fast.parameters(), strict=True))
    assert fast.graph_module() is not network.graph_module()


def test_on_the_meta_device_it_costs_nothing_until_materialized() -> None:
    with torch.device("meta"):
        network = LoweredNetwork(generator())
    network.pass_log()
    assert all(parameter.is_meta for parameter in network.parameters())
    materialize(network, seed=0)
    set_noise_mode(network, "none")
    torch.manual_seed(0)
    other = LoweredNetwork(generator())
    set_noise_mode(other, "none")
    z = torch.randn(2, 8)
    assert torch.equal(network(z), other(z))


def test_an_inner_id_may_be_a_folder_as_well() -> None:
    b = Builder()
    x = b.input("x", "Vector", 3)
    x = b("conv.affine", "linear", {"x": x}, features=3)
    x = b("conv", "linear", {"x": x}, features=3)
    x = b("conv.after.last", "linear", {"x": x}, features=3)
    network = LoweredNetwork(b.ir(x))
    assert {key.rpartition(".")[0] for key in network.state_dict()} == {
        "conv",
        "conv.affine",
        "conv.after.last",
    }
    assert network(torch.randn(2, 3)).shape == (2, 3)


@pytest.mark.parametrize("name", ["train", "class", "weight.inner", "forward", "inputs"])
def test_names_that_torch_or_python_use_are_refused_as_such(name: str) -> None:
    b = Builder()
    x = b("weight" if "." in name else "first", "linear", {"x": b.input("x", "Vector", 3)}, features=3)
    ir = b.ir(b(f"first.{name}" if name == "weight.inner" else name, "linear", {"x": x}, features=3))
    if name == "weight.inner":  # `weight` is the first layer's parameter
        ir = _renamed()
    with pytest.raises(InvariantError, match="cannot name a module"):
        LoweredNetwork(ir)


def _renamed() -> NetworkIR:
    b = Builder()
    x = b("first", "linear", {"x": b.input("x", "Vector", 3)}, features=3)
    return b.ir(b("first.weight", "linear", {"x": x}, features=3))


def test_a_node_that_differs_between_levels_is_refused() -> None:
    programs = {}
    for level in (0, 1):
        b = Builder()
        out = b("conv", "conv", {"x": b.input("x", "Feature", 2, 4, 4)}, channels=2, stride=level + 1)
        programs[Variant(level)] = b.graph(out)
    with pytest.raises(InvariantError, match=r"conv is .* once and .* elsewhere"):
        layer_targets(NetworkIR("discriminator", programs, ((4, 4), (8, 8))))


def test_several_outputs_are_a_tuple_in_order() -> None:
    b = Builder()
    x = b.input("x", "Vector", 3)
    network = LoweredNetwork(b.ir(b("b", "tanh", {"x": x}), b("a", "relu", {"x": x})))
    given = torch.randn(2, 3)
    first, second = network(given)
    assert torch.equal(first, given.tanh()) and torch.equal(second, given.relu())
    assert [port.name for port in network.outputs] == ["b", "a"]


def test_the_verifier_wants_a_layer_at_every_target() -> None:
    ir = generator()
    root = nn.Module()
    grow(root, layer_targets(ir))
    module = lower_graph(entry_graph(ir.main, "forward"), root)
    verify(module)
    module.get_submodule("synthesis.b4").const = nn.Identity()
    with pytest.raises(InvariantError, match="which is no layer but Identity"):
        verify(module)


def test_rectangles_and_other_channel_counts() -> None:
    b = Builder()
    x = b("start", "constant", {"like": b.input("z", "Latent", 4)}, channels=5, size=(3, 5))
    x = b("up", "fir", {"x": b("noise", "noise", {"x": x})}, up=2, pad=(2, 1, 2, 1), gain=4.0)
    network = LoweredNetwork(b.ir(b("rgba", "conv", {"x": x}, channels=4, kernel=1)))
    assert network(torch.randn(2, 4)).shape == (2, 4, 6, 10)
    assert network.get_submodule("noise").constant.shape == (3, 5)
