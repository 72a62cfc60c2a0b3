"""The folder of generated files: what is in it, how it is written, when it is stale."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from gandsl import __version__
from gandsl.codegen import package, render, spec_hash, stale, write
from gandsl.frontend.module import ModuleIR
from gandsl_runtime.plan import Plan
from tests.codegen.small import ROOT, analyzed

HOUSE = ROOT / "tests" / "codegen" / "golden" / "house.yaml"
FILES = ["__init__.py", "discriminator.py", "generator.py", "manifest.json"]


@pytest.fixture
def house() -> ModuleIR:
    return analyzed(HOUSE, {})


def test_manifest_names_every_file_and_its_hash(house: ModuleIR) -> None:
    files = render(house)
    manifest = json.loads(files["manifest.json"])
    assert list(files)[-1] == "manifest.json"  # written last: what it names is there
    assert manifest["files"] == {
        name: hashlib.sha256(text.encode()).hexdigest()
        for name, text in files.items()
        if name != "manifest.json"
    }
    assert (manifest["name"], manifest["compiler"], manifest["language"]) == ("house", __version__, 1)
    assert manifest["spec"] == spec_hash(house)


def test_the_spec_s_hash_follows_its_meaning(tmp_path: Path, house: ModuleIR) -> None:
    commented = tmp_path / "house.yaml"
    commented.write_text(
        "# a comment\n"
        + HOUSE.read_text("utf-8").replace(
            "width: {type: int, default: 8}", "width: {type: int,  default:  8}"
        )
    )
    assert spec_hash(analyzed(commented, {})) == spec_hash(house)
    assert spec_hash(analyzed(HOUSE, {"width": 16})) != spec_hash(house)
    reordered = tmp_path / "reordered.yaml"
    text = HOUSE.read_text("utf-8")
    act = "    act: {op: leaky_relu}\n    average: {op: track_average}\n"
    assert act in text
    reordered.write_text(text.replace(act, "".join(reversed(act.splitlines(True)))))
    assert spec_hash(analyzed(reordered, {})) != spec_hash(house)  # in a body, order is meaning


def test_the_plan_is_the_plan() -> None:
    module = analyzed(ROOT / "specs" / "stylegan2.yaml", {"resolution": 16})
    assert Plan.model_validate(json.loads(render(module)["plan.json"])) == module.plan


def test_write_then_nothing_is_stale(tmp_path: Path, house: ModuleIR) -> None:
    folder = tmp_path / "deep" / "house"
    assert stale(house, folder) == FILES[1:2] + FILES[2:3] + FILES[:1] + FILES[3:] or set(
        stale(house, folder)
    ) == {*FILES}
    assert {*write(house, folder)} == {*FILES}
    assert stale(house, folder) == []
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert all((path.stat().st_mode & 0o777) == 0o644 for path in folder.iterdir())


def test_what_is_stale(tmp_path: Path, house: ModuleIR) -> None:
    write(house, tmp_path)
    (tmp_path / "generator.py").write_text("# mine\n")
    (tmp_path / "discriminator.py").unlink()
    (tmp_path / "notes.txt").write_text("the user's")
    before = (tmp_path / "__init__.py").stat().st_mtime_ns
    assert sorted(stale(house, tmp_path)) == ["discriminator.py", "generator.py"]
    assert sorted(write(house, tmp_path)) == ["discriminator.py", "generator.py"]
    assert stale(house, tmp_path) == []
    assert (tmp_path / "__init__.py").stat().st_mtime_ns == before
    assert (tmp_path / "notes.txt").read_text() == "the user's"
    assert {*stale(analyzed(HOUSE, {"width": 16}), tmp_path)} >= {"generator.py", "manifest.json"}


def test_a_file_that_is_no_longer_generated_goes(tmp_path: Path, house: ModuleIR) -> None:
    write(house, tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    outside = tmp_path.parent / "outside.py"
    for path in (tmp_path / "encoder.py", tmp_path / "kept.py", outside):
        path.write_text("")
    manifest["files"] |= {
        "encoder.py": "",
        "../outside.py": "",
        "/etc/passwd": "",
        "absent.py": "",
        "a/b.py": "",
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    assert stale(house, tmp_path)[0] == "encoder.py"
    write(house, tmp_path)
    assert not (tmp_path / "encoder.py").exists()
    assert (tmp_path / "kept.py").exists()
    assert outside.exists()
    assert stale(house, tmp_path) == []


@pytest.mark.parametrize("text", ["", "{", "[]", '{"files": 3}', '{"files": [1, null]}', "\x00\xff"])
def test_a_broken_manifest_is_mended(text: str, tmp_path: Path, house: ModuleIR) -> None:
    write(house, tmp_path)
    (tmp_path / "manifest.json").write_text(text, "utf-8")
    assert write(house, tmp_path) == ["manifest.json"]
    assert stale(house, tmp_path) == []


def test_a_disk_that_fails_leaves_whole_files(
    tmp_path: Path, house: ModuleIR, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(house, tmp_path)
    old = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    real = os.replace

    def full(source: str, target: Path) -> None:
        if Path(target).name == "discriminator.py":
            raise OSError(28, "No space left on device")
        real(source, target)

    monkeypatch.setattr(package.os, "replace", full)
    wider = analyzed(HOUSE, {"width": 16})
    with pytest.raises(OSError, match="No space left"):
        write(wider, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(old)
    assert (tmp_path / "discriminator.py").read_bytes() == old["discriminator.py"]
    assert (tmp_path / "manifest.json").read_bytes() == old["manifest.json"]
    monkeypatch.undo()
    write(wider, tmp_path)
    assert stale(wider, tmp_path) == []


def test_the_package_runs_without_the_compiler(tmp_path: Path, house: ModuleIR) -> None:
    write(house, tmp_path / "house")
    script = (
        f"import sys; sys.path[:0] = {[str(tmp_path), str(ROOT / 'runtime')]!r}\n"
        "sys.modules['gandsl'] = None\n"
        "import torch\n"
        "from house import Discriminator, Generator\n"
        "images = Generator()(torch.randn(2, 16))\n"
        "print(tuple(images.shape), tuple(Discriminator()(images).shape))\n"
        "assert not [name for name in sys.modules if name.startswith('gandsl.')]\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert done.stdout == "(2, 3, 16, 16) (2, 1)\n", done.stderr


def test_further_networks_are_exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HOUSE.read_text("utf-8") + (
        "\nnetworks:\n"
        '  net10: {inputs: {x: "Vector[4]"}, body: {out: {op: linear, features: 2}}}\n'
        '  net2: {inputs: {x: "Vector[4]"}, body: {out: {op: linear, features: 2}}}\n'
    )
    (tmp_path / "house.yaml").write_text(text)
    write(analyzed(tmp_path / "house.yaml", {}), tmp_path / "more_networks")
    monkeypatch.syspath_prepend(tmp_path)
    package_ = importlib.import_module("more_networks")
    assert package_.__all__ == ["Discriminator", "Generator", "Net2", "Net10"]
    assert package_.Net10()(torch.ones(3, 4)).shape == (3, 2)
