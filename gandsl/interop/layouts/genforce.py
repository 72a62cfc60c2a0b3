"""What genforce's three implementations share: layers counted through, up in G and down in D; the mapping."""

from __future__ import annotations

from typing import Any

import torch

from gandsl.interop.layout import Bindings, ImpliedTensor, Params, Shapes, doubling, resolution, row, table

NAMES = {"generator": "generator", "discriminator": "discriminator", "generator_smooth": "average"}
FULL_SIZE = ImpliedTensor(
    lambda params, *_: torch.zeros(()),  # level of detail: 0 is grown to the end
    "a level other than 0 is of a network that still grows: import one that is grown to the end",
)

MAPPING = table(
    row("mapping.dense{n}.<weight|bias>", "mapping.fc{n}.linear.<weight|bias>"),
    row("mapping.label_weight", "mapping.vectors.weight"),
    row("truncation.w_avg", "mapping.centre.average"),
)


def counted(params: Params, first: int = 0) -> Bindings:
    """`i` counts the sizes up from 4², `a`, `b` their layers in G; `j` counts down, `c`, `d` theirs in D.

    `last` is the largest of `i`, `h0` to `h2` are the layers of D's head. first: the number of 4²'s `a`.
    """
    sizes = doubling(4, resolution(params))
    last = len(sizes) - 1
    stages = [
        {
            "r": r,
            "i": i,
            "a": 2 * i + first,
            "b": 2 * i + first + 1,
            "j": last - i,
            "c": 2 * (last - i),
            "d": 2 * (last - i) + 1,
        }
        for i, r in enumerate(sizes)
    ]
    return [*stages, {"last": last}, {f"h{k}": 2 * last + k for k in range(3)}]


def mapped(params: Params) -> Bindings:
    """`n` counts the layers of the mapping network."""
    return [{"n": n} for n in range(params["mapping_layers"])]


def mapping(shapes: Shapes) -> dict[str, Any]:
    """Sizes of a mapping network. With labels, an embedding as long as z is joined to it."""
    layers = shapes.last("mapping.dense{}.weight") + 1
    hidden, joined = shapes.of("mapping.dense0.weight", 2)
    classes = shapes.of("mapping.label_weight", 2)[0] if "mapping.label_weight" in shapes else 0
    return {
        "classes": classes,
        "z_dim": joined // 2 if classes else joined,
        "w_dim": shapes.of(f"mapping.dense{layers - 1}.weight", 2)[0],
        "mapping_layers": layers,
        **({"mapping_width": hidden} if layers > 1 else {}),
    }


def _own_styles(shapes: Shapes) -> bool | None:
    """`repeat_w`: whether the mapping gives a style for all layers, or one for each, in a row."""
    average, style = shapes.of("truncation.w_avg", 1), shapes.of("synthesis.layer1.style.weight", 2)
    return False if average[0] != style[1] else None


def _unmapped(shapes: Shapes) -> int | None:
    return None if "mapping.dense0.weight" in shapes else 0


STRANGE_MAPPING = {"repeat_w": _own_styles, "mapping_layers": _unmapped}
"""Options of a generator with a mapping network that leave a trace, and that no spec holds."""
