"""`gandsl plot`: what it writes, and what it says of folders and files that it can't plot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Gandsl
from tests.plot.folders import run


def test_a_page_of_runs_and_a_recorded_curve(
    gandsl: Gandsl, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for place in range(3):
        run(tmp_path / "runs" / f"seed{place}", slope=1.0 + place)
    seeds = [f"runs/seed{place}" for place in range(3)]
    done = gandsl("plot", *seeds, "--write-reference", "seeds.json")
    assert done.exit_code == 0 and done.stdout == "seeds.json: 3 runs\n", done.stderr
    assert not list(tmp_path.glob("*.html"))
    found = json.loads(Path("seeds.json").read_text())
    assert found["runs"] == ["seed0", "seed1", "seed2"] and found["curves"]["loss/D"]["runs"] == 3
    assert found["curves"]["loss/D"]["low"][-1] < found["curves"]["loss/D"]["mean"][-1]
    done = gandsl("plot", "runs/seed0", "seeds.json")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "seed0-plot.html: seed0, seeds\nseed0 lies where runs of seeds lie\n"
    assert Path("seed0-plot.html").read_text().startswith("<!DOCTYPE html>")
    done = gandsl("plot", "seeds.json", "-o", "x/y.html")
    assert done.exit_code == 0 and Path("x/y.html").exists(), done.stderr
    done = gandsl("plot", *seeds, "--write-reference", "more.json", "-o", "z.html")
    assert done.exit_code == 0 and Path("more.json").exists() and Path("z.html").exists()
    assert gandsl("plot", "runs/seed0", "--grids", "0", "-o", "none.html").exit_code == 0
    assert (
        "data:image" in Path("z.html").read_text() and "after 0 images" not in Path("none.html").read_text()
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere"], 1, "nowhere has no log.jsonl"),
        (["run/log.jsonl"], 1, "log.jsonl has no log.jsonl: it is no run's folder"),
        (["empty"], 1, "wait for the run's first record"),
        (["no.json"], 1, "cannot open no.json: no such file"),
        (["run/plan.json"], 1, "is no recorded curve"),
        (["run", "-o", "x.png"], 2, "the name of a page ends in .html"),
        (["run", "--write-reference", "x.txt"], 2, "its name ends in .json"),
        ([], 2, "RUN"),
    ],
)
def test_what_can_not_be_plotted(
    gandsl: Gandsl,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path / "run")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "log.jsonl").write_text("")
    before = sorted(tmp_path.rglob("*"))
    done = gandsl("plot", *arguments)
    assert done.exit_code == code and said in " ".join(done.stderr.split()), done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_damage_is_told_on_the_terminal_too(gandsl: Gandsl, tmp_path: Path) -> None:
    with (run(tmp_path / "run") / "log.jsonl").open("a") as file:
        file.write("half a rec\n")
    done = gandsl("plot", tmp_path / "run", "-o", tmp_path / "x.html")
    assert done.exit_code == 0 and "warning: run: 1 lines of the log can't be read" in done.stderr
