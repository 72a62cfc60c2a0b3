"""PPL of generators whose path lengths have a closed form, and of what happens at both ends of a step."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from gandsl_runtime.evaluation.path_length import (
    Walked,
    great_circle,
    path_lengths,
    perceptual_path_length,
)


def latents(seeds: Sequence[int]) -> Tensor:
    rows = [np.random.default_rng(seed).standard_normal(6) for seed in seeds]
    return torch.from_numpy(np.stack(rows))


MAPPING, SYNTHESIS, EXTRACTOR = (
    torch.from_numpy(np.random.default_rng(size).standard_normal(shape))
    for size, shape in enumerate([(6, 5), (5, 12), (12, 7)])
)


def linear(mapping: Tensor | None = MAPPING, synthesis: Tensor = SYNTHESIS) -> Walked:
    return Walked(
        latents,
        lambda points, _seeds: points @ synthesis,
        lambda images: images @ EXTRACTOR,
        None if mapping is None else lambda z, _seeds: z @ mapping,
    )


@pytest.mark.parametrize("where", ["full", "end"])
def test_a_linear_generator_s_lines_have_the_length_of_their_image(where: str) -> None:
    """In W: ‖(w₂ − w₁)SE‖², wherever on the line; pairs are those of consecutive seeds, in any batch."""
    found = path_lengths(linear(), 11, "w", where, batch=4, seed=30)
    z = latents(range(30, 52))
    truth = ((z[1::2] - z[::2]) @ MAPPING @ SYNTHESIS @ EXTRACTOR).square().sum(1)
    assert found == pytest.approx(truth.numpy(), rel=1e-6)


@pytest.mark.parametrize("mapping", [None, MAPPING])
def test_a_great_circle_s_start_has_its_derivative(mapping: Tensor | None) -> None:
    """In Z at the end: d/dt at 0 is θ|z₁|·c + (|z₂| − |z₁|)·a, with a the direction of z₁ and c across it."""
    whole = torch.from_numpy(np.random.default_rng(9).standard_normal((6, 12)))
    walked = linear(None, whole) if mapping is None else linear()
    found = path_lengths(walked, 9, "z", "end", step=1e-6)
    z = latents(range(18)).numpy()
    first, second = z[::2], z[1::2]
    lengths = [np.linalg.norm(side, axis=1, keepdims=True) for side in (first, second)]
    a, b = first / lengths[0], second / lengths[1]
    cosine = (a * b).sum(1, keepdims=True)
    across = (b - cosine * a) / np.sqrt(1 - cosine**2)
    moved = np.arccos(cosine) * lengths[0] * across + (lengths[1] - lengths[0]) * a
    matrix = (whole if mapping is None else MAPPING @ SYNTHESIS) @ EXTRACTOR
    assert found == pytest.approx(((moved @ matrix.numpy()) ** 2).sum(1), rel=1e-4)


def test_a_circle_has_the_same_length_all_along() -> None:
    """Latents of length 1 that nothing distorts: each step has the squared angle, at whichever place."""

    def unit(seeds: Sequence[int]) -> Tensor:
        return torch.nn.functional.normalize(latents(seeds), dim=1)

    walked = Walked(unit, lambda points, _seeds: points, lambda images: images)
    z = unit(range(40))
    angles = torch.arccos((z[::2] * z[1::2]).sum(1)).square().numpy()
    for where in ("full", "end"):
        assert path_lengths(walked, 20, "z", where) == pytest.approx(angles, rel=1e-6)


def test_circles_keep_lengths_between_their_ends() -> None:
    a, b = torch.tensor([[2.0, 0.0], [1.0, 1.0]]), torch.tensor([[0.0, 4.0], [1.0, 1.0]])
    half = great_circle(a, b, torch.tensor([0.5, 0.5]))
    assert half.numpy() == pytest.approx(np.array([[3 / 2**0.5, 3 / 2**0.5], [1.0, 1.0]]), abs=1e-6)
    assert great_circle(a, b, torch.zeros(2)).numpy() == pytest.approx(a.numpy(), abs=1e-6)
    assert great_circle(a, b, torch.ones(2)).numpy() == pytest.approx(b.numpy(), abs=1e-6)


def test_a_path_that_bends_is_longer_where_it_is_steep() -> None:
    """Images w²: at its end a line has (2 w₁ (w₂ − w₁))², and in the mean over t between that and others."""
    walked = Walked(
        lambda seeds: torch.tensor([[1.0 if seed % 2 else 0.0] for seed in seeds], dtype=torch.float64),
        lambda points, _seeds: points**2,
        lambda images: images,
        lambda z, _seeds: z,
    )
    assert path_lengths(walked, 5, "w", "end") == pytest.approx(np.full(5, 1e-8), rel=1e-6)
    t = np.random.default_rng(0).random(400)
    assert path_lengths(walked, 400, "w", "full") == pytest.approx((2 * t + 1e-4) ** 2, rel=1e-6)


def test_both_ends_of_a_step_draw_by_the_same_seeds() -> None:
    asked = []

    def synthesize(points: Tensor, seeds: Sequence[int]) -> Tensor:
        asked.append(list(seeds))
        noise = torch.tensor([[1e3 * seed] for seed in seeds], dtype=torch.float64)
        return points + noise

    path_lengths(Walked(latents, synthesize, lambda images: images), 5, "z", batch=3, seed=2)
    assert asked == [[2, 4, 6], [2, 4, 6], [8, 10], [8, 10]]


def test_outliers_at_both_ends_are_left_out() -> None:
    """Of 1,000 lengths, in order, the 1st percentile lies behind the 10th and the 99th before the 991st."""
    lengths = np.random.default_rng(0).permutation(np.arange(1000.0) ** 3)
    assert perceptual_path_length(lengths) == pytest.approx((np.arange(9.0, 991.0) ** 3).mean())
    assert perceptual_path_length(np.array([3.0])) == 3.0


def test_what_has_no_path_is_told() -> None:
    with pytest.raises(ValueError, match="PPL in W: the generator has no style space"):
        path_lengths(linear(None), 2)
    with pytest.raises(ValueError, match="PPL: there are no paths"):
        perceptual_path_length(np.zeros(0))
