"""The live view and the lines of a run, as a person sees them."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from gandsl_runtime.guard.status import Status
from gandsl_runtime.observers.panel import bars, panel
from gandsl_runtime.observers.progress import Progress, corrected, duration, number
from gandsl_runtime.plan import Quantity
from gandsl_runtime.plan.schedule import Clock


def halfway() -> Progress:
    """A growing run after three records, a minute each."""
    progress = Progress(
        "runs/faces", Quantity(200, "kimg"), ((4, 4), (8, 8), (16, 12)), Clock(), {"G": 4 / 5, "D": 16 / 17}
    )
    for minute, (d, g) in enumerate([(0.6, 1.0), (0.9, 2.0), (0.75, 1.5)], 1):
        images = 25_000 * minute
        record = {
            "images": images,
            "steps": images // 50,
            "batch": 50,
            "lr/G": 0.002,
            "lr/D": 0.0025 * 16 / 17,
        }
        record |= {"level": 2, "alpha": 0.425, "augment/p": 0.2134, "loss/D": d, "loss/G": g}
        record |= {
            "score/real": 0.31,
            "score/fake": -0.4012,
            "penalty/r1": 0.0123,
            "penalty/path_length": 12.0,
        }
        record |= {"time/seconds": 60.0 * minute, "time/images_per_second": 416.7}
        record |= {"time/seconds_per_kimg": 2.4, "memory/ram": 1.31, "memory/gpu": 12.32}
        progress.logged(record, Clock(images, images // 50))
    progress.logged({"images": 75_000, "steps": 1500, "metric/fid": 23.456}, Clock(75_000, 1500))
    progress.guard = Status("calm for 34 looks")
    return progress


def crowded() -> Progress:
    """All that a plan can put into the log, lazy penalties, and an alarm."""
    progress = halfway()
    progress.name = "runs/faces-with-a-long-name/in-a-folder-of-its-own/the-second-try"
    record = {"memory/ram": 101.31, "memory/gpu": 112.32}
    record |= {f"consistency/{name}": 0.0123 for name in ("real", "fake", "latent", "G")}
    record |= {
        f"penalty/{name}": 0.00123 for name in ("r2", "gradient_penalty", "drift", "lecam", "orthogonal")
    }
    record |= {f"class/{name}": 2.3 for name in ("real", "fake", "G")} | {"path_length": 3.14}
    record |= {"scale/G": 65536.0, "scale/D": 1024.0, "inception_score_of_the_average": 3.3}
    record |= {"guard/sigma/generator": 5.31, "guard/diversity/all_pairs": 0.0312}
    progress.logged(record, progress.clock)
    signs = (
        "top singular value of discriminator.b256.conv1.weight went from 1.2 to 5.31",
        "diversity of samples (all pairs, real images = 1) went from 0.91 to 0.0312",
    )
    progress.guard = Status("ALARM at 75.0 kimg · gathers a past: look 2 of 23", signs)
    return progress


def plain() -> Progress:
    """The least: no growth, no augmentation, no penalty, no guard."""
    progress = Progress("runs/x", Quantity(60, "steps"), (), Clock())
    progress.logged({"images": 640, "steps": 10, "batch": 64, "loss/D": 1.5, "lr/G": 0.002}, Clock(640, 10))
    return progress


def drawn(progress: Progress, columns: int, lines: int = 24) -> str:
    screen = io.StringIO()
    Console(file=screen, width=columns, color_system=None).print(panel(progress, columns, lines))
    return screen.getvalue()


def test_the_view_at_80_columns_is_the_documented_one(root):
    text = (root / "docs" / "training.md").read_text(encoding="utf-8")
    begin = text.index("    ╭─ runs/faces")
    shown = text[begin : text.index("╯", begin) + 1]
    assert drawn(halfway(), 80) == "".join(f"{line[4:]}\n" for line in shown.splitlines())


@pytest.mark.parametrize("columns", [40, 60, 79, 80, 100, 200])
def test_the_view_fits_and_loses_nothing(columns):
    lines = drawn(halfway(), columns).splitlines()
    assert {len(line) for line in lines} == {min(columns, 100)}
    if columns >= 60:
        for said in (
            "417 img/s · 2.4 s/kimg",
            "12.3 GiB GPU · 1.3 GiB RAM",
            "G 0.002 = 0.0025 × 4/5 (lazy)",
            "fid 23.5",
        ):
            assert any(said in line for line in lines), said


@pytest.mark.parametrize("sides", [(64,), (16, 12), (8, 8, 4)])
def test_levels_of_any_number_of_sides(sides):
    progress = plain()
    progress.sizes = (sides,)
    progress.values |= {"level": 0, "alpha": 0.42}
    assert progress.level() == f"{'×'.join(map(str, sides))}, fading in: 0.42"


CROWDED = """\
╭─ runs/faces-with-a-long-name/in-a-folder-of-its-own/the-second-try ──────────╮
│ ━━━━━━━━━━━━━━━━━━━╸                                  75.0 of 200 kimg  38 % │
│                                                                              │
│ speed    417 img/s · 2.4 s/kimg                                              │
│ memory   112.3 GiB GPU · 101.3 GiB RAM                                       │
│ loss D   0.75    ▁█▅                     loss G   1.5     ▁█▅                │
│ score    real 0.31 · fake -0.401                                             │
│ rate     G 0.002 = 0.0025 × 4/5 (lazy) · D 0.00235 = 0.0025 × 16/17 (lazy)   │
│ level    16×12, fading in: 0.42          augment  p 0.213                    │
│ guard    ALARM at 75.0 kimg · gathers a past: look 2 of 23                   │
│          top singular value of discriminator.b256.conv1.weight went from 1.2 │
│          to 5.31                                                             │
│          diversity of samples (all pairs, real images = 1) went from 0.91 to │
│          0.0312                                                              │
│ penalty  r1 0.0123 · path length 12 · r2 0.00123 · gradient penalty 0.00123  │
│          drift 0.00123 · lecam 0.00123 · orthogonal 0.00123                  │
│ metric   fid 23.5                                                            │
│ consistency real 0.0123 · fake 0.0123 · latent 0.0123 · G 0.0123             │
│ class    real 2.3 · fake 2.3 · G 2.3                                         │
│ path length 3.14                                                             │
│ scale    G 65,536 · D 1,024                                                  │
│ inception score of the average 3.3                                           │
╰──────────────────────────────────────────── 3:00 min so far · 5:00 min left ─╯
"""


def test_all_that_a_plan_can_log_fits_a_terminal_of_80_by_24():
    assert drawn(crowded(), 80) == CROWDED


@pytest.mark.parametrize("columns", range(30, 121, 5))
def test_no_name_and_no_value_is_cut(columns):
    """Only the run's name, at its beginning. Lines break between words, but in one longer than a line."""
    for progress in (plain(), halfway(), crowded()):
        tall = drawn(progress, columns, 200)
        assert tall.count("…") == (len(progress.name) > columns - 6 and columns < 100)
        body = "".join("".join(line.strip("│").split()) for line in tall.splitlines()[1:])
        for name, value in progress.values.items():
            group, _, rest = name.partition("/")
            if group in ("images", "steps", "batch", "time", "guard", "alpha"):
                continue  # have places of their own, or none
            said = {"level": "16×12", "augment/p": "p 0.213"}.get(name)
            said = said or {"memory": f"{value:.1f} GiB"}.get(group) or number(value)
            assert "".join(said.split()) in body and (rest or group).replace("_", "").upper() in (
                body.upper() + "P RAM GPU"
            ), name
        assert all("".join(sign.split()) in body for sign in (progress.guard.signs if progress.guard else ()))


@pytest.mark.parametrize("columns", [40, 80])
@pytest.mark.parametrize("lines", [12, 16, 24, 50])
def test_the_view_is_no_higher_than_the_terminal(columns, lines):
    shown = drawn(crowded(), columns, lines).splitlines()
    assert len(shown) < lines and {len(line) for line in shown} == {columns}
    whole = len(drawn(crowded(), columns, 200).splitlines())
    missing = [line for line in shown if "more lines, in log.jsonl" in line]
    assert len(missing) == (whole >= lines)
    if missing:
        assert f"and {whole - len(shown) + 1} more lines" in missing[0]


def test_the_guard_takes_a_line_but_after_an_alarm():
    progress = crowded()
    progress.guard = Status("calm for 5 looks · alarm at 75.0 kimg")
    lines = drawn(progress, 80).splitlines()
    assert [line for line in lines if "guard" in line or "diversity" in line or "sigma" in line] == [
        f"│ {'guard    calm for 5 looks · alarm at 75.0 kimg':76} │"
    ]


@pytest.mark.parametrize(
    ("lr", "every", "lazy", "rollback", "said"),
    [
        (0.0025, 4, 4 / 5, 1, "0.002 = 0.0025 × 4/5 (lazy)"),
        (0.002, 16, 16 / 17, 1, "0.00188 = 0.002 × 16/17 (lazy)"),
        (0.002, 1, 1, 1, "0.002"),
        (0.002, 1, 1, 0.5, "0.001 = 0.002 × 0.5 (rollback)"),
        (0.0025, 4, 4 / 5, 0.25, "0.0005 = 0.0025 × 4/5 (lazy) × 0.25 (rollback)"),
    ],
)
def test_a_rate_that_is_not_the_specs_says_why(lr, every, lazy, rollback, said):
    assert lazy == (every / (every + 1) if every > 1 else 1)  # arXiv:1912.04958, appendix B
    assert corrected(lr * lazy * rollback, lazy, rollback) == said


def test_the_view_before_the_first_record():
    said = drawn(Progress("runs/x", Quantity(60, "steps"), (), Clock(640, 10)), 80)
    assert "10 of 60 steps" in said and "17 %" in said and "the first figures come" in said


def test_a_line_says_it_all():
    assert halfway().sentence() == (
        "75.0 of 200 kimg · 417 img/s · 2.4 s/kimg · D 0.75 · G 1.5 · lr G 0.002 = 0.0025 × 4/5 (lazy) · "
        "D 0.00235 = 0.0025 × 16/17 (lazy) · p 0.213 · level 16×12, fading in: 0.42 · 12.3 GiB GPU · "
        "1.3 GiB RAM · 5:00 min left"
    )
    assert " · guard: ALARM at 75.0 kimg · " in crowded().sentence()
    assert (
        halfway().waiting(75, Quantity(50, "steps"))
        == "75.0 of 200 kimg · step 1,500 · 1:15 min in this session"
    )
    assert Progress("", Quantity(1, "kimg"), (), Clock(8, 2)).waiting(31, Quantity(50, "steps")) == (
        "0.0 of 1 kimg · step 2 · 31 s in this session · the first figures come after 50 steps"
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
