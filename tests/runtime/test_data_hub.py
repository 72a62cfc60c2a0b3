"""Data sets of Hugging Face, without a network."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.fields.opened import opened
from gandsl_runtime.data.fields.pack import pack_fields
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.errors import DataError, MissingExtra
from gandsl_runtime.plan.game import DataField
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
            "latent": library.Array3D((4, 2, 3), "float32"),
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


@pytest.fixture
def heard(datasets, tmp_path):
    """A set with every kind of column, sounds among them, as a parquet file; and the tones."""
    soundfile = pytest.importorskip(
        "soundfile", reason="soundfile is not installed: pip install 'gandsl[audio]'"
    )
    tones = np.random.default_rng(3).uniform(-0.9, 0.9, (6, 2, 40))

    def file(place):
        out = io.BytesIO()
        soundfile.write(out, tones[place].T, 16000, format=("WAV", "FLAC")[place % 2], subtype="PCM_16")
        return {"bytes": out.getvalue(), "path": None}

    numbers = datasets.List(datasets.Value("float32"))
    content = {"bytes": datasets.Value("binary"), "path": datasets.Value("string")}
    features = datasets.Features(
        {
            "sound": content,  # which the library takes as sounds without its decoder of them
            "image": datasets.Image(),
            "y": datasets.ClassLabel(names=["cat", "dog", "eel"]),
            "text": datasets.List(numbers),
            "age": datasets.Value("float32"),
            "pose": numbers,
        }
    )
    rows = {
        "sound": [file(place) for place in range(6)],
        "image": [Image.fromarray(value) for value in CASES["image"].values()[:6]],
        **{
            name: [value.tolist() for value in CASES[name].values()[:6]]
            for name in ("y", "text", "age", "pose")
        },
    }
    made = datasets.Dataset.from_dict(rows, features).cast_column("sound", datasets.Audio())
    made.save_to_disk(tmp_path / "disk")
    made.to_parquet(tmp_path / "set.parquet")
    return tmp_path / "set.parquet", tones


HEARD = {name: FIELDS[name] for name in ("image", "y", "text", "age", "pose")} | {
    "sound": DataField("Signal", (2, 40))
}


def test_sounds_beside_every_kind_of_column(heard, tmp_path):
    """Saved to disk, as parquet, and packed from that."""
    path, tones = heard
    tables = [opened(open_source(f"hf:{where}", images=False), HEARD) for where in (path, tmp_path / "disk")]
    pack_fields(tables[0], tmp_path / "pack")
    for table in (*tables, opened(open_source(tmp_path / "pack", images=False), HEARD)):
        for place in range(6):
            row = table.row(place)
            np.testing.assert_allclose(row["sound"], tones[place], atol=2**-15)
            for name in ("image", "y", "text", "age", "pose"):
                np.testing.assert_array_equal(row[name], CASES[name].rows()[place])


SPOILED = {
    "none": (None, "the row has no `{}`"),
    "empty": ({"bytes": b"", "path": None}, "cut short"),
    "nothing": ({"bytes": None, "path": None}, "the row has no `{}`"),
    "noise": ({"bytes": np.random.default_rng(1).bytes(300), "path": None}, "it is no"),
    "gone": ({"bytes": None, "path": "/nowhere/1"}, "no such file"),
}


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_cell_is_told(heard, how, tmp_path):
    """One message, of one line, that names column and row and nothing of any package's own."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    cell, said = SPOILED[how]
    whole = parquet.read_table(heard[0])
    for name in ("sound", "image", "age", "pose") if how == "none" else ("sound", "image"):
        at = whole.schema.get_field_index(name)
        cells = whole[name].to_pylist()
        cells[3] = cell
        spoiled = whole.set_column(
            at, whole.schema.field(at), arrow.array(cells, whole.schema.field(at).type)
        )
        parquet.write_table(spoiled, tmp_path / f"{name}.parquet")
        with pytest.raises(DataError) as fault:
            opened(open_source(f"hf:{tmp_path}/{name}.parquet", images=False), {name: HEARD[name]}).row(3)
        message = fault.value.message
        assert f"can't read {name} of train/3 of hf:" in message and said.format(name) in message
        assert len(message.splitlines()) == 1 and "object at" not in message and fault.value.remedy


def test_hub_without_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtra) as caught:
        open_source("hf:anything")
    assert caught.value.remedy == "pip install 'gandsl[hf]'" and caught.value.exit_code == 6
