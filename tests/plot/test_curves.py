"""Curves of logs: what is read of damaged files, what thinning keeps, what a recorded band is."""

from __future__ import annotations

import json
import math
import random
import re
import time
from itertools import pairwise
from pathlib import Path

import pytest

from gandsl.plot.log import Log, LoggedCurve, log_of, objects
from gandsl.plot.reference import NoReference, band, between, read_reference, recorded, write_reference
from gandsl.plot.thin import MOST, thinned
from gandsl.plot.words import SECTIONS, charts


def curve(pairs: list[tuple[float, float]]) -> LoggedCurve:
    made = LoggedCurve()
    for images, value in pairs:
        made.add(images, value)
    return made


def of(found: LoggedCurve) -> list[tuple[float, float]]:
    return list(zip(found.images, found.values, strict=True))


def read(*lines: str) -> Log:
    return log_of(line.encode() for line in lines)


def test_a_log_is_curves_by_name() -> None:
    log = read(
        '{"images": 8, "a": 1, "b/c": 2.5}\n', '{"images": 16, "a": 3}\n', '{"images": 16, "m": -1e3}\n'
    )
    assert {name: of(found) for name, found in log.curves.items()} == {
        "a": [(8, 1), (16, 3)],
        "b/c": [(8, 2.5)],
        "m": [(16, -1000)],
    }
    assert (log.records, log.damaged, log.lost, log.span) == (3, 0, 0, (8, 16))


@pytest.mark.parametrize(
    "line",
    [
        *('{"images": 12, "lo\n', "\x00\x00\x00\n", "[1, 2]\n", "7\n", '"images"\n', "null\n", "}{\n"),
        *('{"a": 1}\n', '{"images": "8", "a": 1}\n', '{"images": true, "a": 1}\n', '{"images": null}\n'),
        *('{"images": NaN, "a": 1}\n', '{"images": -1, "a": 1}\n', '{"images": Infinity, "a": 1}\n'),
        *(f'{{"images": 1{"0" * 400}, "a": 1}}\n', "[" * 100_000 + "\n"),
    ],
)
def test_a_damaged_line_is_counted_and_left_out(line: str) -> None:
    log = read('{"images": 8, "a": 1}\n', line, '{"images": 16, "a": 2}\n', "\n")
    assert log.damaged == 1 and of(log.curves["a"]) == [(8, 1), (16, 2)] and list(log.curves) == ["a"]


def test_a_line_that_is_being_written_is_no_damage() -> None:
    log = read('{"images": 8, "a": 1}\n', '{"images": 16, "a')
    assert (log.records, log.damaged) == (1, 0)
    assert read('{"images": 8, "a": 1}').records == 1  # whole, but for its end


@pytest.mark.parametrize("value", ["NaN", "Infinity", '"high"', "null", "true", "[1]", f"1{'0' * 400}"])
def test_a_value_that_is_no_finite_number_is_counted_and_left_out(value: str) -> None:
    log = read(f'{{"images": 8, "a": {value}, "b": 1}}\n')
    assert log.lost == 1 and list(log.curves) == ["b"]


def test_records_out_of_order_are_sorted_and_keep_their_order_at_a_moment() -> None:
    log = read(
        *(json.dumps({"images": at, "a": value}) + "\n" for at, value in [(8, 1), (24, 2), (16, 3), (16, 4)])
    )
    assert of(log.curves["a"]) == [(8, 1), (16, 3), (16, 4), (24, 2)]


@pytest.mark.thorough
def test_a_log_of_100_000_records_takes_seconds() -> None:
    names = [f"group/{place}" for place in range(10)]
    line = json.dumps({"images": 1, **dict.fromkeys(names, 0.123456789)}) + "\n"
    began = time.process_time()
    log = log_of(line.encode() for _ in range(100_000))
    points = [thinned(found) for found in log.curves.values()]
    assert time.process_time() - began < 10
    assert log.records == 100_000 and {len(one.values) for one in points} == {MOST}


def test_lines_of_objects(tmp_path: Path) -> None:
    (tmp_path / "alarms.jsonl").write_bytes(b'{"images": 1}\n\xff\n[]\n{"images": 2}\n{"im')
    found, damaged = objects(tmp_path / "alarms.jsonl")
    assert found == [{"images": 1}, {"images": 2}] and damaged == 3
    assert objects(tmp_path / "none") == ([], 0)


@pytest.mark.parametrize("count", [1, 2, MOST, MOST + 1, 2 * MOST - 1, 2 * MOST, 12_345])
def test_thinning_hides_nothing(count: int) -> None:
    """Every value lies in the band of its point; the mean of all stays, and so do both extremes."""
    chance = random.Random(count)
    full = curve([(float(place), chance.gauss(0, 1)) for place in range(count)])
    thin = thinned(full)
    assert len(thin.images) == min(count, MOST) and thin.images == sorted(thin.images)
    if count <= MOST:
        assert (thin.images, thin.values, thin.low, thin.each) == (
            list(full.images),
            list(full.values),
            None,
            1,
        )
        return
    assert thin.low is not None and thin.high is not None
    assert min(thin.low) == min(full.values) and max(thin.high) == max(full.values)
    assert thin.each == math.ceil(count / MOST)
    edges = [place * count // MOST for place in range(MOST + 1)]
    for point, (begin, end) in enumerate(pairwise(edges)):
        part = full.values[begin:end]
        assert 1 <= len(part) <= thin.each
        assert (thin.low[point], thin.high[point]) == (min(part), max(part))
        assert thin.values[point] == pytest.approx(sum(part) / len(part))
        assert thin.images[point] == (begin + end - 1) / 2


def test_a_spike_of_one_record_in_100_000_is_seen() -> None:
    thin = thinned(curve([(place, 1000.0 if place == 54_321 else 0.0) for place in range(100_000)]))
    assert thin.high is not None and max(thin.high) == 1000 and thin.high.count(1000) == 1


def test_a_band_of_lines_is_exact() -> None:
    """Of a·x with records at the windows' middles: mean, lowest and highest slope."""
    lines = [curve([(place + 0.5, slope * (place + 0.5)) for place in range(100)]) for slope in (1, 2, 6)]
    found = band(lines, points=50)
    assert found.runs == 3 and len(found.images) == 50
    step = (99.5 - 0.5) / 50
    assert found.images == pytest.approx([0.5 + (place + 0.5) * step for place in range(50)])
    for name, slope in (("low", 1), ("mean", 3), ("high", 6)):
        ratio = [value / at for value, at in zip(getattr(found, name), found.images, strict=True)]
        assert max(abs(one / slope - 1) for one in ratio[5:]) < 0.1
    constant = band([curve([(place, value) for place in range(9)]) for value in (0.1, 0.2, 0.7)])
    assert len(constant.images) == 9
    assert set(constant.low) == {0.1} and set(constant.high) == {0.7}
    assert constant.mean == pytest.approx([1 / 3] * 9)


def test_a_band_covers_what_all_runs_do() -> None:
    found = band([curve([(0, 1), (10, 1), (20, 1), (90, 1)]), curve([(10, 3), (20, 5), (30, 7)])])
    assert min(found.images) >= 10 and max(found.images) <= 30
    alone = band([curve([(5, 2)])])
    assert (alone.images, alone.mean, alone.low, alone.high) == ((5,), (2,), (2,), (2,))
    touching = band([curve([(0, 1), (10, 2)]), curve([(10, 4), (20, 8)])])
    assert (touching.images, touching.low, touching.mean, touching.high) == ((10,), (2,), (3,), (4,))
    apart = band([curve([(0, 1), (10, 2)]), curve([(20, 4), (30, 8)])])
    assert (apart.images, apart.low, apart.high) == ((15,), (2,), (4,))


def test_a_window_without_records_lies_on_the_line_between_its_neighbours() -> None:
    assert [between(curve([(0, 0), (10, 5)]), at) for at in (-1, 0, 4, 10, 11)] == [0, 0, 2, 5, 5]
    uneven = curve([(0, 0.0), (1, 1.0), (2, 2.0), (9, 9.0), (10, 10.0)])
    found = band([uneven])
    assert found.mean[2] == pytest.approx(5)  # (4, 6] has none


def test_a_reference_is_written_and_read(tmp_path: Path) -> None:
    runs = {
        name: {
            "loss/D": curve([(8, value), (16, value)]),
            "time/seconds": curve([(8, 1)]),
            "memory/gpu": curve([(8, 1)]),
        }
        for name, value in (("a", 1.0), ("b", 2.0))
    }
    runs["a"]["metric/fid"] = curve([(16, 9.0)])
    made = recorded("two", runs)
    assert made.runs == ("a", "b") and set(made.curves) == {"loss/D", "metric/fid"}
    assert made.curves["loss/D"].runs == 2 and made.curves["metric/fid"].runs == 1
    write_reference(tmp_path / "two.json", made)
    assert read_reference(tmp_path / "two.json") == made
    assert json.loads((tmp_path / "two.json").read_text())["gandsl"] == "reference/1"


@pytest.mark.parametrize("name", ["time/seconds", "", "x" * 1001])
def test_what_a_reference_can_not_hold_is_told(name: str) -> None:
    with pytest.raises(NoReference, match="no curve to record"):
        recorded("x", {"a": {name: curve([(8, 1)])}})


def test_the_documented_reference_is_one(root: Path, tmp_path: Path) -> None:
    (text,) = re.findall(
        r"^```json\n(.*?reference/1.*?)^```", (root / "docs" / "cli.md").read_text("utf-8"), re.M | re.S
    )
    (tmp_path / "x.json").write_text(text)
    assert read_reference(tmp_path / "x.json").curves["metric/fid"].high == (43, 21)


GOOD = {"runs": 1, "images": [1, 2], "mean": [1, 1], "low": [0, 0], "high": [2, 2]}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": [2, 2]}, "images don't rise"),
        ({"images": [1]}, "not equally many"),
        ({"low": [2, 0]}, "low ≤ mean ≤ high does not hold at place 0"),
        ({"mean": ["x", 1]}, "curves.loss/D.mean.0"),
        ({"runs": 0}, "greater than or equal to 1"),
        ({"more": 1}, "not permitted"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_place(tmp_path: Path, changes: dict, said: str) -> None:
    whole = {"gandsl": "reference/1", "name": "x", "runs": ["a"], "curves": {"loss/D": GOOD}}
    path = tmp_path / "x.json"
    path.write_text(json.dumps(whole))
    assert read_reference(path).curves["loss/D"].mean == (1, 1)
    path.write_text(json.dumps(whole | {"curves": {"loss/D": GOOD | changes}}))
    with pytest.raises(NoReference) as caught:
        read_reference(path)
    assert said in caught.value.message and str(path) in caught.value.message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"gandsl": "reference/2"}', "[" * 100_000, "NaN", "\x00"])
def test_another_file_is_no_reference(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(NoReference):
        read_reference(tmp_path / "x.json")


def test_every_name_is_in_one_chart() -> None:
    groups = [group for section in SECTIONS.values() for group in section]
    names = [f"{group.prefix}{more}" for group in groups for more in ("", "x", "y z")] + ["ünï", "<b>"]
    names = [name for name in dict.fromkeys(names) if name]
    found = [name for them in charts(names).values() for chart in them for name in chart.names]
    assert sorted(found) == sorted(names)
    assert [chart.names for chart in charts(["loss/D", "loss/G", "fid"])["Losses, scores, metrics"]] == [
        ("loss/D", "loss/G")
    ]
