"""Data sets of Hugging Face, without a network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.fields.opened import opened
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.errors import DataError, MissingExtra
from tests.runtime.fielded import CASES, FIELDS
from tests.runtime.helpers import pixels
from tests.runtime.test_data_fields import holds

IMAGES = pixels(12, channels=3)


@pytest.fixture
def datasets(monkeypatch, tmp_path):
    """The library, without a network."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    library = pytest.importorskip("datasets", reason="datasets is not installed: pip install 'gandsl[hf]'")
    library.disable_progress_bars()
    monkeypatch.setattr(library.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    return library


def table(datasets, image="image", label="label", names=("cat", "dog", "eel")):
    """Twelve images with class labels (or, without names, numbers) in columns of these names."""
    kind = datasets.ClassLabel(names=list(names)) if names else datasets.Value("int64")
    features = datasets.Features({"text": datasets.Value("string"), image: datasets.Image(), label: kind})
    rows = {
        "text": ["x"] * 12,
        image: [Image.fromarray(i) for i in IMAGES],
        label: [i % 3 for i in range(12)],
    }
    return datasets.Dataset.from_dict(rows, features=features)


def same_as_images(where: str, names: tuple[str, ...]) -> None:
    data = open_dataset(where, (3, 8, 8), classes=3)
    for i in range(12):
        np.testing.assert_array_equal(data.image(i), IMAGES[i].transpose(2, 0, 1))
    assert data.labels.tolist() == [i % 3 for i in range(12)]
    assert data.source.labels().names == names
    stream, straight = Stream(data, seed=1, workers=1, position=5), Stream(data, seed=1).take(20)
    assert torch.equal(stream.take(9).images, straight.images[5:14])
    stream.close()


def test_hub_saved_to_disk(datasets, tmp_path):
    table(datasets, "picture", "species").save_to_disk(tmp_path / "set")
    same_as_images(f"hf:{tmp_path}/set", ("cat", "dog", "eel"))


def test_hub_splits(datasets, tmp_path):
    one = table(datasets)
    datasets.DatasetDict({"test": one.select(range(4)), "train": one}).save_to_disk(tmp_path / "set")
    same_as_images(f"hf:{tmp_path}/set", ("cat", "dog", "eel"))
    assert len(open_source(f"hf:{tmp_path}/set:test").images) == 4
    with pytest.raises(DataError, match="no split `val`") as caught:
        open_source(f"hf:{tmp_path}/set:val")
    assert caught.value.remedy == "its splits are test, train"


def test_hub_parquet(datasets, tmp_path):
    (tmp_path / "set").mkdir()
    table(datasets, names=()).to_parquet(tmp_path / "set" / "train-0.parquet")
    same_as_images(f"hf:{tmp_path}/set", ())
    same_as_images(f"hf:{tmp_path}/set/train-0.parquet", ())


def test_hub_faults(datasets, tmp_path):
    with pytest.raises(DataError, match=r"can't load hf:.*nowhere"):
        open_source(f"hf:{tmp_path}/nowhere")
    table(datasets).remove_columns("image").save_to_disk(tmp_path / "blind")
    with pytest.raises(DataError, match="no image column: its columns are text, label"):
        open_source(f"hf:{tmp_path}/blind")
    table(datasets).remove_columns("label").save_to_disk(tmp_path / "free")
    with pytest.raises(DataError, match="has none"):
        open_dataset(f"hf:{tmp_path}/free", (3, 8, 8), classes=3)
    rows = {"image": [{"bytes": b"no image", "path": None}, None]}
    datasets.Dataset.from_dict(rows, datasets.Features({"image": datasets.Image()})).save_to_disk(
        tmp_path / "bad"
    )
    data = open_dataset(f"hf:{tmp_path}/bad", (3, 8, 8))
    with pytest.raises(DataError, match=r"can't read .*/0 of hf:.*: it is no image"):
        data.image(0)
    with pytest.raises(DataError, match=r"can't read .*/1 of hf:.*: the row has no image"):
        data.image(1)


def test_columns_are_fields(datasets, tmp_path):
    """Of every kind: images, arrays and lists of numbers, texts that hold some, words as classes."""
    library = datasets
    lists = library.List(library.List(library.Value("float32")))
    features = library.Features(
        {
            **dict.fromkeys(("image", "gray", "mask", "map"), library.Image()),
            "bands": library.Array3D((7, 4, 6), "uint8"),
            "deep": library.Array2D((4, 6), "uint16"),
            "height": library.Array2D((4, 6), "float32"),
            "volume": library.Array3D((3, 4, 6), "float32"),
            "sound": lists,
            "y": library.Value("string"),
            "age": library.Value("float32"),
            "pose": library.Value("string"),
            "text": lists,
        }
    )

    def cell(name, value):
        if features[name] == library.Image():
            return Image.fromarray(value)
        return {"y": lambda v: "xyz"[v], "pose": lambda v: str(v.tolist())}.get(name, lambda v: v.tolist())(
            value
        )

    rows = {name: [cell(name, value) for value in CASES[name].values()] for name in features}
    library.Dataset.from_dict(rows, features).save_to_disk(tmp_path / "set")
    source = open_source(f"hf:{tmp_path}/set", images=False)
    holds(opened(source, FIELDS))
    left = {"picture": FIELDS["image"], "kind": replace(FIELDS["y"], field="y"), "gray": FIELDS["gray"]}
    with pytest.raises(DataError, match="no field `words`: what it has is image, gray"):
        opened(source, {"text": replace(FIELDS["text"], field="words")})
    table = opened(source, left)  # the one image that is left is the column `image`
    np.testing.assert_array_equal(table.row(4)["picture"], CASES["image"].rows()[4])
    again = Stream(table, seed=1, flip=True, workers=1, position=3)
    straight = Stream(table, seed=1, flip=True).take(9)
    assert all(torch.equal(rows, straight[name][3:]) for name, rows in again.take(6).items())
    again.close()


def test_a_column_that_lacks_a_cell(datasets, tmp_path):
    rows = {"pose": ["1 2 3 4", None], "y": ["a", None], "mask": [None, {"bytes": b"no image", "path": None}]}
    features = datasets.Features(
        {"pose": datasets.Value("string"), "y": datasets.Value("string"), "mask": datasets.Image()}
    )
    datasets.Dataset.from_dict(rows, features).save_to_disk(tmp_path / "set")
    source = open_source(f"hf:{tmp_path}/set", images=False)
    assert opened(source, {"pose": FIELDS["pose"]}).row(0)["pose"].tolist() == [1, 2, 3, 4]
    for index, name, said in (
        (1, "pose", "pose of .*/1 of hf:.*: the row has no `pose`"),
        (0, "mask", "mask of .*/0 of hf:.*: the row has no `mask`"),
        (1, "mask", "mask of .*/1 of hf:.*: it is no image"),
    ):
        with pytest.raises(DataError, match=f"can't read {said}"):
            opened(source, {name: FIELDS[name]}).row(index)
    with pytest.raises(DataError, match=r"has no `y` for .*/1"):
        opened(source, {"y": FIELDS["y"]})


def test_hub_without_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtra) as caught:
        open_source("hf:anything")
    assert caught.value.remedy == "pip install 'gandsl[hf]'" and caught.value.exit_code == 6
