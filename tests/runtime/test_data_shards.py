"""Shards: tar files of samples, by folder, pattern and name; damaged ones."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from gandsl_runtime.data import Stream, open_dataset
from gandsl_runtime.data.sources import open_source
from gandsl_runtime.data.sources.shards import OPEN_FILES, expanded
from gandsl_runtime.errors import DataError
from tests.runtime.helpers import pixels, png, tar_of

IMAGES = pixels(12, channels=3)


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
