"""The networks of new/tokens.yaml by hand: formulas of their weights by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import gandsl
from tests.specs.token_blocks import (
    State,
    attended,
    decoder,
    embedded,
    laid_out,
    learned,
    linear,
    patches,
    swin,
    transformer,
)

SPEC = Path(__file__).parent / "new" / "tokens.yaml"


class Formula(nn.Module):
    """A function of weights and inputs as a module: the spec tells the shapes of its parameters."""

    def __init__(self, which: str, formula: Callable[[State, Tensor], Tensor]):
        super().__init__()
        own = getattr(gandsl.compile(SPEC), which).state_dict()
        self.formula, self.keys = formula, [*own]
        self.w = nn.ParameterList(torch.zeros_like(tensor) for tensor in own.values())

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(dict(zip(self.keys, self.w, strict=True)), x)


def keys(which: str) -> Mapping[str, str]:
    return {key: f"w.{place}" for place, key in enumerate(getattr(gandsl.compile(SPEC), which).state_dict())}


def waves() -> Tensor:
    """[8, 4, 4]: of each side two sines, then two cosines."""
    rates = torch.tensor([1.0, 10000.0**-0.5], dtype=torch.float64)
    along = torch.arange(4, dtype=torch.float64) * rates[:, None]
    both = torch.cat([along.sin(), along.cos()])
    return torch.cat([both[:, :, None].expand(4, 4, 4), both[:, None].expand(4, 4, 4)])


def pixelwise(w: State, name: str, x: Tensor) -> Tensor:
    return F.conv2d(x, w[f"{name}.weight"], w[f"{name}.bias"])


def generated(w: State, z: Tensor) -> Tensor:
    context = linear(w, "codes", z).view(-1, 8, 3).transpose(1, 2)
    start = linear(w, "dense", z).view(-1, 8, 4, 4) + waves()
    x = decoder(w, "decoder", start.flatten(2).transpose(1, 2), context, 2)
    x = x + attended(w, "row", x, 2, turned=True)
    y = pixelwise(w, "wide", laid_out(x, 2, (8, 8)))
    y = swin(w, "shifted", y, (4, 4), 1, 2, F.silu)
    return torch.tanh(pixelwise(w, "rgb", y.repeat_interleave(2, 2).repeat_interleave(2, 3)))


def judged(w: State, image: Tensor) -> Tensor:
    x = embedded(w, "patches", image, 4) + linear(w, "both", patches(image, 4))
    x = torch.cat([learned(w, "begun", x), x + learned(w, "placed", x)], 1)
    for _ in range(2):
        x = transformer(w, "layer", x, 2)
    return linear(w, "logit", x[:, 0])
