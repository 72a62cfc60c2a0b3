"""Graphs made by hand, without the frontend: what the tests of text, cost and diff work on."""

from __future__ import annotations

from typing import Any

from gandsl.diagnostics import Span
from gandsl.ir.graph import Frame, Graph, NetworkIR, Node, Provenance, Variant
from gandsl.ir.op import Call
from gandsl.ir.ops import OPS
from gandsl.ir.text import default_of
from gandsl.ir.types import TensorType
from gandsl.spec.values import Size


class Builder:
    """Adds nodes one by one, with the op table's defaults and shape rules; each on a line of its own."""

    def __init__(self, network: str = "generator", file: str = "specs/hand.yaml") -> None:
        self.network, self.file = network, file
        self.nodes: dict[str, Node] = {}
        self.frames: tuple[Frame, ...] = ()

    def stage(self, name: str) -> None:
        """What follows is in this stage, as its provenance says."""
        self.frames = (Frame(f"stage {name}", Span(self.file, 5, 3, 5, 9)),)

    def input(self, name: str, kind: str, *shape: int, distribution: str = "") -> str:
        return self._keep(name, "input", {}, {"kind": kind, "shape": shape, "distribution": distribution})

    def add(self, id_: str, op: str, *operands: Any, **attrs: Any) -> str:
        """`operands` are ids by position of the op's ports; a list for a variadic port, None: absent."""
        ports = OPS[op].ports
        inputs = {
            port.name: tuple(given) if isinstance(given, list) else (given,)
            for port, given in zip(ports, operands, strict=False)
            if given is not None
        }
        defaults = {p.name: default_of(p) for p in OPS[op].params if not p.required}
        ordered = {p.name: {**defaults, **attrs}[p.name] for p in OPS[op].params}
        assert not set(attrs) - set(ordered)
        return self._keep(id_, op, inputs, ordered)

    def _keep(self, id_: str, op: str, inputs: dict[str, tuple[str, ...]], attrs: dict[str, Any]) -> str:
        call = Call({port: tuple(self.type(i) for i in ids) for port, ids in inputs.items()}, attrs)
        row = len(self.nodes) + 10
        place = Provenance(Span(self.file, row, 7, row, 30), self.frames)
        self.nodes[id_] = Node(id_, op, inputs, attrs, OPS[op].output(call), place)
        return id_

    def type(self, id_: str) -> TensorType:
        return self.nodes[id_].type

    def graph(self, output: str, kind: str = "Image", styles: str | None = None) -> Graph:
        graph = Graph(self.network, dict(self.nodes), {"out": output}, {"out": kind}, styles)
        graph.verify()
        return graph


def generator(width: int = 8, stages: int = 2, weight: str = "equalized", noise: bool = True) -> Graph:
    """A small style-based generator: mapping, style space, skip outputs; every stage doubles the size."""
    b = Builder("generator")
    z = b.input("z", "Latent", 16, distribution="normal")
    y = b.input("y", "Label", 10)
    x = b.add("mapping.norm", "pixel_norm", z)
    e = b.add("mapping.embed", "embedding", y, features=16)
    x = b.add("mapping.join", "concat", [x, e])
    x = b.add("mapping.fc0", "linear", x, features=16, weight="equalized", lr_multiplier=0.01)
    x = b.add("mapping.act0", "leaky_relu", x, gain=2**0.5)
    x = b.add("mapping.average", "track_average", x)
    ws = b.add("ws", "broadcast_styles", x, count=2 * stages)
    x = b.add("synthesis.const", "constant", ws, channels=width, size=Size(4, 4))
    image = None
    for k in range(stages):
        s = f"synthesis.s{4 * 2**k}"
        b.stage(f"s{4 * 2**k}")
        w = b.add(f"ws_{2 * k}", "select", ws, index=2 * k)
        style = b.add(f"{s}.affine", "linear", w, features=b.type(x).shape[0], weight=weight, bias_init=1.0)
        up = 2 if k else 1
        x = b.add(f"{s}.conv", "modulated_conv", x, style, channels=width, up=up, weight=weight)
        if k:
            x = b.add(f"{s}.blur", "fir", x, pad=(1, 1, 1, 1), gain=4.0)
        if noise:
            x = b.add(f"{s}.noise", "noise", x)
        x = b.add(f"{s}.bias", "bias", x)
        x = b.add(f"{s}.act", "leaky_relu", x, gain=2**0.5)
        w = b.add(f"ws_{2 * k + 1}", "select", ws, index=2 * k + 1)
        style = b.add(f"{s}.rgb_affine", "linear", w, features=width, weight=weight, bias_init=1.0)
        plain = {"kernel": 1, "demodulate": False, "weight": weight}
        rgb = b.add(f"{s}.rgb", "modulated_conv", x, style, channels=3, **plain)
        if image is not None:
            image = b.add(f"{s}.up", "fir", image, up=2, pad=(2, 1, 2, 1), gain=4.0)
            image = b.add(f"{s}.sum", "add", [image, rgb])
        else:
            image = rgb
    assert image is not None
    return b.graph(image, "Image", styles="ws")


def discriminator(width: int = 8, size: int = 8, stddev: bool = True, classes: int = 10) -> Graph:
    """A small residual discriminator with a projection on the label."""
    b = Builder("discriminator")
    image = b.input("image", "Image", 3, size, size)
    y = b.input("y", "Label", classes)
    x = b.add("from_rgb", "conv", image, channels=width, kernel=1, weight="spectral")
    while size > 4:
        s = f"s{size}"
        b.stage(s)
        skip = b.add(f"{s}.pool", "pool", x)
        skip = b.add(f"{s}.skip", "conv", skip, channels=width, kernel=1, bias=False)
        x = b.add(f"{s}.conv", "conv", x, channels=width, stride=2)
        x = b.add(f"{s}.act", "leaky_relu", x)
        x = b.add(f"{s}.sum", "add", [x, skip], scale=0.5**0.5)
        size //= 2
    b.frames = ()
    if stddev:
        x = b.add("head.stddev", "minibatch_stddev", x)
    x = b.add("head.conv", "conv", x, channels=width)
    x = b.add("head.act", "leaky_relu", x)
    x = b.add("head.pool", "global_pool", x)
    e = b.add("head.embed", "embedding", y, features=width)
    p = b.add("head.dot", "dot", x, e)
    x = b.add("head.out", "linear", x, features=1)
    x = b.add("head.sum", "add", [x, p])
    return b.graph(x, "Logits")


def family() -> NetworkIR:
    """Two levels that share a node, and the program that fades the second in."""
    programs = {}
    for variant in (Variant(0), Variant(1, True), Variant(1)):
        b = Builder("generator")
        z = b.input("z", "Latent", 16, distribution="normal")
        alpha = b.input("alpha", "Scalar") if variant.fading else None
        x = b.add("start", "linear", z, features=16)
        x = b.add("shape", "reshape", x, channels=1, size=Size(4, 4))
        image = b.add("s4.rgb", "conv", x, channels=3, kernel=1) if variant != Variant(1) else None
        if variant.level:
            x = b.add("s8.up", "upsample", x)
            new = b.add("s8.rgb", "conv", x, channels=3, kernel=1)
            if variant.fading:
                image = b.add("s8.old", "upsample", image)
                image = b.add("s8.fade", "lerp", image, new, alpha)
            else:
                image = new
        assert image is not None
        programs[variant] = b.graph(image)
    return NetworkIR("generator", programs, ((4, 4), (8, 8)))
