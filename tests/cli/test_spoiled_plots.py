"""Whatever stands in a run's folder: `gandsl plot` draws what is whole, or says what is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import SPECS, Gandsl
from tests.cli.spoil_files import NESTED, ODD, WAYS
from tests.plot.folders import run
from tests.plot.test_page import data_of

FILES = (
    "log.jsonl",
    "alarms.jsonl",
    "run.json",
    "plan.json",
    "spec.yaml",
    "grids/000000001000.png",
    "grids/reals.png",
)
SESSION = {"began": "2026-01-01T00:00:00+00:00", "images": 400, "processes": 1, "machine": {"device": "cpu"}}
RECORD = {"run": "x", "seed": 0, "data": {"where": "faces", "images": 9}, "sessions": [SESSION]}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    folder = run(tmp_path / "run")
    (folder / "run.json").write_text(json.dumps(RECORD))
    (folder / "spec.yaml").write_text((SPECS / "tiny.yaml").read_text() + "# growth\n")
    return folder


def drawn(gandsl: Gandsl, folder: Path, *arguments: object) -> dict | None:
    """The page's data; None where the command says in one message why there is none."""
    done = gandsl("plot", *(arguments or [folder]), "-o", folder.parent / "x.html")
    assert done.exit_code in (0, 1), done.stderr
    if done.exit_code:
        assert done.stderr.startswith("error: ") and " bug" not in done.stderr
        return None
    return data_of((folder.parent / "x.html").read_text("utf-8"))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FILES)
def test_a_spoiled_file(gandsl: Gandsl, whole: Path, name: str, way: str) -> None:
    WAYS[way](whole / name)
    found = drawn(gandsl, whole)
    if name != "log.jsonl":
        assert found is not None and len(found["runs"][0]["curves"]["loss/D"]["x"]) == 30


@pytest.mark.parametrize("way", WAYS)
def test_a_spoiled_recorded_curve(gandsl: Gandsl, whole: Path, way: str) -> None:
    path = whole.parent / "band.json"
    assert gandsl("plot", whole, "--write-reference", path).exit_code == 0
    WAYS[way](path)
    if not path.is_dir():
        drawn(gandsl, whole, whole, path)


@pytest.mark.parametrize("odd", ODD, ids=lambda one: repr(one)[:12])
def test_odd_values_in_every_field(gandsl: Gandsl, whole: Path, odd: object) -> None:
    lines = [
        {"images": 100 + k, "loss/D": 1.0, "level": 0, "alpha": 1.0, "time/seconds": k} for k in range(4)
    ]
    spoiled = [line | {name: odd} for line in lines[1:3] for name in line]
    (whole / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in [*lines, *spoiled]))
    alarm = {"images": 100, "message": "x", "action": "warn"}
    (whole / "alarms.jsonl").write_text("".join(json.dumps(alarm | {name: odd}) + "\n" for name in alarm))
    (whole / "plan.json").write_text(json.dumps({"batch": odd, "loss": {"kind": odd}}))
    (whole / "run.json").write_text(json.dumps(RECORD | {"sessions": [{name: odd for name in SESSION}]}))
    found = drawn(gandsl, whole)
    assert found is not None and found["runs"][0]["curves"]["loss/D"]["x"].count(100) == 1


@pytest.mark.parametrize("name", FILES[:5])
def test_a_file_that_is_nested_too_deeply(gandsl: Gandsl, whole: Path, name: str) -> None:
    (whole / name).write_text(NESTED + " growth")
    drawn(gandsl, whole)
