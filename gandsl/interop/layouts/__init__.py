"""One file a layout: how a published implementation names its tensors. `layouts()` gives them all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gandsl.interop.layout import Layout

MODULES = (
    "stylegan2_ada",
    "stylegan3",
    "rosinality",
    "genforce_stylegan2",
    "genforce_pggan",
    "genforce_stylegan",
    "biggan_pytorch",
    "biggan_deep_pytorch",
    "dcgan_example",
    "pretrained_biggan",
    "r3gan",
)


def layouts() -> dict[str, Layout]:
    """Every layout by its name."""
    modules = [import_module(f"{__name__}.{name}") for name in MODULES]
    return {layout.name: layout for module in modules for layout in module.LAYOUTS}
