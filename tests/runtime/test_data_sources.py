"""What hostile or odd folders and archives do to a source."""

from __future__ import annotations

import io
import json
import os
import socket
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from gandsl_runtime.data import open_dataset
from gandsl_runtime.data.sources import base, open_source
from gandsl_runtime.data.survey import survey
from gandsl_runtime.errors import DataError
from tests.runtime.helpers import folder_of, pixels, png, tar_of, zip_of

IMAGES = pixels(12, channels=3)


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
    samples = {f"{i}.png": png(IMAGES[i]) for i in range(4)} | {f"{i}.cls": b"%d" % i for i in range(4)}
    whole = archives().get(kind) or tar_of(samples, tmp_path / "whole").read_bytes()
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
