"""CONTRIBUTING.md's examples, applied to a copy of the repository: what is added there works at once."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.documents import APPLIED, ROOT, Block, blocks_of

PAGE = "CONTRIBUTING.md"
BLOCKS = [block for block in blocks_of(PAGE) if APPLIED.fullmatch(block.above)]


def applied(block: Block, root: Path) -> Path:
    """Put a block where the line above it says. Fails where there is no such place, or more than one."""
    found = APPLIED.fullmatch(block.above)
    assert found, block.where
    name, how, table, anchor = found.groups()
    path = root / name
    if how == "new":
        assert not path.exists(), f"{block.where}: {name} is there"
        path.write_text(block.text, "utf-8")
        return path
    lines = path.read_text("utf-8").splitlines()
    if how == "at its end":
        at = len(lines)
    elif table:
        (start,) = (i for i, line in enumerate(lines) if line.split(":")[0].split(" =")[0] == table)
        at = next(i for i in range(start + 1, len(lines)) if lines[i] == ")")
    else:
        (before,) = (i for i, line in enumerate(lines) if line.strip() == anchor.strip())
        at = before + 1
    blank = ["", ""] if how == "at its end" else []
    path.write_text("\n".join([*lines[:at], *blank, *block.text.splitlines(), *lines[at:]]) + "\n", "utf-8")
    return path


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository with all examples in it."""
    root = tmp_path_factory.mktemp("copy")
    leave = shutil.ignore_patterns("__pycache__", ".git", ".venv", "*.pyc")
    for name in ("gandsl", "runtime", "specs", "tests"):
        shutil.copytree(ROOT / name, root / name, ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", root)
    for block in BLOCKS:
        path = applied(block, root)
        ast.parse(path.read_text("utf-8"), str(path))
    return root


SPEC = """\
gandsl: 1
name: shown
extends: {root}/specs/quickstart.yaml
set: {{training.augment: {{pipe: [gray], p: 0.5}}}}
patch:
  - replace: {{at: discriminator.body.stages.act, node: {{op: mish}}}}
  - insert_after: {{at: generator.body.image, name: held, node: {{op: clamp, limit: 1.0}}}}
  - insert_after: {{at: generator.body.condition, name: off, node: {{op: scale, factor: 0}}}}
"""

SCRIPT = """
import json, sys
from pathlib import Path

import torch
from typer.testing import CliRunner

import gandsl
from gandsl.cli.app import app
from tests.runtime import augmenting

found = {}


def run(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    found[" ".join(map(str, arguments[:2]))] = done.exit_code, done.output


run("check", "shown.yaml")
run("cost", "shown.yaml")
run("explain", "mish")
run("explain", "W0734")
run("keys", "shown.yaml")
run("compile", "shown.yaml", "-o", "made", "--dump-passes", "passes")
generator = gandsl.compile("shown.yaml").generator
found["image"] = list(generator(torch.randn(2, 64), torch.tensor([1, 2])).shape)
discriminator = gandsl.compile("shown.yaml").discriminator
found["log"] = [str(generator.pass_log()["idle-clamps"]), str(discriminator.pass_log()["group-epilogues"])]
dcgan = gandsl.compile("dcgan", {"resolution": 16, "width": 4}).generator
theirs = {"project": "first", "norm": "first", "rgb": "last", "s8.conv": "up8", "s8.norm": "up8"}
state = {}
for key, tensor in dcgan.state_dict().items():
    place, _, name = key.rpartition(".")
    convolved = place in ("project", "rgb", "s8.conv")
    state[f"{theirs[place]}.{'kernel' if convolved else name}"] = tensor
torch.save({"gen": state}, "theirs.pt")
run("import", "theirs.pt", "-o", "ours.safetensors")
images = augmenting.image(4, 3, 8, 8)
gray = augmenting.apply("gray", images)
found["gray"] = bool(torch.allclose(gray, images.mean(1, keepdim=True).expand_as(images)))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def said(copy: Path) -> dict[str, Any]:
    """What commands answer there, all in one process."""
    (copy / "shown.yaml").write_text(SPEC.format(root=copy), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": f"{copy}:{copy / 'runtime'}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_there_is_an_example_of_each() -> None:
    folders = Counter(str(Path(APPLIED.fullmatch(block.above)[1]).parent) for block in BLOCKS)  # type: ignore[index]
    assert folders["gandsl/ir/ops"] and folders["gandsl/passes"] and folders["gandsl/diagnostics/catalogue"]
    assert folders["runtime/gandsl_runtime/augment"] and folders["gandsl/interop/layouts"]
    assert folders["gandsl/cli/commands"]


def test_an_op(said: dict[str, Any]) -> None:
    """Checked, costed, compiled, run, and fused: of its row and its function alone."""
    code, text = said["cost shown.yaml"]
    assert code == 0 and "generator" in text, text
    assert said["image"] == [2, 1, 28, 28]
    assert "fired s14.conv: with mish" in said["log"][1]
    assert "x · tanh(softplus(x))" in said["explain mish"][1]


def test_a_pass(said: dict[str, Any]) -> None:
    assert "fired held: a tanh lies within it" in said["log"][0]
    code, text = said["compile shown.yaml"]
    assert code == 0, text


def test_a_diagnostic(said: dict[str, Any]) -> None:
    code, text = said["check shown.yaml"]
    assert code == 0 and "W0734" in text and "`off` multiplies by 0: nothing depends on what it reads" in text
    assert "multiplied by 0" in said["explain W0734"][1]


def test_an_augmentation(said: dict[str, Any]) -> None:
    """A plan that names it is one, as the check above says; all of it makes images gray."""
    assert said["gray"]


def test_a_layout(said: dict[str, Any]) -> None:
    code, text = said["import theirs.pt"]
    assert code == 0 and "DCGAN under names" in text, text


def test_a_command(said: dict[str, Any]) -> None:
    code, text = said["keys shown.yaml"]
    assert code == 0 and "generator.rgb.weight [1, 16, 3, 3]" in text, text


@pytest.mark.thorough
def test_the_op_s_row_is_whole_and_true(copy: Path) -> None:
    """As the test that CONTRIBUTING names says, in the copy; the formatter and the linters agree."""
    environment = os.environ | {"PYTHONPATH": f"{copy}:{copy / 'runtime'}"}
    for command in (
        (sys.executable, "-m", "pytest", "-q", "tests/ir/test_op_rows.py", "-k", "mish"),
        (Path(sys.executable).with_name("ruff"), "check", "gandsl", "runtime"),
        (Path(sys.executable).with_name("ruff"), "format", "--check", "gandsl", "runtime"),
    ):
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
