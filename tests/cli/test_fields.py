"""Translators and games of many fields (docs/data.md) from the command line: sets by name, stops, faults."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.runs import checkpoint
from tests.cli.conftest import Gandsl
from tests.documents import ROOT
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
MENDED = """\
gandsl: 1
name: mended
DATA
networks:
  mender:
    inputs: {low: "Image[3, 8]"}
    body: {up: {op: upsample, factor: 4}, image: {op: conv, channels: 3}}
    outputs: {image: {of: image, kind: Image}}
  judge: {inputs: {image: "Image[3, 32]"}, body: {logit: {op: conv, channels: 1}}}
game:
  body:
    fake: {network: mender, low: low}
    real: {network: judge, image: image}
    said: {network: judge, image: fake}
    adversarial: {block: loss.bce, real: real, fake: said}
  players:
    judge: {trains: [judge], terms: {adversarial: adversarial.discriminator}}
    mender: {trains: [mender], terms: {adversarial: adversarial.generator, near: mean(abs(fake - image))}}
  shows: [low, fake, image]
training:
  length: 4 steps
  batch: 3
  data: {flip: true}
  optimizer: {kind: adam, lr: 2e-4}
  cadence: {log: 1 steps, grid: 2 steps, checkpoint: 2 steps}
"""
RECIPE = next(
    block
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs/data.md").read_text("utf-8"), re.S)
    if "steps:" in block
)
MENDED = MENDED.replace("DATA\n", RECIPE.replace("256]", "32]").replace("64]", "8]"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The specs; pairs, two sets of photos of other sizes, and all kinds of fields."""
    for name, text in {
        "pairs": TRANSLATOR,
        "cycle": CYCLE,
        "everything": EVERYTHING,
        "mended": MENDED,
    }.items():
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
    "mended": ["--data", "{folder}/a"],
}


def trained(gandsl: Gandsl, folder: Path, spec: str, run: str, *more: object) -> dict[str, torch.Tensor]:
    data = [one.format(folder=folder) for one in DATA[spec]]
    line = ("train", folder / f"{spec}.yaml", *data, "-o", folder / run, "--device", "cpu", *more)
    done = gandsl(*line)
    assert done.exit_code == 0, done.output
    return checkpoint.newest(folder / run / "checkpoints")[1]


@pytest.mark.parametrize(
    "spec",
    [
        "pairs",
        "cycle",
        *(pytest.param(spec, marks=pytest.mark.thorough) for spec in ("everything", "mended")),
    ],
)
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


# ---- inspect and pack


def test_fields_are_looked_at(gandsl: Gandsl, folder: Path) -> None:
    """Kinds, shapes, values, and each field of an item that can't be read; of several sets the one named."""
    line = ("data", "inspect", f"a={folder}/many", "--spec", folder / "everything.yaml", "--workers", 0)
    done = gandsl(*line)
    assert done.exit_code == 0 and "map         Classes[9, 4, 6], 0 to 8" in done.stdout, done.output
    (folder / "many" / "map" / "002.png").write_bytes(b"no image")
    done = gandsl(*line, "--format", "json")
    body = json.loads(done.stdout)
    assert done.exit_code == 3 and body["gandsl"] == "data-fields/1" and body["items"] == 7
    assert body["broken"] == [
        {"item": "002", "field": "map", "reason": "it is no image, or is cut short at its start"}
    ]
    assert body["fields"]["mask"] == {"kind": "Mask", "shape": [1, 4, 6], "least": 0.0, "most": 1.0}
    done = gandsl("data", "inspect", folder / "many", "--spec", folder / "everything.yaml")
    assert done.exit_code == 2 and "say which" in " ".join(done.output.split())


def test_a_pack_of_fields_trains_as_the_originals_do(gandsl: Gandsl, folder: Path) -> None:
    """To the bit; the same bytes with any number of processes; a spec that reads them otherwise refuses."""
    spec = folder / "everything.yaml"
    whole = trained(gandsl, folder, "everything", "run", "--set", "training.length=2 steps")
    packed = []
    for name, where, workers in (("a", "many", 0), ("b", "many.zip", 2), ("b2", "many", 0)):
        to = folder / f"packed_{name}"
        given = ("data", "pack", f"{name[0]}={folder}/{where}", "-o", to, "--spec", spec)
        done = gandsl(*given, "--workers", workers)
        assert done.exit_code == 0, done.output
        packed.append(to)
    assert np.load(packed[0] / "map.npy").shape == (7, 4, 6)
    for path in packed[1].iterdir():
        assert path.read_bytes() == (packed[2] / path.name).read_bytes(), path.name
    data = ("--data", f"a={packed[0]}", "--data", f"b={packed[1]}")
    changed = ("--set", "training.length=2 steps", "--device", "cpu")
    done = gandsl("train", spec, *data, "-o", folder / "again", *changed)
    assert done.exit_code == 0, done.output
    assert_same(whole, checkpoint.newest(folder / "again" / "checkpoints")[1])
    spec.write_text(EVERYTHING.replace("range: [0, 4095]", "range: [0, 1000]"))
    done = gandsl("train", spec, *data, "-o", folder / "other")
    said = " ".join(done.output.split())
    assert done.exit_code == 3 and "was packed as Image[1, 4, 6] of the range [0.0, 4095.0]" in said, said
    (packed[1] / "deep.npy").write_bytes((packed[1] / "deep.npy").read_bytes()[:200])
    spec.write_text(EVERYTHING)
    done = gandsl("train", spec, *data, "-o", folder / "other")
    assert done.exit_code == 3 and "deep.npy is not as `gandsl data pack`" in done.output, done.output


def test_a_set_is_looked_at_and_packed_without_what_is_computed(gandsl: Gandsl, folder: Path) -> None:
    """Training on the pack equals training on the originals, to the bit."""
    spec = folder / "mended.yaml"
    done = gandsl("data", "inspect", folder / "a", "--spec", spec, "--workers", 0)
    assert done.exit_code == 0 and "image" in done.stdout and "low" not in done.stdout, done.output
    done = gandsl("data", "pack", folder / "a", "-o", folder / "packed", "--spec", spec, "--workers", 0)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (folder / "packed").iterdir()) == ["gandsl-pack.json", "image.npy"]
    changed = ("--set", "training.length=2 steps")
    whole = trained(gandsl, folder, "mended", "run", *changed)
    line = ("train", spec, "--data", folder / "packed", "-o", folder / "again", *changed, "--device", "cpu")
    done = gandsl(*line)
    assert done.exit_code == 0, done.output
    assert_same(whole, checkpoint.newest(folder / "again" / "checkpoints")[1])


def test_a_pack_leaves_broken_items_out_only_if_it_is_to(gandsl: Gandsl, folder: Path) -> None:
    (folder / "pairs" / "edges" / "1.png").write_bytes(b"")
    line = ("data", "pack", folder / "pairs", "-o", folder / "packed", "--spec", folder / "pairs.yaml")
    done = gandsl(*line)
    assert done.exit_code == 3 and "can't read 1: " in done.output and not (folder / "packed").exists()
    done = gandsl(*line, "--skip-broken")
    assert done.exit_code == 0 and "4 items, 1 skipped, fields edges, image" in done.output, done.output


@pytest.mark.parametrize(
    ("more", "said"), [((), "--size 64"), (("--spec", "plain.yaml"), "leave --spec out"), (("--size", 8), "")]
)
def test_a_pack_is_of_a_size_or_for_a_spec(
    more: tuple[object, ...], said: str, gandsl: Gandsl, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    (folder / "plain.yaml").write_text(CYCLE)
    where = "a=a" if "--spec" in more else "a"
    done = gandsl("data", "pack", where, "-o", "packed" if "--spec" in more else "packed.zip", *more)
    assert done.exit_code == (2 if said else 0) and said in " ".join(done.output.split()), done.output
