"""Levels and weights of terms, each beside a straightforward formula in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch.nn.functional as F

from tests.games.block_twins.use import MADE, Found, Given, Twin, slope, squares


def _pyramid(given: Given, nets: Mapping[str, Any]) -> Found:
    return {"x[0]": F.avg_pool2d(given["x"], 2), "x[1]": given["x"]}


def _adaptive(given: Given, nets: Mapping[str, Any]) -> Found:
    image = nets["maker"](given["z"])
    weight = nets["maker"].get_parameter("dense.weight")
    of, beside = nets["judge"](image).mean(), image.square().mean()
    lengths = [slope(one, weight)[0].norm() for one in (beside, of)]
    return {"": (lengths[0] / (lengths[1] + 1e-6)).clamp(0, 1e4)}


def _normalized(decay: float) -> Callable[[Given, Mapping[str, Any]], Found]:
    def means(given: Given, nets: Mapping[str, Any]) -> Found:
        image = nets["maker"](given["z"]).detach().requires_grad_()
        said = nets["judge"](image)[:, 0]
        length = squares(slope(said, image)[0]).sqrt().mean()
        if decay:
            length = decay * given["old"] + (1 - decay) * length
        return {"term": said.mean() / (length + 1e-8), "weight": 1 / (length + 1e-8), "length": length}

    return means


def _running(given: Given, nets: Mapping[str, Any]) -> Found:
    """At the length that stood; the value is ⟨∇of, by⟩ over it, as an inner product of what was given."""
    image = nets["maker"](given["z"]).detach().requires_grad_()
    (found,) = slope(nets["judge"](image)[:, 0], image)
    return {"term": (found * image).flatten(1).sum(1).mean() / (given["length"] + 1e-8)}


TWINS: dict[str, list[Twin]] = {
    "level.pyramid": [Twin({"x": "Image[1, 4]"}, _pyramid, {"sizes": "[2, 4]"}, outputs=("x[0]", "x[1]"))],
    "weight.adaptive": [
        Twin(
            {"of": "=mean($said.logit)", "beside": "=mean($made ** 2)", "by": "=weight(maker.dense)"},
            _adaptive,
            {},
            MADE,
        )
    ],
    "weight.normalized": [
        Twin(
            {"of": "=sample_mean($said.logit)", "by": "=$made"},
            _normalized(decay),
            {"decay": decay},
            MADE,
            ("term", "weight", "length"),
            moves=decay > 0,
        )
        for decay in (0.0, 0.75)
    ],
    "weight.running": [
        Twin(
            {"of": "=sample_mean($said.logit)", "by": "=$made"},
            _running,
            {"decay": 0.75},
            MADE,
            ("term",),
            moves=True,
        )
    ],
}
