"""The bench of metrics: what it makes of samples, what it says of figures, and that all of it runs."""

from __future__ import annotations

import numpy as np
import pytest

from bench.evaluation import (
    BADNESS,
    SPOILT,
    Shown,
    Split,
    copied,
    dropped,
    one_split,
    renamed,
    repeated,
    table,
    verdict,
)


@pytest.fixture
def clean() -> Shown:
    """240 images of 5 classes; the features of an image tell its class."""
    draws = np.random.default_rng(0)
    labels = np.arange(240) % 5
    features = np.eye(5)[labels] * 3 + draws.standard_normal((240, 5))
    images = draws.integers(0, 256, (240, 3, 16, 16)).astype(np.uint8)
    images[:, 0, 0, 0] = np.arange(240)
    return Shown(images, features, features, labels)


@pytest.fixture
def split() -> Split:
    return Split(np.arange(120, 180), np.arange(180, 240), np.arange(120), np.random.default_rng(1))


def places(shown: Shown) -> list[int]:
    return shown.images[:, 0, 0, 0].tolist()


def test_classes_are_dropped(clean: Shown, split: Split) -> None:
    found = dropped(clean, split, 0.6)
    assert len(np.unique(found.labels)) == 2
    assert len(places(found)) == 60
    assert min(places(found)) >= 120


def test_samples_are_repeated(clean: Shown, split: Split) -> None:
    found = repeated(clean, split, 0.8)
    assert (len(places(found)), set(places(found))) == (60, set(range(120, 132)))


def test_training_images_stand_among_samples(clean: Shown, split: Split) -> None:
    found = copied(clean, split, 0.2)
    assert (np.array(places(found)) < 120).sum() == 12
    assert len(set(places(found))) == 60


def test_classes_are_asked_for_wrongly(clean: Shown, split: Split) -> None:
    found = renamed(clean, split, 0.6)
    wrong = found.labels != clean.of(split.made).labels
    assert 24 <= wrong.sum() <= 48
    assert places(found) == list(range(120, 180))


@pytest.mark.parametrize(
    ("splits", "said"),
    [
        ([[1, 2, 3, 4], [1, 2, 3, 5]], "1–3"),
        ([[1, 0.9, 3, 4], [1, 2, 3, 5]], "2–3"),
        ([[1, 2, 1, 4], [1, 2, 3, 5]], "3"),
        ([[1, 2, 3, 4], [1, 2, 3, 1]], "–"),
        ([[1, 1, 1, 1], [2, 2, 2, 2]], "–"),
        ([[1, 2, 3, 4], [1, 3, 2, 5]], "1–3, not in order"),
        ([[1, 2, 3, 0], [1, 2, 3, 0.5]], "better"),
    ],
)
def test_a_verdict_is_what_all_splits_say(splits: list[list[float]], said: str) -> None:
    assert verdict(splits) == said


def test_every_metric_judges_every_way_to_spoil(clean: Shown) -> None:
    pixels = {"noise": [clean.of(np.arange(120, 240))] * 3}
    found = [one_split(clean, pixels, seed) for seed in range(2)]
    assert list(found[0]) == ["noise", *SPOILT]
    assert len({split["noise"][0]["KID"] for split in found}) == 2, "each split draws anew"
    rows = table(found).splitlines()
    assert len(rows) == 2 + len(BADNESS)
    told = {
        row.split(" | ")[0].removeprefix("| "): row.removesuffix(" |").split(" | ")[1:] for row in rows[2:]
    }
    assert set(told["FD"][:1] + told["FD"][-1:]) == {"–"}, "the same samples, and other classes alone"
    assert told["agreement"][-1] == "1–3"
    assert told["copies, by pixels"][3] == "1–3"
