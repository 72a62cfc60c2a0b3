"""A spec that holds its game in place of a loss trains, stops, goes on and samples like any other."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import Gandsl
from tests.cli.test_goes_on import images
from tests.cli.test_moved import OLD


@pytest.fixture
def folder(gandsl: Gandsl, tmp_path: Path) -> Path:
    """Two specs of one game, one in its short form, and images."""
    (tmp_path / "short.yaml").write_text(OLD)
    shown = gandsl("show", "--game", tmp_path / "short.yaml").stdout
    (tmp_path / "own.yaml").write_text(OLD.replace("  loss: hinge\n", "") + shown)
    images(tmp_path / "set", 0)
    return tmp_path


def trained(gandsl: Gandsl, folder: Path, spec: str, *more: object) -> dict[str, torch.Tensor]:
    run = folder / f"run_{spec}"
    line = ("train", folder / f"{spec}.yaml", "--data", folder / "set", "-o", run, "--device", "cpu", *more)
    done = gandsl(*line)
    assert done.exit_code == 0, done.output
    return checkpoint.newest(run / "checkpoints")[1]


def test_it_is_the_game_of_its_short_form(gandsl: Gandsl, folder: Path) -> None:
    """To the bit, with a stop in between."""
    whole = trained(gandsl, folder, "short")
    trained(gandsl, folder, "own", "--minutes", 0)
    again = trained(gandsl, folder, "own", "--resume")
    assert whole.keys() == again.keys()
    different = [name for name in whole if not torch.equal(whole[name], again[name])]
    assert different in ([], ["guard/looks"])  # a loss alone says whether a logit has a meaning of its own
    grid = folder / "grid.png"
    assert (
        gandsl("sample", folder / "run_own", "--seeds", "0-3", "-o", grid).exit_code == 0 and grid.is_file()
    )


def test_what_cannot_be_trained_yet_is_told(gandsl: Gandsl, folder: Path) -> None:
    line = ("train", folder / "own.yaml", "--data", folder / "set", "-o", folder / "run", "--device", "cpu")
    done = gandsl(*line, "--compile")
    assert done.exit_code == 1 and "leave --compile out" in done.stderr
    spec = (folder / "own.yaml").read_text()
    before, judging = spec.split("\ndiscriminator:\n")
    body, rest = judging.split("\ntraining:\n")
    nested = "\n".join(f"  {line}" for line in body.splitlines())
    spec = f"{before}\nnetworks:\n  judge:\n{nested}\ntraining:\n{rest}"
    for place in ("network: ", "trains: ["):
        spec = spec.replace(f"{place}discriminator", f"{place}judge")
    (folder / "own.yaml").write_text(spec)
    done = gandsl(*line)
    assert done.exit_code == 1 and "no network called `discriminator`" in done.stderr, done.stderr
    assert not (folder / "run").exists()
