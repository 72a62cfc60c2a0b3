"""The live view and the lines of a run, as a person sees them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gandsl_runtime.observers.panel import bars, panel
from gandsl_runtime.observers.progress import Progress, duration, number
from gandsl_runtime.plan import Quantity
from gandsl_runtime.schedule import Clock


def halfway() -> Progress:
    """A growing run after three records, a minute each."""
    progress = Progress("runs/faces", Quantity(200, "kimg"), ((4, 4), (8, 8), (16, 12)), Clock())
    for minute, (d, g) in enumerate([(0.6, 1.0), (0.9, 2.0), (0.75, 1.5)], 1):
        images = 25_000 * minute
        record = {"images": images, "steps": images // 50, "batch": 50, "lr/G": 0.002, "lr/D": 0.00188}
        record |= {"level": 2, "alpha": 0.425, "augment/p": 0.2134, "loss/D": d, "loss/G": g}
        record |= {
            "score/real": 0.31,
            "score/fake": -0.4012,
            "penalty/r1": 0.0123,
            "penalty/path_length": 12.0,
        }
        record |= {"time/seconds": 60.0 * minute, "time/images_per_second": 416.7}
        record |= {"time/seconds_per_kimg": 2.4, "memory/ram": 1.31, "memory/gpu": 12.32}
        progress.heard(record, Clock(images, images // 50))
    progress.heard({"images": 75_000, "steps": 1500, "metric/fid": 23.456}, Clock(75_000, 1500))
    return progress


def drawn(progress: Progress, columns: int) -> str:
    screen = io.StringIO()
    Console(file=screen, width=columns, color_system=None).print(panel(progress, columns))
    return screen.getvalue()


WIDE = """\
╭─ runs/faces ─────────────────────────────────────────────────────────────────╮
│ ━━━━━━━━━━━━━━━━━━━╸                                  75.0 of 200 kimg  38 % │
│                                                                              │
│ speed    417 img/s · 2.4 s/kimg          memory   12.3 GiB GPU · 1.3 GiB RAM │
│ loss D   0.75    ▁█▅                     loss G   1.5     ▁█▅                │
│ score    real 0.31 · fake -0.401         rate     G 0.002 · D 0.00188        │
│ level    16×12, fading in: 0.42          augment  p 0.213                    │
│ penalty  r1 0.0123 · path length 12                                          │
│ metric   fid 23.5                                                            │
╰──────────────────────────────────────────── 3:00 min so far · 5:00 min left ─╯
"""


def test_the_view_at_80_columns():
    assert drawn(halfway(), 80) == WIDE


@pytest.mark.parametrize("columns", [40, 60, 79, 80, 100, 200])
def test_the_view_fits_and_loses_nothing(columns):
    lines = drawn(halfway(), columns).splitlines()
    assert {len(line) for line in lines} == {min(columns, 100)}
    if columns >= 60:
        for said in (
            "417 img/s · 2.4 s/kimg",
            "12.3 GiB GPU · 1.3 GiB RAM",
            "G 0.002 · D 0.00188",
            "fid 23.5",
        ):
            assert any(said in line for line in lines), said


def test_the_view_before_the_first_record():
    said = drawn(Progress("runs/x", Quantity(60, "steps"), (), Clock(640, 10)), 80)
    assert "10 of 60 steps" in said and "17 %" in said and "the first figures come" in said


def test_a_line_says_it_all():
    assert halfway().sentence() == (
        "75.0 of 200 kimg · 417 img/s · 2.4 s/kimg · D 0.75 · G 1.5 · lr G 0.002 · D 0.00188 · p 0.213 · "
        "level 16×12, fading in: 0.42 · 12.3 GiB GPU · 1.3 GiB RAM · 5:00 min left"
    )


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1:00 min"),
        (3599, "59:59 min"),
        (3600, "1:00 h"),
        (1e6, "11 d 13 h"),
    ],
)
def test_durations(seconds, said):
    assert duration(seconds) == said


@pytest.mark.parametrize(
    ("value", "said"),
    [(0, "0"), (1.23456, "1.23"), (-0.4012, "-0.401"), (812.2, "812"), (25e3, "25,000"), (3e-9, "3e-09")],
)
def test_numbers(value, said):
    assert number(value) == said


def test_bars():
    assert bars([1.0]) == "" and bars([2.0, 2.0]) == "▁▁" and bars([0.0, 7.0, 3.0]) == "▁█▄"
