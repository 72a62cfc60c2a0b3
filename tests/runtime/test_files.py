"""Files appear whole: whoever reads, races, dies or writes over somebody else's."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
from pathlib import Path

import pytest

from gandsl_runtime.errors import Unwritable
from gandsl_runtime.system import files

SIZE = 1 << 20


def content(writer: int) -> bytes:
    return bytes([65 + writer]) * SIZE


def written_slowly(path: Path, writer: int, fresh: bool, start, ended) -> None:
    """One of those that race: all begin before one ends."""
    try:
        with files.whole(path, fresh=fresh) as new, new.open("wb") as file:
            file.write(content(writer)[: SIZE // 2])
            start.wait(30)
            file.write(content(writer)[SIZE // 2 :])
        ended.put((writer, "written"))
    except Unwritable as fault:
        ended.put((writer, fault.message))


@pytest.mark.parametrize("fresh", [False, True])
def test_of_several_that_write_one_file_one_wins(fresh, tmp_path):
    several, fork = 4, multiprocessing.get_context("fork")
    start, ended, path = fork.Barrier(several), fork.Queue(), tmp_path / "out"
    racers = [
        fork.Process(target=written_slowly, args=(path, i, fresh, start, ended)) for i in range(several)
    ]
    for racer in racers:
        racer.start()
    said = dict(ended.get(timeout=60) for _ in racers)
    for racer in racers:
        racer.join()
    winners = [writer for writer, word in said.items() if word == "written"]
    assert len(winners) == (1 if fresh else several)
    assert path.read_bytes() in [content(writer) for writer in winners]
    assert [found.name for found in tmp_path.iterdir()] == ["out"]
    assert {word for word in said.values() if word != "written"} <= {f"{path} is there already"}


@pytest.mark.parametrize("fresh", [False, True])
def test_a_file_system_without_links_or_folders_that_flush(fresh, tmp_path, monkeypatch):
    """FAT, some network drives: the name is claimed first, so that nobody else's goes either."""

    def no_link(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    real = files.flush

    def no_folders(path: Path) -> None:
        if path.is_dir():
            raise OSError(22, "Invalid argument")
        real(path)

    monkeypatch.setattr(os, "link", no_link)
    monkeypatch.setattr(files, "flush", no_folders)
    with files.whole(tmp_path / "a", fresh=fresh) as new:
        new.write_text("1")
    files.link(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text() == "1"
    with pytest.raises(Unwritable), files.whole(tmp_path / "a", fresh=True) as new:
        pass
    late = tmp_path / "c"
    with pytest.raises(Unwritable, match="c is there already"), files.whole(late, fresh=True):
        late.write_text("other")
    assert late.read_text() == "other" and len(list(tmp_path.iterdir())) == 3


def test_a_writer_that_is_killed_leaves_what_was_there(tmp_path):
    path = tmp_path / "out"
    files.write(path, "old")
    if (child := os.fork()) == 0:
        with files.whole(path) as new:
            new.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert path.read_text() == "old"
    assert sorted(found.name.startswith(".out.") for found in tmp_path.iterdir()) == [False, True]
    files.write(path, "new")
    assert path.read_text() == "new"


def test_a_block_that_fails_leaves_nothing(tmp_path):
    with pytest.raises(KeyboardInterrupt), files.whole(tmp_path / "new" / "out") as new:
        new.write_text("half")
        raise KeyboardInterrupt
    assert not list((tmp_path / "new").iterdir())


def test_the_disk_has_the_content_before_the_name(tmp_path, monkeypatch):
    """Else a power failure leaves an empty file under the name of a whole one."""
    order: list[str] = []
    for owner, name in ((os, "fsync"), (os, "replace")):
        real = getattr(owner, name)
        monkeypatch.setattr(owner, name, lambda *a, real=real, name=name: (order.append(name), real(*a))[1])
    files.write(tmp_path / "out", "x")
    assert order == ["fsync", "replace", "fsync"]


def test_rights_are_the_umask_s_whoever_wrote_the_file(tmp_path):
    mask = os.umask(0o027)
    try:
        with files.whole(tmp_path / "out") as new:  # as safetensors does
            new.unlink()
            os.close(os.open(new, os.O_CREAT | os.O_WRONLY, 0o600))
    finally:
        os.umask(mask)
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "far" / "real")
    files.write(tmp_path / "out", "x")
    assert (tmp_path / "out").is_symlink() and (tmp_path / "far" / "real").read_text() == "x"


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "𝄞" * 63, ".hidden"])
def test_the_longest_names(name, tmp_path):
    files.write(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_what_is_no_file_is_not_written(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    kinds = {"pipe": "a pipe", "folder": "a folder", "socket": "a socket", "/dev/null": "a device"}
    for name, kind in kinds.items():
        assert files.special(tmp_path / name) == kind
        with pytest.raises(Unwritable, match=f"it is {kind}"):
            files.write(tmp_path / name, "x")
    listening.close()
    assert files.special(tmp_path / "none") is None and files.special(tmp_path / "none" / "x") is None


def test_faults_name_the_file_that_was_asked_for(tmp_path):
    with pytest.raises(OSError) as caught:
        files.write(tmp_path / ("x" * 300), "x")
    assert ".new" not in str(caught.value)
    with pytest.raises(FileNotFoundError) as caught, files.whole(tmp_path / "out") as new:
        new.unlink()
    assert caught.value.filename == str(tmp_path / "out")
