"""The library: whose block a name means, read once and when asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.diagnostics import Diagnostics
from gandsl.spec.document import Document
from gandsl.spec.library import Library
from gandsl.spec.loader import load_blocks
from gandsl.spec.places import STANDARD
from tests.spec.helpers import MINIMAL, load_text, said

PARTS = """\
gandsl: 1
let: {half: 3}
interfaces: {Paint: {ports: {x: Feature}}}
blocks:
  one: {ports: {x: Feature}, body: {a: {op: relu}}}
"""


@pytest.fixture
def library(tmp_path: Path) -> Library:
    (tmp_path / "std").mkdir()
    (tmp_path / "std" / "norm.yaml").write_text(PARTS.replace("one", "batch"))
    (tmp_path / "std" / "interfaces.yaml").write_text("gandsl: 1\ninterfaces: {Norm: {ports: {x: Feature}}}")
    (tmp_path / "std" / "bad.yaml").write_text("gandsl: [")
    return Library(Diagnostics(), standard=str(tmp_path / "std"))


@pytest.fixture
def home(tmp_path: Path) -> Document:
    (tmp_path / "lib.yaml").write_text(PARTS)
    (tmp_path / "broken.yaml").write_text("gandsl: 1\nblocks: {one: {")
    document, _ = load_text(
        tmp_path, MINIMAL + "imports: {lib: lib.yaml, gone: nowhere.yaml, broken: broken.yaml}\n"
    )
    assert document is not None
    return document


def test_blocks_by_name(library: Library, home: Document) -> None:
    own, imported, standard = (library.block(name, home) for name in ("up", "lib.one", "norm.batch"))
    assert own is home.blocks["up"]
    assert imported is not None and list(imported.home.let) == ["half"]
    assert standard is not None and standard.home.file.endswith("norm.yaml")
    assert (
        library.block("lib.two", home)
        is library.block("nothing.one", home)
        is library.block("one", home)
        is None
    )
    assert library.block("batch", standard.home) is standard


def test_a_file_is_read_once(library: Library, home: Document) -> None:
    assert library.documents == {}
    assert library.block("lib.one", home) is library.block("lib.one", home)
    assert len(library.documents) == 1


def test_our_own_files_are_read_once_in_a_process_until_they_change(
    library: Library, home: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(library.standard)
    monkeypatch.setattr("gandsl.spec.library.block_folders", lambda standard="": (str(folder),))

    def found() -> Library:
        return Library(Diagnostics(), standard=str(folder))

    one, other = found(), found()
    block = one.block("norm.batch", home)
    assert block is not None and other.block("norm.batch", home) is block
    assert list(one.diagnostics.sources) == list(other.diagnostics.sources) == [str(folder / "norm.yaml")]
    (folder / "norm.yaml").write_text(PARTS.replace("one", "instance"))
    assert found().block("norm.batch", home) is None and found().block("norm.instance", home) is not None
    for _ in range(2):  # what is wrong is told each time
        broken = found()
        assert broken.block("bad.x", home) is not None
        assert [code for code, _ in said(broken.diagnostics)] == ["G0003"]


def test_what_could_not_be_read_is_reported_once_and_then_broken(library: Library, home: Document) -> None:
    for name in ("broken.one", "gone.one", "broken.two", "bad.x"):
        block = library.block(name, home)
        assert block is not None and block.broken
    assert [code for code, _ in said(library.diagnostics)] == ["G0003", "G0003"]


def test_interfaces_by_name(library: Library, home: Document) -> None:
    assert library.interface("Norm", home) is not None
    imported = library.interface("lib.Paint", home)
    assert imported is not None and list(imported.ports) == ["x"]
    assert library.interface("Paint", home) is None
    assert library.interface_names(home) == ["Norm", "lib.Paint"]


def test_candidates_for_did_you_mean(library: Library, home: Document) -> None:
    assert library.candidates(home) == ["up", "lib.one", "norm.batch"]


def test_the_standard_library_is_read_without_a_word() -> None:
    files = sorted(Path(STANDARD).glob("*.yaml"))
    assert len(files) > 5
    for path in files:
        diagnostics = Diagnostics()
        document = load_blocks(str(path), diagnostics)
        assert document is not None and said(diagnostics) == []
        assert document.file == f"gandsl/std/{path.name}"
