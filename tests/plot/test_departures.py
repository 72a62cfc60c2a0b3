"""Where a run leaves a recorded curve: hardly ever one of the same kind, always one that is another."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t

from gandsl.plot.departures import IN_A_ROW, LEVEL, departures, told
from gandsl.plot.log import Log, LoggedCurve
from gandsl.plot.reference import Recorded, Reference, recorded
from gandsl.plot.run import LoggedRun

PLACES = [1000.0 * place for place in range(1, 41)]


def curve(seed: int, shift: float = 0.0, begin: int = 0, end: int = 40) -> LoggedCurve:
    """A curve that falls, with noise of its own in each record and an offset of the run."""
    rng = np.random.default_rng(seed)
    made, own = LoggedCurve(), rng.normal(0, 0.05)
    for place, at in enumerate(PLACES):
        moved = shift if begin <= place < end else 0.0
        made.add(at, 1 / (1 + place / 10) + own + rng.normal(0, 0.02) + moved)
    return made


def reference(runs: int = 4) -> Reference:
    return recorded("others", {str(seed): {"loss/G": curve(seed)} for seed in range(runs)})


def run(found: LoggedCurve) -> LoggedRun:
    return LoggedRun("mine", Log({"loss/G": found}), (), {}, {}, {}, None)


def test_runs_of_the_same_kind_hardly_leave_it() -> None:
    left = sum(bool(departures({"loss/G": curve(seed)}, reference())) for seed in range(100, 300))
    assert left <= 10, left


@pytest.mark.parametrize(("shift", "above"), [(2.0, True), (-2.0, False)])
def test_one_that_is_elsewhere_for_a_while_is_named_with_the_stretch(shift: float, above: bool) -> None:
    (one,) = departures({"loss/G": curve(7, shift, 10, 20)}, reference())
    assert one.above is above and one.name == "loss/G"
    assert one.begin == pytest.approx(PLACES[10], abs=1000) and one.end == pytest.approx(PLACES[19], abs=1000)
    said = told(run(curve(7, shift, 10, 20)), reference())
    assert (
        len(said) == 1 and f"mine: loss/G is {'above' if above else 'below'} what others came to" in said[0]
    )


def test_a_few_values_are_no_departure() -> None:
    assert not departures({"loss/G": curve(7, 2.0, 10, 10 + IN_A_ROW - 1)}, reference())
    assert departures({"loss/G": curve(7, 2.0, 10, 10 + IN_A_ROW)}, reference())


def test_the_bounds_are_those_of_one_more_run() -> None:
    """Mean 1, deviation 0.1 of 3 runs: within 1 ± t 0.1 √(4/3) of 2 degrees."""
    places, flat = tuple(PLACES[:5]), (1.0,) * 5
    of = Recorded(runs=3, images=places, mean=flat, low=(0.9,) * 5, high=(1.1,) * 5, deviation=(0.1,) * 5)
    band = Reference(name="x", runs=("a", "b", "c"), curves={"f": of})
    reach = t.ppf((1 + LEVEL) / 2, 2) * 0.1 * (4 / 3) ** 0.5
    for value, leaves in ((1 + reach - 1e-6, False), (1 + reach + 1e-6, True), (1 - reach - 1e-6, True)):
        found = LoggedCurve()
        for at in places:
            found.add(at, value)
        assert bool(departures({"f": found}, band)) is leaves, value


def test_a_single_run_bounds_nothing() -> None:
    assert recorded("one", {"a": {"loss/G": curve(0)}}).curves["loss/G"].deviation is None
    assert told(run(curve(7, 5.0)), reference(1)) == []
