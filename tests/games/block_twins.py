"""The blocks of std/game, and of what else games have, each beside a straightforward formula in float64."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, autograd

from gandsl_runtime import ops

Given = Mapping[str, Any]  # by port: a tensor, or a list of them
Found = Mapping[str, Tensor | float]  # by output: `discriminator`, `x[0]`; "" is the block's own


@dataclass(frozen=True)
class Twin:
    """A use of a block.

    `given`: by port the type that is drawn, or `=EXPRESSION`, in which `$` stands before names of the case's
    own; `body`: further nodes of the case. `means`: the `outputs` (x[0], or "" for the block's first), of all
    that is given by name, draws and states inside of the block included, and of the networks.
    """

    given: Mapping[str, str]
    means: Callable[[Given, Mapping[str, Any]], Found]
    params: Mapping[str, Any] = field(default_factory=dict)
    body: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ("",)
    moves: bool = False  # states: it is a term, whose player's phases they hear


def squares(x: Tensor) -> Tensor:
    """‖x‖² of each sample [n]."""
    return x.square().flatten(1).sum(1)


def score(x: Tensor) -> Tensor:
    return x.flatten(1).mean(1)


LOGITS = {"real": "Logits[1]", "fake": "Logits[1]"}
PIXELS = {"real": "Logits[1, 3, 3]", "fake": "Logits[1, 3, 3]"}
PAIR = {"a": "Feature[3, 4]", "b": "Feature[3, 4]"}
LISTS = {"a": "=[$a0, $a1]", "b": "=[$b0, $b1]"}
TWO = tuple(
    f"${name}{i}: {{draw: 'Feature[{c}, {s}]'}}" for name in "ab" for i, (c, s) in enumerate(((3, 4), (5, 2)))
)
SAID = ("$x: {draw: 'Image[1, 4]'}", "$said: {network: judge, image: $x}")
MADE = ("$z: {draw: 'Vector[3]'}", "$made: {network: maker, z: $z}", "$said: {network: judge, image: $made}")


def of_logits(function: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]], **params: Any) -> list[Twin]:
    """A loss of both players: of one logit an image, of one each pixel, and of a list of both."""

    def means(given: Given, nets: Mapping[str, Any]) -> Found:
        real, fake = given["real"], given["fake"]
        pairs = list(zip(real, fake, strict=True)) if isinstance(real, list) else [(real, fake)]
        both = [function(one, other) for one, other in pairs]
        d, g = (sum(one[i] for one in both) / len(both) for i in (0, 1))
        return {"discriminator": d, "generator": g}

    several = {name: f"=[${name}0, ${name}1]" for name in LOGITS}
    body = tuple(
        f"${name}{i}: {{draw: '{one[name]}'}}" for i, one in enumerate((LOGITS, PIXELS)) for name in LOGITS
    )
    return [
        Twin(given, means, params, nodes, ("discriminator", "generator"))
        for given, nodes in ((LOGITS, ()), (PIXELS, ()), (several, body))
    ]


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


def slope(of: Tensor, *by: Tensor) -> tuple[Tensor, ...]:
    return autograd.grad(of.sum(), by, create_graph=True)


def _bce(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    ones, zeros = torch.ones_like(real), torch.zeros_like(fake)
    of = F.binary_cross_entropy_with_logits
    return of(real, 0.9 * ones) + of(fake, zeros), of(fake, torch.ones_like(fake))


def _relativistic_hinge(real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    up, down = real - fake.mean(), fake - real.mean()
    d = F.relu(1 - up).mean() + F.relu(1 + down).mean()
    return d, F.relu(1 - down).mean() + F.relu(1 + up).mean()


LOSSES = {
    "loss.bce": of_logits(_bce, real_target=0.9),
    "loss.logistic": of_logits(
        lambda real, fake: (
            -torch.log(torch.sigmoid(real)).mean() - torch.log(1 - torch.sigmoid(fake)).mean(),
            -torch.log(torch.sigmoid(fake)).mean(),
        )
    ),
    "loss.hinge": of_logits(
        lambda real, fake: ((1 - real).clamp(min=0).mean() + (1 + fake).clamp(min=0).mean(), -fake.mean())
    ),
    "loss.least_squares": of_logits(
        lambda real, fake: (
            0.5 * ((real - 0.8) ** 2).mean() + 0.5 * ((fake + 1) ** 2).mean(),
            0.5 * ((fake - 0.3) ** 2).mean(),
        ),
        a=-1,
        b=0.8,
        c=0.3,
    ),
    "loss.wasserstein": of_logits(lambda real, fake: (fake.mean() - real.mean(), -fake.mean())),
    "loss.relativistic_logistic": of_logits(
        lambda real, fake: (
            torch.log1p((fake - real).exp()).mean(),
            torch.log1p((real - fake).exp()).mean(),
        )
    ),
    "loss.relativistic_hinge": of_logits(_relativistic_hinge),
}


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


PENALTIES = {
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


DISTANCES = {
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
}


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


VECTORS = {name: "Vector[5]" for name in ("mean", "log_variance", "prior_mean", "prior_log_variance")}
LIKELIHOODS = {
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
}


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


WEIGHTS = {
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
}


def wide(t: Tensor) -> Tensor:
    """[n] beside features."""
    return t[:, None, None, None]


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


PICTURE = {"x": "Feature[2, 3]", "noise": "Feature[2, 3]"}
TIME = "$t: {draw: Number, distribution: uniform, low: 0.1}"
DIFFUSION = {
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
}


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


def _patches(given: Given, nets: Mapping[str, Any]) -> Found:
    a, b = (F.normalize(given[name], dim=2) for name in "ab")
    logits = a @ b.transpose(1, 2) / 0.2
    own = torch.arange(logits.shape[1]).expand(len(logits), -1)
    return {"": F.cross_entropy(logits.flatten(0, 1), own.flatten())}


def _cosine_schedule(given: Given, nets: Mapping[str, Any]) -> Found:
    turned = torch.polar(torch.ones_like(given["t"]), math.pi / 2 * given["t"])
    alpha, sigma = wide(turned.real), wide(turned.imag)
    return {
        "x": alpha * given["x"] + sigma * given["noise"],
        "velocity": alpha * given["noise"] - sigma * given["x"],
        "alpha": turned.real,
        "sigma": turned.imag,
    }


CODES = {
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
    "translate.contrast": [Twin({"a": "Tokens[4, 3]", "b": "Tokens[4, 3]"}, _patches, {"temperature": 0.2})],
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
OTHERS = {
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

TWINS: dict[str, list[Twin]] = {
    **LOSSES,
    **PENALTIES,
    **DISTANCES,
    **LIKELIHOODS,
    **WEIGHTS,
    **DIFFUSION,
    **CODES,
    **OTHERS,
}
"""Block → its uses."""
