"""Each spec of version 1 of the language means what it meant: graphs, game and plan, recorded then.

New ops, parameters and fields of the plan may come; what was written without them stays what it was.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.language.meaning import HERE, NAMES, defaults, meaning

ALL_SIDES = re.compile(r"\b(\d+)(x\1)+\b")


def recorded(name: str) -> Any:
    return json.loads((HERE / f"{name}.json").read_text("utf-8"))


def one_way(found: Any) -> Any:
    """`3x3` was how equal sides were printed once; a number says the same."""
    return json.loads(ALL_SIDES.sub(r"\1", json.dumps(found)))


def test_defaults_are_what_they_were() -> None:
    now, was = one_way(defaults()), one_way(recorded("defaults"))
    assert len(was) >= 90
    assert was == {op: {param: now[op].get(param) for param in params} for op, params in was.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_spec_means_what_it_meant(name: str) -> None:
    was = one_way(recorded(name))
    now = one_way(meaning(name, was["set"]))
    for network, lines in was["graphs"].items():
        assert now["graphs"][network] == lines
    assert now["graphs"].keys() == was["graphs"].keys()
    assert now["game"] == was["game"]
    assert without_new(now["plan"], was["plan"]) == was["plan"]


def without_new(now: Any, was: Any) -> Any:
    """What there is today, of those fields that there were."""
    if isinstance(now, dict) and isinstance(was, dict):
        return {key: without_new(now.get(key), value) for key, value in was.items()}
    return now


def test_a_change_of_meaning_is_seen() -> None:
    was = one_way(recorded("tiny"))
    now = one_way(meaning("tiny", {**was["set"], "training.optimizer.lr": 0.5}))
    assert without_new(now["plan"], was["plan"]) != was["plan"]
    assert now["graphs"] == was["graphs"]
