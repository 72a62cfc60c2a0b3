"""Figures carry their conditions, and those that don't compare stand in no table together."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import pytest

from gandsl_runtime.evaluation.figure import (
    WORDS,
    Conditions,
    EvaluationError,
    Figure,
    Interval,
    check_comparable,
    differences,
)

CONDITIONS = Conditions("lite0", "aa", "bicubic", "d1", (3, 8, 8), 100, 200, {"k": 5})
KID = Figure(
    "kid", "KID (lite0)", 0.5, "lower", CONDITIONS, Interval(0.4, 0.6, "images"), 0.01, 50, "few", ((1, 2),)
)
OTHERS = {
    "extractor": "dinov2",
    "weights": "bb",
    "filter": "bilinear",
    "real": "d2",
    "shape": (3, 16, 16),
    "made_images": 101,
    "real_images": 201,
    "settings": {"k": 3},
}


def test_every_condition_has_its_word_and_its_case():
    assert {one.name for one in fields(Conditions)} == set(WORDS) == set(OTHERS)


@pytest.mark.parametrize("name", OTHERS)
def test_one_that_differs_is_named_and_refused(name):
    other = replace(KID, conditions=replace(CONDITIONS, **{name: OTHERS[name]}))
    (said,) = differences(KID, other)
    assert said.startswith("k: 5 and 3" if name == "settings" else WORDS[name])
    with pytest.raises(EvaluationError, match=r"two figures of kid can't stand in one table"):
        check_comparable([[KID], [other]])


def test_what_does_not_bear_on_the_number_does_not_matter():
    other = replace(KID, value=3.0, interval=None, floor=None, note="", about={"seed": 9})
    assert differences(KID, other) == []
    check_comparable([[KID], [other]])
    check_comparable([[KID], [replace(KID, metric="fd", conditions=replace(CONDITIONS, real="d2"))]])


def test_json_and_back():
    assert Figure.of_json(json.loads(json.dumps(KID.as_json()))) == KID
    bare = replace(KID, interval=None, pairs=(), floor=None)
    assert Figure.of_json(json.loads(json.dumps(bare.as_json()))) == bare
    later = json.loads(json.dumps(KID.as_json())) | {"what a later version adds": 1}
    assert Figure.of_json(later) == KID
