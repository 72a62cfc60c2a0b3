"""Inception score against torchmetrics; distances and shares of classes by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from gandsl_runtime.evaluation.classes import agreement, by_class, inception_score, named_class, within_class
from gandsl_runtime.evaluation.kernel import kid


@pytest.mark.filterwarnings("ignore::UserWarning")  # of its buffer, and that it saw no images
def test_the_inception_score_is_what_torchmetrics_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """It shuffles first, which is switched off here; its deviation divides by one less than the splits."""
    from torchmetrics.image.inception import InceptionScore

    logits = np.random.default_rng(0).standard_normal((1000, 20)) * 3
    theirs = InceptionScore(feature=torch.nn.Identity(), splits=10)
    theirs.features = [torch.from_numpy(logits)]
    monkeypatch.setattr(torch, "randperm", lambda count: torch.arange(count))
    mean, deviation = (float(one) for one in theirs.compute())
    assert inception_score(logits, 10) == pytest.approx((mean, deviation * 0.9**0.5), rel=1e-9)


@pytest.mark.parametrize("classes", [2, 10])
def test_sure_and_even_classes_score_their_number(classes: int) -> None:
    sure = np.eye(classes)[np.arange(100 * classes) % classes] * 1e4
    assert inception_score(sure, 5) == pytest.approx((classes, 0.0), abs=1e-9)
    assert inception_score(np.zeros((50, classes)), 5) == pytest.approx((1.0, 0.0), abs=1e-12)


def test_each_class_has_its_distance() -> None:
    draws = np.random.default_rng(1)
    made, real = draws.standard_normal((2, 90, 4))
    ours, theirs = np.arange(90) % 3, np.arange(90) % 4
    made[ours == 1] += 2
    found = by_class(made, ours, real, theirs)
    assert found.values == {label: kid(made[ours == label], real[theirs == label]) for label in range(3)}, (
        "the fourth has no samples"
    )
    assert (found.left_out, found.worst) == ((3,), 1)
    assert found.mean == pytest.approx(sum(found.values.values()) / 3)


def test_a_figure_within_classes() -> None:
    rows, labels = np.arange(12.0)[:, None], np.array([0] * 5 + [7] * 6 + [9])
    found = within_class(rows, labels, lambda some: float(np.ptp(some)))
    assert (found.values, found.left_out) == ({0: 4.0, 7: 5.0}, (9,))


@pytest.mark.parametrize("k", [1, 5])
def test_the_nearest_name_a_class(k: int) -> None:
    """As scikit-learn's votes do, where no two classes have as many."""
    draws = np.random.default_rng(2)
    known, labels = draws.standard_normal((1500, 6)), draws.integers(0, 2, 1500)
    known[labels == 1] += 1.0
    asked = draws.standard_normal((1100, 6)) + draws.integers(0, 2, (1100, 1))
    theirs = KNeighborsClassifier(k).fit(known, labels).predict(asked)
    assert (named_class(asked, known, labels, k) == theirs).all()


def test_of_as_many_votes_the_nearest_wins() -> None:
    known = np.array([[1.0], [2.0], [-1.5], [-3.0]])
    assert named_class(np.zeros((1, 1)), known, np.array([4, 5, 5, 4]), 4).tolist() == [4]
    assert named_class(np.zeros((1, 1)), known, np.array([4, 5, 5, 5]), 4).tolist() == [5]


def test_agreement_is_a_share() -> None:
    asked = np.array([0, 1, 2, 2])
    assert agreement(np.array([0, 1, 2, 0]), asked) == 0.75
    assert agreement(np.eye(3)[[0, 0, 2, 2]], asked) == 0.75


def test_what_cannot_be_counted_is_told() -> None:
    with pytest.raises(ValueError, match=r"labels of shape \(3,\) for 4 images"):
        agreement(np.zeros(4), np.zeros(3))
    with pytest.raises(ValueError, match="agreement: there are no images"):
        agreement(np.zeros((0, 3)), np.zeros(0))
    with pytest.raises(ValueError, match="no class has 2 samples and 2 real images"):
        by_class(np.eye(2), [0, 1], np.eye(2), [0, 1])
    with pytest.raises(ValueError, match="no class has 2 images"):
        within_class(np.eye(2), [0, 1], np.ptp)
    with pytest.raises(ValueError, match="inception score: 9 images are too few, at least 10"):
        inception_score(np.zeros((9, 3)))
