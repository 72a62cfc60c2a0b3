"""The page of a plot: complete, self-contained, inert; its script's numbers by closed forms."""

from __future__ import annotations

import json
import math
import re
import shutil
import subprocess
from contextlib import closing
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gandsl.plot import grids
from gandsl.plot.html import render
from gandsl.plot.reference import recorded
from gandsl.plot.run import NoRun, names_of, read_run
from tests.graph import browser
from tests.plot.folders import EVIL, NAMES, run

PAGE = Path(grids.__file__).parent / "page"


class Text(HTMLParser):
    """What a reader sees outside of scripts, and every tag with its attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] not in ("script", "style"):
            self.said += data


def parsed(page: str) -> Text:
    parser = Text()
    parser.feed(page)
    return parser


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.fixture
def page(tmp_path: Path) -> str:
    runs = [
        read_run(run(tmp_path / name, slope=slope), name, ((4, 4), (8, 8), (16, 12)))
        for name, slope in (("one", 1.0), ("two <b>", 2.0))
    ]
    reference = recorded("band &c", {one.name: one.log.curves for one in runs})
    return render(runs, [reference])


def test_every_name_in_the_log_is_on_the_page(page: str) -> None:
    said, data = parsed(page).said, data_of(page)
    drawn = {name for section in data["sections"] for chart in section["charts"] for name in chart["curves"]}
    names = [name.replace("\ud800", "\\ud800") for name in NAMES]
    assert drawn == {
        *names,
        "level",
        "alpha",
    }  # `images` is the axis, beside which steps are told; a constant is no curve
    assert "The same throughout: batch 10" in said
    for name in (*names, "steps", "batch", "level", "alpha"):
        assert name in said and all(name in one["curves"] for one in data["runs"][:2])
    assert [one["kind"] for one in data["runs"]] == ["run", "run", "reference"]
    assert "time/seconds" not in data["runs"][2]["curves"]


def test_the_points_are_those_of_the_log(page: str) -> None:
    one, two, reference = data_of(page)["runs"]
    place = NAMES.index("loss/G")
    assert one["curves"]["loss/G"] == {
        "x": [100.0 * k for k in range(1, 31)],
        "y": [place + 1.0 * k for k in range(1, 31)],
        "n": 1,
    }
    middle = reference["curves"]["loss/G"]
    for at, mean, low, high in zip(*(middle[key] for key in "xylh"), strict=True):
        assert low <= mean <= high and mean == pytest.approx((low + high) / 2, abs=1e-4)
        assert low == pytest.approx(place + at / 100, abs=1) and high == pytest.approx(
            place + at / 50, abs=1.1
        )
    assert two["span"] == [100, 3000] and two["clock"]["x"] == two["curves"]["loss/G"]["x"]


def test_what_happened_is_told_and_marked(page: str) -> None:
    events = [(one["at"], one["kind"], one["text"]) for one in data_of(page)["runs"][0]["events"]]
    assert events == [
        (100, "stage", "4×4"),
        (1000, "stage", "8×8 fades in"),
        (1200, "stage", "8×8"),
        (1500, "alarm", f"went back: the run collapses: {EVIL}"),
        (2000, "stage", "16×12 fades in"),
        (2200, "stage", "16×12"),
    ]
    said = parsed(page).said
    assert said.count("went back: the run collapses") == 2 and "8×8 fades in" in said
    assert "optimizer.lr12" in said and "3 kimg" not in said  # what differs in the plans, and that alone


def test_the_page_loads_nothing_and_runs_no_text(page: str) -> None:
    tags = parsed(page).tags
    scripts = [attributes for tag, attributes in tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "data"}, {}]
    assert not [tag for tag, _ in tags if tag in ("img", "link", "iframe", "object", "base", "b")]
    assert not [
        key for _, attributes in tags for key in attributes if key in ("src", "href") or key.startswith("on")
    ]
    assert "default-src 'none'; img-src data:" in page and not re.search(r"https?://(?!www\.w3\.org/)", page)
    script = page.rpartition("<script>")[2].partition("</script>")[0]
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|fetch\(", script
    )


def test_grids_are_there_with_their_image_counts(page: str) -> None:
    for one in data_of(page)["runs"][:2]:
        assert [grid["at"] for grid in one["grids"]] == [0, 1000, 3000]
        assert all(
            grid["src"].startswith("data:image/png;base64,") and grid["faithful"] for grid in one["grids"]
        )
        assert one["reals"]["w"] == 64


@pytest.mark.parametrize(
    ("count", "most", "wanted"),
    [(3, 24, 3), (100, 24, 24), (100, 2, 2), (100, 1, 1), (100, 0, 0), (0, 24, 0), (1, 1, 1)],
)
def test_some_grids_stand_for_many(count: int, most: int, wanted: int) -> None:
    chosen = grids.chosen(list(range(0, 7 * count, 7)), most)
    assert len(chosen) == wanted and chosen == sorted(chosen)
    if wanted > 1:
        assert chosen[0] == 0 and chosen[-1] == 7 * (count - 1)
        steps = [b - a for a, b in pairwise(chosen)]
        assert max(steps) - min(steps) <= 7


def test_a_large_grid_is_compressed_and_a_broken_one_counted(tmp_path: Path) -> None:
    folder = run(tmp_path / "run")
    Image.effect_noise((1500, 900), 90).save(folder / "grids" / f"{2000:012d}.png")
    (folder / "grids" / f"{1000:012d}.png").write_bytes(b"\x89PNG\r\n\x1a\n, and no more")
    (folder / "grids" / "notes.png").write_bytes(b"")
    page = render([read_run(folder, "run")])
    found = data_of(page)["runs"][0]["grids"]
    assert [(one["at"], one["faithful"], one["w"]) for one in found] == [
        (0, True, 64),
        (2000, False, 1500),
        (3000, True, 64),
    ]
    assert found[1]["src"].startswith("data:image/jpeg;base64,")
    assert "run: 1 of the image grids can't be read" in parsed(page).said


def test_what_is_damaged_is_told(tmp_path: Path) -> None:
    folder = run(tmp_path / "run")
    with (folder / "log.jsonl").open("a") as file:
        file.write('{"images": \n{"images": 3100, "loss/D": NaN}\n')
    with (folder / "alarms.jsonl").open("a") as file:
        file.write("...\n")
    (folder / "plan.json").write_text("[" * 100_000)
    (folder / "run.json").write_text("{}")
    said = parsed(render([read_run(folder, "run")])).said
    for words in ("1 lines of log.jsonl", "1 values in the log are no finite", "1 lines of alarms.jsonl"):
        assert f"run: {words}" in said


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NoRun, match=r"has no log\.jsonl"):
        read_run(tmp_path, "x")
    (tmp_path / "log.jsonl").write_text("nothing\n")
    with pytest.raises(NoRun, match=r"no record so far \(1 damaged lines\)"):
        read_run(tmp_path, "x")


def test_names_tell_runs_apart() -> None:
    assert names_of([Path("runs/a"), Path("runs/b")]) == ["a", "b"]
    assert names_of([Path("x/a"), Path("y/a"), Path("y/b")]) == ["x/a", "y/a", "y/b"]
    assert names_of([Path("x/a"), Path("x/a")]) == ["a", "a"]


@pytest.fixture(scope="module")
def computed() -> Any:
    """An expression of the page's numbers, by node."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node to run the page's script")
    script = (PAGE / "math.js").read_text(encoding="utf-8")

    def compute(expression: str) -> Any:
        code = f"{script}\nconsole.log(JSON.stringify({expression}))"
        done = subprocess.run([node, "-e", code], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return compute


def test_smoothing_is_an_average_of_the_past(computed: Any) -> None:
    """Σ 2^(−(x − xᵢ)/h) yᵢ / Σ 2^(−(x − xᵢ)/h), at uneven places; a constant stays, h = 0 changes nothing."""
    xs, ys, half = [0, 1, 1.5, 4, 10], [1, -2, 5, 3, 0], 2
    expected = [
        sum(2 ** (-(x - a) / half) * b for a, b in zip(xs[: i + 1], ys, strict=False))
        / sum(2 ** (-(x - a) / half) for a in xs[: i + 1])
        for i, x in enumerate(xs)
    ]
    found = computed(
        f"[smooth({xs}, {ys}, {half}), smooth({xs}, [3,3,3,3,3], {half}), smooth({xs}, {ys}, 0)]"
    )
    assert found[0] == pytest.approx(expected) and found[1] == pytest.approx([3] * 5) and found[2] == ys


def test_ticks_are_round_and_inside(computed: Any) -> None:
    cases = [(0, 1, 4), (-0.013, 0.0251, 4), (0, 25e6, 5), (-3, 3, 6), (99.5, 100.5, 4), (1e-6, 3e-6, 4)]
    for (low, high, count), found in zip(
        cases, computed(f"{[list(c) for c in cases]}.map(c => ticks(...c))"), strict=True
    ):
        step = found[1] - found[0]
        assert (
            low - 1e-9 <= min(found)
            and max(found) <= high * (1 + 1e-9)
            and count / 2 <= len(found) <= 2 * count + 2
        )
        mantissa = step / 10 ** math.floor(math.log10(step * 1.0000001))
        assert min(abs(mantissa - one) for one in (1, 2, 5)) < 1e-6
    assert computed("[logTicks(0.001, 1000), logTicks(1, 60)]") == [
        pytest.approx([10.0**e for e in range(-3, 4)]),
        [1, 2, 5, 10, 20, 50],
    ]


def test_places_and_words(computed: Any) -> None:
    assert computed("[-1, 0, 1.4, 1.6, 7, 99].map(x => near([0, 1, 2, 8], x))") == [0, 0, 1, 2, 3, 3]
    assert computed("[-1, 0, 1, 4, 9].map(x => between([0, 2, 6], [1, 5, 13], x))") == [1, 1, 3, 9, 13]
    words = computed("[0, 0.00235, 1.2345, 812.2, 25000, 3e-9, -0.4012, 2.5e9].map(said)")
    assert words == ["0", "0.00235", "1.23", "812", "25,000", "3.0e-9", "-0.401", "2.5e9"]
    assert computed("[2500000, 30000, 250].map(brief)") == ["2.5M", "30k", "250"]
    assert computed("[unitOf(25e6), unitOf(25e3), unitOf(500), unitOf(7200.5, 'time')].map(u => u[1])") == [
        *("Mimg", "kimg", "images", "hours")
    ]


ACT = """
(async () => {
  const wait = ms => new Promise(done => setTimeout(done, ms));
  await wait(300);
  const first = charts[0], box = first.svg.getBoundingClientRect();
  const at = share => box.left + 50 + share * (box.width - 60);
  const send = (kind, x) => first.svg.dispatchEvent(
    new PointerEvent(kind, { clientX: x, clientY: box.top + 50, pointerId: 1, button: 0, bubbles: true }));
  first.svg.setPointerCapture = () => {};
  send("pointermove", at(0.5)); await wait(100);
  const where = control("at").textContent;
  const told = first.legend.textContent;
  const raw = first.svg.querySelectorAll("path.raw").length;
  control("smooth").value = 0; control("smooth").dispatchEvent(new Event("input"));
  const unsmoothed = first.svg.querySelectorAll("path.raw").length;
  send("pointerdown", at(0.25)); send("pointermove", at(0.75)); send("pointerup", at(0.75));
  const zoomed = state.range;
  control("scale").value = "log"; control("scale").dispatchEvent(new Event("change"));
  control("axis").value = "time"; control("axis").dispatchEvent(new Event("change"));
  const result = { told, where, raw, unsmoothed, zoomed, evil: document.body.dataset.evil || "",
    charts: charts.length, drawn: document.querySelectorAll("svg.chart path.line").length,
    wide: document.documentElement.scrollWidth <= innerWidth,
    figures: document.querySelectorAll(".samples img").length,
    shown: [...document.querySelectorAll(".samples span")].map(one => one.textContent) };
  return result;
})()
"""


@pytest.mark.thorough
@pytest.mark.skipif(browser.found() is None, reason="there is no Chromium to look at the page with")
@pytest.mark.parametrize("width", [1280, 400])
def test_the_page_in_a_browser(page: str, tmp_path: Path, width: int) -> None:
    """Its own script under its own policy, and a visitor's acts: hover, smoothing, zoom, logarithms, time."""
    (tmp_path / "page.html").write_text(page)
    with closing(browser.Browser(str(browser.found()))) as tab:
        tab.open(tmp_path / "page.html", width=width, height=3000)
        seen = tab.run(ACT)
    assert not tab.faults
    assert seen["evil"] == "" and seen["wide"] is True
    assert seen["charts"] == sum(len(section["charts"]) for section in data_of(page)["sections"])
    assert seen["figures"] == 3 and seen["shown"] == ["after 3 kimg", "after 3 kimg", "in the same layout"]
    assert seen["raw"] == 4 and seen["unsmoothed"] == 0  # D and G of two runs; the recorded one is as it is
    assert seen["zoomed"] == pytest.approx([750, 2250], abs=40) and seen["drawn"] > 10
    middle = f"one: loss/D{15:d} ~ "
    assert middle in seen["told"], seen["told"]
    assert seen["where"] == "at 1.5 kimg, step 150"
