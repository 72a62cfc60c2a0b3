"""Networks as official constructors make them from arguments, and pickles that keep these."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, NamedTuple

import torch

from gandsl.interop.layouts import stylegan_options as tables
from gandsl.interop.options import Option
from gandsl.interop.peel import LocatedState
from tests.interop.cases import SMALL, SYNTHESIS
from tests.interop.forge import published

Arguments = dict[str, Any]
ROOT = Path(__file__).parent.parent.parent


class Network(NamedTuple):
    """A network that an official constructor makes from `arguments`."""

    layout: str
    spec: str
    overrides: Mapping[str, Any]  # the same in our terms
    key: str  # in the pickle
    table: tuple[Option, ...]
    arguments: Arguments
    attributes: Mapping[str, Any] = MappingProxyType({})  # of its modules, which tell the newer code

    @property
    def part(self) -> str:
        return {"G": "generator", "D": "discriminator"}[self.key]


FIRST = {"c_dim": 3, "img_resolution": 16, "img_channels": 3}
LATENTS = {**FIRST, "z_dim": 12, "w_dim": 16}
WIDTHS = {"channel_base": 128, "channel_max": 16}
TWO = {"num_layers": 2}
UNCLAMPED = {"conv_clamp": None, "num_fp16_res": 0}
ALIAS_FREE = {
    **LATENTS,
    **UNCLAMPED,
    "w_dim": 10,
    "channel_base": 256,
    "channel_max": 16,
    "num_layers": 6,
    "first_stopband": 2**2.1,
    "mapping_kwargs": TWO,
}

ADA = "stylegan2-ada-pytorch", "stylegan2"
LABELLED = {**SMALL, "classes": 3}

NETWORKS = {
    "ada-G": Network(
        *ADA,
        LABELLED,
        "G",
        tables.generator(newer=False),
        {**LATENTS, "mapping_kwargs": TWO, "synthesis_kwargs": WIDTHS},
    ),
    "newer-G": Network(
        *ADA,
        {**LABELLED, "w_decay": 0.998},
        "G",
        tables.generator(newer=True),
        {**LATENTS, **WIDTHS, **UNCLAMPED, "mapping_kwargs": TWO},
        {"synthesis.num_fp16_res": 4},
    ),
    "ada-D": Network(
        *ADA,
        LABELLED,
        "D",
        tables.discriminator(newer=False),
        {**FIRST, **WIDTHS},
    ),
    "newer-D": Network(
        *ADA,
        LABELLED,
        "D",
        tables.discriminator(newer=True),
        {**FIRST, **WIDTHS, **UNCLAMPED},
        {"b4.out.in_features": 16},
    ),
    "stylegan3-G": Network(
        "stylegan3",
        "stylegan3",
        {**SYNTHESIS, "classes": 3, "clamp": 0.0},
        "G",
        tables.alias_free(LocatedState("", {})),
        ALIAS_FREE,
    ),
}


def changed(arguments: Mapping[str, Any], name: str, value: Any) -> Arguments:
    """Arguments with one more, of a nested mapping where its name is dotted."""
    first, dot, rest = name.partition(".")
    return {**arguments, first: changed(arguments.get(first, {}), rest, value) if dot else value}


@cache
def state(network: str) -> dict[str, torch.Tensor]:
    """An official state_dict of random weights."""
    one = NETWORKS[network]
    return written(one, one.overrides)


def written(one: Network, overrides: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    spec = ROOT / "specs" / f"{one.spec}.yaml"
    with TemporaryDirectory() as folder:
        return published(one.layout, spec, overrides, (one.part,), Path(folder))[one.part]
