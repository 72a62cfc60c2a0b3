"""Where a spec's name leads: the working folder, GANDSL_PATH, gandsl's own; in a checkout and in a wheel."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostics
from gandsl.spec.files import find
from gandsl.spec.loader import load
from gandsl.spec.places import PACKAGE, SHIPPED, climbs, named, shipped
from tests.spec.helpers import MINIMAL

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with nothing of ours; a folder `path` on GANDSL_PATH."""
    (tmp_path / "here").mkdir()
    (tmp_path / "path/stylegan2").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("GANDSL_PATH", f"{os.pathsep}{tmp_path / 'path'}{os.pathsep}{tmp_path / 'none'}")
    return tmp_path


def test_gandsls_own_are_those_of_specs() -> None:
    assert str(ROOT / "specs") == SHIPPED
    files = [path for path in Path(SHIPPED).rglob("*.yaml") if "\nname: " in path.read_text("utf-8")]
    there = {path.relative_to(SHIPPED).with_suffix("").as_posix() for path in files}
    assert set(shipped()) == there and len(shipped()) == len(there)
    assert shipped() == sorted(shipped(), key=lambda name: name.count("/"))  # systems, then their variants


def test_a_wheel_holds_them_where_they_are_looked_for() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]
    assert build["wheel"]["force-include"]["specs"] == f"{Path(PACKAGE).name}/specs"
    assert "/specs" in build["sdist"]["include"]  # a wheel is built from it
    assert not (ROOT / "gandsl" / "specs").exists()  # no copy in the repository


@pytest.mark.parametrize("name", shipped())
def test_every_one_is_found_by_name_from_any_folder(name: str, home: Path) -> None:
    assert named(name) == named(f"{name}.yaml") == [f"{SHIPPED}/{name}.yaml"]
    diagnostics = Diagnostics()
    document = load(name, diagnostics=diagnostics)
    assert document is not None and not diagnostics.has_errors


def write(*paths: Path) -> None:
    for path in paths:
        path.write_text(MINIMAL, "utf-8")


def test_the_nearest_wins(home: Path) -> None:
    """The working folder, then GANDSL_PATH, then gandsl's own; each is told once."""
    ours = f"{SHIPPED}/stylegan2.yaml"
    assert named("stylegan2") == [ours]
    write(home / "path/stylegan2.yaml")
    assert named("stylegan2") == [f"{home}/path/stylegan2.yaml", ours]
    write(home / "here/stylegan2.yaml")
    assert named("stylegan2") == ["stylegan2.yaml", f"{home}/path/stylegan2.yaml", ours]
    write(home / "here/stylegan2")  # a file that needs no ending
    assert named("stylegan2")[0] == "stylegan2"
    os.symlink(ours, home / "here/mine.yaml")
    assert named("mine") == ["mine.yaml"]


def test_a_folder_is_no_spec(home: Path) -> None:
    (home / "here/stylegan2").mkdir()
    assert named("stylegan2") == [f"{SHIPPED}/stylegan2.yaml"]
    assert named("") == named(".") == [] and named("here\0") == []


@pytest.mark.parametrize("written", ["../path/stylegan2", "x/../../path/stylegan2"])
def test_a_name_that_climbs_is_a_place(written: str, home: Path) -> None:
    assert climbs(written) and named(written) == []
    write(home / "path/stylegan2.yaml")
    (home / "here/x").mkdir()
    assert named(written) == [f"{written}.yaml"]
    assert named(f"{home}/path/stylegan2") == [f"{home}/path/stylegan2.yaml"]  # so is an absolute one
    assert named(f"/{home}/path/dcgan") == []


def test_from_a_folder_above_the_way_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GANDSL_PATH", raising=False)
    monkeypatch.chdir(ROOT)
    assert named("stylegan2") == ["specs/stylegan2.yaml"]


@pytest.mark.parametrize(("base", "size"), [("dcgan.yaml", 16), ("stylegan2/auto.yaml", 16)])
def test_a_spec_builds_on_them_from_anywhere(base: str, size: int, home: Path) -> None:
    (home / "here/own.yaml").write_text(
        f"gandsl: 1\nextends: {base}\nname: own\nset: {{params.resolution: {size}}}\n"
    )
    module, diagnostics = analyze("own")
    assert module is not None, list(diagnostics)
    assert module.params["resolution"].h == size


def test_what_builds_looks_beside_itself_first(home: Path) -> None:
    write(home / "here/dcgan.yaml", home / "path/dcgan.yaml")
    spec = str(home / "here/own.yaml")
    found = [find("dcgan.yaml", spec, None, Diagnostics())]
    os.remove(home / "here/dcgan.yaml")
    found.append(find("dcgan.yaml", spec, None, Diagnostics()))
    os.remove(home / "path/dcgan.yaml")
    found.append(find("dcgan.yaml", spec, None, Diagnostics()))
    assert [one and one.path for one in found] == [
        str(home / "here/dcgan.yaml"),
        str(home / "path/dcgan.yaml"),
        f"{SHIPPED}/dcgan.yaml",
    ]


@pytest.mark.parametrize(
    ("written", "help"),
    [
        ("styelgan2", "did you mean `stylegan2`?"),
        ("specs/stylegan2.yaml", "gandsl has one of its own: `stylegan2`"),
        ("specs/stylegan2/ada.yaml", "gandsl has one of its own: `stylegan2/ada`"),
        ("nothing/like/it", None),
    ],
)
def test_a_name_that_leads_nowhere(written: str, help: str | None, home: Path) -> None:
    diagnostics = Diagnostics()
    assert load(written, diagnostics=diagnostics) is None
    (said,) = diagnostics
    assert (said.code, said.help) == ("G0402", help)
