"""One file a layout: how a published implementation names its tensors. `layouts()` gives them all."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from gandsl.ir.packages import LAYOUTS, broken, everywhere, loaded

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
    """Every layout by its name: those of gandsl, then those of installed packages. Raises PackageFault."""
    modules = [import_module(f"{__name__}.{name}") for name in MODULES]
    known: dict[str, Layout] = {layout.name: layout for module in modules for layout in module.LAYOUTS}
    for package, entry in everywhere(LAYOUTS):
        for layout in loaded(entry, package):
            if not isinstance(getattr(layout, "name", None), str) or not hasattr(layout, "sides"):
                raise broken(package, f"among its layouts is a {type(layout).__name__}")
            if known.setdefault(layout.name, layout) is not layout:
                raise broken(package, f"its layout `{layout.name}` has the name of another one")
    return known
