"""Checkpoint files: whole or not there, whatever happens while they are written."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import torch
from torch import nn

from gandsl_runtime.errors import CheckpointError, OutOfSpace
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.record import recorded
from gandsl_runtime.runs.run_dir import RunDir
from tests.runtime import nets
from tests.runtime.helpers import arrays, assert_same, plan
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

ROOT = Path(__file__).resolve().parents[2]


def trained(run_dir, **changes):
    trainer = nets.trainer_of(
        plan(**changes), (seeded(ConvGenerator), seeded(ConvDiscriminator)), data=arrays(), run_dir=run_dir
    )
    trainer.run()
    return trainer


IMPORTED = {
    "imported": {
        "layout": "of others",
        "sources": {"a.pt": "1" * 64},
        "spec": {"name": "x", "file": "x.yaml", "sha256": "2" * 64},
        "overrides": ["a=1"],
    }
}


def test_there_and_back(tmp_path):
    tensors = {
        "a": torch.randn(3, 4).T,  # not contiguous
        "b": torch.tensor(5),
        "c": torch.ones(2, dtype=torch.bool),
        "d": torch.randn(2, dtype=torch.float64),
        "e": torch.empty(0),
    }
    tied = torch.randn(5)
    tensors |= {"tied": tied, "tied_too": tied, "part": tied[1:3]}
    checkpoint.write(tmp_path / "x.safetensors", tensors, IMPORTED)
    read, facts = checkpoint.read(tmp_path / "x.safetensors")
    assert_same(read, tensors)
    assert facts.model_dump(mode="json", exclude_unset=True) == IMPORTED
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]


def test_only_the_newest_are_kept(tmp_path):
    trained(tmp_path)  # checkpoints after 5, 10 and 12 steps of 4 images, two kept
    assert [path.stem for path in checkpoint.found_in(tmp_path / "checkpoints")] == [
        "000000000048",
        "000000000040",
    ]


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "cut":
        path.write_bytes(content[: len(content) // 2])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "bit":
        path.write_bytes(content[:-3] + bytes([content[-3] ^ 4]) + content[-2:])
    elif how == "header":
        path.write_bytes(content[:8] + b"#" + content[9:])
    elif how == "facts":
        assert content.count(b'\\"seed\\": 0') == 1
        path.write_bytes(content.replace(b'\\"seed\\": 0', b'\\"seed\\": 1'))
    elif how == "noise":
        path.write_bytes(bytes(range(256)) * 40)


@pytest.mark.parametrize("how", ["cut", "empty", "bit", "header", "facts", "noise"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(how, tmp_path):
    trained(tmp_path)
    newest, before = checkpoint.found_in(tmp_path / "checkpoints")
    damage(newest, how)
    with pytest.raises(CheckpointError, match=newest.name):
        checkpoint.read(newest)
    said = []
    trainer = nets.resumed(
        tmp_path,
        (seeded(ConvGenerator), seeded(ConvDiscriminator)),
        data=arrays(),
        observing=[_Listener(said)],
    )
    assert trainer.state.clock.images == int(before.stem)
    assert len(said) == 1 and newest.name in said[0] and before.name in said[0]
    trainer.step()
    trainer.save()  # at another moment than the damaged one: the good one stays, the damaged one goes
    assert [int(path.stem) for path in checkpoint.found_in(tmp_path / "checkpoints")] == [44, 40]
    newest, before = checkpoint.found_in(tmp_path / "checkpoints")
    damage(newest, how)
    damage(before, how)
    with pytest.raises(CheckpointError, match="no whole checkpoint") as caught:
        checkpoint.newest(tmp_path / "checkpoints")
    assert newest.name in caught.value.message and before.name in caught.value.message


class _Listener:
    def __init__(self, said):
        self.warn = said.append

    def saving(self, run):
        pass


def test_another_format_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", 99)
    checkpoint.write(tmp_path / "x.safetensors", {"a": torch.ones(1)}, {})
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="format 99, this version reads 2"):
        checkpoint.read(tmp_path / "x.safetensors")


def test_a_newer_format_is_not_passed_over(tmp_path, monkeypatch):
    """Else an old version would resume from before it, and write over what the new one trained."""
    checkpoint.write(tmp_path / "1.safetensors", {"a": torch.ones(1)}, {})
    monkeypatch.setattr(checkpoint, "FORMAT", 99)
    checkpoint.write(tmp_path / "2.safetensors", {"a": torch.ones(1)}, {})
    monkeypatch.undo()
    with pytest.raises(CheckpointError, match="format 99"):
        checkpoint.newest(tmp_path)


@pytest.mark.parametrize("words", ["No space left on device (os error 28)", "File too large (os error 27)"])
def test_what_safetensors_says_of_a_full_disk(words, tmp_path, monkeypatch):
    def fail(tensors, path, metadata):
        Path(path).write_bytes(b"half")
        raise checkpoint.SafetensorError(f"Error while serializing: I/O error: {words}")

    monkeypatch.setattr(checkpoint, "save_file", fail)
    with pytest.raises(OutOfSpace):
        checkpoint.write(tmp_path / "x.safetensors", {"a": torch.ones(1)}, {})
    assert not list(tmp_path.iterdir())


def test_weights_for_sampling(tmp_path):
    trainer = trained(tmp_path)
    generator = seeded(ConvGenerator, seed=9)
    facts = checkpoint.load_weights(tmp_path, generator)
    assert_same(generator.state_dict(), trainer.state.game.averages["generator"].state_dict())
    assert facts.plan.batch == 4 and facts.counters.images == 48
    newest = checkpoint.found_in(tmp_path / "checkpoints")[0]
    checkpoint.load_weights(newest, generator, "generator")
    assert_same(generator.state_dict(), trainer.state.networks["generator"].state_dict())
    with pytest.raises(
        CheckpointError, match=r"`average` don't fit: 1 unknown .*1 of another shape .conv.bias|`average`"
    ):
        checkpoint.load_weights(tmp_path, ConvGenerator(channels=3))


def test_plain_safetensors_of_others_are_no_checkpoints(tmp_path):
    from safetensors.torch import save_file

    save_file(nn.Linear(2, 2).state_dict(), tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="format unknown"):
        checkpoint.read(tmp_path / "other.safetensors")


def test_what_a_run_folder_holds(tmp_path):
    trained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        ".lock",
        "checkpoints",
        "grids",
        "log.jsonl",
        "plan.json",
        "run.json",
    }
    facts = json.loads((tmp_path / "run.json").read_text())
    assert facts["seed"] == 0 and facts["data"]["where"] == "arrays" and facts["data"]["images"] == 21
    _, _, saved, _ = checkpoint.newest(tmp_path / "checkpoints")
    assert (
        len(facts["run"]) == 32
        and facts["run"] == saved.run
        and saved.data == recorded(tmp_path / "run.json").data
    )
    (session,) = facts["sessions"]
    assert session["packages"]["torch"] == torch.__version__
    assert session["machine"]["device"] == "cpu" and session["machine"]["cpus"] == os.cpu_count()
    assert session["images"] == 0 and session["processes"] == 1
    commit = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "HEAD"], capture_output=True, text=True, check=False
    )
    if commit.returncode == 0:
        assert session["code"]["commit"] == commit.stdout.strip()


def test_each_session_is_told_of(tmp_path):
    trained(tmp_path)
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    where = RunDir(tmp_path, "name: x\n")
    trainer = nets.resumed(where, networks, plan=plan(length="14 steps"), data=arrays(), change=True)
    trainer.run()
    sessions = json.loads((tmp_path / "run.json").read_text())["sessions"]
    assert [session["images"] for session in sessions] == [0, 48]
    assert (tmp_path / "spec.yaml").read_text() == "name: x\n"
    assert json.loads((tmp_path / "plan.json").read_text())["length"] == "14 steps"
