"""Penalties, each beside a straightforward formula in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch

from tests.games.block_twins.use import LOGITS, SAID, Found, Given, Twin, score, slope, squares


def _penalized(given: Given, nets: Mapping[str, Any]) -> Found:
    x = given["by"].requires_grad_()
    return {"": squares(slope(score(nets["judge"](x)), x)[0]).mean() / 2}


def _unit_slope(given: Given, nets: Mapping[str, Any]) -> Found:
    x = given["by"].requires_grad_()
    return {"": (squares(slope(score(nets["judge"](x)), x)[0]).sqrt() - 0.5).square().mean()}


def _lecam(one_sided: bool) -> Callable[[Given, Mapping[str, Any]], Found]:
    def means(given: Given, nets: Mapping[str, Any]) -> Found:
        above = score(given["real"]) - given["mean_fake"]
        under = given["mean_real"] - score(given["fake"])
        if one_sided:
            above, under = above.clamp(min=0), under.clamp(min=0)
        return {"": above.square().mean() + under.square().mean()}

    return means


def _path_length(given: Given, nets: Mapping[str, Any]) -> Found:
    """Of w ↦ image; the running mean of before is that which is given."""
    mapping, synthesis = (nets["stylist"].program(entry) for entry in ("mapping", "synthesis"))
    ws = mapping(given["z"]).detach().requires_grad_()
    image = synthesis(ws)
    (jacobian,) = slope((image * given["y"]).flatten(1).sum(1) / math.sqrt(16), ws)
    lengths = jacobian.square().sum(2).mean(1).sqrt()
    a = given["a"] + 0.2 * (lengths.mean() - given["a"])
    return {"penalty": (lengths - a).square().mean(), "length": lengths.mean()}


def _orthogonal(given: Given, nets: Mapping[str, Any]) -> Found:
    total = torch.zeros((), dtype=torch.float64)
    for weight in nets["judge"].parameters():
        if weight.ndim > 1:
            rows = weight.flatten(1)
            gram = rows @ rows.T
            total = total + (gram - gram.diag().diag()).square().sum() / 2
    return {"": total}


TWINS: dict[str, list[Twin]] = {
    "penalty.zero_centred": [Twin({"of": "=$said.logit", "by": "=$x"}, _penalized, {}, SAID)],
    "penalty.gradient": [Twin({"of": "=$said.logit", "by": "=$x"}, _unit_slope, {"target": 0.5}, SAID)],
    "penalty.finite_difference": [
        Twin(
            {"of": "Logits[1, 2, 2]", "moved": "Logits[1, 2, 2]"},
            lambda g, _: {"": ((score(g["moved"]) - score(g["of"])) / 0.2).square().mean() / 2},
            {"sigma": 0.2},
        )
    ],
    "penalty.drift": [Twin({"of": "Logits[1, 2, 2]"}, lambda g, _: {"": score(g["of"]).square().mean()})],
    "penalty.lecam": [
        Twin(LOGITS, _lecam(one_sided), {"one_sided": str(one_sided).lower()}, moves=True)
        for one_sided in (False, True)
    ],
    "penalty.path_length": [
        Twin(
            {"of": "=$image", "by": "=$ws"},
            _path_length,
            {"decay": 0.2},
            (
                "$z: {draw: stylist.z}",
                "$ws: {network: stylist.mapping, z: $z}",
                "$image: {network: stylist.synthesis, ws: $ws}",
            ),
            ("penalty", "length"),
            moves=True,
        )
    ],
    "penalty.orthogonal": [Twin({"of": "=weights(judge)"}, _orthogonal)],
}
