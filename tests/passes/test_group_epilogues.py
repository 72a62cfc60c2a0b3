"""What follows a product is fused with it."""

from __future__ import annotations

import pytest
import torch

from gandsl.lowering.network import LoweredNetwork
from gandsl.passes.group_epilogues import GroupEpilogues
from tests.graphs import Builder
from tests.passes.exact import run_passes
from tests.passes.firing import CPU, apply, change, image, reasons, small_generator


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


@pytest.mark.parametrize("op", ["conv", "conv_transpose", "fir", "modulated_conv"])
@pytest.mark.parametrize("behind", ["noise", "bias", "noise bias", "bias noise"])
def test_a_product_ends_with_any_rider(op: str, behind: str) -> None:
    """Nothing more is fused, since a norm follows; values are those of `test_exact`."""
    b = Builder()
    inputs, sizes = {"x": image(b)}, {"channels": 3}
    if op == "modulated_conv":
        inputs["style"] = b("style", "flatten", {"x": b("one", "resize", {"x": inputs["x"]}, size=1)})
    if op == "fir":
        sizes = {"pad": (1, 2, 1, 2)}
    h = b("product", op, inputs, **sizes)
    for follower in behind.split():
        h = b(follower, follower, {"x": h}, init=0.4)
    module, record = apply(b, b("norm", "pixel_norm", {"x": h}), passes=[GroupEpilogues()])
    assert reasons(record, fired=True) == {"product": f"with {', '.join(behind.split())} (then pixel_norm)"}
    (product,) = (node for node in module.graph.nodes if node.meta.get("id") == "product")
    assert {"noise", "bias"} & set(product.kwargs) == set(behind.split())


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
