"""What one gets wrong while one writes a game: each slip once, at its token, with what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.frontend.game.small import said, text
from tests.frontend.game.test_messages import term

CURVE = "{shape: linear, start: 1, end: 0, over: 1 kimg}"
# a node → what is said of it
NODES = {
    # ---- curves and stairs
    "a: {value: {form: linear}}": [
        "G0334 ‹{form: linear}› `a` is a curve {shape, start, end, over} or stairs {values, at}, "
        "and this is neither"
    ],
    "a: {value: {}}": [
        "G0334 ‹{}› `a` is a curve {shape, start, end, over} or stairs {values, at}, and this is neither"
    ],
    f"a: {{value: {CURVE.replace('linear', 'liner')}}}": [
        'G0334 ‹liner› `shape` of `a` cannot be the text "liner"'
    ],
    f"a: {{value: {CURVE.replace('start: 1', 'start: mean(z)')}}}": [
        "G0334 ‹mean(z)› `start` of `a` is a number, not a Scalar"
    ],
    f"a: {{value: {CURVE.replace('over: 1 kimg', 'ovre: 1 kimg')}}}": [
        "G0334 ‹ovre› `a` has no field `ovre`"
    ],
    "a: {value: {start: 0, end: 1, over: 1 kimg}}": [
        "G0334 ‹{start: 0, end: 1, over: 1 kimg}› `a` needs `shape`"
    ],
    "a: {value: {values: [1, 2], at: [1]}}": [
        "G0334 ‹1› `at` of `a` is a length of training, not a whole number"
    ],
    "a: {value: {values: 1, at: [1 kimg]}}": ["G0334 ‹1› `values` of `a` is a list, not the number 1"],
    "a: {value: {state: Scalar, next: z}}": [
        "G0334 ‹{state: Scalar, next: z}› `a` is a curve {shape, start, end, over} or stairs {values, at}, "
        "and this is neither"
    ],
    # ---- draws
    "a: {draw: Weights}": ["G0337 ‹Weights› there are no numbers to draw for Weights"],
    "a: {draw: weights(judge)}": ["G0337 ‹weights(judge)› `draw` is given a type, a field of the data"],
    "a: {draw: y, low: 1}": ["G0208 ‹low› `low` bounds uniform draws and integers, and this draws `labels`"],
    "a: {draw: Number, distribution: normal, high: 3}": [
        "G0208 ‹high› `high` bounds uniform draws and integers, and this draws `normal`"
    ],
    "a: {draw: Number, distribution: integers, low: 0.5, high: 4}": [
        "G0208 ‹0.5› `low` of integers is a whole number, not 0.5"
    ],
    "a: {draw: Number, distribution: integers, low: 5, high: 4}": ["G0208 ‹4› `low` is 5 and `high` 4"],
    "a: {draw: Number, high: 1e300}": ["G0109 ‹Number› 1e+300 is more than a tensor holds"],
    "a: {draw: Number, per: [batch]}": ["G0209 ‹[batch]› `per` cannot be a list"],
    # ---- states
    "a: {state: Scalar, start: 1e39, next: a}": ["G0109 ‹Scalar› 1e+39 is more than a tensor holds"],
    "a: {state: Scalar, next: a, moved: [b]}": ["G0338 ‹[b]› `moved` is the name that `a` had, not a list"],
    "a: {state: Scalar, next: a, every: 1e300 steps}": ["G0336 ‹1e300 steps› `every` of a state is a whole"],
    # ---- numbers, calls
    "a: real.logit * 1e300": ["G0109 ‹real.logit * 1e300› 1e+300 is more than a tensor holds"],
    "a: {network: [judge], image: image}": ["G0010 ‹[judge]› `network` is given a name, not a list"],
}
TERMS = {
    "{value: mean(fake), batch: 1e300}": [
        "G0336 ‹1e300› `batch` of `own` is a whole number from 1, not 1e+300"
    ],
    "{value: mean(fake), every: 1e300 steps}": ["G0336 ‹1e300 steps› `every` of `own` is a whole number"],
    "{value: mean(fake), weight: {block: loss.hinge}}": [
        "G0334 ‹{block: loss.hinge}› the weight of `own` is a"
    ],
}


@pytest.mark.parametrize("body", NODES)
def test_a_slip_in_a_node(body: str, tmp_path: Path) -> None:
    compare(said(tmp_path, text(body)), NODES[body])


@pytest.mark.parametrize("written", TERMS)
def test_a_slip_in_a_term(written: str, tmp_path: Path) -> None:
    compare(said(tmp_path, text(players=term(written))), TERMS[written])


def compare(found: list[str], wanted: list[str] | None) -> None:
    assert len(found) == len(wanted or []), found
    assert all(one.startswith(start) for one, start in zip(found, wanted or [], strict=True)), found
