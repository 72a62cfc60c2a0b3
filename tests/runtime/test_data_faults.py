"""What the data can do to a run: each fault ends it, with a whole checkpoint, or is gone round."""

from __future__ import annotations

import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.dataset import IN_A_ROW
from gandsl_runtime.data.stream import WARNINGS
from gandsl_runtime.errors import DataError
from gandsl_runtime.observers import Observer
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import assert_same, folder_of, labels_json, pixels, plan, png, zip_of
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

FILES = {f"{i:02d}.png": png(image) for i, image in enumerate(pixels())}
SKIP = {"data": {"flip": True, "broken": "skip"}}


class Ear(Observer):
    """Hears warnings, and does something after a step."""

    def __init__(self, steps: int = 0, act=lambda: None) -> None:
        self.heard: list[str] = []
        self.steps, self.act = steps, act

    def warn(self, message: str) -> None:
        self.heard.append(message)

    def after(self, step, run) -> None:
        if run.state.clock.steps == self.steps:
            self.act()


def trainer(
    images: Path, run_dir: Path | None, ear: Ear, workers: int = 0, classes: int = 0, **changes
) -> Trainer:
    changes = {"cadence": {"checkpoint": "3 steps", "log": "2 steps"}} | changes
    networks = seeded(ConvGenerator, classes), seeded(ConvDiscriminator, classes)
    return nets.trainer_of(
        plan(**changes),
        networks,
        data=images,
        run_dir=run_dir,
        machine=MachineOptions(workers=workers),
        observing=[ear],
    )


# ---- the run ends ----------


@pytest.mark.parametrize("workers", [0, 2])
def test_a_folder_that_vanishes_under_a_run(workers, tmp_path):
    """The last checkpoint is whole, and once the data is back the run ends as if nothing had been."""
    where, aside = folder_of(FILES, tmp_path / "set"), tmp_path / "aside"
    undisturbed = trainer(where, None, Ear())
    undisturbed.run()

    run = trainer(where, tmp_path / "run", Ear(4, lambda: where.rename(aside)), workers)
    with pytest.raises(DataError, match="no such file or directory") as caught:
        run.run()
    assert caught.value.exit_code == 3
    saved = checkpoint.found_in(tmp_path / "run" / "checkpoints")
    assert saved and all(checkpoint.read(path) for path in saved)

    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    with pytest.raises(DataError, match="does not exist"):
        nets.resumed(tmp_path / "run", networks)
    aside.rename(where)
    again = nets.resumed(tmp_path / "run", networks, machine=MachineOptions(workers=workers))
    again.run()
    assert_same(again.state.tensors(), undisturbed.state.tensors())


@pytest.mark.parametrize("workers", [0, 2])
def test_a_zip_that_vanishes_under_a_run_is_still_open(workers, tmp_path):
    where = zip_of(FILES, tmp_path / "set.zip")
    undisturbed = trainer(where, None, Ear())
    undisturbed.run()
    run = trainer(where, tmp_path / "run", Ear(4, where.unlink), workers)
    run.run()
    assert_same(run.state.tensors(), undisturbed.state.tensors())


def test_a_vanished_set_is_not_taken_for_broken_images(tmp_path):
    """With `skip`, a hundred in a row are no damage any more."""
    where = folder_of({f"{i:04d}.png": b"" for i in range(IN_A_ROW + 5)}, tmp_path / "set")
    run = trainer(where, tmp_path / "run", Ear(), **SKIP)
    with pytest.raises(DataError, match=rf"nor can the {IN_A_ROW - 1} images after it") as caught:
        run.run()
    assert "still there" in caught.value.remedy
    where = folder_of(FILES, tmp_path / "small")
    run = trainer(where, tmp_path / "again", Ear(4, lambda: shutil.rmtree(where)), **SKIP)
    with pytest.raises(DataError, match="nor can the 20 images after it"):
        run.run()
    assert [path.stem for path in checkpoint.found_in(tmp_path / "again" / "checkpoints")] == ["000000000012"]


def test_sets_that_training_refuses_at_its_start(tmp_path):
    empty = folder_of({"readme.txt": b""}, tmp_path / "empty")
    with pytest.raises(DataError, match="no images in"):
        trainer(empty, tmp_path / "run", Ear())
    labels = labels_json([[name, 3 if name == "07.png" else 0] for name in FILES])
    beyond = folder_of(FILES | {"labels.json": labels}, tmp_path / "beyond")
    with pytest.raises(DataError, match=r"labels 07.png as class 3, .* classes 0 to 2"):
        trainer(beyond, tmp_path / "run", Ear(), classes=3)
    assert not (tmp_path / "run").exists()


# ---- the run goes on ----------


def standing_in(broken: set[int]) -> dict[str, bytes]:
    """What `skip` promises: the set in which each broken image is a copy of the next whole one."""
    names = list(FILES)
    found = dict(FILES)
    for i in broken:
        place = i
        while place in broken:
            place = (place + 1) % len(names)
        found[names[i]] = FILES[names[place]]
    return found


BROKEN = {3, 4, 5, 11, 20}  # three in a row, and the last, whose next is the first


def damaged(path: Path, files: dict[str, bytes]) -> Path:
    return folder_of(files | {f"{i:02d}.png": b"x" for i in BROKEN}, path)


@pytest.mark.parametrize("workers", [0, 2])
def test_skipped_images_change_nothing_else(workers, tmp_path):
    """Equal, to the bit, to training on the set with the stand-ins; interrupted and resumed too."""
    labels = {name: i % 3 for i, name in enumerate(FILES)}
    names = list(FILES)
    for i in BROKEN:  # a stand-in brings its own label
        labels[names[i]] = next((j % len(names)) % 3 for j in range(i, 99) if j % len(names) not in BROKEN)
    stand_ins = standing_in(BROKEN) | {"labels.json": labels_json(labels)}
    truth = Stream(open_dataset(folder_of(stand_ins, tmp_path / "truth"), (1, 8, 8), 3), 1, True).take(60)

    own = {"labels.json": labels_json({name: i % 3 for i, name in enumerate(FILES)})}
    ear = Ear()
    data = replace(open_dataset(damaged(tmp_path / "set", FILES | own), (1, 8, 8), 3), broken="skip")
    stream = Stream(data, 1, True, workers, position=7, warn=ear.warn)
    taken = [stream.take(n) for n in (5, 5, 6, 30)]
    stream.close()
    assert torch.equal(torch.cat([batch.images for batch in taken]), truth.images[7:53])
    assert torch.equal(torch.cat([batch.labels for batch in taken]), truth.labels[7:53])
    assert len(ear.heard) == len(set(ear.heard)) == len(BROKEN)
    assert all("the next image takes its place" in words for words in ear.heard)


def test_a_run_goes_on_and_resumes_around_broken_images(tmp_path):
    truth = trainer(folder_of(standing_in(BROKEN), tmp_path / "truth"), None, Ear())
    truth.run()

    def pulled() -> None:
        raise RuntimeError("the plug")

    run = trainer(damaged(tmp_path / "set", FILES), tmp_path / "run", Ear(5, pulled), **SKIP)
    with pytest.raises(RuntimeError, match="the plug"):
        run.run()
    ear = Ear()
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    again = nets.resumed(tmp_path / "run", networks, machine=MachineOptions(workers=1), observing=[ear])
    again.run()
    assert again.state.clock.steps == 12 and ear.heard
    ours, theirs = again.state.tensors(), truth.state.tensors()
    for tensors in (ours, theirs):  # the guard looks at real images too, and leaves broken ones out
        tensors.pop("guard/looks", None)
    assert_same(ours, theirs)


def test_it_warns_of_a_few_by_name(tmp_path):
    names = [f"{i:02d}.png" for i in range(2 * WARNINGS)]
    where = folder_of({name: b"" for name in names} | {"x.png": FILES["00.png"]}, tmp_path / "set")
    data = replace(open_dataset(where, (1, 8, 8)), broken="skip")
    ear = Ear()
    Stream(data, 0, warn=ear.warn).take(50)
    assert len(ear.heard) == WARNINGS + 1 and "gandsl data inspect" in ear.heard[-1]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        Stream(data, 0).take(1)  # nobody listens: Python's own warnings
    assert "can't read" in str(caught[0].message)
