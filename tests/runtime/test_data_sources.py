"""Shards, Hugging Face data sets, and what hostile or odd folders and archives do to a source."""

from __future__ import annotations

import io
import json
import os
import socket
import tarfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import torch

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.sources import base, open_source
from gandsl_runtime.data.sources.shards import OPEN_FILES, expanded
from gandsl_runtime.data.survey import survey
from gandsl_runtime.errors import DataError, MissingExtra
from tests.runtime.helpers import folder_of, pixels, png, zip_of

IMAGES = pixels(12, channels=3)


def tar_of(files: Mapping[str, bytes], path: Path, form: int = tarfile.PAX_FORMAT) -> Path:
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def samples(numbers: range, label: str = "cls") -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for i in numbers:
        found[f"{i:03d}.png"] = png(IMAGES[i])
        if label:
            found[f"{i:03d}.{label}"] = str(i % 3).encode()
    return found


def shards(folder: Path, count: int = 3) -> Path:
    """Twelve images dealt to a few shards."""
    folder.mkdir()
    each = len(IMAGES) // count
    for n in range(count):
        tar_of(samples(range(n * each, (n + 1) * each)), folder / f"set-{n:03d}.tar")
    return folder


# ---- shards ----------


@pytest.mark.parametrize("how", ["folder", "pattern"])
def test_shards_by_folder_and_pattern(how, tmp_path):
    folder = shards(tmp_path / "set")
    data = open_dataset(folder if how == "folder" else folder / "set-{000..002}.tar", (3, 8, 8), classes=3)
    assert len(data) == 12 and data.source.images[4] == "set-001.tar/004.png"
    for i in range(12):
        np.testing.assert_array_equal(data.image(i), IMAGES[i].transpose(2, 0, 1))
    assert data.labels.tolist() == [i % 3 for i in range(12)]


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
def test_one_shard_with_long_names(form, tmp_path):
    deep = "/".join(["a" * 40] * 4)
    files = {f"{deep}/{i}.b.png": png(IMAGES[i]) for i in range(3)}
    data = open_dataset(tar_of(files, tmp_path / "one.tar", form), (3, 8, 8))
    assert data.source.images == [f"one.tar/{name}" for name in files]
    np.testing.assert_array_equal(data.image(2), IMAGES[2].transpose(2, 0, 1))


def test_samples_as_their_authors_read_them(tmp_path):
    """The webdataset library groups files into samples as we do."""
    wds = pytest.importorskip("webdataset", reason="webdataset is not installed: pip install webdataset")
    path = str(tmp_path / "set-%02d.tar")
    with wds.ShardWriter(path, maxcount=5, verbose=0) as out:
        for i, image in enumerate(IMAGES):
            out.write({"__key__": f"a/{i:03d}", "json": {"label": i % 4}, "png": png(image)})
    theirs = wds.WebDataset(str(tmp_path / "set-{00..02}.tar"), shardshuffle=False).to_tuple("png", "json")
    source = open_source(tmp_path / "set-{00..02}.tar")
    ours = zip(range(len(source.images)), source.labels().numbers, strict=True)
    for (image, facts), (i, label) in zip(theirs, ours, strict=True):
        np.testing.assert_array_equal(np.asarray(source.open(i)), IMAGES[i])
        assert image == png(IMAGES[i]) and json.loads(facts)["label"] == label == i % 4


def test_the_image_of_a_sample(tmp_path):
    """`jpg` before `mask.png`; other files, hidden ones and samples without an image are passed by."""
    files = {"0.mask.png": png(IMAGES[1]), "0.png": png(IMAGES[0]), "0.txt": b"a cat"}
    files |= {"1.txt": b"no image", ".x.png": png(IMAGES[2]), "2.PNG": png(IMAGES[2])}
    source = open_source(tar_of(files, tmp_path / "set.tar"))
    assert source.images == ["set.tar/0.png", "set.tar/2.PNG"]
    assert source.labels() is None


@pytest.mark.parametrize("workers", [0, 2])
def test_shards_resume_in_the_middle_of_an_epoch(workers, tmp_path):
    data = open_dataset(shards(tmp_path / "set"), (3, 8, 8), classes=3)
    straight = Stream(data, seed=1, flip=True).take(30)
    stream = Stream(data, seed=1, flip=True, workers=workers, position=7)
    taken = [stream.take(n) for n in (5, 5, 6)]
    assert torch.equal(torch.cat([batch.images for batch in taken]), straight.images[7:23])
    assert torch.equal(torch.cat([batch.labels for batch in taken]), straight.labels[7:23])
    stream.close()


def test_more_shards_than_open_files(tmp_path):
    for n in range(OPEN_FILES + 6):
        tar_of({f"{n}.png": png(IMAGES[n % 12])}, tmp_path / f"{n:03d}.tar")
    source = open_source(tmp_path)
    before = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else None
    for i in range(len(source.images)):
        np.testing.assert_array_equal(np.asarray(source.open(i)), IMAGES[i % 12])
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) <= before + OPEN_FILES


def test_brace_patterns():
    assert list(expanded("s-{08..11}.tar")) == ["s-08.tar", "s-09.tar", "s-10.tar", "s-11.tar"]
    assert list(expanded("{a,b}/{0..1}.tar")) == ["a/0.tar", "a/1.tar", "b/0.tar", "b/1.tar"]
    assert list(expanded("x{.tar")) == ["x{.tar"]


def cut(path: Path, share: float) -> Path:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    return path


def damaged_header(path: Path) -> Path:
    """The second sample's header is overwritten: tarfile alone would take it for the end."""
    content = bytearray(path.read_bytes())
    at = content.index(b"001.png")
    content[at : at + 512] = b"\xff" * 512
    path.write_bytes(content)
    return path


BAD_SHARDS = {
    "no tar": lambda p: (p.write_bytes(b"x" * 3000), p)[1],
    "empty": lambda p: (p.write_bytes(b""), p)[1],
    "compressed": lambda p: (tarfile.open(p, "w:gz").close(), p)[1],
    "cut": lambda p: cut(tar_of(samples(range(12)), p), 0.5),
    "header": lambda p: damaged_header(tar_of(samples(range(3)), p)),
}


@pytest.mark.parametrize("case", BAD_SHARDS)
def test_shards_that_are_no_tar_files(case, tmp_path):
    with pytest.raises(DataError, match=r"set.tar is no plain tar file, or is cut short"):
        open_source(BAD_SHARDS[case](tmp_path / "set.tar"))


def test_a_shard_that_shrinks_or_goes_under_the_run(tmp_path):
    folder = shards(tmp_path / "set")
    data = open_dataset(folder, (3, 8, 8))
    cut(folder / "set-001.tar", 0.1)
    with pytest.raises(DataError, match=r"can't read set-001.tar/007.png of .*: set-001.tar is cut short"):
        data.image(7)
    (folder / "set-002.tar").unlink()
    with pytest.raises(DataError, match=r"can't read set-002.tar/011.png of .*: no such file"):
        data.image(11)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            samples(range(3)) | {"1.cls": b"cat", "9.png": png(IMAGES[0])},
            r"no label for .*9.png \(1 lack one\)",
        ),
        ({"0.png": png(IMAGES[0]), "0.cls": b"cat"}, "as 'cat', no class number"),
        ({"0.png": png(IMAGES[0]), "0.json": b'{"label": [0, 1]}'}, "with a vector"),
        ({"0.png": png(IMAGES[0]), "0.json": b"[" * 100_000}, "has none"),
        ({"0.png": png(IMAGES[0]), "0.cls": b"3"}, "as class 3"),
    ],
)
def test_labels_of_shards_that_do_not_fit(files, words, tmp_path):
    with pytest.raises(DataError, match=words):
        open_dataset(tar_of(files, tmp_path / "set.tar"), (3, 8, 8), classes=3)


def test_missing_shards(tmp_path):
    folder = shards(tmp_path / "set")
    with pytest.raises(DataError, match=r"set-003.tar does not exist, one of the 4 shards"):
        open_source(folder / "set-{000..003}.tar")


# ---- Hugging Face ----------


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
    from PIL import Image

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


def test_hub_without_its_package(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(MissingExtra) as caught:
        open_source("hf:anything")
    assert caught.value.remedy == "pip install 'gandsl[hf]'" and caught.value.exit_code == 6


# ---- odd folders and archives ----------


def test_links_in_circles_pipes_and_dangling_links(tmp_path):
    where = folder_of({"a/0.png": png(IMAGES[0]), "b/1.png": png(IMAGES[1])}, tmp_path / "set")
    (where / "a" / "round").symlink_to(where, target_is_directory=True)
    (where / "gone.png").symlink_to(where / "nowhere.png")
    os.mkfifo(where / "pipe.png")  # reading it would wait for ever
    source = open_source(where)
    assert source.images == ["a/0.png", "b/1.png", "gone.png", "pipe.png"]
    with pytest.raises(DataError, match=r"can't read gone.png .*: no such file"):
        open_dataset(where, (3, 8, 8)).image(2)
    with pytest.raises(DataError, match=r"can't read pipe.png .*: it is a pipe"):
        open_dataset(where, (3, 8, 8)).image(3)


@pytest.mark.parametrize("name", ["loop", "loop.png"])
def test_a_link_to_itself_is_named(name, tmp_path):
    where = folder_of({"a/0.png": png(IMAGES[0])}, tmp_path / "set")
    (where / "a" / name).symlink_to("other")
    (where / "a" / "other").symlink_to(name)
    with pytest.raises(DataError, match=r"set/a/\S+ is a link that leads back to itself"):
        open_source(where)


def special_files(folder: Path) -> dict[str, Path | str]:
    os.mkfifo(folder / "pipe")
    os.mkfifo(folder / "shard.tar")
    os.mkfifo(folder / "set.zip")
    (folder / "shards").mkdir()
    os.mkfifo(folder / "shards" / "0.tar")
    (folder / "labelled").mkdir()
    (folder / "labelled" / "0.png").write_bytes(png(IMAGES[0]))
    os.mkfifo(folder / "labelled" / "labels.json")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(folder / "socket"))
    return {
        **{name: folder / name for name in ("pipe", "shard.tar", "set.zip", "shards", "labelled", "socket")},
        "zero": "/dev/zero",
        "numbers": str(folder / "{0..99999999}.tar"),
        "powers": str(folder / ("{a,b}" * 40 + ".tar")),
        "huge": str(folder / ("{0..%s}.tar" % ("9" * 5000))),
        "backwards": str(folder / "{9..3}.tar"),
        "empty": "",
        "a file's inside": "/dev/null/x",
    }


SPECIAL = {
    "pipe": "it is a pipe",
    "shard.tar": "is a pipe",
    "set.zip": "it is a pipe",
    "shards": "is a pipe, no tar file",
    "labelled": "it is a pipe",
    "socket": "it is a socket",
    "zero": "it is a device",
    "numbers": "more than 100,000 shards",
    "powers": "more than 100,000 shards",
    "huge": "name too long",
    "backwards": "stands for no shard",
    "empty": "empty path",
    "a file's inside": "does not exist",
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_would_never_end_is_refused_at_once(kind, tmp_path):
    where = special_files(tmp_path)[kind]
    begun = time.monotonic()
    with pytest.raises(DataError, match=SPECIAL[kind]):
        open_source(where).labels()
    assert time.monotonic() - begun < 5


def test_a_folder_inside_a_zip(tmp_path):
    files = {
        f"{split}/{name}/{i}.png": png(IMAGES[i])
        for split in ("train", "test")
        for i, name in enumerate("ab")
    }
    inner = open_source(zip_of(files, tmp_path / "set.zip") / "train")
    assert inner.images == ["a/0.png", "b/1.png"] and inner.labels().names == ("a", "b")
    np.testing.assert_array_equal(np.asarray(inner.open(1)), IMAGES[1])
    with pytest.raises(DataError, match="no images in"):
        open_source(tmp_path / "set.zip" / "tra")


def test_a_linked_folder_is_read(tmp_path):
    folder_of({"0.png": png(IMAGES[0])}, tmp_path / "else")
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "link").symlink_to(tmp_path / "else", target_is_directory=True)
    assert open_source(tmp_path / "set").images == ["link/0.png"]


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    where = folder_of({"a/0.png": png(IMAGES[0]), "b/1.png": png(IMAGES[1])}, tmp_path / "set")
    listed = os.scandir

    def refuse(path):  # a test that runs as root may read everything
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"can't open .*set/b: permission denied") as caught:
        open_source(where)
    assert caught.value.exit_code == 3


def test_a_zip_whose_paths_climb_out_is_read_in_place(tmp_path):
    source = open_source(zip_of({"../../up.png": png(IMAGES[0])}, tmp_path / "set.zip"))
    np.testing.assert_array_equal(np.asarray(source.open(0)), IMAGES[0])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["set.zip"]


def test_a_zip_that_unpacks_to_more_than_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "LARGEST", 2**20)
    path = tmp_path / "set.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", bytes(2**20 + 1))
        archive.writestr("1.png", png(IMAGES[1]))
    assert path.stat().st_size < 2**12
    data = open_dataset(path, (3, 8, 8))
    with pytest.raises(DataError, match=r"can't read 0.png of .*: it unpacks to"):
        data.image(0)
    np.testing.assert_array_equal(data.image(1), IMAGES[1].transpose(2, 0, 1))


def archives() -> dict[str, bytes]:
    """Four images with labels, as a stored zip, a deflated one, and a tar."""
    names = [f"d{i % 2}/{i}.png" for i in range(4)]
    files = {name: png(IMAGES[i]) for i, name in enumerate(names)}
    files["dataset.json"] = json.dumps({"labels": [[name, i] for i, name in enumerate(names)]}).encode()
    found = {}
    for name, method in (("stored.zip", zipfile.ZIP_STORED), ("deflated.zip", zipfile.ZIP_DEFLATED)):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", method) as archive:
            for file, content in files.items():
                archive.writestr(file, content)
        found[name] = out.getvalue()
    return found


@pytest.mark.parametrize("kind", ["stored.zip", "deflated.zip", "set.tar"])
def test_whatever_is_wrong_in_an_archive_is_a_message(kind, tmp_path):
    """Bytes changed, cut off, or put in somewhere: nothing but DataError leaves."""
    whole = archives().get(kind) or tar_of(samples(range(4)), tmp_path / "whole").read_bytes()
    chance, path, refused = np.random.default_rng(0), tmp_path / kind, 0
    for round_ in range(150):
        content = bytearray(whole)
        at, length = int(chance.integers(len(whole))), int(chance.integers(1, 40))
        if round_ % 3:
            content[at : at + length * (round_ % 2)] = chance.bytes(length)
        else:
            content = content[:at]
        path.write_bytes(content)
        try:
            found = survey(open_source(path))
        except DataError:
            refused += 1
        else:
            refused += bool(found.broken or found.labels_fault)
    assert refused > 50


def test_labels_that_can_not_be_read_from_a_zip(tmp_path):
    path = zip_of({"0.png": png(IMAGES[0]), "dataset.json": b'{"labels": null}     '}, tmp_path / "set.zip")
    content = path.read_bytes()
    path.write_bytes(content.replace(b"null}  ", b"nul}   ", 1))
    with pytest.raises(DataError, match=r"can't read .*dataset.json: Bad CRC"):
        open_dataset(path, (3, 8, 8), classes=3)


def test_null_labels_say_that_folders_are_no_classes(tmp_path):
    """As the StyleGAN tools write sets without labels."""
    files = {f"0000{i % 2}/img{i}.png": png(IMAGES[i]) for i in range(4)} | {
        "dataset.json": b'{"labels": null}'
    }
    assert open_source(folder_of(files, tmp_path / "set")).labels() is None


def test_names_that_would_write_to_the_terminal(tmp_path):
    where = folder_of({"\x1b[31m\n.png": b"x"}, tmp_path / "set")
    with pytest.raises(DataError) as caught:
        open_dataset(where, (3, 8, 8)).image(0)
    assert "\\x1b[31m\\n.png" in caught.value.message and "\x1b" not in caught.value.message
