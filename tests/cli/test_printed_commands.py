"""Every command that a message tells to type works: where it is printed, and as it is printed."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from gandsl.cli.app import app
from tests.cli.commands import EVERY, SHORT
from tests.cli.conftest import ROOT, SPECS
from tests.interop.forge import ours
from tests.test_structure import modules
from tests.test_structure import trees as parsed

HOME = "it's a folder"  # what a shell would read otherwise
COMMAND = re.compile(r"`(gandsl [^`]+)`|^  (gandsl .+)$", re.MULTILINE)


def run(command: str) -> Result:
    """A printed line, in this process."""
    return CliRunner().invoke(app, shlex.split(command)[1:], prog_name="gandsl")


def said(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="gandsl")
    return done.output


# ---- commands with a user's own names in them: each place that prints one has a way to see it


@pytest.fixture(scope="module")
def home(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An odd folder with a spec, a run of it, and files of a peer's."""
    above = tmp_path_factory.mktemp("printed")
    home = above / HOME
    home.mkdir()
    for name in ("net.pt", "in.safetensors"):
        shutil.copy(made / name, home)
    (home / "images").symlink_to(made / "images")
    shutil.copy(SPECS / "quickstart.yaml", home / "my spec.yaml")
    shutil.copy(SPECS / "stylegan2.yaml", home / "my stylegan2.yaml")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(above)
        train(Path(HOME))
    assert list(home.glob("run/checkpoints/*"))
    return home


@pytest.fixture
def place(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Such a folder to work in; the process stands beside it."""
    shutil.copytree(home, tmp_path / HOME, symlinks=True)
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


def train(place: Path, *more: object, run: str = "run") -> str:
    spec, images = place / "my spec.yaml", place / "images"
    return said("train", spec, "--data", images, "--run-dir", place / run, *SHORT, *more)


def another_experiment(place: Path) -> str:
    return train(place, "--resume", "--set", "training.batch=8")


def other_networks(place: Path) -> str:
    return train(place, "--resume", "--set", "z_dim=7")


def too_large(place: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gandsl_runtime.system.shortage.free", lambda device: 2**20)
        return train(place, "--dry-run", run="other")


def memory_full(place: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gandsl_runtime.training.trainer.Trainer.__init__", full)
        return train(place, run="other")


def full(*arguments: object, **options: object) -> None:
    raise MemoryError


def many_images(place: Path) -> str:
    return train(place, "--dry-run", run="other")


def broken_images(place: Path) -> str:
    (place / "images").unlink()
    for index in range(60):
        (place / "images" / str(index % 10)).mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28)).save(place / "images" / str(index % 10) / f"{index}.png")
    for path in sorted(place.glob("images/*/*.png"))[::2]:
        path.write_bytes(b"no image")
    return train(place, "--set", "training.data={broken: skip}", run="other")


def a_peers_file(place: Path) -> str:
    return said("export-weights", place / "net.pt", "-o", place / "other.pt")


def a_run(place: Path) -> str:
    return said("import", place / "run")


def an_import(place: Path) -> str:
    return said("import", place / "in.safetensors")


def weights_alone(place: Path) -> str:
    for path in place.glob("run/checkpoints/*"):
        shutil.copy(place / "in.safetensors", path)
    return said("train", place / "run")


def of_no_known_spec(place: Path) -> str:
    ours(place / "weights.safetensors", SPECS / "quickstart.yaml", {}, ["generator"])
    return said("sample", place / "weights.safetensors")


def copied(place: Path) -> str:
    return said("specs", "quickstart", "--copy", place / "my copy.yaml")


def one_of_ours(place: Path) -> str:
    return said("specs", "quickstart")


def fitted(place: Path) -> str:
    return said("new", "--data", place / "images", "-o", place / "fits it.yaml", "--hours", "0.1")


SCENES: dict[str, list[Callable[[Path], str]]] = {
    "gandsl/cli/commands/compile.py:run": [stale],
    "gandsl/cli/commands/import_.py:run": [imported],
    "gandsl/cli/commands/new.py:run": [fitted],
    "gandsl/cli/commands/specs.py:_copy": [copied],
    "gandsl/cli/commands/specs.py:_text": [one_of_ours],
    "gandsl/cli/experiment.py:resumed": [another_experiment, other_networks],
    "gandsl/cli/dry_run.py:images_read": [many_images],
    "gandsl/interop/origin.py:_name_it": [of_no_known_spec],
    "gandsl/interop/flat.py:tensors_of": [an_import],
    "runtime/gandsl_runtime/runs/checkpoint.py:named": [a_peers_file],
    "runtime/gandsl_runtime/runs/checkpoint.py:run_facts": [weights_alone],
    "gandsl/interop/foreign.py:folder": [a_run],
    "runtime/gandsl_runtime/data/stream.py:tell": [broken_images],
    "runtime/gandsl_runtime/system/shortage.py:what_fits": [too_large, memory_full],
}
"""Each function that prints a command of a user's own, and what makes it do so."""

ENDS = {broken_images: 3}
"""Where what the command is to show is no success."""


@cache
def trees() -> dict[Path, ast.Module]:
    """Every module that may print a command, parsed."""
    paths = modules(ROOT)
    return {paths[name]: tree for name, tree in parsed(ROOT, r"pasted\(|gandsl[^\w.]").items()}


def printing() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions that call `pasted`, which puts a command together."""
    for path, tree in trees().items():
        for node in ast.walk(tree):
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
        done = run(command.replace(" SPEC ", f" {SPECS / 'quickstart.yaml'} "))
        assert done.exit_code == ENDS.get(scene, 0), (command, done.output)


# ---- commands that are the same for everyone


@cache
def texts() -> list[tuple[str, str, bool]]:
    """Texts of the modules that are no docstring: where, what, and whether they are put together."""
    found = []
    for path, tree in trees().items():
        apart: set[int] = set()  # docstrings, and what is a piece of another text
        for node in ast.walk(tree):  # from the outside in
            where = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Expr):
                apart.add(id(node.value))
            elif isinstance(node, ast.JoinedStr):
                apart |= {id(part) for part in node.values}
                parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
                found.append((where, "".join(map(str, parts)), True))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
                found.append((where, node.value, False))
    return found


NAMES = {"SPEC": SPECS / "quickstart.yaml", "OP": "conv", "SIZE": "1GiB", "WHERE": "images", "NAME": "tiny"}
NAMES |= {"RUN…": "run", "DIR": "other", "FILE": "curve.json"}
"""What stands for what a user knows."""

COMPLETED = {
    "gandsl show": "gandsl show SPEC",
    "gandsl show --ir": "gandsl show --ir SPEC",
    "gandsl graph": "gandsl graph SPEC -o graph.html",
    "gandsl data pack": "gandsl data pack WHERE --size 8 -o set.zip",
    "gandsl eval": "gandsl eval WHERE --data WHERE --metrics swd --images 16",
    "gandsl import": "gandsl import net.pt -o imported.safetensors",
    "gandsl train SPEC --data WHERE": "gandsl train SPEC --data WHERE --dry-run",
    "gandsl train SPEC --run-dir DIR": "gandsl train SPEC --run-dir DIR --data WHERE --dry-run",
}
"""What is spoken of without all of its arguments, and what is run in its place."""


def fixed() -> list[str]:
    """Commands in the texts that no name of a user's is in."""
    texts_ = [text for _, text, _ in texts()]
    found = {" ".join(c.split()) for text in texts_ for c in re.findall(r"`(gandsl\s[^`{]+)`", text)}
    assert len(found) > 8
    return sorted(found)


@pytest.mark.parametrize("command", fixed())
def test_what_is_the_same_for_all_works(
    command: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("images", "run", "net.pt"):
        (tmp_path / name).symlink_to(home / name)
    words = shlex.split(COMPLETED.get(command, command))
    done = run(shlex.join(str(NAMES.get(word, word)) for word in words))
    assert done.exit_code == 0, (command, done.output)


def test_commands_are_put_together_in_one_way() -> None:
    """By `pasted`, which quotes; then each has its scene above. The form of an option is no command."""
    names = "|".join(command.replace(" ", r"\s") for command in EVERY)
    put_together = re.compile(rf"gandsl\s(?:{names})\b(?! SPEC --\{{\}})[^`\n]*\{{\}}|`gandsl\s\{{\}}")
    assert not [where for where, text, joined in texts() if joined and put_together.search(text)]
