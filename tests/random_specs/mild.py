"""Networks whose numbers float16 can hold: what a product of two values gives is bounded."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

PRODUCTS = (
    *("modulate", "modulated_conv", "multiply", "dot", "glu", "times", "divide", "power", "matmul"),
    *("dynamic_conv", "sample_sum", "row_sum", "total"),
)
LIMIT = 8.0  # of a handful in a row, with their derivatives, in numbers up to 65504


def bounded(tree: Any, products: Mapping[str, str] = MappingProxyType({})) -> Any:
    """A section of a spec with a clamp behind each product, under its name: others read that.

    StyleGAN2-ADA bounds its 16-bit convolutions so (`conv_clamp`). Without, products of products overflow in
    every fifth of the networks, which is not what they are tried for. `products`: those above, by the names
    under which they are bounded; a second use of one is a product, too.
    """
    if isinstance(tree, list):
        return [bounded(part, products) for part in tree]
    if not isinstance(tree, dict):
        return tree
    found: dict[str, Any] = {}
    known = dict(products)
    for name, part in tree.items():
        if isinstance(part, dict) and (part.get("op") in PRODUCTS or part.get("reuse") in known):
            known[name] = f"{name}_product"
            found[known[name]] = part | ({"reuse": known[part["reuse"]]} if "reuse" in part else {})
            part = {"op": "clamp", "limit": LIMIT}
        found[name] = bounded(part, known)
    return found
