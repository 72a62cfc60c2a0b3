"""What documents show runs: the code of each, from top to bottom, in a folder with what it speaks of."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.api import places
from tests.documents import script


def files(folder: Path) -> None:
    """What pages about Python read."""
    (folder / "specs").symlink_to(places.ROOT / "specs")
    (folder / "runs").mkdir()
    places.run(folder / "runs" / "digits")
    places.published(folder / "faces.pt")


CODE: dict[str, Callable[[Path], None]] = {  # blocks marked `python`; `py` is shown alone
    "README.md": files,
    "docs/checkpoints.md": files,
    "docs/python.md": files,
}


@pytest.mark.parametrize("name", CODE)
def test_its_code_runs(name: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    CODE[name](tmp_path)
    monkeypatch.chdir(tmp_path)
    path = tmp_path / f"{Path(name).stem}.py"
    path.write_text(script(root / name), "utf-8")
    assert path.read_text("utf-8").strip()
    runpy.run_path(str(path))


def test_a_script_keeps_the_lines_of_its_document(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n\n```python\na = 1\n\n```\n\n```bash\nls\n```\n```python\n1 / 0\n```\n")
    lines = script(page).splitlines()
    assert {number: line for number, line in enumerate(lines, 1) if line} == {4: "a = 1", 12: "1 / 0"}
