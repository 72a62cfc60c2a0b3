"""Codebooks and what acts on gradients alone, each beside a straightforward formula in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F

from tests.games.block_twins.use import Found, Given, Twin


def _vq(given: Given, nets: Mapping[str, Any]) -> Found:
    gap = F.mse_loss(given["x"], given["code"])
    return {"x": given["code"], "codebook": gap, "commitment": gap, "term": 1.5 * gap}


def _fsq(given: Given, nets: Mapping[str, Any]) -> Found:
    """Levels −1, …, 1 in steps; of an even number those from −1 to below 1."""
    found = []
    for z, level in zip(given["x"].unbind(1), (4, 5, 2), strict=True):
        half, off = (level - 1) * 0.999 / 2, 0.0 if level % 2 else 0.5
        place = (torch.tanh(z + math.tan(off / half)) * half - off).round()
        assert place.unique().numel() <= level
        found.append(place / (level // 2))
    return {"": torch.stack(found, 1)}


def _entropies(given: Given, nets: Mapping[str, Any]) -> Found:
    """Of softmax over the squared distances to the codes 1 and −1 of each channel, over the temperature."""
    x = given["x"]
    away = torch.stack(((x - 1) ** 2, (x + 1) ** 2), -1) / 2.0
    shares = (-away).softmax(-1)
    sure = -(shares * shares.log()).sum(-1).sum(1).mean()
    means = shares.mean((0, 2, 3))
    spread = -(means * means.log()).sum()
    return {"term": sure - 0.5 * spread, "sure": sure, "spread": spread}


def _gumbel(hard: bool, dim: int) -> Callable[[Given, Mapping[str, Any]], Found]:
    def means(given: Given, nets: Mapping[str, Any]) -> Found:
        noisy = (given["logits"] + given["noise"]) / 0.5
        shares = noisy.exp() / noisy.exp().sum(dim, keepdim=True)
        if not hard:
            return {"": shares}
        return {"": (shares == shares.amax(dim, keepdim=True)).double()}

    return means


TWINS: dict[str, list[Twin]] = {
    "codes.fsq": [Twin({"x": "Feature[3, 4]"}, _fsq, {"levels": "[4, 5, 2]"})],
    "codes.lfq": [
        Twin({"x": "Feature[3, 4]"}, lambda g, _: {"": torch.where(g["x"] > 0, 1.0, -1.0).double()})
    ],
    "codes.lfq_entropy": [
        Twin(
            {"x": "Feature[3, 4]"},
            _entropies,
            {"temperature": 2, "diversity": 0.5},
            outputs=("term", "sure", "spread"),
        )
    ],
    "codes.gumbel_softmax": [
        Twin({"logits": type_}, _gumbel(hard, dim), {"temperature": 0.5, "hard": str(hard).lower()})
        for hard in (False, True)
        for type_, dim in (("Vector[5]", 1), ("Tokens[3, 5]", 2), ("Feature[5, 2]", 1))
    ],
    "codes.vq": [
        Twin(
            {"x": "Feature[3, 4]", "code": "Feature[3, 4]"},
            _vq,
            {"beta": 0.5},
            (),
            ("x", "codebook", "commitment", "term"),
        )
    ],
    "backwards.reversal": [Twin({"x": "Feature[3, 4]"}, lambda g, _: {"": g["x"]}, {"scale": 0.5})],
}
