"""What `cadence.best` and `cadence.stop` ask of the log: G0629 where nothing writes it."""

from __future__ import annotations

import pytest

from tests.analysis import small


@pytest.fixture
def found(tmp_path):
    def checked(cadence, more=""):
        text = ("  loss: logistic", f"  loss: logistic\n  cadence: {cadence}{more}")
        return small.found(tmp_path, small.edited(small.PLAIN, text))

    return checked


@pytest.mark.parametrize(
    "name", ["loss/G", "loss/D", "score/real", "lr/G", "time/seconds", "guard/sigma/generator"]
)
@pytest.mark.parametrize("which", ["best", "stop"])
def test_what_the_log_has(found, which, name):
    assert not [line for line in found(f"{{{which}: {{metric: {name}}}}}") if "G0629" in line]


@pytest.mark.parametrize("which", ["best", "stop"])
def test_what_it_lacks(found, which):
    (line,) = found(f"{{{which}: {{metric: los/G}}}}")
    assert line.startswith("G0629") and "nothing writes `los/G` into the log" in line


def test_metrics_are_those_of_the_plan(found):
    asked = "{best: {metric: metric/kid}, stop: {metric: metric/fd}}"
    assert len(found(asked)) == 2
    assert len(found(asked, "\n  metrics: {kid: {}}")) == 1
    assert not found(asked, "\n  metrics: {kid: {}, fd: {every: 10 kimg, images: 100}}")


def test_a_term_that_is_off_logs_nothing(found):
    assert [line for line in found("{best: {metric: penalty/r1}}") if "G0629" in line]
