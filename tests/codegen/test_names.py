"""Whatever a node is called: it hides nothing of Python, torch, the runtime or the printed class."""

from __future__ import annotations

import keyword

import pytest
import torch

from gandsl.frontend.reserved import MODULES, NETWORKS
from gandsl.ir.graph import NetworkIR, Variant
from gandsl.lowering.network import LoweredNetwork
from gandsl.lowering.precision import in_precision
from gandsl_runtime.plan import Precision
from tests.codegen.test_compose import check
from tests.graphs import Builder

METHODS = ["forward_4", "fade_8", "map_styles", "synthesize", "synthesize_4"]  # of a network's printed class
SOURCE = ["self", "layers", "math", "ops", "nn", "Tensor", "Network", "Port", "Any", "Callable", "torch"]
SOURCE += ["programs"]
PYTHON = [
    "print",
    "list",
    "super",
    "type",
    "id",
    "range",
    "int",
    "float_",
    "match",
    "case",
    "l",
    "I",
    "O",
    "T",
]
VALUES = ["z", "w", "ws", "w_2", "image", "size", "channels", "in_channels", "kernel", "weight", "bias"]
CASTS = ["narrowed", "widened", "begin", "finish", "forward_2", "found", "entry", "level", "fading"]
FEW = {"self", "forward_4", "fade_8", "map_styles", "synthesize", "ops", "list", "weight"}
NAMES = [*METHODS, *SOURCE, *PYTHON, *VALUES, *CASTS]


def family(name: str, scope: str) -> NetworkIR:
    """A layer, a value and blocks of that name, at the top or in a block, at each level."""
    programs = {}
    for variant in (Variant(0), Variant(1), Variant(1, True)):
        b = Builder()
        x = b.input("x", "Image", 3, 4, 4)
        alpha = b.input("alpha", "Scalar") if variant.fading else ""
        x = b(f"{scope}{name}", "conv", {"x": x}, channels=3)
        x = b(f"{scope}block.inner", "conv", {"x": x}, channels=3)
        x = b(f"{scope}block.{name}", "relu", {"x": x})
        if variant.level:
            x = b(f"{scope}more.{name}.{name}", "conv", {"x": x}, channels=3)
        if alpha:
            x = b(f"{scope}mix", "lerp", {"a": x, "b": x, "weight": alpha})
        programs[variant] = b.graph(b("out", "add", {"terms": [x]}))
    return NetworkIR("generator", programs, ((4, 4), (8, 8)))


def styled(name: str) -> NetworkIR:
    """A network with a style space, whose last layer has that name."""
    b = Builder()
    z = b.input("latent", "Latent", 6, distribution="normal")
    w = b(f"mapping.{name}", "linear", {"x": z}, features=6)
    styles = b("space", "broadcast_styles", {"x": w}, count=2)
    x = b("start", "constant", {"like": styles}, channels=6, size=4)
    for index in range(2):
        style = b(f"s{index}.{name}_style", "select", {"x": styles}, index=index)
        x = b(f"s{index}.scaled", "modulate", {"x": x, "scale": style})
        x = b(f"s{index}.{name}", "conv", {"x": x}, channels=6)
    return b.ir(b(name, "conv", {"x": x}, channels=3), styles=styles)


@pytest.mark.parametrize(
    "name", [name if name in FEW else pytest.param(name, marks=pytest.mark.thorough) for name in NAMES]
)
def test_a_node_may_have_any_name(name: str) -> None:
    """Printed and lowered, with passes: equal, at every level and entry."""
    assert name not in MODULES | NETWORKS and not keyword.iskeyword(name)
    for ir in (family(name, ""), family(name, "a."), styled(name)):
        check(ir)
        network = LoweredNetwork(ir).eval()
        inputs = [torch.randn(2, *port.shape) for port in network.inputs if port.kind != "Scalar"]
        torch.testing.assert_close(network(*inputs), network.lowered()(*inputs), rtol=1e-4, atol=1e-5)


def test_a_cast_has_a_name_that_no_level_has() -> None:
    programs = {}
    for variant in (Variant(0), Variant(1)):
        b = Builder()
        x = b("first", "conv", {"x": b.input("x", "Image", 3, 4, 4)}, channels=3)
        if variant.level:
            x = b("narrowed", "conv", {"x": x}, channels=3)
            x = b("widened.act", "relu", {"x": x})
        programs[variant] = b.graph(b("last", "conv", {"x": x}, channels=3))
    ir = in_precision(NetworkIR("generator", programs, ((4, 4), (8, 8))), Precision(compute="bf16"))
    assert {"narrowed2", "widened2"} <= {*ir.programs[Variant(0)].nodes}
    check(ir)
