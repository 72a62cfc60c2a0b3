"""Each pass fires where it should, says why not elsewhere, and changes the number of nodes as promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
import torch
from torch import fx

from gandsl.diagnostics.diagnostic import InvariantError
from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.base import Pass, PassError, Record
from gandsl.passes.choose_form import ChooseModulatedForm
from gandsl.passes.common_subexpressions import CommonSubexpressions
from gandsl.passes.constant_folding import ConstantFolding
from gandsl.passes.dead_code import DeadCode
from gandsl.passes.fold_weights import FoldWeights
from gandsl.passes.fuse_resampling import FuseResampling
from gandsl.passes.group_epilogues import GroupEpilogues
from gandsl.passes.manager import Pipeline
from gandsl.passes.merge_style_affines import MergeStyleAffines
from gandsl.passes.pipeline import pipeline
from gandsl.passes.simplify import Simplify
from gandsl.passes.target import Target
from gandsl_runtime import layers
from tests.graphs import Builder
from tests.passes.exact import agree, inputs_of, run_passes, shaken, truth
from tests.published import biggan_discriminator, stylegan2_discriminator, stylegan2_generator

CPU, CUDA = Target("cpu"), Target("cuda")
INFERENCE = Target("cpu", "inference")


def small_generator() -> Any:
    return stylegan2_generator(16, 8, 8, lambda res: 64 // res + 2)


def apply(
    b: Builder, *outputs: str, passes: list[Pass], target: Target = CPU
) -> tuple[fx.GraphModule, Record]:
    """Lower a hand-built graph, run passes, check that it computes the same, give the last pass' record."""
    torch.manual_seed(0)
    ir = b.ir(*outputs)
    network = shaken(LoweredNetwork(ir)).train(target.mode == "train")
    plain = network.lowered()
    module, log = run_passes(network, passes, target)
    inputs = inputs_of(plain.graph)
    agree(truth(plain, network, inputs), truth(module, network, inputs), 1e-9)
    return module, log.records[-1]


def reasons(record: Record, *, fired: bool) -> dict[str, str]:
    return {event.where: event.reason for event in (record.fired if fired else record.skipped)}


def change(record: Record) -> int:
    return record.nodes_after - record.nodes_before


def image(b: Builder, channels: int = 2, side: int = 4) -> str:
    return b.input("x", "Feature", channels, side, side)


# dead code


def test_dead_code() -> None:
    b = Builder()
    x = image(b)
    b("unused", "tanh", {"x": b("also", "relu", {"x": x})})
    b("noisy", "noise", {"x": x}, init=1.0)
    b("kept", "batch_norm", {"x": x})
    b.input("y", "Label", 3)
    out = b("out", "scale", {"x": x}, factor=2.0)
    _, record = apply(b, out, passes=[DeadCode()])
    assert change(record) == -3 and set(reasons(record, fired=True)) == {"unused", "also", "noisy"}
    assert reasons(record, fired=False) == {
        "kept": "nothing reads it, but it keeps statistics that are saved"
    }
    module, record = apply(b, out, passes=[DeadCode()], target=INFERENCE)
    assert change(record) == -4
    assert [node.op for node in module.graph.nodes] == [
        "placeholder",
        "placeholder",
        "call_function",
        "output",
    ]


# common subexpressions


def test_common_subexpressions() -> None:
    b = Builder()
    x = image(b)
    terms = [b(f"up{i}", "upsample", {"x": b(f"act{i}", "relu", {"x": x})}) for i in range(3)]
    blurred = [b(f"blur{i}", "fir", {"x": x}, pad=(1, 2, 1, 2)) for i in range(2)]
    other = b("blur2", "fir", {"x": x}, pad=(2, 1, 2, 1))
    noisy = [b(f"noise{i}", "noise", {"x": x}, init=0.5) for i in range(2)]
    convs = [b(f"conv{i}", "conv", {"x": x}, channels=2) for i in range(2)]
    norms = [b(f"norm{i}", "batch_norm", {"x": x}, affine=False) for i in range(2)]
    drops = [b(f"drop{i}", "dropout", {"x": x}) for i in range(2)]
    small = b("small", "add", {"terms": [*blurred, other, *noisy, *convs, *norms, *drops]})
    out = b("out", "add", {"terms": [*terms, b("up", "upsample", {"x": small})]})
    _, record = apply(b, out, passes=[CommonSubexpressions()])
    assert change(record) == -5
    assert reasons(record, fired=True) == {
        **{f"act{i}": "is act0" for i in (1, 2)},
        **{f"up{i}": "is up0" for i in (1, 2)},
        "blur1": "is blur0",
    }
    assert reasons(record, fired=False) == {
        "noise1": "like noise0, but draws numbers of its own",
        "conv1": "like conv0, but has a weight of its own",
        "norm1": "like norm0, but keeps statistics of its own",
        "drop1": "like drop0, but draws numbers of its own",
    }


def test_common_subexpressions_tell_parameters_apart() -> None:
    b = Builder()
    x = image(b)
    out = b(
        "out",
        "add",
        {
            "terms": [
                b("a", "leaky_relu", {"x": x}, slope=0.1),
                b("b", "leaky_relu", {"x": x}, slope=0.2),
                b("c", "scale", {"x": x}, factor=1.0),
            ]
        },
    )
    _, record = apply(b, out, passes=[CommonSubexpressions()])
    assert change(record) == 0 and not record.events


# simplify


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


def run_simplify(b: Builder, *outputs: str) -> Record:
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


# constant folding


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
    bare = b("bare", "constant", {"like": x}, channels=2, size=4)
    out = b("out", "add", {"terms": [x, noisy, h, norm, bare]})
    module, record = apply(b, out, passes=[ConstantFolding()])
    assert set(reasons(record, fired=True)) == {"const", "grid", "join", "conv", "act"}
    assert reasons(record, fired=False) == {
        "noise": "the same for every sample so far, but it draws for each sample",
        "norm": "the same for every sample so far, but it counts samples",
    }
    assert change(record) == 3  # a sample for each of the two sources, repeated once at the end
    seen: dict[str, int] = {}
    conv = module.get_submodule("conv")
    conv.register_forward_hook(lambda layer, args, result: seen.update(batch=result.shape[0]))
    module.recompile()
    module(*inputs_of(module.graph))
    assert seen == {"batch": 1}


# epilogues


def test_everything_rides_along() -> None:
    b = Builder()
    x = image(b)
    h = b("conv", "conv", {"x": x}, channels=3, bias=False, weight="equalized")
    h = b("noise", "noise", {"x": h}, init=0.5, per_channel=True)
    h = b("bias", "bias", {"x": h}, init=0.3, lr_multiplier=0.5)
    h = b("act", "leaky_relu", {"x": h}, gain=1.5)
    h = b("double", "scale", {"x": h}, factor=2.0)
    out = b("clamp", "clamp", {"x": h}, limit=1.0)
    module, record = apply(b, out, passes=[GroupEpilogues()])
    # act, double and clamp are gone; bias became its tensor times lr_multiplier, noise its plane beside
    # its strength
    assert [node.name for node in module.graph.nodes] == [
        "x",
        "noise",
        "noise_strength",
        "bias_bias",
        "scale",
        "conv",
        "output",
    ]
    assert reasons(record, fired=True) == {"conv": "with noise, bias, leaky_relu, scale, clamp (an output)"}
    conv = next(node for node in module.graph.nodes if node.name == "conv")
    assert conv.kwargs["gain"] == 3.0 and conv.kwargs["activation"] == "leaky_relu"
    assert set(conv.meta["ids"]) == {"conv", "bias", "act", "double", "clamp"}


@pytest.mark.parametrize("op", ["conv_transpose", "linear", "fir", "conv"])
@pytest.mark.parametrize("act", ["relu", "tanh", "sigmoid", "silu", "gelu", "softplus", "leaky_relu"])
def test_every_product_takes_every_activation(op: str, act: str) -> None:
    b = Builder()
    x = b.input("x", "Vector", 3) if op == "linear" else image(b)
    sizes = {"linear": {"features": 3}, "fir": {"pad": (1, 2, 1, 2)}}.get(op, {"channels": 3})
    h = b("bias", "bias", {"x": b("product", op, {"x": x}, **sizes)}, init=0.2)
    out = b("act", act, {"x": h})
    _, record = apply(b, out, passes=[GroupEpilogues()])
    assert change(record) == -1 and set(reasons(record, fired=True)) == {"product"}


def test_why_nothing_rides_along() -> None:
    b = Builder()
    x = image(b)
    twice = b("twice", "conv", {"x": x}, channels=2)
    last = b("last", "conv", {"x": b("act", "relu", {"x": twice})}, channels=2)
    then = b("then", "conv", {"x": twice}, channels=2)
    normed = b("normed", "pixel_norm", {"x": then})
    late = b("late", "bias", {"x": b("tanh", "tanh", {"x": b("early", "conv", {"x": normed}, channels=2)})})
    double = b(
        "clamp1",
        "clamp",
        {"x": b("clamp0", "clamp", {"x": b("c", "conv", {"x": late}, channels=2)}, limit=2.0)},
        limit=1.0,
    )
    tokens = b("tokens", "to_tokens", {"x": double})
    _, record = apply(b, last, b("deep", "linear", {"x": tokens}, features=2), passes=[GroupEpilogues()])
    assert reasons(record, fired=False) == {
        "twice": "2 nodes read it",
        "last": "an output",
        "then": "then pixel_norm",
        "deep": "an output",
    }
    assert reasons(record, fired=True) == {
        "early": "with tanh (then bias, out of order)",
        "c": "with clamp (then clamp, out of order)",
    }


def test_tokens_take_activations_but_no_bias_over_channels() -> None:
    b = Builder()
    tokens = b("tokens", "to_tokens", {"x": image(b)})
    out = b("act", "leaky_relu", {"x": b("deep", "linear", {"x": tokens}, features=3)}, gain=2.0)
    _, record = apply(b, out, passes=[GroupEpilogues()])
    assert change(record) == -1


def test_grouping_in_a_whole_generator() -> None:
    torch.manual_seed(0)
    network = LoweredNetwork(small_generator())
    _, log = run_passes(network, [GroupEpilogues()], CPU)
    record = log["group-epilogues"]
    # 5 style layers: 4 riders become 2 helpers and the noise's plane; 3 RGB layers: 2 riders become 1;
    # 2 mapping layers lose their activation
    assert change(record) == 5 * (2 + 1 - 4) + 3 * (1 - 2) - 2
    assert reasons(record, fired=True)["synthesis.b8.conv0.blur"] == (
        "with noise, bias, leaky_relu, clamp (then modulated_conv)"
    )
    assert reasons(record, fired=False)["synthesis.b8.conv0.conv"] == "then fir"


# style affines


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
        "rides": "an activation rides along",
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


# form of modulated convolutions


@pytest.mark.parametrize(
    ("target", "channels", "side", "form"),
    [
        (Target("cpu", batch=8), 512, 8, "scaled"),
        (Target("cpu", batch=1), 128, 64, "grouped"),
        (Target("cpu", batch=8), 128, 64, "scaled"),
        (Target("cpu"), 64, 128, "grouped"),
        (Target("cuda"), 64, 128, "scaled"),
        (Target("cuda", "inference"), 512, 8, "grouped"),
        (Target("cuda", "inference", dtype="float16"), 512, 8, "scaled"),
    ],
    ids=str,
)
def test_form_by_batch_device_mode_and_size(target: Target, channels: int, side: int, form: str) -> None:
    b = Builder()
    x, s = b.input("x", "Feature", channels, side, side), b.input("s", "Vector", channels)
    ir = b.ir(b("conv", "modulated_conv", {"x": x, "style": s}, channels=channels))
    with torch.device("meta"):
        network = LoweredNetwork(ir)
    module, log = run_passes(network, [ChooseModulatedForm()], target)
    (node,) = (node for node in module.graph.nodes if node.op == "call_module")
    assert node.kwargs["form"] == form
    reason = reasons(log.records[0], fired=True)["conv"]
    assert reason.startswith(f"{form}: ") and ("GPU" if target.device == "cuda" else "CPU") in reason


# folded weights


def test_weights_fold_for_inference_only() -> None:
    torch.manual_seed(0)
    network = LoweredNetwork(stylegan2_discriminator(16, lambda res: 64 // res + 2))
    convolutions = 1 + 2 * 3 + 1  # from RGB, three for each of two stages, one at the end
    _, log = run_passes(network, [FoldWeights()], INFERENCE)
    record = log["fold-equalized-scale"]
    assert len(record.fired) == convolutions and change(record) == convolutions
    assert reasons(record, fired=False)["b4.fc.fc"] == "its scale rides in the matrix product"
    _, log = run_passes(network, [FoldWeights()], CPU)
    assert (
        not log["fold-equalized-scale"].fired and len(log["fold-equalized-scale"].skipped) == convolutions + 2
    )


def test_folding_keeps_keys_and_saved_weights_and_is_never_stale() -> None:
    torch.manual_seed(0)
    network = LoweredNetwork(biggan_discriminator(16, 6)).eval()
    keys, saved = list(network.state_dict()), {k: v.clone() for k, v in network.state_dict().items()}
    fast = network.for_target(INFERENCE)
    x, y = torch.randn(2, 3, 16, 16), torch.tensor([1, 4])
    with torch.no_grad():
        torch.testing.assert_close(fast(x, y), network(x, y))
        assert list(fast.state_dict()) == list(network.state_dict()) == keys
        assert all(torch.equal(value, saved[key]) for key, value in fast.state_dict().items())
        first = fast(x, y)
        network.load_state_dict({k: v * 1.5 + 0.1 for k, v in saved.items()})
        torch.testing.assert_close(fast(x, y), network(x, y))
        assert not torch.allclose(fast(x, y), first)
        for parameter in network.parameters():
            parameter.lerp_(torch.ones(()), 0.1)  # a moving average
        torch.testing.assert_close(fast(x, y), network(x, y))


def test_a_folded_program_multiplies_weights_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = LoweredNetwork(stylegan2_discriminator(16, lambda res: 64 // res + 2), INFERENCE).eval()
    calls: list[str] = []
    plain = layers.Conv2d.factor
    monkeypatch.setattr(layers.Conv2d, "factor", lambda self: calls.append("") or plain(self))
    x = torch.randn(4, 3, 16, 16)
    with torch.no_grad():
        network(x)
        once = len(calls)
        network(x)
    assert once == len(calls) == 8


# the manager


@dataclass(frozen=True)
class Careless(Pass):
    """Breaks the graph in a chosen way."""

    harm: str
    name: ClassVar[str] = "careless"
    promise: ClassVar[str] = "none"

    def apply(self, module: fx.GraphModule, log: Record, target: Target) -> None:
        node = next(node for node in module.graph.nodes if node.name == "act")
        match self.harm:
            case "meta":
                node.meta.clear()
            case "keyword":
                node.update_kwarg("slop", 0.3)
            case "twice":
                node.meta["ids"] = ("act", "up")
            case "shape":
                node.replace_all_uses_with(node.args[0])
            case "target":
                node.target = torch.relu
            case "order":
                node.prepend(next(n for n in module.graph.nodes if n.name == "sum"))
            case "crash":
                raise KeyError("nothing")


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("meta", "act lacks meta id"),
        ("keyword", "act: got an unexpected keyword argument 'slop'"),
        ("twice", "up is done by both"),
        ("shape", "sum"),
        ("target", "none of the runtime's ops"),
        ("order", ""),
        ("crash", "KeyError"),
    ],
)
def test_a_pass_that_breaks_the_graph_is_named(harm: str, said: str) -> None:
    b = Builder()
    x = image(b)
    up = b("up", "upsample", {"x": x})
    act = b("act", "glu", {"x": up}) if harm == "shape" else b("act", "leaky_relu", {"x": up})
    out = b("sum", "add", {"terms": [act, act]}) if harm == "shape" else b("sum", "add", {"terms": [act, up]})
    network = LoweredNetwork(b.ir(out))
    with pytest.raises(PassError) as caught:
        Pipeline((Careless(harm),)).run(network.lowered(), CPU)
    assert caught.value.args[0].startswith("pass careless: ") and said in caught.value.args[0]
    assert "bug in gandsl" in str(caught.value)


def test_shapes_are_checked_around_every_pass_when_asked() -> None:
    """A wrong shape that types cannot see: a layer that is not what its node says."""
    b = Builder()
    network = LoweredNetwork(b.ir(b("conv", "conv", {"x": image(b)}, channels=3)), thorough=True)
    network.graph_module()
    twin = network._meta_twin()
    twin.conv = layers.Conv2d(2, 4).to("meta")
    with pytest.raises(InvariantError, match=r"conv is Feature\[3, 4, 4\] but gives \[2, 4, 4, 4\]"):
        pipeline(CPU).run(network.lowered(), CPU, twin)


def test_the_log_can_be_read_and_dumped() -> None:
    torch.manual_seed(0)
    log = LoweredNetwork(small_generator()).pass_log()
    names = [record.name for record in log]
    assert names == [pass_.name for pass_ in pipeline(CPU).passes]
    assert all(record.promise for record in log)
    text = log.dump()
    assert "# lowered" in text and "# group-epilogues: " in text and "# hand.yaml" not in text.splitlines()[0]
    assert "fired synthesis.b4.conv1.conv: with noise, bias, leaky_relu, clamp" in text
    assert "# common-subexpressions" in text and "hand.yaml:" in text
    assert log.records[0].before.splitlines()[0].startswith("z = input  : Latent[8]")
    with pytest.raises(KeyError):
        log["no such pass"]


def test_passes_run_twice_change_nothing_more() -> None:
    network = LoweredNetwork(small_generator())
    for target in (CPU, CUDA, INFERENCE):
        passes = pipeline(target).passes
        module, _ = run_passes(network, passes, target)
        before = len(module.graph.nodes)
        log = Pipeline(passes).run(module, target)
        assert len(module.graph.nodes) == before, [str(r) for r in log if r.nodes_after != r.nodes_before]


def test_whole_pipelines_shrink_what_they_should() -> None:
    """Node counts, plain and for each target: whoever changes them is to look why."""
    network = LoweredNetwork(small_generator())
    plain = len(network.lowered().graph.nodes)
    counts = {
        (target.device, target.mode): len(network.for_target(target).graph_module().graph.nodes)
        for target in (CPU, CUDA, INFERENCE, Target("cuda", "inference"))
    }
    assert plain == 66
    assert counts == {
        ("cpu", "train"): 47,
        ("cuda", "train"): 64,
        ("cpu", "inference"): 47,
        ("cuda", "inference"): 64,
    }


def test_merging_everywhere_is_exact() -> None:
    """The way no target takes: merged on a CPU, with all else that a CPU gets."""
    network = shaken(LoweredNetwork(small_generator()))
    passes = [
        MergeStyleAffines(everywhere=True) if p.name == "merge-style-affines" else p
        for p in pipeline(CPU).passes
    ]
    module, _ = run_passes(network, passes, CPU)
    inputs = inputs_of(module.graph)
    agree(truth(network.lowered(), network, inputs), truth(module, network, inputs), 1e-9)


# resampling beside convolutions


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
