"""Files that are no spec, no text, or not there: one message each, and soon."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.spec.files import MAX_BYTES, SpecFile, find, read_file
from gandsl.spec.loader import load
from gandsl.spec.places import STANDARD
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
    assert SpecFile.at(os.path.join(STANDARD, "norm.yaml")).shown == "gandsl/std/norm.yaml"
    assert SpecFile.at("specs/a.yaml").shown == "specs/a.yaml"


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("own.yaml", "specs/own.yaml"),
        ("./own.yaml", "specs/own.yaml"),
        ("../up.yaml", "up.yaml"),  # beside the naming file it may climb
        ("deeper/../own.yaml", "specs/own.yaml"),
        ("shared.yaml", "shared/shared.yaml"),
        ("a/../shared.yaml", "shared/shared.yaml"),
        ("linked.yaml", "shared/linked.yaml"),  # whoever put the link there meant it
        ("../shared/shared.yaml", "shared/shared.yaml"),
        ("../outside.yaml", None),  # above the shared folder, not above specs/
        ("a/../../outside.yaml", None),
        ("../spec/files.py", None),  # above the standard library
        ("../../pyproject.toml", None),
        ("norm.yaml", f"{STANDARD}/norm.yaml"),
        ("x/../norm.yaml", f"{STANDARD}/norm.yaml"),
        ("../std/norm.yaml", None),
        (f"{STANDARD}/../std/norm.yaml", f"{STANDARD}/../std/norm.yaml"),  # absolute: itself
        ("nowhere.yaml", None),
    ],
)
@pytest.mark.parametrize("field", ["extends", "imports"])
def test_which_file_a_name_is(
    field: str, written: str, place: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A shared folder (of GANDSL_PATH, the standard library) gives what is in it, whatever lies beside it."""
    home = tmp_path / "home"
    for name in ("specs/own.yaml", "up.yaml", "shared/shared.yaml", "far/outside.yaml", "far/link/in.yaml"):
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(MINIMAL)
    (home / "shared/linked.yaml").symlink_to(home / "far/outside.yaml")
    monkeypatch.setenv("GANDSL_PATH", f"{home / 'far/link'}:{home / 'shared'}")
    spec = home / "specs" / "spec.yaml"
    value = f"{{lib: {written}}}" if field == "imports" else written
    spec.write_text(f"gandsl: 1\nname: child\n{field}: {value}\n")
    diagnostics = Diagnostics()
    found = find(written, str(spec), None, diagnostics)
    assert (found and found.path) == (place and str(home / place))
    load(spec, diagnostics=(told := Diagnostics()))
    assert ("G0402" in [one.code for one in told]) == (place is None)


def test_a_file_that_is_too_large_has_a_place(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("# " + "x" * MAX_BYTES)
    diagnostics = Diagnostics()
    assert read_file(SpecFile(str(path), "large.yaml"), None, diagnostics) is None
    (one,) = diagnostics.errors
    assert one.code == "G0006" and one.span and (one.span.file, one.span.line) == ("large.yaml", 1)
