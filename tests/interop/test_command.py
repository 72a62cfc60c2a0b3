"""`gandsl import` and `gandsl export-weights` as they are typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from gandsl.cli.app import app
from gandsl.interop import export_weights
from tests.interop.cases import CASES
from tests.interop.forge import called, ours, raw, text


@pytest.fixture
def checkpoint(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    case, spec = CASES["ada"], root / "specs" / "stylegan2.yaml"
    ours(tmp_path / "ours.safetensors", spec, case.overrides, case.parts)
    export_weights(tmp_path / "ours.safetensors", tmp_path / "net.pt", case.layout, spec, case.overrides)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "net.pt"


def test_import_and_export(checkpoint: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["import", "net.pt", "-o", "in.safetensors"])
    assert done.exit_code == 0, done.output
    assert (
        "StyleGAN2" in done.output
        and "resolution 16" in done.output
        and "gandsl sample in.safetensors" in done.output
    )
    done = run(app, ["import", "net.pt", "-o", "in.safetensors", "--format", "json"])
    facts = json.loads(done.output)
    assert facts["gandsl"] == "import/1" and facts["parameters"]["z_dim"] == 12
    assert facts["parts"]["average"]["loaded"] and len(facts["sources"]["net.pt"]) == 64
    done = run(app, ["export-weights", "in.safetensors", "-o", "out.pt"])
    assert done.exit_code == 0 and "generator, average, discriminator" in done.output
    before, after = (torch.load(name, weights_only=True) for name in ("net.pt", "out.pt"))
    assert before and before.keys() == after.keys()
    for part, state in before.items():
        assert state and state.keys() == after[part].keys()
        assert all(torch.equal(state[key], after[part][key]) for key in state)


def test_sampling_an_import(checkpoint: Path, root: Path) -> None:
    """What the import prints is a command that works."""
    done = CliRunner().invoke(app, ["import", "net.pt"])
    command = done.output.splitlines()[-1].split()
    assert command[:2] == ["gandsl", "sample"]
    done = CliRunner().invoke(app, [*command[1:], "--seeds", "0-1", "-o", "grid.png"])
    assert done.exit_code == 0, done.output
    assert Path("grid.png").stat().st_size > 100


def test_errors(checkpoint: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run = CliRunner().invoke
    done = run(app, ["import", "net.pt", "-o", "x.safetensors", "--set", "resolution=64"])
    assert done.exit_code == 4 and not Path("x.safetensors").exists()
    Path("evil.pt").write_bytes(raw(called("os", "system", text("touch canary"))))
    done = run(app, ["import", "evil.pt"])
    assert done.exit_code == 4 and not Path("canary").exists() and not Path("evil.safetensors").exists()
    assert run(app, ["import", "net.pt", "-o", "x.pt"]).exit_code == 2
    assert run(app, ["import"]).exit_code == 2
    assert run(app, ["export-weights", "nothing.safetensors", "-o", "x.pt"]).exit_code == 4
