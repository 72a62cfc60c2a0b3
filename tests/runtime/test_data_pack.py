"""Packing a set into a zip: pixels against Pillow's own, labels, bytes, and whole or not at all."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.labels import Labels
from gandsl_runtime.data.pack import Recipe, pack
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.errors import DataError, Unwritable
from tests.runtime.helpers import arrays, folder_of, pixels, png, zip_of


def first(source, tmp_path, **recipe) -> np.ndarray:
    """The pixels of the first image as packed."""
    (tmp_path / "out.zip").unlink(missing_ok=True)
    pack(source, tmp_path / "out.zip", Recipe(**recipe))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        return np.asarray(Image.open(io.BytesIO(archive.read(archive.namelist()[0]))))


@pytest.mark.parametrize("shape", [(3, 8, 8), (1, 6, 10), (4, 16, 12)])
def test_training_sees_the_same_from_the_pack(shape, tmp_path):
    """Cut and resized once, or each time: the same pixels, to the bit, in the same order."""
    images = [png(image) for h, w in ((8, 8), (20, 30), (31, 7)) for image in pixels(3, (h, w), shape[0], h)]
    source = open_source(folder_of({f"{i}.png": image for i, image in enumerate(images)}, tmp_path / "set"))
    pack(source, tmp_path / "out.zip", Recipe(size=shape[1:], channels=shape[0]))
    before, after = open_dataset(source, shape), open_dataset(tmp_path / "out.zip", shape)
    a, b = (Stream(data, seed=1, flip=True).take(25).images for data in (before, after))
    assert torch.equal(a, b)


@pytest.mark.parametrize("name", ["lanczos", "box", "bilinear", "hamming", "bicubic", "nearest"])
def test_filters_are_pillows(name, tmp_path):
    wide = pixels(1, (10, 20), 3)
    ours = first(arrays_of(wide), tmp_path, size=(4, 6), filter=name)
    box = Image.fromarray(wide[0]).crop((2, 0, 17, 10))
    np.testing.assert_array_equal(ours, np.asarray(box.resize((6, 4), Image.Resampling[name.upper()])))


def arrays_of(images: np.ndarray):
    source = arrays(len(images))
    source._arrays = images
    return source


def test_box_is_the_mean(tmp_path):
    """An independent truth for one filter: a quarter of the size is the mean over 4×4."""
    image = pixels(1, (16, 24), 3)
    means = image[0].reshape(4, 4, 6, 4, 3).astype(float).mean((1, 3))
    assert np.abs(first(arrays_of(image), tmp_path, size=(4, 6), filter="box") - means).max() <= 1


def test_none_squeezes_and_pad_keeps_everything(tmp_path):
    half = np.zeros((1, 8, 16, 3), dtype=np.uint8)
    half[:, :, :8], half[:, :, 8:] = 255, 100
    squeezed = first(arrays_of(half), tmp_path, size=(8, 8), crop="none", filter="box")
    np.testing.assert_array_equal(squeezed, half[0, :, ::2])
    padded = first(arrays_of(half), tmp_path, size=(8, 8), crop="pad", filter="box")
    np.testing.assert_array_equal(padded[2:6], half[0, ::2, ::2])
    assert not padded[:2].any() and not padded[6:].any()


def test_labels_names_and_order_are_kept(tmp_path):
    animals = ["cat", "ant", "dog", "cat"]
    files = {f"{name}/{i}.png": png(pixels(1, seed=i)[0]) for i, name in enumerate(animals)}
    source = open_source(folder_of(files, tmp_path / "set"))
    pack(source, tmp_path / "out.zip", Recipe(size=(8, 8), channels=1), source.labels())
    again = open_source(tmp_path / "out.zip")
    assert again.labels().numbers.tolist() == source.labels().numbers.tolist() == [0, 1, 1, 2]
    assert again.labels().names == ("ant", "cat", "dog") and not again.labels().folders
    for i in range(4):
        np.testing.assert_array_equal(np.asarray(again.open(i)), np.asarray(source.open(i)))


def test_the_zip_is_what_the_trainers_of_stylegan_expect(tmp_path):
    """Read as dataset.py of stylegan2-ada-pytorch reads it: names by extension, sorted; labels by name."""
    source = arrays(2100, (4, 4), 3, classes=7)
    pack(source, tmp_path / "out.zip", Recipe(size=(4, 4)), source.labels(), workers=2)
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        names = sorted(n for n in set(archive.namelist()) if n.endswith(".png"))
        assert names[0] == "00000/img00000000.png" and names[-1] == "00002/img00002099.png"
        labels = dict(json.loads(archive.read("dataset.json"))["labels"])
        assert np.array([labels[name] for name in names], dtype=np.int64).tolist() == [
            i % 7 for i in range(2100)
        ]
        for place in (0, 1000, 2099):
            image = np.array(Image.open(io.BytesIO(archive.read(names[place]))))
            np.testing.assert_array_equal(image, source._arrays[place])
        assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_STORED}


def test_no_labels_are_null(tmp_path):
    pack(arrays(3), tmp_path / "out.zip", Recipe(size=(8, 8)))
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert json.loads(archive.read("dataset.json"))["labels"] is None
    assert open_source(tmp_path / "out.zip").labels() is None


def test_the_same_bytes_each_time_from_any_source(tmp_path):
    """Dates, profiles and other notes of the files, and the number of processes, leave no trace."""
    images = pixels(70, (9, 9), 3)
    plain = {f"{i:02d}.png": png(image) for i, image in enumerate(images)}
    out = io.BytesIO()
    Image.fromarray(images[3]).save(out, "PNG", icc_profile=b"profile", dpi=(300, 300))
    noted = plain | {"03.png": out.getvalue()}
    folder = open_source(folder_of(plain, tmp_path / "set"))
    packed = open_source(zip_of(noted, tmp_path / "set.zip"))
    for name, source, workers in (("a", folder, 0), ("b", folder, 2), ("c", packed, 1)):
        pack(source, tmp_path / name, Recipe(size=(8, 8)), workers=workers)
    assert len({(tmp_path / name).read_bytes() for name in "abc"}) == 1


@pytest.mark.parametrize("channels", [3, 4])
def test_webp_is_lossless_even_below_transparent_pixels(channels, tmp_path):
    images = pixels(2, (8, 8), channels)
    packed = first(arrays_of(images), tmp_path, size=(8, 8), channels=channels, format="webp")
    np.testing.assert_array_equal(packed, images[0])


def test_recipes_that_can_not_be(tmp_path):
    with pytest.raises(ValueError, match="webp holds 3 or 4 channels"):
        Recipe(size=(8, 8), channels=1, format="webp")
    for size in ((0, 8), (8, 70_000)):
        with pytest.raises(ValueError, match="other sizes"):
            Recipe(size=size)


FILES = {f"{i}.png": png(image) for i, image in enumerate(pixels(6))} | {"3.png": b"broken"}


def test_a_broken_image_stops_the_packing_and_leaves_nothing(tmp_path):
    source = open_source(folder_of(FILES, tmp_path / "set"))
    with pytest.raises(DataError, match=r"can't read 3.png of .*: it is no image"):
        pack(source, tmp_path / "out.zip", Recipe(size=(8, 8)))
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_what_is_there_stays_however_late_it_came(tmp_path):
    """Before the work it is refused at once; a file that came meanwhile is somebody else's too."""
    late = tmp_path / "late.zip"
    (tmp_path / "early.zip").write_bytes(b"old")
    with pytest.raises(Unwritable, match=r"early\.zip is there already"):
        pack(arrays(3), tmp_path / "early.zip", Recipe(size=(8, 8)), told=lambda _: pytest.fail("it began"))
    with pytest.raises(Unwritable, match=r"late\.zip is there already"):
        pack(arrays(3), late, Recipe(size=(8, 8)), told=lambda _: late.write_bytes(b"other"))
    assert (tmp_path / "early.zip").read_bytes() == b"old" and late.read_bytes() == b"other"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["early.zip", "late.zip"]


def test_skipped_images_take_their_labels_with_them(tmp_path):
    source = open_source(folder_of(FILES, tmp_path / "set"))
    labels = Labels(np.arange(6), "here")
    done = pack(source, tmp_path / "out.zip", Recipe(size=(9, 9), channels=1), labels, skip_broken=True)
    assert (done.images, done.enlarged) == (5, 5)
    assert done.skipped == [("3.png", "it is no image, or is cut short at its start")]
    assert open_source(tmp_path / "out.zip").labels().numbers.tolist() == [0, 1, 2, 4, 5]


def test_nothing_to_pack(tmp_path):
    source = open_source(folder_of({"0.png": b"x"}, tmp_path / "set"))
    with pytest.raises(DataError, match="none of the 1 images"):
        pack(source, tmp_path / "out.zip", Recipe(size=(8, 8)), skip_broken=True)


def test_ctrl_c_leaves_nothing_behind(tmp_path):
    def stop(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pack(arrays(200), tmp_path / "out.zip", Recipe(size=(8, 8)), workers=2, told=stop)
    assert not list(tmp_path.iterdir())
