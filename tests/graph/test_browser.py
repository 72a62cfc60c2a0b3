"""The graph page as one sees it: drawn in a browser, folded, searched, steered by keys, printed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gandsl.graph import html
from gandsl.graph.tree import picture
from gandsl.ir.graph import Graph
from tests.graph.browser import Browser, found
from tests.graph.specs import SPECS, graphs, pictures
from tests.graph.test_page import HOSTILE, hostile
from tests.ir.graphs import Builder

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(
        found() is None, reason="no Chromium: put one on the path, or name it in GANDSL_BROWSER"
    ),
]
CHECK = Path(__file__).with_name("check.js").read_text("utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = found()
    assert program is not None
    tab = Browser(program)
    yield tab
    tab.close()


@pytest.fixture(autouse=True)
def no_faults(browser: Browser) -> Iterator[None]:
    """Errors of scripts, what the policy refused, and any request fail the test that they happen in."""
    browser.faults.clear()
    yield
    assert not browser.faults


@pytest.fixture
def page(tmp_path: Path) -> Any:
    def write(name: str) -> Path:
        file = tmp_path / "page.html"
        file.write_text(html.render(name, pictures(name)), "utf-8")
        return file

    return write


def expected(graph: Graph, opened: set[str]) -> set[tuple[str, str, str]]:
    """(value, from, to) of the lines for the groups that are open, from the IR alone."""

    def seen(id_: str) -> str:
        parts = id_.split(".")
        for depth in range(1, len(parts)):
            group = ".".join(parts[:depth])
            if group not in opened and sum(other.startswith(f"{group}.") for other in shown) > 1:
                return group
        return id_

    read = {id_ for node in graph for id_ in node.operands} - set(graph.outputs.values())
    hidden = {node.id: node.operands[0] for node in graph if node.op == "select" and node.id in read}
    shown = [node.id for node in graph if node.id not in hidden]
    edges = [
        (hidden.get(id_, id_), node.id) for node in graph if node.id not in hidden for id_ in node.operands
    ]
    edges += [(id_, f"output:{name}") for name, id_ in graph.outputs.items()]
    lines = {(source, seen(source), seen(target)) for source, target in edges}
    return {line for line in lines if line[1] != line[2]}


def drawn(browser: Browser, place: int) -> tuple[str, set[tuple[str, str, str]], set[str]]:
    """A network's name, its lines, and its open groups, as they stand in the page."""
    name, lines, opened = browser.run(f"""(() => {{
      const view = views[{place}];
      const lines = [...view.svg.querySelectorAll(".line")];
      return [view.name, lines.map(({{dataset}}) => [dataset.value, dataset.from, dataset.to]),
              [...view.folds.open].map((at) => view.folds.boxes[at].id)];
    }})()""")
    plain = {tuple(end.removeprefix(f"{name}.") for end in line) for line in lines}
    return name, plain, set(opened)  # type: ignore[return-value]


@pytest.mark.parametrize("name", SPECS)
def test_every_edge_is_drawn_in_every_state_and_nothing_lies_on_anything(
    browser: Browser, page: Any, name: str
) -> None:
    browser.open(page(name))
    chance = random.Random(name)
    states = ["folds.reset()", "folds.openWhere(() => true)", "folds.openWhere(() => false)"]
    states += [f"folds.openWhere((at) => (at * {chance.randrange(1, 999)}) % 7 < 4)" for _ in range(2)]
    for state in states:
        browser.run(f"(async () => {{ for (const {{folds}} of views) {state}; await refresh(); }})()")
        for place, graph in enumerate(graphs(name).values()):
            network, lines, opened = drawn(browser, place)
            # an open group in a shut one does not show
            assert lines == expected(graph, opened), f"{network}, {state}"
            wrong = browser.run(f"({CHECK})(views[{place}])")
            assert not wrong, f"{network}, {state}: {wrong}"


def test_1024_is_drawn_in_seconds(browser: Browser, page: Any) -> None:
    browser.open(page("specs/stylegan2/paper1024"))
    assert browser.run("performance.now()") < 10_000  # 1 to 2 s on an idle machine
    assert not browser.run("part('map').hasAttribute('hidden')")


def test_a_link_opens_the_folds_around_its_node(browser: Browser, page: Any) -> None:
    file = page("specs/stylegan2/paper1024")
    for anchor in ("#generator.synthesis.s32.conv1.conv", "#synthesis.s32.conv1.conv"):
        browser.open(file, anchor)
        assert browser.run("views[chosen.view === views[0] ? 0 : 1].id(chosen.at)") == (
            "generator.synthesis.s32.conv1.conv"
        )
        assert browser.run("document.activeElement.dataset.id") == "generator.synthesis.s32.conv1.conv"
        assert browser.run("""(() => { const r = document.activeElement.getBoundingClientRect();
          return r.top > 0 && r.bottom < innerHeight && r.left > 0 && r.right < innerWidth; })()""")
    browser.run("location.hash = 'discriminator.stages.s64.conv0.conv'")
    browser.wait("document.activeElement.dataset.id === 'discriminator.stages.s64.conv0.conv'")
    browser.run("location.hash = 'nothing.such%'")
    browser.wait("state.textContent === 'no node nothing.such%'")


def test_search_opens_folds(browser: Browser, page: Any) -> None:
    browser.open(page("specs/biggan"))
    assert browser.run("views[0].elements.get(named('generator.s32.block.conv1').at) === undefined")
    browser.key("/")
    assert browser.run("document.activeElement.id") == "find"
    browser.send("Input.insertText", text="s32 conv1")
    assert browser.run("part('found').children[0].textContent").startswith("generator.s32.block.conv1")
    browser.key("ArrowDown")
    browser.key("ArrowUp")
    browser.key("Enter")
    browser.wait("document.activeElement.dataset.id?.startsWith('generator.s32.block.conv1')")
    assert browser.run("decodeURIComponent(location.hash)").startswith("#generator.s32.block.conv1")
    assert browser.run("part('found').hidden")
    browser.key("/")
    browser.send("Input.insertText", text=" there is no such thing")
    assert "nothing has these words" in browser.run("part('found').textContent")
    browser.key("Escape")
    assert browser.run("part('find').value") == ""


def test_keys_go_from_box_to_box_and_fold(browser: Browser, page: Any) -> None:
    browser.open(page("specs/biggan"), "#generator.z")
    browser.key("ArrowDown")
    assert browser.run("document.activeElement.dataset.id") == "generator.chunks"
    browser.run("show(views[0], named('generator.s32').at)")
    browser.wait("document.activeElement.dataset.id === 'generator.s32'")
    browser.key("Enter")
    browser.wait("document.activeElement.ariaExpanded === 'true'")
    browser.key("ArrowUp")
    browser.key("ArrowDown")
    inside = browser.run("document.activeElement.dataset.id")
    assert inside.startswith("generator.s32.")
    browser.run("show(views[0], named('generator.s32.block').at)")
    browser.wait("document.activeElement.dataset.id === 'generator.s32.block'")
    browser.key("Backspace")
    browser.wait(
        "document.activeElement.dataset.id === 'generator.s32' && !views[0].folds.open.has(chosen.at)"
    )
    browser.key("Escape")
    assert browser.run("chosen === undefined && location.hash === ''")
    tabs = browser.run(
        "[...document.querySelectorAll('#main [data-id]')].filter((box) => box.tabIndex === 0).length"
    )
    assert tabs == 1  # one stop of the tab key; arrows do the rest


def test_a_click_folds_and_what_was_clicked_stays_in_place(browser: Browser, page: Any) -> None:
    browser.open(page("specs/stylegan2/paper1024"), "#generator.synthesis.s64")
    spot = """(() => {
      const box = document.querySelector("[data-id='generator.synthesis.s64']").getBoundingClientRect();
      return [box.left, box.top];
    })()"""
    left, top = browser.run(spot)
    browser.click(left + 20, top + 15)
    browser.wait("views[0].folds.open.has(chosen.at) && views[0].elements.size > 30")
    assert browser.run(spot) == pytest.approx([left, top], abs=2)
    assert browser.run("part('told').textContent").startswith("networkgenerator")


def test_a_title_without_a_gap_between_lines_stands_on_its_side(browser: Browser, tmp_path: Path) -> None:
    b = Builder()
    given = [b.input(f"x{place}", "Feature", 3, 8, 8) for place in range(12)]
    b.add("many_lines_enter_here.act", "relu", b.add("many_lines_enter_here.sum", "add", given))
    graph = b.graph("many_lines_enter_here.act")
    file = tmp_path / "page.html"
    file.write_text(html.render("x", [("generator", picture(graph, {}))]), "utf-8")
    browser.open(file)
    assert browser.run("document.querySelectorAll('.frame .title[transform]').length") == 1
    assert not browser.run(f"({CHECK})(views[0])")


def test_haste_does_no_harm(browser: Browser, page: Any) -> None:
    browser.open(page("specs/biggan"))
    browser.run("""Promise.all(["s8.condition", "s16.condition", "s8.block.sum"].map((id) => {
      const {view, at} = named(id);
      return show(view, at);
    }))""")
    place, graph = 0, graphs("specs/biggan")["generator"]
    _, lines, opened = drawn(browser, place)
    assert {"s8", "s16", "s8.block"} <= opened and lines == expected(graph, opened)
    assert browser.run("document.activeElement.dataset.id") == "generator.s8.block.sum"


@pytest.mark.parametrize("width", [600, 1280])
@pytest.mark.parametrize("dark", [False, True])
def test_narrow_wide_light_dark(browser: Browser, page: Any, width: int, dark: bool) -> None:
    browser.open(page("specs/stylegan2/paper1024"), "#mapping", width=width, dark=dark)
    assert browser.run("document.documentElement.scrollWidth") <= width  # the page itself never scrolls aside
    assert browser.run("main.clientHeight") > 0.5 * browser.run("innerHeight")
    paper = browser.run("getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(20, 23, 29)" if dark else "rgb(255, 255, 255)")
    overlaps = browser.run("""(() => {
      const parts = [...document.querySelectorAll("header > *")].map((part) => part.getBoundingClientRect());
      return parts.filter(({width}) => width).some((a, at, all) => all.slice(at + 1).some((b) =>
        a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    })()""")
    assert not overlaps


def test_paper_holds_every_box_uncut(browser: Browser, page: Any, tmp_path: Path) -> None:
    browser.open(page("specs/stylegan2/paper1024"), dark=True)
    browser.run("dispatchEvent(new Event('beforeprint'))")
    pieces = browser.run(
        "[...document.querySelectorAll('#paper svg')].map((svg) => svg.getAttribute('viewBox'))"
    )
    ends = [(float(y), float(y) + float(height)) for _, y, _, height in map(str.split, pieces)]
    closed = browser.run("""views.map(({laid, folds}) =>
      [...laid.rectangles].filter(([at]) => !folds.open.has(at))
        .map(([, {y, height}]) => [y, y + height]))""")
    starts = [place for place, (start, _) in enumerate(ends) if start == 0] + [len(ends)]
    for boxes, first, last in zip(closed, starts, starts[1:], strict=False):
        for top, bottom in boxes:
            assert sum(start <= top and bottom <= end for start, end in ends[first:last]) == 1
    browser.run("dispatchEvent(new Event('afterprint'))")
    browser.pdf(tmp_path / "page.pdf")
    printed = (tmp_path / "page.pdf").read_bytes()
    assert printed.startswith(b"%PDF") and printed.count(b"/Type /Page\n") == len(ends)


def test_a_network_is_saved_as_svg(browser: Browser, page: Any) -> None:
    browser.open(page("specs/biggan"))
    saved = browser.run("""(() => { let blob; const make = URL.createObjectURL;
      URL.createObjectURL = (given) => { blob = given; return make(given); };
      HTMLAnchorElement.prototype.click = () => {};
      views[0].save.click(); return blob.text(); })()""")
    parsed = browser.run(f"""(() => {{
      const svg = new DOMParser().parseFromString({json.dumps(saved)}, "image/svg+xml");
      const count = (what) => svg.querySelectorAll(what).length;
      return [svg.documentElement.localName, count(".line"), count("#tip-feature")];
    }})()""")
    assert parsed == ["svg", browser.run("views[0].paths.length"), 1]


def test_hostile_names_are_shown_and_never_run(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(html.render(HOSTILE, [(HOSTILE, hostile())]), "utf-8")
    browser.open(file)
    browser.run(
        "(async () => { for (const {folds} of views) folds.openWhere(() => true); await refresh(); })()"
    )
    assert browser.run("document.querySelectorAll('img, main script').length") == 0
    assert browser.run("document.title") == HOSTILE
    browser.run(
        "(async () => { for (const at of views[0].laid.rectangles.keys()) await show(views[0], at); })()"
    )
    assert HOSTILE in browser.run("part('told').textContent")
    browser.run("part('find').focus()")
    browser.send("Input.insertText", text="onerror")
    assert browser.run("part('found').children.length") > 5
    assert browser.run("part('found').querySelectorAll('img').length") == 0
    assert not browser.run(f"({CHECK})(views[0])")
