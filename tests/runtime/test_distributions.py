"""What a game draws from, by name: moments and shares in closed form, over many draws; no split is felt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor

from gandsl_runtime.distribution import DISTRIBUTIONS
from gandsl_runtime.game.program import Drawn
from gandsl_runtime.game.sources import Sources
from gandsl_runtime.game.views import _row
from gandsl_runtime.rng import Draws, Key, Part

CPU = torch.device("cpu")
COUNT = 100_000
Check = Mapping[str, tuple[Callable[[Tensor], Tensor], float]]  # what is averaged → its expectation
EULER = 0.5772156649015329


def drawn(of: Drawn, part: Part, dtype: torch.dtype = torch.float64) -> Tensor:
    draws = Draws(CPU, dtype, part, Key(3, 5, "judge"))
    return Sources({}, {}, CPU, dtype, draws=draws).tensor(of)  # type: ignore[arg-type]


def powers(mean: float, variance: float) -> Check:
    return {"mean": (lambda x: x, mean), "square": (torch.square, variance + mean**2)}


def digamma(x: float) -> float:
    return float(torch.digamma(torch.tensor(x, dtype=torch.float64)))


def _beta(a: float, b: float) -> Check:
    return {
        **powers(a / (a + b), a * b / (a + b) ** 2 / (a + b + 1)),
        "log": (lambda x: x.clamp(min=1e-300).log(), digamma(a) - digamma(a + b)),
    }


_CUT = 2 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))  # density at ±2, of what is within
CHECKS: dict[tuple[str, tuple[float, ...]], Check] = {
    ("normal", (0.5, 2.0)): powers(0.5, 4.0),
    ("truncated_normal", (0.5, 2.0)): powers(0.5, 4 * (1 - 2 * _CUT)),
    ("log_normal", (-0.5, 0.6)): {
        **powers(math.exp(-0.5 + 0.18), (math.exp(0.36) - 1) * math.exp(-1 + 0.36)),
        "log": (torch.log, -0.5),
    },
    ("logit_normal", (0.3, 1.0)): {
        "logit": (torch.logit, 0.3),
        "square": (lambda x: torch.logit(x).square(), 1.09),
    },
    ("laplace", ()): {**powers(0.0, 2.0), "abs": (torch.abs, 1.0)},
    ("gumbel", ()): {**powers(EULER, math.pi**2 / 6), "exp": (lambda x: (-x).exp(), 1.0)},
    ("exponential", ()): {**powers(1.0, 1.0), "log": (torch.log, -EULER)},
    ("beta", (0.4, 0.4)): _beta(0.4, 0.4),
    ("beta", (2.0, 5.0)): _beta(2.0, 5.0),
    ("beta", (1.0, 1.0)): _beta(1.0, 1.0),
    ("bernoulli", (0.3,)): powers(0.3, 0.21),
    ("categorical", (2.0, 0.0, 6.0)): {
        str(k): (lambda x, k=k: (x == k).double(), share) for k, share in enumerate((0.25, 0.0, 0.75))
    },
}
ELSEWHERE = {"uniform", "integers", "labels", "permutation", "unit"}  # below, and in test_draws


@pytest.mark.parametrize(("name", "numbers"), CHECKS, ids=str)
def test_its_moments(name: str, numbers: tuple[float, ...]) -> None:
    """Within 4.5 standard errors, as they are estimated: a chance of 7e-6 each."""
    x = drawn(Drawn("x", (2,), name, numbers=numbers), Part.whole(COUNT // 2)).flatten()
    assert len(x.unique()) > 0.9 * len(x) or name in ("bernoulli", "categorical")
    for what, (function, expected) in CHECKS[name, numbers].items():
        found = function(x)
        error = found.std() / math.sqrt(len(x))
        assert (found.mean() - expected).abs() <= 4.5 * error + 1e-12, what


def test_none_is_left_out() -> None:
    assert {name for name, _ in CHECKS} | ELSEWHERE == DISTRIBUTIONS.keys()


def test_a_permutation_has_every_place_once_anywhere() -> None:
    x = drawn(Drawn("x", (4,), "permutation"), Part.whole(24_000))
    assert torch.equal(x.sort(1).values, torch.arange(4.0).double().expand(24_000, 4))
    orders = (x @ torch.tensor([64.0, 16.0, 4.0, 1.0]).double()).unique(return_counts=True)[1]
    assert len(orders) == 24 and (orders - 1000).abs().max() < 4.5 * math.sqrt(1000)


def test_directions_have_length_1_and_no_preference() -> None:
    x = drawn(Drawn("x", (3, 1, 2), "unit"), Part.whole(50_000)).flatten(1)
    torch.testing.assert_close(x.square().sum(1), torch.ones(50_000).double())
    torch.testing.assert_close(x.T @ x / len(x), torch.eye(6).double() / 6, rtol=0, atol=4e-3)
    assert x.mean(0).abs().max() < 4.5 * math.sqrt(1 / 6 / len(x))


def test_labels_by_shares_of_their_own() -> None:
    of = Drawn("c", (), "labels", high=3.0, numbers=(1.0, 0.0, 3.0))
    found = drawn(of, Part.whole(COUNT))
    assert found.dtype == torch.int64
    counts = found.bincount(minlength=3) / COUNT
    assert counts[1] == 0 and abs(float(counts[0]) - 0.25) < 4.5 * math.sqrt(0.1875 / COUNT)


@pytest.mark.parametrize("name", [name for name in DISTRIBUTIONS if name != "labels"])
@pytest.mark.parametrize("per", ["sample", "batch", "micro_batch"])
def test_a_split_batch_draws_the_same(name: str, per: str) -> None:
    numbers = next((found for known, found in CHECKS if known == name), ())
    of = Drawn("x", (3,), name, 0.0, 5.0, per, numbers=numbers)  # type: ignore[arg-type]
    whole = drawn(of, Part.whole(12))
    assert whole.shape == (12 if per == "sample" else 1, 3)
    for turn in range(3):
        part = Part(turn, 3, 12)
        found = drawn(of, part)
        if per == "sample":
            torch.testing.assert_close(found, part.of(whole), rtol=1e-12, atol=1e-12)
        elif per == "batch":
            assert torch.equal(found, whole)


@pytest.mark.parametrize("name", [name for name in DISTRIBUTIONS if name != "labels"])
def test_a_view_draws_by_its_seeds(name: str) -> None:
    numbers = next((found for known, found in CHECKS if known == name), ())
    of = Drawn("x", (3,), name, 0.0, 5.0, numbers=numbers)
    first, again = (_row(of, torch.Generator().manual_seed(1)).float() for _ in range(2))
    assert first.shape == (1, 3) and torch.equal(first, again) and first.isfinite().all()
    rows = torch.cat([_row(of, torch.Generator().manual_seed(seed)).float() for seed in range(200)])
    assert len(rows.unique()) > (1 if name in ("bernoulli", "categorical") else 2)


def test_small_shapes_of_beta_stay_numbers() -> None:
    """Where both gamma numbers are below any float, their share is not."""
    x = drawn(Drawn("x", (), "beta", numbers=(0.001, 0.001)), Part.whole(20_000))
    assert x.isfinite().all() and ((x >= 0) & (x <= 1)).all()
    assert abs(float(x.mean()) - 0.5) < 4.5 * 0.5 / math.sqrt(len(x))
