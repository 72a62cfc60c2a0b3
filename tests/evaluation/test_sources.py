"""Sets of images as metrics take them: what is converted and said, and what is refused."""

from __future__ import annotations

import mmap
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandsl_runtime.data import Dataset, open_dataset
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.errors import DataError
from gandsl_runtime.evaluation.rgb import as_rgb
from gandsl_runtime.evaluation.sources import ImageArray, Prepared, drawn, open_images


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def saved(folder: Path, **images: np.ndarray) -> Path:
    folder.mkdir(exist_ok=True)
    for name, image in images.items():
        Image.fromarray(image).save(folder / f"{name}.png")
    return folder


# ---- colours


def test_gray_is_the_same_in_all_three() -> None:
    gray = noise(4, 1, 5, 6)
    np.testing.assert_array_equal(as_rgb(gray), np.repeat(gray, 3, 1))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_transparent_lies_over_white(mode: str) -> None:
    """As Pillow lays it: so generated images and files of them give the same."""
    pixels = noise(40, 40, 2 if mode == "LA" else 4)
    over = Image.new("RGBA", (40, 40), "white")
    over.alpha_composite(Image.fromarray(pixels, mode).convert("RGBA"))
    wanted = np.asarray(over.convert("RGB")).transpose(2, 0, 1)
    np.testing.assert_array_equal(as_rgb(pixels.transpose(2, 0, 1)[None])[0], wanted)


def test_other_channels_are_refused() -> None:
    with pytest.raises(DataError, match="5 channels, and metrics see gray or colour"):
        as_rgb(noise(1, 5, 2, 2))


# ---- files


def test_a_folder_of_images_is_itself(tmp_path: Path) -> None:
    a, b = noise(8, 9, 3), noise(8, 9, 3, seed=1)
    images = open_images(saved(tmp_path, a=a, b=b))
    assert (len(images), images.size, images.labels) == (2, (8, 9), None)
    np.testing.assert_array_equal(images.batch(0, 2), np.stack([a, b]).transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(images.batch(1, 2), b.transpose(2, 0, 1)[None])
    assert images.remarks() == ()


def test_class_folders_are_labels(tmp_path: Path) -> None:
    for kind in ("cat", "dog"):
        saved(tmp_path / kind, a=noise(4, 4, 3), b=noise(4, 4, 3))
    images = open_images(tmp_path)
    assert images.labels is not None and images.labels.tolist() == [0, 0, 1, 1]
    some = drawn(images, 2, seed=3)
    assert some.labels is not None and len(some.labels) == 2


def test_conversions_of_files_are_said(tmp_path: Path) -> None:
    deep = (noise(8, 8).astype(np.uint16) * 257).astype(np.uint16)
    where = saved(tmp_path, a=noise(8, 8, 3), b=noise(8, 8), c=noise(8, 8, 4), d=deep)
    images = open_images(where)
    made = images.batch(0, 4)
    np.testing.assert_array_equal(made[1], np.repeat(noise(8, 8)[None], 3, 0))
    np.testing.assert_array_equal(made[2], as_rgb(noise(8, 8, 4).transpose(2, 0, 1)[None])[0])
    np.testing.assert_array_equal(made[3], made[1])
    assert images.remarks() == (
        f"images of {where} are gray, and become the same in red, green and blue",
        f"images of {where} have 16 bits, and get 8",
        f"images of {where} have alpha, and are laid over white",
    )


def test_several_sizes_are_refused_unless_one_is_given(tmp_path: Path) -> None:
    where = saved(tmp_path, a=noise(8, 8, 3), b=noise(8, 8, 3), c=noise(10, 8, 3))
    images = open_images(where)
    images.batch(0, 2)
    with pytest.raises(DataError, match=r"c\.png of .* has 10×8 pixels, and the first image 8×8.*\n.*pack"):
        images.batch(0, 3)
    fitted = open_images(where, (8, 8))
    wanted = open_dataset(where, (3, 8, 8))
    np.testing.assert_array_equal(fitted.batch(0, 3), [wanted.image(index) for index in range(3)])
    assert fitted.remarks() == (f"images of {where} are cut and resized to 8×8",)


def test_a_corrupt_image_is_named(tmp_path: Path) -> None:
    where = saved(tmp_path, a=noise(8, 8, 3), b=noise(8, 8, 3))
    (where / "b.png").write_bytes((where / "b.png").read_bytes()[:60])
    with pytest.raises(DataError) as told:
        open_images(where).batch(0, 2)
    assert told.value.message.startswith(f"can't read b.png of {where}: ")
    assert told.value.remedy == "repair the file, or leave it out"
    (where / "a.png").write_bytes(b"no image")
    with pytest.raises(DataError, match="it is no image"):
        open_images(where)


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(DataError, match="no images in"):
        open_images(tmp_path)


# ---- as a run reads them


@pytest.mark.parametrize("channels", [1, 3])
def test_a_data_set_is_as_a_run_reads_it(channels: int) -> None:
    source = Arrays(noise(6, 20, 24) if channels == 1 else noise(6, 20, 24, 3), np.arange(6) % 2)
    data = open_dataset(source, (channels, 8, 8), classes=2)
    images = Prepared(data)
    wanted = np.stack([np.broadcast_to(data.image(index), (3, 8, 8)) for index in range(2, 5)])
    np.testing.assert_array_equal(images.batch(2, 5), wanted)
    assert (len(images), images.size) == (6, (8, 8))
    assert images.labels is not None and images.labels.tolist() == [0, 1, 0, 1, 0, 1]
    said = ("arrays is gray: the same in red, green and blue",) if channels == 1 else ()
    assert images.remarks() == said


def test_where_a_run_skips_broken_images_the_same_ones_stand_in(tmp_path: Path) -> None:
    where = saved(tmp_path, a=noise(8, 8, 3), b=noise(8, 8, 3, seed=1), c=noise(8, 8, 3, seed=2))
    (where / "b.png").write_bytes(b"no image")
    source = open_dataset(where, (3, 8, 8)).source
    images = Prepared(Dataset(source, (3, 8, 8), None, broken="skip"))
    made = images.batch(0, 3)
    np.testing.assert_array_equal(made[1], made[2])
    assert images.remarks() == (f"images of {where} can't be read: the next ones stand in their places",)
    with pytest.raises(DataError, match=r"can't read b\.png"):
        Prepared(Dataset(source, (3, 8, 8), None)).batch(0, 3)


def test_images_of_an_item_with_fields(tmp_path: Path) -> None:
    """Of a set with several fields, the one that is asked for; what has a range of its own comes to bytes."""
    from gandsl_runtime.data.fields.opened import opened
    from gandsl_runtime.data.sources import NamedArrays
    from gandsl_runtime.plan import Data
    from gandsl_runtime.plan.game import DataField

    photo, height = noise(3, 4, 4, 3), np.random.default_rng(0).uniform(-1, 1, (3, 4, 4)).astype(np.float32)
    fields = {
        "photo": DataField(kind="Image", shape=(3, 4, 4)),
        "height": DataField(kind="Image", shape=(1, 4, 4), range=(-1.0, 1.0)),
    }
    table = opened(NamedArrays({"photo": photo, "height": height}), fields, Data())
    np.testing.assert_array_equal(Prepared(table, "photo").batch(0, 3), photo.transpose(0, 3, 1, 2))
    levels = np.rint((height + 1) / 2 * 255).astype(np.uint8)
    np.testing.assert_array_equal(Prepared(table, "height").batch(1, 3)[:, 2], levels[1:])


# ---- arrays


@pytest.mark.parametrize("shape", [(5, 6, 7), (5, 6, 7, 3), (5, 3, 6, 7), (5, 6, 7, 1), (5, 6, 7, 4)])
@pytest.mark.parametrize("form", ["npy", "npz", "compressed"])
def test_arrays_in_files(shape: tuple[int, ...], form: str, tmp_path: Path) -> None:
    array = noise(*shape)
    path = tmp_path / ("images.npy" if form == "npy" else "images.npz")
    if form == "npy":
        np.save(path, array)
    else:
        save = np.savez if form == "npz" else np.savez_compressed
        save(path, arr_0=array, classes=np.arange(5), means=np.zeros((5, 6, 7)))
    images = open_images(path)
    planes = array[:, None] if array.ndim == 3 else array
    planes = planes if shape[1:2] == (3,) else planes.transpose(0, 3, 1, 2) if array.ndim == 4 else planes
    assert (len(images), images.size, images.name) == (5, (6, 7), str(path))
    np.testing.assert_array_equal(images.batch(1, 4), as_rgb(planes[1:4]))
    assert bool(images.remarks()) is (planes.shape[1] != 3)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_of_an_archive_are_not_held(save: Callable[..., None], tmp_path: Path) -> None:
    """They lie in the file, or in an unpacked one, which is mapped."""
    save(tmp_path / "images.npz", noise(50, 8, 8, 3))
    found = open_images(tmp_path / "images.npz")
    assert isinstance(found, ImageArray)
    lies_in: object = found._planes
    while isinstance(lies_in, np.ndarray):
        lies_in = lies_in.base
    assert isinstance(lies_in.obj if isinstance(lies_in, memoryview) else lies_in, mmap.mmap)


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"a": np.zeros((5, 4, 4, 3))}, r"0 arrays .* of 8 bits: others alone"),
        ({"a": noise(5, 4, 4), "b": noise(5, 4, 4)}, "2 arrays that could be images of 8 bits: `a`, `b`"),
        ({"a": noise(5, 9, 9, 9)}, "an array of 5×9×9×9, and no images"),
    ],
)
def test_archives_that_have_not_one_array_of_images(
    arrays: dict[str, np.ndarray], says: str, tmp_path: Path
) -> None:
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=says):
        open_images(tmp_path / "a.npz")


def test_floats_are_refused_with_what_to_do() -> None:
    with pytest.raises(DataError, match=r"an array of float32, and .* 8 bits\n  = help: write it as uint8"):
        ImageArray(np.zeros((3, 4, 4, 3), np.float32))


def damaged(content: bytes, where: Path) -> Path:
    where.write_bytes(content)
    return where


@pytest.mark.parametrize("at", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_damaged_arrays_are_refused(at: float, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    (np.save if suffix == ".npy" else np.savez)(path, noise(5, 8, 8, 3))
    cut = path.read_bytes()[: int(path.stat().st_size * at)]
    with pytest.raises(DataError, match="is no array, or is damaged"):
        open_images(damaged(cut, path))


def test_objects_in_arrays_are_refused(tmp_path: Path) -> None:
    """They would be unpickled, which runs code."""
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="is no array"):
        open_images(tmp_path / "a.npy")


def test_an_archive_that_says_other_sizes_than_it_has(tmp_path: Path) -> None:
    """A header that promises more than its member holds."""
    whole = tmp_path / "whole.npy"
    np.save(whole, noise(5, 8, 8, 3))
    content = whole.read_bytes().replace(b"(5, 8, 8, 3)", b"(9, 8, 8, 3)")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("arr_0.npy", content)
    with pytest.raises(DataError, match="follow from its shape"):
        open_images(tmp_path / "a.npz")
