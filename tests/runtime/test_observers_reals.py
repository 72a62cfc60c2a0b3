"""The grid of training images beside the grids of samples: which images, where, and when it is written."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.observers import Grids, standard
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import folder_of, pixels, plan, png
from tests.runtime.networks import ConvDiscriminator, ConvGenerator, seeded

SIDE = 8


def tiles(path) -> list[list[np.ndarray]]:
    """The images of a grid, by row and column."""
    whole = np.asarray(Image.open(path))
    rows = np.split(whole, whole.shape[0] // SIDE)
    return [np.split(row, row.shape[1] // SIDE, axis=1) for row in rows]


def run_of(tmp_path, data, classes: int = 0, seed: int = 0, length: str = "1 steps", **options) -> Trainer:
    networks = seeded(ConvGenerator, classes), seeded(ConvDiscriminator, classes)
    watching = [Grids(tmp_path / "grids")]
    run = nets.trainer_of(
        plan(length=length), networks, data=data, run_dir=tmp_path, seed=seed, observing=watching, **options
    )
    run.run()
    return run


def test_a_row_for_each_class_as_in_the_samples(tmp_path):
    """Each image once, of the row's class; a class with fewer leaves black places."""
    labels = np.repeat([0, 1, 2], [40, 4, 12])
    images = pixels(len(labels), (SIDE, SIDE)) | 1  # none is black
    run_of(tmp_path, Arrays(images, labels), classes=3)
    reals, samples = tmp_path / "grids" / "reals.png", tmp_path / "grids" / f"{0:012d}.png"
    assert Image.open(reals).size == Image.open(samples).size
    known = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    for label, row in enumerate(tiles(reals)):
        shown = [tile.tobytes() for tile in row if tile.any()]
        assert len(shown) == len(set(shown)) == min(10, np.count_nonzero(labels == label))
        assert {known[one] for one in shown} == {label}


def test_without_labels_and_by_the_seed(tmp_path):
    images = pixels(100, (SIDE, SIDE))
    grids = []
    for number, seed in enumerate((1, 1, 2)):
        run_of(tmp_path / str(number), Arrays(images), seed=seed)
        grids.append((tmp_path / str(number) / "grids" / "reals.png").read_bytes())
    assert grids[0] == grids[1] != grids[2]
    shown = [tile.tobytes() for row in tiles(tmp_path / "0/grids/reals.png") for tile in row]
    assert len(set(shown)) == 60 and set(shown) <= {image.tobytes() for image in images}


def test_a_resume_leaves_it_and_makes_it_anew_where_it_is_gone(tmp_path):
    data = Arrays(pixels(100, (SIDE, SIDE)))
    run_of(tmp_path, data)
    path = tmp_path / "grids" / "reals.png"
    before, made = path.read_bytes(), path.stat().st_mtime_ns
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    for kept in (True, False):
        if not kept:
            path.unlink()
        grids = Grids(tmp_path / "grids")
        more = plan(length="2 steps")
        again = nets.resumed(tmp_path, networks, plan=more, change=True, data=data, observing=[grids])
        again.run()
        assert path.read_bytes() == before and (path.stat().st_mtime_ns == made) is kept


def test_broken_images_are_left_out(tmp_path):
    """The run complains when it comes to them, which it may not."""
    files = {f"{i:03d}.png": png(image) for i, image in enumerate(pixels(70, (SIDE, SIDE)) | 1)}
    broken = dict.fromkeys([f"{i:03d}.png" for i in range(0, 70, 7)], b"x")
    where = folder_of(files | broken, tmp_path / "set")
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    the_plan = plan(length="1 steps", data={"broken": "skip"})
    nets.trainer_of(
        the_plan, networks, data=where, run_dir=tmp_path, observing=[Grids(tmp_path / "grids")]
    ).run()
    shown = [tile.tobytes() for row in tiles(tmp_path / "grids" / "reals.png") for tile in row]
    assert len(set(shown)) == 60 and all(any(tile) for tile in shown)


def test_only_the_first_process_writes(tmp_path):
    class Second(ProcessGroup):
        rank, size = 1, 2

    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    run = nets.trainer_of(
        plan(), networks, data=Arrays(pixels()), observing=standard(tmp_path / "run"), group=Second()
    )
    assert run.observers == ()


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_as_the_discriminator_sees_them(channels, tmp_path):
    """Cut, resized, brought to its channels."""
    some = {f"{i}.png": png(image) for i, image in enumerate(pixels(3, (16, 24), channels))}
    run = run_of(tmp_path, folder_of(some, tmp_path / "set"))
    seen = {run.data.image(i).tobytes() for i in range(3)}
    shown = [tile.tobytes() for row in tiles(tmp_path / "grids" / "reals.png") for tile in row]
    assert {one for one in shown if any(one)} == seen
