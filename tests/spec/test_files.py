"""Files that are no spec, no text, or not there: one message each, and soon."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gandsl.spec.files import STANDARD, File
from tests.spec.helpers import MINIMAL, load_file, messages, said


@pytest.mark.parametrize(
    ("name", "code", "part"),
    [
        ("missing.yaml", "G0402", "there is no file"),
        ("folder", "G0001", "is a folder"),
        ("pipe", "G0001", "no regular file"),
        ("large.yaml", "G0006", "10.0 MiB"),
        ("latin.yaml", "G0002", "0xfc"),
        ("utf16.yaml", "G0002", "0xff"),
        ("zeros.yaml", "G0002", "U+0000"),
        ("list.yaml", "G0010", "a spec is a mapping of fields, not a list"),
        ("word.yaml", "G0010", 'not the text "hello"'),
        ("empty.yaml", "G0013", "empty"),
        ("file.yaml/inside", "G0402", "there is no file"),
        ("with\0zero", "G0001", "cannot be read"),
    ],
)
def test_what_cannot_be_read(tmp_path: Path, name: str, code: str, part: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.yaml").write_text(MINIMAL)
    os.mkfifo(tmp_path / "pipe")
    contents = {
        "large.yaml": b"a: b\n" * (2 * 2**20),
        "latin.yaml": "gandsl: 1\nname: über\n".encode("latin-1"),
        "utf16.yaml": MINIMAL.encode("utf-16"),
        "zeros.yaml": b"\0" * 100,
        "list.yaml": b"- a\n",
        "word.yaml": b"hello",
        "empty.yaml": b"",
    }
    if name in contents:
        (tmp_path / name).write_bytes(contents[name])
    start = time.process_time()
    document, diagnostics = load_file(tmp_path / name)
    assert document is None
    assert [found for found, _ in said(diagnostics)] == [code]
    assert part in messages(diagnostics)
    assert time.process_time() - start < 1


def test_a_wrong_byte_has_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes("gandsl: 1\nname: über\n".encode("latin-1"))
    _, diagnostics = load_file(tmp_path / "a.yaml")
    (found,) = diagnostics
    assert found.span is not None and (found.span.line, found.span.column) == (2, 7)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(MINIMAL)
    (tmp_path / "a.yaml").chmod(0)
    _, diagnostics = load_file(tmp_path / "a.yaml")
    assert [code for code, _ in said(diagnostics)] == ["G0001"]


def test_messages_name_a_file_as_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.yaml").write_text("gandsl: 1\nnmae: b\n")
    monkeypatch.chdir(tmp_path)
    _, diagnostics = load_file(Path("a.yaml"))
    assert {found.span and found.span.file for found in diagnostics} == {"a.yaml"}


def test_files_of_the_standard_library_have_the_same_name_everywhere() -> None:
    assert File.at(os.path.join(STANDARD, "norm.yaml")).shown == "gandsl/std/norm.yaml"
    assert File.at("specs/a.yaml").shown == "specs/a.yaml"
