"""Features that are kept: by what is in the images, whole, by one process at a time."""

from __future__ import annotations

import errno
import os
import resource
import signal
import tarfile
import time
import zipfile
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.data import open_dataset
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.errors import OutOfSpace
from gandsl_runtime.evaluation import cached
from gandsl_runtime.evaluation.cached import FeatureCache
from gandsl_runtime.evaluation.extractors import Extracted, ExtractorFacts
from gandsl_runtime.evaluation.features import FeatureSet, features_of
from gandsl_runtime.evaluation.pieces import MOST
from gandsl_runtime.evaluation.sources import ImageArray, ImageSet, Prepared, first, open_images


class Counted:
    """A mean of each channel, and a note of each batch it is shown."""

    device = torch.device("cpu")

    def __init__(self, note: Path, seconds: float = 0.0, weights: str = "0", filter: str = "inside") -> None:
        self.facts = ExtractorFacts("counted", weights * 64, None, filter, 3, 2)
        self.note, self._seconds = note, seconds
        note.touch()

    @property
    def calls(self) -> int:
        return len(self.note.read_text())

    def __call__(self, images: torch.Tensor) -> Extracted:
        with self.note.open("a") as file:
            file.write("x")
        time.sleep(self._seconds)
        means = images.float().mean((2, 3))
        return Extracted(means, means[:, :2] / 2)


CALLS = MOST // 32  # a piece


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    return Counted(tmp_path / "calls")


def pixels(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 3, 6, 6), dtype=np.uint8)


def taken(extractor: Counted, images: ImageSet | np.ndarray, folder: Path) -> FeatureSet:
    given = ImageArray(images) if isinstance(images, np.ndarray) else images
    found = features_of(extractor, given, cache=FeatureCache(extractor, folder))
    assert found.logits is not None
    return found


def assert_same(a: FeatureSet, b: FeatureSet) -> None:
    np.testing.assert_array_equal(a.features, b.features)
    assert a.logits is not None and b.logits is not None
    np.testing.assert_array_equal(a.logits, b.logits)
    assert a.content == b.content


def test_what_was_made_is_not_made_again(counted: Counted, folder: Path) -> None:
    images = pixels(2 * MOST + 10)
    once = taken(counted, images, folder)
    assert counted.calls == 2 * CALLS + 1
    np.testing.assert_allclose(once.features, images.mean((2, 3)), rtol=1e-6)
    assert_same(once, taken(counted, images.copy(), folder))
    assert counted.calls == 2 * CALLS + 1
    taken(counted, first(ImageArray(images), 2 * MOST), folder)
    assert counted.calls == 2 * CALLS + 1, "pieces are kept by what is in them"


def test_other_pixels_are_others(counted: Counted, folder: Path) -> None:
    images = pixels(MOST + 5)
    taken(counted, images, folder)
    images[3, 1, 2, 2] ^= 1
    found = taken(counted, images, folder)
    assert counted.calls == 2 * CALLS + 1, "the first piece anew, the second as it was"
    np.testing.assert_allclose(found.features, images.mean((2, 3)), rtol=1e-6)


@pytest.mark.parametrize("change", [{"weights": "1"}, {"filter": "bicubic"}])
def test_another_extractor_has_features_of_its_own(
    change: dict[str, str], tmp_path: Path, folder: Path
) -> None:
    images = pixels(5)
    taken(Counted(tmp_path / "a"), images, folder)
    other = Counted(tmp_path / "b", **change)  # type: ignore[arg-type]
    taken(other, images, folder)
    assert other.calls == 1


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.npz"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other"])
def test_a_damaged_piece_is_made_again(damage: str, counted: Counted, folder: Path, tmp_path: Path) -> None:
    images = pixels(2 * MOST)
    once = taken(counted, images, folder)
    path = files(folder)[0]
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 4
    path.write_bytes(
        {
            "cut": whole[: len(whole) // 2],
            "flipped": bytes(flipped),
            "empty": b"",
            "other": _npz(features=np.zeros((MOST, 2), np.float32), logits=np.zeros((MOST, 2), np.float32)),
        }[damage]
    )
    assert_same(once, taken(counted, images, folder))
    assert counted.calls == 3 * CALLS
    assert path.read_bytes() == whole, "and is whole again"


def _npz(**arrays: np.ndarray) -> bytes:
    from io import BytesIO

    file = BytesIO()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file.getvalue()


def saved(images: np.ndarray, folder: Path) -> Path:
    """A folder of PNGs that are an hour old."""
    folder.mkdir(parents=True)
    for number, image in enumerate(images):
        path = folder / f"{number:04d}.png"
        Image.fromarray(image.transpose(1, 2, 0)).save(path)
        os.utime(path, (time.time() - 3600,) * 2)
    return folder


def held(kind: str, images: np.ndarray, folder: Path) -> Path:
    """The images in a source of a kind, whose files are an hour old."""
    where = saved(images, folder / "images")
    if kind == "zip":
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            for path in sorted(where.iterdir()):
                archive.write(path, path.name)
        where = folder / "a.zip"
    elif kind == "shards":
        with tarfile.open(folder / "a.tar", "w") as archive:
            for path in sorted(where.iterdir()):
                archive.add(path, path.name)
        where = folder / "a.tar"
    elif kind == "pack":
        pack(open_source(where), folder / "packed", Recipe((6, 6), format="npy"))
        where = folder / "packed"
    for path in (where, *where.glob("*")):
        os.utime(path, (time.time() - 3600,) * 2)
    return where


@pytest.mark.parametrize("kind", ["folder", "zip", "shards", "pack"])
@pytest.mark.parametrize("as_trained", [False, True])
def test_files_that_did_not_change_are_not_read_again(
    kind: str,
    as_trained: bool,
    counted: Counted,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where = held(kind, pixels(40), tmp_path)

    def opened() -> ImageSet:
        return Prepared(open_dataset(where, (3, 6, 6))) if as_trained else open_images(where)

    once = taken(counted, first(opened(), 39), folder)
    np.testing.assert_allclose(once.features, pixels(39).mean((2, 3)), rtol=1e-6)
    again = opened()
    monkeypatch.setattr(type(again), "batch", lambda *_: pytest.fail("an image was read"))
    assert_same(once, taken(counted, first(again, 39), folder))
    with pytest.raises(pytest.fail.Exception):
        taken(counted, first(again, 38), folder)


@pytest.mark.parametrize("kind", ["folder", "zip", "shards", "pack"])
def test_a_source_that_was_replaced_is_read_again(
    kind: str, counted: Counted, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    where, other = held(kind, pixels(3), tmp_path / "a"), held(kind, pixels(3, seed=1), tmp_path / "b")
    taken(counted, open_images(where), folder)
    where.rename(tmp_path / "gone")
    other.rename(where)
    found = taken(counted, open_images(where), folder)
    np.testing.assert_allclose(found.features, pixels(3, seed=1).mean((2, 3)), rtol=1e-6)


def test_a_file_that_changed_is_seen_by_its_time(counted: Counted, folder: Path, tmp_path: Path) -> None:
    images = pixels(40)
    where = saved(images, tmp_path / "images")
    taken(counted, open_images(where), folder)
    other = np.full_like(images[7], 9)
    Image.fromarray(other.transpose(1, 2, 0)).save(where / "0007.png")
    found = taken(counted, open_images(where), folder)
    np.testing.assert_allclose(found.features[7], 9)


def test_a_file_whose_time_was_set_back_is_seen(counted: Counted, folder: Path, tmp_path: Path) -> None:
    """As tools do that copy times too; the size is the same."""
    where = tmp_path / "images"
    where.mkdir()
    for value in (1, 2):
        Image.fromarray(np.full((6, 6, 3), value, np.uint8)).save(where / "0.png", compress_level=0)
        os.utime(where / "0.png", (1e9, 1e9))
        found = taken(counted, open_images(where), folder)
        np.testing.assert_allclose(found.features[0], value)


def test_a_file_that_was_just_written_is_read_each_time(
    counted: Counted, folder: Path, tmp_path: Path
) -> None:
    """It may change again within the same tick: two states of the same size would look alike."""
    where = saved(pixels(3), tmp_path / "images")
    stamps = []
    for value in (1, 2):
        Image.fromarray(np.full((6, 6, 3), value, np.uint8)).save(where / "0001.png", compress_level=0)
        os.utime(where / "0001.png")
        found = taken(counted, open_images(where), folder)
        np.testing.assert_allclose(found.features[1], value)
        stamps.append((where / "0001.png").stat().st_size)
    assert stamps[0] == stamps[1], "else the size would tell"


def test_the_same_images_elsewhere_are_known(counted: Counted, folder: Path, tmp_path: Path) -> None:
    images = pixels(40)
    once = taken(counted, open_images(saved(images, tmp_path / "a")), folder)
    assert_same(once, taken(counted, open_images(saved(images, tmp_path / "b")), folder))
    assert counted.calls == 2


def test_remarks_are_kept_with_what_the_files_held(counted: Counted, folder: Path, tmp_path: Path) -> None:
    where = tmp_path / "gray"
    where.mkdir()
    for number in range(3):
        Image.fromarray(np.full((6, 6), number, np.uint8)).save(where / f"{number}.png")
        os.utime(where / f"{number}.png", (time.time() - 3600,) * 2)
    said = [taken(counted, open_images(where), folder).remarks for _ in range(2)]
    assert said[0] == said[1]
    assert said[0] == (f"images of {where} are gray, and become the same in red, green and blue",)


def started(note: Path, folder: Path, count: int) -> BaseProcess:
    """A process that makes features of so many images, 10 ms a batch."""
    images = pixels(count)
    process = get_context("fork").Process(target=lambda: taken(Counted(note, 0.01), images, folder))
    process.start()
    return process


@pytest.mark.processes
def test_killed_five_times_it_ends_with_the_same(counted: Counted, folder: Path) -> None:
    count = 12 * MOST
    kept = 0
    for _ in range(5):
        process = started(counted.note, folder, count)
        until = time.monotonic() + 60
        while len(files(folder)) < kept + 2 and time.monotonic() < until:
            time.sleep(0.002)
        process.kill()
        process.join()
        assert len(files(folder)) > kept
        kept = len(files(folder))
    assert kept >= 10
    found = taken(counted, pixels(count), folder)
    np.testing.assert_allclose(found.features, pixels(count).mean((2, 3)), rtol=1e-6)
    assert counted.calls <= 12 * CALLS + 5 * CALLS, "each kill loses the piece at work, no more"


@pytest.mark.processes
def test_processes_that_want_the_same_share_the_work(counted: Counted, folder: Path) -> None:
    both = [started(counted.note, folder, 6 * MOST) for _ in range(2)]
    for process in both:
        process.join(120)
    assert [process.exitcode for process in both] == [0, 0]
    assert counted.calls == 6 * CALLS
    found = taken(counted, pixels(6 * MOST), folder)
    np.testing.assert_allclose(found.features, pixels(6 * MOST).mean((2, 3)), rtol=1e-6)
    assert counted.calls == 6 * CALLS


def test_a_cache_that_cannot_be_written_is_said_once(counted: Counted, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = taken(counted, pixels(3 * MOST), tmp_path / "file" / "cache")
    assert len(found.remarks) == 1
    assert found.remarks[0].startswith(f"features are not kept in {tmp_path / 'file' / 'cache'}: ")
    assert len(found) == 3 * MOST


def test_a_full_disk_is_said_once(counted: Counted, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(cached, "write", full)
    found = taken(counted, pixels(3 * MOST), folder)
    assert found.remarks == (f"features are not kept in {folder}: the disk is full",)
    np.testing.assert_allclose(found.features, pixels(3 * MOST).mean((2, 3)), rtol=1e-6)


@pytest.mark.processes
def test_no_room_for_the_features_themselves_is_an_error(counted: Counted) -> None:
    """A limit on the size of files, as a quota sets it, met while features are gathered."""

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        try:
            features_of(counted, ImageArray(pixels(4 * MOST)))
        except OutOfSpace as error:
            os._exit(7 if error.message.startswith("no space left for features in ") else 8)

    process = get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    assert process.exitcode == 7


def test_the_oldest_features_go_first(counted: Counted, folder: Path) -> None:
    cache = FeatureCache(counted, folder)
    for number in range(4):
        features_of(counted, ImageArray(pixels(3, seed=number)), cache=cache)
    ages = {path: path.stat().st_size for path in files(folder)}
    for age, path in enumerate(sorted(ages)):
        os.utime(path, (time.time() - 1000 * age,) * 2)
    newest = sorted(ages)[:2]
    left = folder / ".piece.npz.0a0a0a0a.new"
    left.touch()
    os.utime(left, (time.time() - 2 * cached.DAY,) * 2)
    cache.shrink(sum(ages[path] for path in newest))
    assert files(folder) == newest
    assert not left.exists(), "what a killed process left"
