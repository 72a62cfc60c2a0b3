"""`gandsl specs`, specs by name in the other commands, and what a shell is offered behind Tab."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gandsl.analysis import checked
from gandsl.analysis.cost import module_cost
from gandsl.analysis.resolved import resolved
from gandsl.spec.places import SHIPPED, shipped
from tests.cli.conftest import ROOT, SPECS, Gandsl

QUICK = {"quickstart": [28, 28], "tiny": [32, 32], "hybrids/projected_stylegan2": [128, 128]}


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with nothing of ours."""
    monkeypatch.delenv("GANDSL_PATH", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_line_for_each(gandsl: Gandsl, away: Path) -> None:
    result = gandsl("specs")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert [line.split()[0] for line in lines[: len(shipped())]] == shipped()
    told = {line.split()[0]: line for line in lines[: len(shipped())]}
    doc = yaml.safe_load((SPECS / "dcgan.yaml").read_text("utf-8"))["doc"]
    assert told["dcgan"].split(maxsplit=2)[1:] == ["64²", doc]
    assert told["r3gan"].split()[1] == "256²"  # which no parameter says
    assert all(len(line.split(maxsplit=2)) == 3 for line in told.values())  # each has its line


@pytest.mark.parametrize("name", QUICK)
def test_facts_of_one(name: str, gandsl: Gandsl, away: Path) -> None:
    (one,) = json.loads(gandsl("specs", name, "--format", "json").stdout)["specs"]
    module, _ = checked(SPECS / f"{name}.yaml")
    cost = module_cost(module)
    assert one["name"] == name and one["size"] == QUICK[name]
    assert one["parameters"] == {role: network.total.parameters for role, network in cost.networks.items()}
    assert {name for name in one["params"]} == set(module.params)
    assert Path(one["file"]).read_bytes() == (SPECS / f"{name}.yaml").read_bytes()
    text = " ".join(gandsl("specs", name).stdout.split())
    assert f"`gandsl cost {name}` says" in text and f"images {one['size'][0]}²" in text


@pytest.mark.thorough
def test_facts_of_all(gandsl: Gandsl, away: Path) -> None:
    found = json.loads(gandsl("specs", "--format", "json").stdout)
    assert found["gandsl"] == "specs/1" and [one["name"] for one in found["specs"]] == shipped()
    for one in found["specs"]:
        if not one["name"].startswith("zoo/"):  # whose networks have any names
            assert set(one["parameters"]) >= {"generator", "discriminator"}
        assert max(one["parameters"].values()) > 0


def test_where_it_lies(gandsl: Gandsl, away: Path) -> None:
    assert gandsl("specs", "stylegan2/ada", "--path").stdout == f"{SHIPPED}/stylegan2/ada.yaml\n"


@pytest.mark.parametrize(
    "name", [name for name in shipped() if "1024" not in name and "stylegan/" not in name]
)
def test_a_copy_is_the_same_spec(name: str, gandsl: Gandsl, away: Path) -> None:
    """What it builds on is found from there too: the two are the same when all is merged and patched."""
    from gandsl.diagnostics import Diagnostics
    from gandsl.spec.loader import load
    from gandsl.spec.tree import to_plain

    result = gandsl("specs", name, "--copy", "deep/copied.yaml")
    assert result.exit_code == 0, result.stderr
    trees = []
    for path in (f"{SHIPPED}/{name}.yaml", "deep/copied.yaml"):
        document = load(path, diagnostics=(diagnostics := Diagnostics()))
        assert document is not None and not diagnostics.has_errors, list(diagnostics)
        tree = to_plain(document.tree)
        tree["imports"] = {name: Path(file).name for name, file in tree.get("imports", {}).items()}
        trees.append(tree)
    assert trees[0] == trees[1]


def test_a_copy_replaces_nothing_and_never_builds_on_itself(gandsl: Gandsl, away: Path) -> None:
    Path("there.yaml").write_text("mine")
    for words, told in (
        (("specs", "dcgan", "--copy", "there.yaml"), "there.yaml is there already"),
        (("specs", "lsgan", "--copy", "dcgan.yaml"), "would build on itself"),
        (("specs", "lsgan", "--copy", "lsgan.txt"), "must end in .yaml"),
        (("specs", "stylgan2"), "did you mean `stylegan2`?"),
        (("specs", "--path"), "--path goes with NAME"),
        (("specs", "dcgan", "--path", "--copy", "x.yaml"), "--path and --copy cancel each other"),
    ):
        result = gandsl(*words)
        assert result.exit_code == 2 and told in " ".join(result.stderr.split()), result.stderr
    assert Path("there.yaml").read_text() == "mine" and os.listdir() == ["there.yaml"]


@pytest.mark.parametrize(
    "words",
    [
        ("check",),
        ("show",),
        ("show", "--ir"),
        ("cost",),
        ("graph", "-o", "x.svg"),
        ("compile",),
        ("diff", "tiny"),
    ],
)
def test_every_command_takes_a_name(words: str, gandsl: Gandsl, away: Path) -> None:
    command, *rest = words
    result = gandsl(command, "quickstart", *rest)
    same = gandsl(
        command, SPECS / "quickstart.yaml", *(SPECS / "tiny.yaml" if w == "tiny" else w for w in rest)
    )
    assert result.exit_code == same.exit_code == 0, result.stderr
    if command != "compile":  # the second has nothing left to write
        assert result.stdout.replace("quickstart: fine", f"{SPECS}/quickstart.yaml: fine") == same.stdout


def test_check_says_which_was_taken(gandsl: Gandsl, away: Path) -> None:
    shutil.copy(SPECS / "tiny.yaml", "quickstart.yaml")
    text = gandsl("check", "quickstart").stdout
    assert text == f"quickstart (`quickstart` is quickstart.yaml here, not {SHIPPED}/quickstart.yaml): fine\n"
    (one,) = json.loads(gandsl("check", "quickstart", "--format", "json").stdout)["specs"]
    assert one["file"] == "quickstart.yaml"
    assert gandsl("check", "quickstart.yaml").stdout == "quickstart.yaml: fine\n"  # a file is a file
    assert "name: tiny" in gandsl("show", "quickstart").stdout


def test_a_run_wins_over_a_name_and_a_name_over_another_folder(away: Path) -> None:
    from gandsl.cli.read import is_run, spec_in

    Path("dcgan").mkdir()
    assert not is_run(Path("dcgan")) and spec_in(Path("dcgan")) == Path("dcgan")
    Path("dcgan/spec.yaml").write_text("")
    assert is_run(Path("dcgan")) and spec_in(Path("dcgan")) == Path("dcgan/spec.yaml")
    Path("mine").mkdir()
    assert is_run(Path("mine"))  # so that it is told that it holds none


def test_from_python(away: Path) -> None:
    import gandsl

    program = gandsl.compile("tiny")
    assert resolved(program.module) == resolved(checked(SPECS / "tiny.yaml")[0])


def test_a_spec_by_name_has_no_weights(gandsl: Gandsl, away: Path) -> None:
    result = gandsl("sample", "stylegan2", "-o", "x.png")
    assert result.exit_code == 2 and "a spec has no weights" in result.stderr


def completed(*words: str, shell: str = "bash") -> list[str]:
    """What a shell is offered for the last of the words."""
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}",
        "_GANDSL_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": " ".join(["gandsl", *words]),
        "COMP_CWORD": str(len(words)),
    }
    command = [sys.executable, "-X", "importtime", "-m", "gandsl"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert not [line for line in done.stderr.splitlines() if line.endswith(" torch")]
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (("s",), {"show", "sample", "schema", "specs"}),
        (("check", "stylegan2/a"), {"stylegan2/ada", "stylegan2/auto"}),
        (("train", "q"), {"quickstart", "quickstart_r1"}),
        (("cost", "m"), {"msg_gan", "mine.yaml", "made/"}),  # files and folders here, too
        (("cost", "made/"), {"made/deep.yml"}),
        (("explain", "conv_t"), {"conv_transpose"}),
        (("explain", "training.ema.r"), {"training.ema.ramp_up"}),
        (("cost", "tiny", "--mem"), {"--memory"}),
        (("check", "--format", "s"), {"sarif"}),
        (("import", "x.pkl", "--spec", "r3"), {"r3gan"}),
    ],
)
def test_tab(words: tuple[str, ...], offered: set[str], away: Path) -> None:
    Path("made").mkdir()
    for name in ("mine.yaml", "made/deep.yml", "made/notes.txt", "more.txt"):
        Path(name).touch()
    found = set(completed(*words))
    assert found == offered


BASH = """\
script=$(gandsl --show-completion)
eval "$script"
COMP_WORDS=(gandsl check quickstart_)
COMP_CWORD=2
_gandsl_completion gandsl
echo "${COMPREPLY[@]}"
complete -p gandsl
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash")
def test_in_bash(away: Path) -> None:
    """What --install-completion writes into ~/.bashrc, taken by a real one."""
    Path("gandsl").write_text(f'#!/bin/sh\nexec {sys.executable} -m gandsl "$@"\n')
    Path("gandsl").chmod(0o755)
    environment = os.environ | {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}",
        "PATH": f"{away}:{os.environ['PATH']}",
        "SHELL": "/bin/bash",
    }
    done = subprocess.run(["bash", "-c", BASH], env=environment, capture_output=True, text=True)
    offered, registered = done.stdout.splitlines()
    assert offered == "quickstart_r1", done.stderr
    assert registered == "complete -o default -F _gandsl_completion gandsl"


@pytest.mark.parametrize("words", [("specs",), ("specs", "tiny"), ("check", "tiny"), ("cost", "tiny")])
def test_answers_come_without_torch(words: tuple[str, ...], away: Path) -> None:
    environment = os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'runtime'}"}
    command = [sys.executable, "-X", "importtime", "-m", "gandsl", *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    loaded = {line.split("|")[-1].strip() for line in done.stderr.splitlines()}
    assert done.returncode == 0 and "gandsl.spec.places" in loaded
    assert not loaded & {"torch", "numpy", "networkx", "jinja2"}
