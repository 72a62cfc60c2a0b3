"""What an op lowers to has the arguments, state and shapes of the op table, far off its defaults too."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from typing import Any

import pytest
import torch

from gandsl.lowering.lower import lower_graph
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.table import Function, Layer, literal, lower
from gandsl.lowering.verify import verify, verify_shapes
from gandsl.spec.values import Size
from gandsl_runtime import layers, ops
from tests.graphs import Builder

VECTOR, FEATURE, STYLES, TOKENS = ("Vector", 4), ("Feature", 4, 6, 6), ("Styles", 3, 4), ("Tokens", 5, 4)

# op → inputs by port (kind and shape), parameters; several uses of an op where its branches differ
USES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("constant", {"like": VECTOR}, {"channels": 3, "size": (2, 4)}),
    ("constant", {"like": FEATURE}, {"channels": 3, "size": (2, 4)}),
    ("coordinates", {"like": ("Label", 5)}, {"size": (2, 4)}),
    ("coordinates", {"like": TOKENS}, {"size": (2, 4)}),
    (
        "fourier_features",
        {"motion": ("Vector", 4)},
        {"channels": 3, "size": (2, 4), "rate": 4.0, "bandwidth": 1.0},
    ),
    (
        "lowpass",
        {"x": FEATURE},
        {"length": 8, "cutoff": 2.0, "half_width": 1.0, "rate": 16.0, "up": 2, "pad": (3, 3, 4, 4)},
    ),
    (
        "lowpass",
        {"x": FEATURE},
        {"length": 4, "cutoff": 2.0, "half_width": 1.0, "rate": 16.0, "down": 2, "radial": True},
    ),
    ("normalize_magnitude", {"x": FEATURE}, {}),
    ("linear", {"x": VECTOR}, {"features": 3}),
    ("linear", {"x": TOKENS}, {"features": 3, "weight": "spectral", "bias": False}),
    ("embedding", {"y": ("Label", 5)}, {"features": 3, "weight": "spectral"}),
    ("one_hot", {"y": ("Label", 5)}, {}),
    ("bias", {"x": FEATURE}, {}),
    ("gain", {"x": FEATURE}, {}),
    ("gain", {"x": VECTOR}, {"per_channel": True}),
    ("noise", {"x": ("Feature", 2, 3, 5)}, {}),
    ("noise", {"x": FEATURE}, {"per_channel": True}),
    ("conv", {"x": FEATURE}, {"channels": 6, "kernel": (1, 3), "groups": 2, "weight": "spectral"}),
    ("conv", {"x": FEATURE}, {"channels": 6, "padding": 0, "stride": 2, "bias": False}),
    ("conv", {"x": FEATURE}, {"channels": 2, "weight": "spectral", "spectral_eval": False}),
    ("conv_transpose", {"x": FEATURE}, {"channels": 6, "kernel": 3, "output_padding": 1, "groups": 2}),
    ("conv_transpose", {"x": FEATURE}, {"channels": 3, "weight": "spectral"}),
    ("modulated_conv", {"x": FEATURE, "style": VECTOR}, {"channels": 3, "up": 2}),
    (
        "modulated_conv",
        {"x": FEATURE, "style": VECTOR},
        {"channels": 3, "kernel": (2, 3), "weight": "spectral"},
    ),
    ("broadcast_styles", {"x": VECTOR}, {"count": 3}),
    ("chunks", {"x": VECTOR}, {"count": 2}),
    ("stack", {"terms": [VECTOR, VECTOR]}, {}),
    ("select", {"x": STYLES}, {"index": 2}),
    ("track_average", {"x": VECTOR}, {}),
    ("modulate", {"x": FEATURE, "scale": VECTOR}, {}),
    ("modulate", {"x": FEATURE, "scale": VECTOR, "shift": VECTOR}, {"offset": 0.0}),
    ("batch_norm", {"x": FEATURE}, {}),
    ("batch_norm", {"x": VECTOR}, {"affine": False}),
    ("batch_norm", {"x": FEATURE}, {"rows": 5}),
    ("instance_norm", {"x": FEATURE}, {"affine": True}),
    ("instance_norm", {"x": FEATURE}, {}),
    ("group_norm", {"x": FEATURE}, {"groups": 2}),
    ("layer_norm", {"x": VECTOR}, {}),
    ("pixel_norm", {"x": FEATURE}, {}),
    ("leaky_relu", {"x": TOKENS}, {}),
    ("glu", {"x": FEATURE}, {}),
    ("clamp", {"x": FEATURE}, {"limit": 1.0}),
    ("scale", {"x": FEATURE}, {"factor": 2.0}),
    ("quantize", {"x": FEATURE}, {"levels": 4}),
    ("dropout", {"x": FEATURE}, {}),
    *((name, {"x": FEATURE}, {}) for name in ("relu", "tanh", "sigmoid", "silu", "gelu", "softplus")),
    ("upsample", {"x": FEATURE}, {"factor": 3, "mode": "bilinear"}),
    ("pool", {"x": FEATURE}, {"factor": 3, "mode": "max"}),
    ("resize", {"x": FEATURE}, {"size": (4, 5)}),
    ("fir", {"x": FEATURE}, {"taps": (1.0, 2.0, 1.0), "up": 2, "down": 3, "pad": (2, 1, 0, -1)}),
    ("global_pool", {"x": FEATURE}, {"mode": "max"}),
    ("pixel_shuffle", {"x": FEATURE}, {}),
    ("pixel_unshuffle", {"x": FEATURE}, {"factor": 3}),
    ("pad", {"x": FEATURE}, {"pad": (1, 2, 0, 1), "mode": "reflect"}),
    ("add", {"terms": [FEATURE, FEATURE]}, {}),
    ("concat", {"terms": [FEATURE, FEATURE]}, {}),
    ("multiply", {"a": VECTOR, "b": FEATURE}, {}),
    ("lerp", {"a": VECTOR, "b": VECTOR, "weight": ("Scalar",)}, {}),
    ("dot", {"a": FEATURE, "b": VECTOR}, {}),
    ("slice_channels", {"x": VECTOR}, {"start": 1, "count": 2}),
    ("minibatch_stddev", {"x": FEATURE}, {"group": 2, "channels": 2}),
    ("minibatch_similarity", {"x": VECTOR}, {"kernels": 2}),
    ("flatten", {"x": FEATURE}, {}),
    ("reshape", {"x": VECTOR}, {"channels": 2, "size": (1, 2), "layout": "hwc"}),
    ("to_tokens", {"x": FEATURE}, {}),
    ("from_tokens", {"x": ("Tokens", 6, 4)}, {"size": (2, 3)}),
    ("attention", {"q": TOKENS, "k": TOKENS, "v": TOKENS}, {"heads": 2}),
]


def use(op: str, ports: dict[str, Any], attrs: dict[str, Any]) -> Builder:
    b = Builder()
    given = {}
    for port, kinds in ports.items():
        several = kinds if isinstance(kinds, list) else [kinds]
        given[port] = [b.input(f"{port}{i}", *kind) for i, kind in enumerate(several)]
    b("inner.node", op, given, **attrs)
    return b


@pytest.mark.parametrize(("op", "ports", "attrs"), USES, ids=lambda value: str(value)[:60])
def test_an_op_lowers_to_what_its_row_says(op: str, ports: dict[str, Any], attrs: dict[str, Any]) -> None:
    """State of the names and shapes of the table; shapes of the type rule; arguments that are literals."""
    b = use(op, ports, attrs)
    graph = b.graph("inner.node")
    node, call = graph["inner.node"], graph.call(graph["inner.node"])
    network = LoweredNetwork(b.ir("inner.node"))
    expected = {**node.spec.weights(call), **node.spec.buffers(call)}
    assert {k: tuple(v.shape) for k, v in network.state_dict().items()} == {
        f"inner.node.{name}": shape for name, shape in expected.items()
    }
    assert {k.split(".")[-1] for k, _ in network.named_parameters()} == set(node.spec.weights(call))
    module = lower_graph(graph, network)
    verify(module)
    verify_shapes(module, network._meta_twin())
    target = lower(call, node)
    namespace = layers if isinstance(target, Layer) else ops
    known = inspect.signature(getattr(namespace, target.name)).parameters
    assert set(target.kwargs) <= set(known)
    json.dumps(target.kwargs)  # literals
    assert isinstance(target, (Layer, Function))


def test_literals() -> None:
    assert literal(Size(3, 3)) == 3 and literal(Size(2, 3)) == (2, 3)
    assert literal([1, Size(2, 2)]) == (1, 2) and literal("same") == "same" and literal(None) is None


def test_the_table_loads_no_torch() -> None:
    code = "import sys, gandsl.lowering.table; sys.exit('torch' in sys.modules)"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=False, timeout=60, env={"PYTHONPATH": ":".join(sys.path)}
        ).returncode
        == 0
    )


def test_weights_are_drawn_the_same_under_a_seed() -> None:
    def state() -> dict[str, torch.Tensor]:
        torch.manual_seed(3)
        return LoweredNetwork(use("conv", {"x": FEATURE}, {"channels": 3}).ir("inner.node")).state_dict()

    first, second = state(), state()
    assert all(torch.equal(first[key], second[key]) for key in first)
