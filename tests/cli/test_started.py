"""Networks that start from files, on the command line: trained with, gone on with; what needs none."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import Gandsl
from tests.cli.test_goes_on import images
from tests.games.eyes import digest, eyes, written
from tests.runtime.helpers import assert_same


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    written(tmp_path)
    images(tmp_path / "set", 0)
    return tmp_path


def line(folder: Path, run: str) -> tuple[object, ...]:
    spec = folder / "perceptual.yaml"
    return ("train", spec, "--data", folder / "set", "-o", folder / run, "--device", "cpu")


def test_it_trains_and_goes_on_where_the_file_is_gone(gandsl: Gandsl, folder: Path) -> None:
    """A checkpoint is whole: frozen networks are in it, as in the file. What begins anew needs the file."""
    assert gandsl(*line(folder, "whole")).exit_code == 0
    whole = checkpoint.newest(folder / "whole" / "checkpoints")[1]
    assert torch.equal(whole["eyes/two.weight"], eyes()["two.weight"])
    assert gandsl(*line(folder, "run"), "--minutes", 0).exit_code == 0
    file = folder / "eyes.safetensors"
    wanted = digest(file)
    file.unlink()
    done = gandsl("train", folder / "run")
    assert done.exit_code == 0, done.output
    assert_same(checkpoint.newest(folder / "run" / "checkpoints")[1], whole)
    assert wanted in (folder / "run" / "spec.yaml").read_text()
    done = gandsl("sample", folder / "run", "--data", folder / "set", "-o", folder / "made")
    assert done.exit_code == 0, done.output
    done = gandsl(*line(folder, "another"))
    assert done.exit_code == 4 and not (folder / "another").exists()
    assert "`eyes` starts from eyes.safetensors, and there is no such file" in done.stderr
    assert wanted in done.stderr


def test_another_file_is_refused_before_anything_is_written(gandsl: Gandsl, folder: Path) -> None:
    save_file(eyes(6), folder / "eyes.safetensors")
    done = gandsl(*line(folder, "run"))
    assert done.exit_code == 4 and not (folder / "run").exists()
    assert "is another file than the spec says" in done.stderr


@pytest.mark.parametrize(
    "command", ["check", "show --ir", "show --game", "cost", "cost --memory", "graph", "compile", "diff"]
)
def test_what_needs_no_weights_reads_no_file(command: str, gandsl: Gandsl, folder: Path) -> None:
    (folder / "eyes.safetensors").unlink()
    more = {
        "graph": ("-o", folder / "p.html"),
        "compile": ("-o", folder / "p"),
        "diff": ("--set", "networks.eyes.weights.sha256=" + "0" * 64),
    }
    done = gandsl(*command.split(), folder / "perceptual.yaml", *more.get(command, ()))
    assert done.exit_code == 0, done.output
    assert ("W0785" in done.output) == (command in ("check", "compile"))
