"""Likelihoods, contrasts and translations, each beside a straightforward formula in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.block_twins.use import Found, Given, Twin

VECTORS = {name: "Vector[5]" for name in ("mean", "log_variance", "prior_mean", "prior_log_variance")}


def _normal(given: Given, nets: Mapping[str, Any]) -> Found:
    """Without half the logarithm of 2π for each number."""
    log_variance = given.get("log_variance", torch.zeros_like(given["x"]))
    said = torch.distributions.Normal(given["mean"], (log_variance / 2).exp()).log_prob(given["x"])
    return {"": (-said - math.log(2 * math.pi) / 2).sum(1).mean()}


def _kl(given: Given, nets: Mapping[str, Any]) -> Found:
    def normal(mean: Tensor, log_variance: Tensor) -> torch.distributions.Normal:
        return torch.distributions.Normal(mean, (log_variance / 2).exp())

    zeros = torch.zeros_like(given["mean"])
    prior = normal(given.get("prior_mean", zeros), given.get("prior_log_variance", zeros))
    apart = torch.distributions.kl_divergence(normal(given["mean"], given["log_variance"]), prior)
    return {"": apart.sum(1).mean()}


def _info_nce(both: bool) -> Callable[[Given, Mapping[str, Any]], Found]:
    def means(given: Given, nets: Mapping[str, Any]) -> Found:
        logits = F.normalize(given["a"]) @ F.normalize(given["b"]).T / 0.5
        own = torch.arange(len(logits))
        found = [F.cross_entropy(logits, own), F.cross_entropy(logits.T, own)]
        return {"": sum(found, torch.zeros(())) / 2 if both else found[0]}

    return means


def _patches(given: Given, nets: Mapping[str, Any]) -> Found:
    a, b = (F.normalize(given[name], dim=2) for name in "ab")
    logits = a @ b.transpose(1, 2) / 0.2
    own = torch.arange(logits.shape[1]).expand(len(logits), -1)
    return {"": F.cross_entropy(logits.flatten(0, 1), own.flatten())}


TWINS: dict[str, list[Twin]] = {
    "translate.cycle": [
        Twin(
            {port: "Image[1, 4]" for port in ("a", "again_a", "b", "again_b", "same_a", "same_b")},
            lambda g, _: {
                "cycle": F.l1_loss(g["a"], g["again_a"]) + F.l1_loss(g["b"], g["again_b"]),
                "identity": F.l1_loss(g["a"], g["same_a"]) + F.l1_loss(g["b"], g["same_b"]),
            },
            outputs=("cycle", "identity"),
        )
    ],
    "likelihood.category": [
        Twin(
            {"logits": "Vector[4]", "y": "=$y"},
            lambda g, _: {"": F.cross_entropy(g["logits"], g["y"])},
            {},
            ("$y: {draw: 'Label[4]', distribution: uniform}",),
        )
    ],
    "likelihood.normal": [
        Twin({"mean": "Vector[5]", "x": "Vector[5]"} | more, _normal)
        for more in ({}, {"log_variance": "Vector[5]"})
    ],
    "likelihood.kl": [
        Twin(dict(list(VECTORS.items())[:2]), _kl),
        Twin(VECTORS, _kl),
        Twin({name: type_ for name, type_ in VECTORS.items() if name != "prior_log_variance"}, _kl),
    ],
    "contrast.info_nce": [
        Twin(
            {"a": "Vector[5]", "b": "Vector[5]"},
            _info_nce(both),
            {"temperature": 0.5, "both": str(both).lower()},
        )
        for both in (False, True)
    ],
    "translate.contrast": [Twin({"a": "Tokens[4, 3]", "b": "Tokens[4, 3]"}, _patches, {"temperature": 0.2})],
}
