"""Every command that a message tells to type works: where it is printed, and as it is printed."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gandsl.cli.app import app
from tests.cli.commands import EVERY, SHORT
from tests.cli.conftest import ROOT, SPECS

HOME = "it's a folder"  # what a shell would read otherwise
COMMAND = re.compile(r"`(gandsl [^`]+)`|^  (gandsl .+)$", re.MULTILINE)
MODULES = sorted([*(ROOT / "gandsl").rglob("*.py"), *(ROOT / "runtime" / "gandsl_runtime").rglob("*.py")])


def run(command: str) -> Result:
    """A printed line, in this process."""
    return CliRunner().invoke(app, shlex.split(command)[1:], prog_name="gandsl")


def said(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="gandsl")
    return done.output


# ---- commands with a user's own names in them: each place that prints one has a way to see it


@pytest.fixture
def place(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An odd folder with images, a spec, and files of a peer's; the process stands beside it."""
    place = tmp_path / HOME
    shutil.copytree(made / "images", place / "images")
    shutil.copy(made / "net.pt", place / "net.pt")
    shutil.copy(SPECS / "quickstart.yaml", place / "my spec.yaml")
    shutil.copy(SPECS / "stylegan2.yaml", place / "my stylegan2.yaml")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "110")
    return Path(HOME)


def stale(place: Path) -> str:
    options = ["-o", place / "source", "--set", "z_dim=7"]
    assert (
        run(shlex.join(["gandsl", "compile", *map(str, [place / "my spec.yaml", *options])])).exit_code == 0
    )
    (place / "source" / "generator.py").write_text("pass\n")
    return said("compile", place / "my spec.yaml", *options, "--check")


def imported(place: Path) -> str:
    return said(
        "import", place / "net.pt", "--spec", place / "my stylegan2.yaml", "-o", place / "in.safetensors"
    )


def train(place: Path, *more: object) -> str:
    spec, images, folder = place / "my spec.yaml", place / "images", place / "run"
    return said("train", spec, "--data", images, "--run-dir", folder, *SHORT, *more)


def another_experiment(place: Path) -> str:
    train(place)
    return train(place, "--resume", "--set", "training.batch=8")


def other_networks(place: Path) -> str:
    train(place)
    return train(place, "--resume", "--set", "z_dim=7")


def too_large(place: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gandsl_runtime.shortage.free", lambda device: 2**20)
        return train(place, "--dry-run")


def memory_full(place: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gandsl_runtime.trainer.Trainer.__init__", full)
        return train(place)


def full(*arguments: object, **options: object) -> None:
    raise MemoryError


def many_images(place: Path) -> str:
    return train(place, "--dry-run")


def broken_images(place: Path) -> str:
    for path in sorted(place.glob("images/*/*.png"))[::2]:
        path.write_bytes(b"no image")
    return train(place, "--set", "training.data={broken: skip}")


def a_folder(place: Path) -> str:
    (place / "hub").mkdir()
    shutil.copy(place / "net.pt", place / "hub" / "pytorch_model.bin")
    (place / "hub" / "config.json").write_text("{}")
    return said("import", place / "hub")


def a_run(place: Path) -> str:
    train(place)
    return said("import", place / "run")


def an_import(place: Path) -> str:
    said("import", place / "net.pt", "-o", place / "in.safetensors")
    return said("import", place / "in.safetensors")


def weights_alone(place: Path) -> str:
    train(place)
    said("import", place / "net.pt", "-o", place / "in.safetensors")
    for path in place.glob("run/checkpoints/*"):
        shutil.copy(place / "in.safetensors", path)
    return said("train", place / "run")


SCENES: dict[str, list[Callable[[Path], str]]] = {
    "gandsl/cli/commands/compile.py:run": [stale],
    "gandsl/cli/commands/import_.py:run": [imported],
    "gandsl/cli/experiment.py:resumed": [another_experiment, other_networks],
    "gandsl/cli/dry_run.py:images_read": [many_images],
    "gandsl/interop/flat.py:tensors_of": [an_import],
    "runtime/gandsl_runtime/checkpoint.py:run_facts": [weights_alone],
    "gandsl/interop/foreign.py:folder": [a_folder, a_run],
    "runtime/gandsl_runtime/data/stream.py:_tell": [broken_images],
    "runtime/gandsl_runtime/shortage.py:what_fits": [too_large, memory_full],
}
"""Each function that prints a command of a user's own, and what makes it do so."""

ENDS = {broken_images: 3}
"""Where what the command is to show is no success."""


def printing() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions that call `pasted`, which puts a command together."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef):
                names = (n.func for n in ast.walk(node) if isinstance(n, ast.Call))
                if any(isinstance(name, ast.Name) and name.id == "pasted" for name in names):
                    yield f"{path.relative_to(ROOT)}:{node.name}", node


def test_every_place_has_a_scene() -> None:
    assert {where for where, _ in printing()} == SCENES.keys()


@pytest.mark.parametrize(
    "scene", [scene for scenes in SCENES.values() for scene in scenes], ids=lambda s: s.__name__
)
def test_what_is_printed_works(scene: Callable[[Path], str], place: Path) -> None:
    output = scene(place)
    commands = [a or b for a, b in COMMAND.findall(output)]
    assert commands, output
    for command in commands:
        done = run(command)
        assert done.exit_code == ENDS.get(scene, 0), (command, done.output)


# ---- commands that are the same for everyone


def texts() -> Iterator[tuple[str, str, bool]]:
    """Texts of the modules that are no docstring: where, what, and whether they are put together."""
    for path in MODULES:
        tree = ast.parse(path.read_text("utf-8"))
        within = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values
        }
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
                yield where, "".join(map(str, parts)), True
            elif (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in within | docs
            ):
                yield where, node.value, False


NAMES = {"SPEC": str(SPECS / "tiny.yaml"), "OP": "conv", "SIZE": "1GiB", "training.loss": "training.loss"}
"""What stands for what a user knows."""

COMPLETED = {"show": "SPEC", "graph": "SPEC -o graph.html"}
"""What a command that is spoken of without its arguments is given."""


def fixed() -> dict[str, str]:
    """Commands in the texts that no name of a user's is in, and where they stand."""
    found = {}
    for where, text, _ in texts():
        for command in re.findall(r"`(gandsl\s[^`{]+)`", text):
            found.setdefault(" ".join(command.split()), where)
    assert len(found) > 8
    return found


@pytest.mark.parametrize(("command", "where"), fixed().items())
def test_what_is_the_same_for_all_works(
    command: str, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    first = shlex.split(command)[1]
    if first.islower() and not {*shlex.split(command)[2:]} & NAMES.keys() and first in COMPLETED:
        command += f" {COMPLETED[first]}"
    done = run(" ".join(shlex.quote(NAMES.get(word, word)) for word in shlex.split(command)))
    assert done.exit_code == 0, (where, command, done.output)


def test_commands_are_put_together_in_one_way() -> None:
    """By `pasted`, which quotes; then each has its scene above."""
    names = "|".join(command.replace(" ", r"\s") for command in EVERY)
    put_together = re.compile(rf"gandsl\s(?:{names})\b[^`\n]*\{{\}}|`gandsl\s\{{\}}")
    assert not [where for where, text, joined in texts() if joined and put_together.search(text)]
