"""Distances of images, features and sounds, each beside a straightforward formula in float64."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from gandsl_runtime import ops
from tests.games.block_twins.use import LISTS, PAIR, TWO, Found, Given, Twin


def distance(function: Callable[[Tensor, Tensor], Tensor], names: str = "ab", **params: Any) -> list[Twin]:
    """A mean over all numbers, of one tensor and of the entries of lists alike."""
    first, second = ("real", "fake") if names == "rf" else names

    def means(given: Given, nets: Mapping[str, Any]) -> Found:
        a, b = given[first], given[second]
        pairs = list(zip(a, b, strict=True)) if isinstance(a, list) else [(a, b)]
        return {"": sum(function(one, other) for one, other in pairs) / len(pairs)}

    renamed = {"a": first, "b": second}
    return [
        Twin({renamed[port]: type_ for port, type_ in given.items()}, means, params, body)
        for given, body in ((PAIR, ()), (LISTS, TWO))
    ]


def _cosine(a: Tensor, b: Tensor) -> Tensor:
    return (1 - F.cosine_similarity(a.flatten(1), b.flatten(1))).mean()


def _perceptual(given: Given, nets: Mapping[str, Any]) -> Found:
    a, b = (one if isinstance(one, list) else [one] for one in (given["a"], given["b"]))
    gaps = [F.normalize(x, dim=1) - F.normalize(y, dim=1) for x, y in zip(a, b, strict=True)]
    return {"": sum((gap.square().sum(1).mean() for gap in gaps), torch.zeros(()))}


def _heard(x: Tensor) -> Tensor:
    """Magnitudes under Hann's window, by torch; bands by the op, which has a formula beside it elsewhere."""
    bordered = F.pad(x[:, 0], (6, 6), mode="reflect")
    window = torch.hann_window(16, dtype=x.dtype)
    frames = torch.stft(bordered, 16, 4, window=window, center=False, return_complex=True)
    magnitudes = (frames.real**2 + frames.imag**2 + 1e-9).sqrt()
    bands = ops.mel(magnitudes[:, None], bands=5, rate=1000.0, low=0.0, high=500.0)
    return bands.clamp(min=1e-5).log()


TWINS: dict[str, list[Twin]] = {
    "distance.l1": distance(F.l1_loss),
    "distance.l2": distance(F.mse_loss),
    "distance.cosine": distance(_cosine),
    "distance.charbonnier": distance(
        lambda a, b: torch.hypot(a - b, torch.full_like(a, 0.1)).mean(), epsilon=0.1
    ),
    "distance.huber": distance(lambda a, b: F.huber_loss(a, b, delta=0.5), delta=0.5),
    "distance.features": distance(F.l1_loss, "rf"),
    "distance.mel": [
        Twin(
            {"a": "Signal[1, 64]", "b": "Signal[1, 64]"},
            lambda g, _: {"": F.l1_loss(_heard(g["a"]), _heard(g["b"]))},
            {"rate": 1000, "bands": 5, "window": 16, "hop": 4},
        )
    ],
    "distance.perceptual": [Twin(PAIR, _perceptual), Twin(LISTS, _perceptual, {}, TWO)],
    "consistency.transformed": [
        Twin({"of": "Logits[1]", "again": "Logits[1]"}, lambda g, _: {"": F.mse_loss(g["of"], g["again"])})
    ],
    "consistency.latent": [
        Twin({"of": "Logits[1]", "again": "Logits[1]"}, lambda g, _: {"": F.mse_loss(g["of"], g["again"])})
    ],
    "consistency.apart": [
        Twin(
            {"images": "Image[1, 4]", "near": "Image[1, 4]"},
            lambda g, _: {
                "apart": -F.mse_loss(g["images"], g["near"]),
                "difference": F.mse_loss(g["images"], g["near"]),
            },
            outputs=("apart", "difference"),
        )
    ],
}
