"""Likelihoods, contrasts and translations, each beside a straightforward formula in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.games.block_twins.use import Found, Given, Twin

CLASSES = ("$y: {draw: 'Label[4]', distribution: uniform}",)
PROXIES = {"x": "Vector[5]", "proxy": "Vector[5]", "y": "=$y"}
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


def _same_class(given: Given, nets: Mapping[str, Any]) -> Found:
    """Sample by sample; the classes are 0, 1, 2, 3, of six samples drawn."""
    x, proxy, y = F.normalize(given["x"]), F.normalize(given["proxy"]), given["y"]
    losses = []
    for i, pull in enumerate(((x * proxy).sum(1) / 0.5).exp()):
        pairs = [((x[i] @ x[j] / 0.5).exp(), y[i] == y[j]) for j in range(len(x)) if j != i]
        same = sum((one for one, own in pairs if own), pull)
        losses.append(-(same / sum((one for one, _ in pairs), pull)).log())
    return {"": torch.stack(losses).mean()}


def _data_to_data(given: Given, nets: Mapping[str, Any]) -> Found:
    """Sample by sample, with the margins 0.9 and 0.2."""
    x, proxy, y = F.normalize(given["x"]), F.normalize(given["proxy"]), given["y"]
    losses = []
    for i, near in enumerate((x * proxy).sum(1)):
        pull = ((near - 0.9).clamp(max=0) / 0.5).exp()
        push = [((x[i] @ x[j] - 0.2).clamp(min=0) / 0.5).exp() for j in range(len(x)) if y[j] != y[i]]
        losses.append(-(pull / sum(push, pull)).log())
    return {"": torch.stack(losses).mean()}


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
            CLASSES,
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
    "contrast.same_class": [Twin(PROXIES, _same_class, {"temperature": 0.5}, CLASSES)],
    "contrast.data_to_data": [Twin(PROXIES, _data_to_data, {"near": 0.9, "far": 0.2}, CLASSES)],
    "translate.contrast": [Twin({"a": "Tokens[4, 3]", "b": "Tokens[4, 3]"}, _patches, {"temperature": 0.2})],
}
