"""Translators and games of many fields train from the command line: sets by name, stops, resumes, faults."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import Gandsl
from tests.runtime.fielded import EVERYTHING, everything, files
from tests.runtime.helpers import assert_same, folder_of, zip_of

TRANSLATOR = """\
gandsl: 1
name: pix2pix
data: {edges: "Image[1, 8]", image: "Image[3, 8]"}
networks:
  painter:
    inputs: {edges: "Image[1, 8]"}
    body: {c: {op: conv, channels: 8}, a: {op: relu}, image: {op: conv, channels: 3}}
    outputs: {image: {of: image, kind: Image}}
  judge:
    inputs: {image: "Image[3, 8]", edges: "Image[1, 8]"}
    body: {pair: {op: concat, terms: [image, edges]}, logit: {op: conv, channels: 1}}
game:
  body:
    fake: {network: painter, edges: edges}
    real: {network: judge, image: image, edges: edges}
    said: {network: judge, image: fake, edges: edges}
    adversarial: {block: loss.bce, real: real, fake: said}
  players:
    judge: {trains: [judge], terms: {adversarial: adversarial.discriminator}}
    painter:
      trains: [painter]
      terms: {adversarial: adversarial.generator, near: {block: distance.l1, a: fake, b: image, weight: 100}}
  shows: [edges, fake, image]
training:
  length: 4 steps
  batch: 2
  data: {flip: true}
  optimizer: {kind: adam, lr: 2e-4, betas: [0.5, 0.999]}
  cadence: {log: 1 steps, grid: 2 steps, checkpoint: 2 steps}
"""
CYCLE = """\
gandsl: 1
name: cyclegan
data:
  a: {type: "Image[3, 8]", set: a}
  b: {type: "Image[3, 8]", set: b}
networks:
  to_b:
    inputs: {x: "Image[3, 8]"}
    body: {image: {op: conv, channels: 3}}
    outputs: {image: {of: image, kind: Image}}
  to_a: {like: to_b}
  judge_b: {inputs: {image: "Image[3, 8]"}, body: {logit: {op: conv, channels: 1}}}
  judge_a: {like: judge_b}
game:
  fresh: step
  order: [[translators, judges]]
  body:
    fake_b: {network: to_b, x: a}
    fake_a: {network: to_a, x: b}
    again_a: {network: to_a, x: fake_b}
    again_b: {network: to_b, x: fake_a}
    real_b: {network: judge_b, image: b}
    said_b: {network: judge_b, image: fake_b}
    real_a: {network: judge_a, image: a}
    said_a: {network: judge_a, image: fake_a}
    judged_b: {block: loss.least_squares, real: real_b, fake: said_b}
    judged_a: {block: loss.least_squares, real: real_a, fake: said_a}
  players:
    translators:
      trains: [to_a, to_b]
      terms:
        adversarial_b: judged_b.generator
        adversarial_a: judged_a.generator
        cycle_a: {block: distance.l1, a: again_a, b: a, weight: 10}
        cycle_b: {block: distance.l1, a: again_b, b: b, weight: 10}
    judges:
      trains: [judge_a, judge_b]
      terms: {b: judged_b.discriminator, a: judged_a.discriminator}
  shows: [a, fake_b, again_a, b, fake_a, again_b]
training:
  length: 4 steps
  batch: 2
  optimizer: {kind: adam, lr: 2e-4, betas: [0.5, 0.999]}
  cadence: {log: 1 steps, grid: 2 steps, checkpoint: 2 steps}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The specs; pairs, two sets of photos of other sizes, and all kinds of fields."""
    for name, text in {"pairs": TRANSLATOR, "cycle": CYCLE, "everything": EVERYTHING}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    rng = np.random.default_rng(0)
    for name, channels, count in (("pairs/image", 3, 5), ("pairs/edges", 1, 5), ("a", 3, 5), ("b", 3, 7)):
        (tmp_path / name).mkdir(parents=True)
        for place in range(count):
            pixels = rng.integers(0, 256, (9, 12, channels), dtype=np.uint8).squeeze()
            Image.fromarray(pixels).save(tmp_path / name / f"{place}.png")
    folder_of(files("folders"), tmp_path / "many")
    zip_of(files("suffixes"), tmp_path / "many.zip")
    for name, arrays in everything().items():
        np.savez(tmp_path / f"{name}.npz", **arrays)
    return tmp_path


DATA = {
    "pairs": ["--data", "{folder}/pairs"],
    "cycle": ["--data", "a={folder}/a", "--data", "b={folder}/b"],
    "everything": ["--data", "a={folder}/many", "--data", "b={folder}/many.zip"],
}


def trained(gandsl: Gandsl, folder: Path, spec: str, run: str, *more: object) -> dict[str, torch.Tensor]:
    data = [one.format(folder=folder) for one in DATA[spec]]
    line = ("train", folder / f"{spec}.yaml", *data, "-o", folder / run, "--device", "cpu", *more)
    done = gandsl(*line)
    assert done.exit_code == 0, done.output
    return checkpoint.newest(folder / run / "checkpoints")[1]


@pytest.mark.parametrize("spec", DATA)
def test_a_game_of_fields_stops_and_goes_on_to_the_bit(spec: str, gandsl: Gandsl, folder: Path) -> None:
    """Where the sets are is in the run: it goes on by itself, and in the middle of an epoch of each set."""
    whole = trained(gandsl, folder, spec, "whole", "--seed", 3)
    trained(gandsl, folder, spec, "parts", "--seed", 3, "--minutes", 0)
    done = gandsl("train", folder / "parts")
    assert done.exit_code == 0, done.output
    again = checkpoint.newest(folder / "parts" / "checkpoints")[1]
    assert_same(whole, again)
    grids = sorted(path.name for path in (folder / "whole" / "grids").iterdir())
    assert grids == sorted(path.name for path in (folder / "parts" / "grids").iterdir())
    for name in grids:
        both = [(folder / run / "grids" / name).read_bytes() for run in ("whole", "parts")]
        assert both[0] == both[1], name


def test_other_sets_are_told_apart(gandsl: Gandsl, folder: Path) -> None:
    """Exchanged, another, or one too few: by name of the set, and nothing is lost."""
    trained(gandsl, folder, "cycle", "run", "--minutes", 0)
    done = gandsl("train", folder / "run", "--data", f"a={folder}/a", "--data", f"b={folder}/a")
    assert done.exit_code == 4 and "~ images: 7 → 5 of set `b`" in done.output, done.output
    facts = json.loads((folder / "run" / "run.json").read_text())["data"]
    assert (facts["set"], facts["images"]) == ("a", 5)
    assert [(one["set"], one["images"]) for one in facts["others"]] == [("b", 7)]


@pytest.mark.parametrize(
    ("data", "code", "said"),
    [
        (["{folder}/a"], 3, "--data a=WHERE --data b=WHERE"),
        (["a={folder}/a"], 3, "--data b=WHERE"),
        (["a={folder}/a", "c={folder}/b"], 3, "the game has no set `c`: its sets are a, b"),
        (["a={folder}/a", "{folder}/b"], 2, "does not say which it is"),
        (["a={folder}/a", "a={folder}/b"], 2, "given twice"),
        (["a={folder}/a", "b={folder}/none"], 3, "it does not exist"),
    ],
)
def test_sets_that_are_not_named_as_the_game_has_them(
    data: list[str], code: int, said: str, gandsl: Gandsl, folder: Path
) -> None:
    given = [part for one in data for part in ("--data", one.format(folder=folder))]
    done = gandsl("train", folder / "cycle.yaml", *given, "-o", folder / "run")
    assert done.exit_code == code and said in " ".join(done.output.split()), done.output
    assert not (folder / "run").exists()


def test_a_plain_game_takes_a_path_with_a_sign_of_equality(gandsl: Gandsl, folder: Path) -> None:
    (folder / "pairs").rename(folder / "of=pairs")
    line = ("train", folder / "pairs.yaml", "--data", f"{folder}/of=pairs", "-o", folder / "run")
    assert gandsl(*line, "--minutes", 0, "--device", "cpu").exit_code == 0


def test_a_broken_field_ends_the_run_by_name_and_it_goes_on_when_mended(gandsl: Gandsl, folder: Path) -> None:
    spoiled = folder / "pairs" / "edges" / "3.png"
    good = spoiled.read_bytes()
    spoiled.write_bytes(good[:20])
    line = (
        "train",
        folder / "pairs.yaml",
        "--data",
        folder / "pairs",
        "-o",
        folder / "run",
        "--device",
        "cpu",
    )
    done = gandsl(*line)
    assert done.exit_code == 3 and "can't read edges/3.png of" in done.output, done.output
    spoiled.write_bytes(good)
    assert gandsl(*line, "--continue").exit_code == 0
