"""From two sets of images to figures: which are compared, floors, intervals, and the measure of each row."""

from __future__ import annotations

import numpy as np
import pytest

from gandsl_runtime.evaluation.evaluate import evaluate, real_images, side
from gandsl_runtime.evaluation.features import features_of
from gandsl_runtime.evaluation.figure import EvaluationError
from gandsl_runtime.evaluation.image_arrays import ImageArray
from gandsl_runtime.evaluation.kernel import kid
from gandsl_runtime.evaluation.measures import MEASURES, MetricOptions, _share
from gandsl_runtime.evaluation.rows import METRICS, checked
from gandsl_runtime.evaluation.sources import order_of
from tests.evaluation.means import Patches


def features(images):
    return features_of(Patches(), images)


def images(count, seed=0, shift=0, size=16, classes=0):
    found = np.random.default_rng(seed).integers(0, 200, (count, 3, size, size), dtype=np.uint8) + shift
    made = ImageArray(found.astype(np.uint8))
    if classes:
        made.labels = np.arange(count) % classes
    return made


def pixels(found):
    return {found.batch(place, place + 1).tobytes() for place in range(len(found))}


# ---- which images ----------


@pytest.mark.parametrize(
    ("total", "wanted", "floor"), [(100, 40, 40), (100, 50, 50), (100, 60, 50), (100, 100, 50)]
)
def test_the_floor_is_of_disjoint_images(total, wanted, floor):
    whole = images(total)
    found = real_images(whole, wanted, None, features)
    one, other = found.floor
    assert len(pixels(found.reference.images)) == wanted
    assert len(pixels(one.images)) == len(pixels(other.images)) == floor
    assert not pixels(one.images) & pixels(other.images)
    assert pixels(one.images) <= pixels(found.reference.images) or floor < wanted
    for each in (found.reference, one, other):  # rows are those of the images
        assert np.array_equal(each.features, features(each.images).features)
        assert np.array_equal(each.logits, features(each.images).logits)


def test_held_out_images_are_the_floors():
    held = images(30, seed=9)
    found = real_images(images(100), 50, held, features)
    assert pixels(found.floor[1].images) == pixels(held)
    assert len(found.floor[0].images) == 30


def test_the_order_is_fixed_and_its_beginning_too():
    assert set(order_of(50)) == set(range(50))
    a, b = (real_images(images(100), count, None, features).reference.images for count in (20, 60))
    assert np.array_equal(a.batch(0, 20), b.batch(0, 20))


def test_the_digest_tells_images_from_others_with_features_and_without():
    one = real_images(images(40), 20, None, features)
    assert one.content == real_images(images(40), 20, None, features, with_floor=False).content
    assert one.content != real_images(images(40, shift=1), 20, None, features).content
    bare = real_images(images(40), 20, None, None)
    assert bare.content == one.content != real_images(images(40), 21, None, None).content


@pytest.mark.parametrize(
    ("total", "wanted", "said"), [(30, 31, "31 real images are wanted"), (15, 15, "at least 16")]
)
def test_too_few(total, wanted, said):
    with pytest.raises(EvaluationError, match=said):
        real_images(images(total), wanted, None, features)


# ---- the table ----------


def test_every_row_has_its_measure_and_every_measure_its_rows():
    assert {row.measure for row in METRICS.values()} == set(MEASURES)


PLAIN = [name for name, row in METRICS.items() if not row.needs & {"generator"}]


def measured(names, made, real, held=None):
    found = real_images(real, len(real), held, features)
    asked = MetricOptions(held_out=None if held is None else found.floor[1])
    return {one.metric: one for one in evaluate(names, side(made, features), found, asked, Patches.facts, {})}


def test_all_metrics_of_images_give_what_their_row_says():
    held = images(60, seed=5, classes=3)
    found = measured(PLAIN, images(120, seed=1, shift=20, classes=3), images(120, classes=3), held)
    assert {name.partition("/")[0] for name in found} == set(PLAIN)
    for name, one in found.items():
        row = METRICS[name.partition("/")[0]]
        assert np.isfinite(one.value) and one.better == row.better
        assert one.conditions.extractor == ("patches" if row.of_extractor else "")
        assert "patches" in one.label if row.of_extractor else one.label.startswith(row.label)
        assert (one.floor is None) == bool(row.needs & {"pairs", "held_out"})
        if one.interval:
            assert one.interval.low <= one.value <= one.interval.high and one.interval.over == "images"


def test_a_figure_is_that_of_its_function():
    made, real = images(120, seed=1), images(120)
    one = measured(["kid"], made, real)["kid"]
    reference = real_images(real, 120, None, features)
    assert one.value == pytest.approx(kid(features(made).features, reference.reference.features), rel=1e-9)
    assert one.floor == pytest.approx(kid(reference.floor[1].features, reference.floor[0].features), rel=1e-9)
    assert one.conditions.real == reference.content[:16]


def test_intervals_over_images_hold_what_other_samples_give():
    """Of 60 pairs of sets from one distribution, about 57 intervals of KID hold the true 0."""
    held = 0
    for seed in range(60):
        one = measured(["kid"], images(60, seed=2 * seed + 1), images(60, seed=2 * seed))["kid"]
        held += one.interval.low <= 0 <= one.interval.high
    assert 50 <= held <= 60


@pytest.mark.parametrize(
    ("value", "count", "low", "high"), [(0.0, 50, 0.0, 0.0713), (0.5, 100, 0.4038, 0.5962)]
)
def test_shares_have_wilsons_interval(value, count, low, high):
    """Figures of Brown, Cai and DasGupta 2001, Statistical Science 16(2), equation 4, worked by hand."""
    assert _share(value, count).bounds == pytest.approx((low, high), abs=1e-4)


def test_what_can_not_be_taken_is_an_error_or_said():
    few = images(16)
    real = real_images(images(40), 40, None, features)
    with pytest.raises(EvaluationError, match="leave fd_infinity out"):
        evaluate(["fd_infinity"], side(few, features), real, MetricOptions(), Patches.facts, {})
    said = []
    figures = evaluate(
        ["fd_infinity", "kid"], side(few, features), real, MetricOptions(), Patches.facts, {}, said.append
    )
    assert (
        [one.metric for one in figures] == ["kid"] and len(said) == 1 and said[0].startswith("left out: FD∞")
    )


def test_names_that_are_none():
    assert checked(["fd", "kid", "fd"]) == ["kid", "fd"]
    with pytest.raises(ValueError, match="there is no metric `fidd`, did you mean `fd`"):
        checked(["kid", "fidd"])


def test_only_inception_is_called_fid():
    assert METRICS["fd"].named("lite0") == "FD (lite0)" and METRICS["fd"].named("x", inception=True) == "FID"
    assert METRICS["is"].named("lite0") == "IS (lite0)" and METRICS["is"].named("x", inception=True) == "IS"
    assert METRICS["kid"].named("x", inception=True) == "KID"
    assert METRICS["swd"].named("lite0") == METRICS["swd"].label
