"""Noise by time, each way beside a straightforward formula in float64."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from tests.games.block_twins.use import Found, Given, Twin, wide

PICTURE = {"x": "Feature[2, 3]", "noise": "Feature[2, 3]"}
TIME = "$t: {draw: Number, distribution: uniform, low: 0.1}"


def _variance_preserving(given: Given, nets: Mapping[str, Any]) -> Found:
    """The rate of noise β(t) rises from 1 to 5; ᾱ is the exponential of its integral, by Simpson's rule."""
    t = given["t"]
    beta = [1 + 4 * at for at in (0 * t, t / 2, t)]
    kept = wide((-t / 6 * (beta[0] + 4 * beta[1] + beta[2])).exp())
    alpha, sigma = kept.sqrt(), (1 - kept).sqrt()
    return {
        "x": alpha * given["x"] + sigma * given["noise"],
        "velocity": alpha * given["noise"] - sigma * given["x"],
        "alpha": alpha[:, 0, 0, 0],
        "sigma": sigma[:, 0, 0, 0],
    }


def _posterior(given: Given, nets: Mapping[str, Any]) -> Found:
    """The product of two normal densities of what was before: what led here, and what x led to."""
    now, was = (wide(given[name]) for name in ("alpha", "alpha_before"))
    sigma, before = (wide(given[name]) for name in ("sigma", "sigma_before"))
    step = now / was
    fresh = sigma**2 - step**2 * before**2
    precision = step**2 / fresh + 1 / before**2
    middle = (step / fresh * given["noised"] + was / before**2 * given["x"]) / precision
    return {"x": middle + given["noise"] / precision.sqrt()}


def _cosine_schedule(given: Given, nets: Mapping[str, Any]) -> Found:
    turned = torch.polar(torch.ones_like(given["t"]), math.pi / 2 * given["t"])
    alpha, sigma = wide(turned.real), wide(turned.imag)
    return {
        "x": alpha * given["x"] + sigma * given["noise"],
        "velocity": alpha * given["noise"] - sigma * given["x"],
        "alpha": turned.real,
        "sigma": turned.imag,
    }


TWINS: dict[str, list[Twin]] = {
    "diffusion.rectified": [
        Twin(
            PICTURE | {"t": "=$t"},
            lambda g, _: {
                "x": (1 - wide(g["t"])) * g["x"] + wide(g["t"]) * g["noise"],
                "velocity": g["noise"] - g["x"],
                "alpha": 1 - g["t"],
                "sigma": g["t"],
            },
            {},
            (TIME,),
            ("x", "velocity", "alpha", "sigma"),
        )
    ],
    "diffusion.variance_preserving": [
        Twin(
            PICTURE | {"t": "=$t"},
            _variance_preserving,
            {"least": 1, "most": 5},
            (TIME,),
            ("x", "velocity", "alpha", "sigma"),
        )
    ],
    "diffusion.variance_exploding": [
        Twin(
            PICTURE | {"sigma": "=$t"},
            lambda g, _: {"x": g["x"] + wide(g["t"]) * g["noise"], "velocity": g["noise"], "sigma": g["t"]},
            {},
            (TIME,),
            ("x", "velocity", "sigma"),
        )
    ],
    "diffusion.posterior": [
        Twin(
            {**PICTURE, "noised": "Feature[2, 3]"}
            | {name: f"=${name}" for name in ("alpha", "sigma", "alpha_before", "sigma_before")},
            _posterior,
            {},
            (
                "$alpha: {draw: Number, distribution: uniform, low: 0.3, high: 0.5}",
                "$alpha_before: {draw: Number, distribution: uniform, low: 0.7, high: 0.9}",
                "$sigma: sqrt(1 - $alpha ** 2)",
                "$sigma_before: sqrt(1 - $alpha_before ** 2)",
            ),
            ("x",),
        )
    ],
    "diffusion.cosine": [
        Twin(
            PICTURE | {"t": "=$t"},
            _cosine_schedule,
            {},
            (TIME,),
            ("x", "velocity", "alpha", "sigma"),
        )
    ],
}
