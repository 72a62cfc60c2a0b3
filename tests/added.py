"""A package that adds ops, a pass and a checkpoint layout to gandsl, as `pip install` lays it out."""

from __future__ import annotations

from pathlib import Path

ROWS = """
from gandsl.ir.op import TWICE, Keep, LayerRule, Op, Param, Port, width

X = Port("x", ("Feature", "Vector"))
OPS = (
    Op(
        "swirl",
        (X,),
        (Param("turns", "float", 0.5, doc="sines a unit"),),
        output=lambda call: call.input("x"),
        traits=TWICE,
        keeps=(Keep("x"),),
        module="gandsl_fancy.torch_parts",
        doc="x + sin(turns · x).",
    ),
    Op(
        "tint",
        (X,),
        (),
        output=lambda call: call.input("x"),
        traits=TWICE,
        weights=lambda call: {"weight": (call.input("x").shape[0],)},
        layer=LayerRule("Tint", {"channels": width("x")}),
        module="gandsl_fancy.torch_parts",
        doc="Multiplies each channel by a learned number.",
    ),
)
"""
TORCH_PARTS = '''
import torch
from torch import Tensor, nn

from gandsl_runtime.layers import Layer


def swirl(x: Tensor, *, turns: float = 0.5) -> Tensor:
    """x + sin(turns · x)."""
    return x + torch.sin(turns * x)


class Tint(Layer):
    """x · weight, for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.reset()

    def initialize(self) -> None:
        self.weight.fill_(1.5)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight.view(-1, *[1] * (x.dim() - 2))
'''
PASSES = '''
from dataclasses import dataclass
from typing import ClassVar

from gandsl.passes.base import Pass


@dataclass(frozen=True)
class Look(Pass):
    """Sees every call, and changes none."""

    name: ClassVar[str] = "look"
    promise: ClassVar[str] = "everything stays"

    def apply(self, module, log, target) -> None:
        for node in module.graph.nodes:
            if node.op == "call_function":
                log.skip(node, "only looked at")


PASSES = (Look(),)
'''
LAYOUTS = """
from dataclasses import replace

from gandsl.interop.layouts.dcgan_example import LAYOUT

LAYOUTS = (replace(LAYOUT, name="fancy-dcgan", doc="DCGAN as fancy stores it"),)
"""
ENTRIES = """
[gandsl.ops]
fancy = gandsl_fancy.rows:OPS

[gandsl.passes]
fancy = gandsl_fancy.passes:PASSES

[gandsl.layouts]
fancy = gandsl_fancy.layouts:LAYOUTS
"""
FILES = {
    "gandsl_fancy/__init__.py": "",
    "gandsl_fancy/rows.py": ROWS,
    "gandsl_fancy/torch_parts.py": TORCH_PARTS,
    "gandsl_fancy/passes.py": PASSES,
    "gandsl_fancy/layouts.py": LAYOUTS,
    "gandsl_fancy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: gandsl-fancy\nVersion: 1.0\n",
    "gandsl_fancy-1.0.dist-info/entry_points.txt": ENTRIES,
}
SPEC = """\
gandsl: 1
name: fancy
requires: {fancy: gandsl-fancy}
generator:
  inputs: {z: "Latent[8]"}
  body:
    fc: {op: linear, features: 48}
    start: {op: reshape, channels: 3, size: 4}
    tint: {op: fancy.tint}
    act: {op: fancy.swirl, turns: 2}
    image: {op: conv, channels: 3}
  output: image
discriminator:
  inputs: {image: "Image[3, 4]"}
  body:
    conv: {op: conv, channels: 4}
    act: {op: fancy.swirl}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
"""


def install(folder: Path, **changed: str) -> Path:
    """The package in a folder that can stand on the path. `changed`: other texts, by a file's stem."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(changed.get(path.stem, text), "utf-8")
    return folder
