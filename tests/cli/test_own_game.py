"""A spec that holds its game in place of a loss trains, stops, goes on and samples like any other."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import Gandsl
from tests.cli.test_goes_on import images
from tests.cli.test_moved import OLD
from tests.runtime.helpers import assert_same


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


PAINTER = """\
gandsl: 1
name: painter
data: {image: "Image[3, 8]"}
networks:
  painter:
    inputs: {z: "Latent[8]"}
    body:
      start: {op: linear, features: 64}
      grid: {op: reshape, channels: 4, size: 4}
      up: {op: upsample, factor: 2}
      image: {op: conv, channels: 3, kernel: 3}
    outputs: {image: image}
  negative:
    inputs: {image: "Image[3, 8]"}
    body: {made: {op: conv, channels: 3, kernel: 3}}
    outputs: {made: {of: made, kind: Image}}
  critic:
    inputs: {image: "Image[3, 8]"}
    body: {head: {op: conv, channels: 1, kernel: 8, padding: 0}}
    outputs: {logit: {of: head, kind: Logits}}
game:
  body:
    z: {draw: painter.z}
    fake: {network: painter, z: z}
    back: {network: negative, image: image}
    real: {network: critic, image: image}
    said: {network: critic, image: fake}
    adversarial: {block: loss.hinge, real: real.logit, fake: said.logit}
    size: mean(abs(back))
    level: {state: Scalar, every: 2 steps, in: negative, next: "lerp(level, size, 0.1)"}
  players:
    critic: {trains: [critic], terms: {adversarial: adversarial.discriminator}}
    painter: {trains: [painter], terms: {adversarial: adversarial.generator}}
    negative:
      trains: [negative]
      terms: {away: mean((back + image) ** 2)}
      optimizer: {kind: sgd, lr: 0.01, momentum: 0.9}
  logs: {mean/level: level}
  shows: [image, back, fake]
  watches: {real: real.logit, fake: said.logit, samples: fake, items: image}
training:
  length: 12 steps
  batch: 4
  micro_batch: 2
  optimizer: {lr: 1e-3}
  averages: {negative: {half_life: 100 img}}
  cadence: {log: 2 steps, grid: 6 steps, checkpoint: 5 steps}
  guard: {samples: 8, warm_up: 4, window: 8, patience: 2}
"""


def test_networks_have_any_names(gandsl: Gandsl, folder: Path) -> None:
    """Three players, none of them called generator: trained, stopped, gone on with; grids, guard, the log."""
    (folder / "own.yaml").write_text(PAINTER)
    (folder / "other.yaml").write_text(PAINTER)
    whole = trained(gandsl, folder, "own")
    trained(gandsl, folder, "other", "--minutes", 0)
    again = trained(gandsl, folder, "other", "--resume")
    assert_same(whole, again)
    assert {"game/level", "average.negative/made.weight"} <= whole.keys()
    assert "optimizer.negative.negative/made.weight/momentum_buffer" in whole
    run = folder / "run_own"
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])
    rates = {name for name in last if name.startswith("lr/")}
    assert rates == {"lr/painter", "lr/critic", "lr/negative.negative"}
    assert {"guard/logits/gap", "guard/sigma/negative", "guard/diversity/all_pairs"} <= last.keys()
    grid, reals = (np.asarray(Image.open(run / "grids" / f"{name}.png")) for name in (f"{48:012d}", "reals"))
    width = reals.shape[1]
    assert grid.shape == (reals.shape[0], 3 * width, 3)  # items, those of the average, samples
    assert np.array_equal(grid[:, :width], reals)
    assert not np.array_equal(grid[:, width : 2 * width], grid[:, 2 * width :])
    line = ("sample", run, "-o", folder / "s.png")
    done = gandsl(*line)
    assert done.exit_code == 2 and "`painter`, `negative`, `critic`" in done.stderr


def test_what_is_not_watched_is_not_measured(gandsl: Gandsl, folder: Path) -> None:
    """Without samples no diversity, without a generator's logits no gap; without shows no grid."""
    spec = PAINTER.replace(
        "{real: real.logit, fake: said.logit, samples: fake, items: image}", "{items: image}"
    )
    (folder / "own.yaml").write_text(spec.replace("  shows: [image, back, fake]\n", ""))
    trained(gandsl, folder, "own")
    run = folder / "run_own"
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])
    guarded = {name.rpartition("/")[0] for name in last if name.startswith("guard/")}
    assert guarded == {"guard/sigma", "guard/gradient"}
    assert [path.name for path in (run / "grids").iterdir()] == ["reals.png"]
