"""Options that cancel each other, need each other, or are given twice: refused, for every command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from enum import EnumMeta
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from gandsl.cli.apart import APART, NEEDS, name_of
from gandsl.cli.app import COMMANDS, LazyGroup, app
from tests.cli.conftest import SPECS

QUICK = str(SPECS / "quickstart.yaml")
GROUP: Any = typer.main.get_command(app)
assert isinstance(GROUP, LazyGroup)


def commands() -> Iterator[tuple[str, Any]]:
    for name in COMMANDS:
        command = GROUP.get_command(None, name)
        yield from ((f"{name} {inner}", c) for inner, c in getattr(command, "commands", {}).items())
        if not hasattr(command, "commands"):
            yield name, command


EVERY = dict(commands())
OPTIONS = {name: {name_of(param): param for param in command.params} for name, command in EVERY.items()}


def value(param: Any) -> str:
    """Some value that the option would take."""
    kind = param.type_descriptor.annotation
    return str(next(iter(kind)).value) if isinstance(kind, EnumMeta) else "1"


def words(command: str, names: tuple[str, ...]) -> list[str]:
    """A command line that gives these options, each a value that it takes."""
    found = command.split()
    for name in names:
        param = OPTIONS[command][name]
        found += [name] if param.param_type_name == "option" else []
        found += [value(param)] if param.param_type_name == "argument" or not param.is_flag else []
    required = [p for p in EVERY[command].params if p.required and name_of(p) not in names]
    for param in required:
        found += [*([name_of(param)] if param.param_type_name == "option" else []), value(param)]
    return found


def said(line: list[str]) -> tuple[int, str]:
    done = CliRunner().invoke(app, line)
    return done.exit_code, " ".join(done.output.split())


ROWS = [(name, pair) for name, pairs in APART.items() for pair in pairs]
WANTS = [(name, pair) for name, pairs in NEEDS.items() for pair in pairs]


@pytest.mark.parametrize(("command", "pair"), ROWS, ids=lambda one: str(getattr(one, "option", one)))
def test_what_cancels_is_refused(command: str, pair: Any) -> None:
    assert {pair.option, pair.other} <= {*OPTIONS[command]}, "the table names options that exist"
    code, text = said(words(command, (pair.option, pair.other)))
    assert code == 2
    assert f"{pair.option} and {pair.other} cancel each other" in text


@pytest.mark.parametrize(("command", "pair"), WANTS, ids=lambda one: str(getattr(one, "option", one)))
def test_what_does_nothing_alone_is_refused(command: str, pair: Any) -> None:
    assert {pair.option, pair.other} <= {*OPTIONS[command]}
    code, text = said(words(command, (pair.option,)))
    assert code == 2
    assert f"{pair.option} goes with {pair.other}" in text


def singles() -> Iterator[tuple[str, str]]:
    for command, options in OPTIONS.items():
        for name, param in options.items():
            if param.param_type_name == "option" and not param.multiple and not param.is_flag:
                yield command, name


@pytest.mark.parametrize(("command", "option"), list(singles()))
def test_an_option_given_twice_is_refused(command: str, option: str) -> None:
    code, text = said([*words(command, (option,)), option, value(OPTIONS[command][option])])
    assert code == 2
    assert f"{option} is given twice" in text


@pytest.mark.parametrize("option", ["compile", "tensorboard"])
def test_yes_and_no_are_twice(option: str) -> None:
    code, text = said(["train", QUICK, f"--{option}", f"--no-{option}"])
    assert code == 2
    assert "is given twice" in text


# options of which no pair cancels another: a new one is put here or into the tables, by who adds it
FREE = {
    "check": {"SPEC...", "--set", "--format"},
    "show": {"SPEC", "--set", "--format"},
    "graph": {"SPEC", "--set", "--output", "--depth"},
    "diff": {"SPEC", "NEW", "--set", "--exit-code", "--format"},
    "compile": {"SPEC", "--set", "--output", "--format"},
    "cost": {"SPEC", "--set", "--format"},
    "data inspect": {"WHERE", "--workers", "--format"},
    "data pack": {"WHERE", "--output", "--skip-broken", "--workers"},
    "train": {  # what goes with a resume alone is told where the run is known
        *("SPEC|RUN", "--data", "--run-dir", "--set", "--seed", "--device", "--change", "--minutes"),
        *("--workers", "--compile", "--tensorboard", "--dry-run", "--cudnn-benchmark"),
    },
    "plot": {"RUN...", "--output", "--reference"},
    "eval": {  # what an option means nothing for is told where the metrics and what is evaluated are known
        *(
            "RUN...",
            "--data",
            "--held-out",
            "--metrics",
            "--images",
            "--real-images",
            "--extractor",
            "--filter",
        ),
        *("--neighbours", "--checkpoints", "--seed", "--truncation", "--cutoff", "--noise", "--network"),
        *("--truth", "--device", "--format", "--output"),
    },
    "import": {"CHECKPOINT...", "--spec", "--set", "--output", "--layout", "--only", "--format"},
    "export-weights": {"FILE|RUN", "--output", "--layout", "--spec", "--set", "--part", "--format"},
    "schema": {"--output"},
    "specs": set(),
    "new": {"--data", "--output", "--hours", "--memory", "--device", "--workers"},
    "explain": {"--format"},
}


@pytest.mark.parametrize("command", FREE)
def test_every_option_was_thought_of(command: str) -> None:
    tables = {name for table in (APART, NEEDS) for pair in table.get(command, ()) for name in pair[:2]}
    assert {*OPTIONS[command]} - tables == FREE[command]


def test_no_command_is_left_out() -> None:
    """`sample` has rules of its own, by the kind of drawing: test_sampling holds them."""
    assert {*EVERY} - {*FREE} == {"sample"}


def test_pairs_stand_once() -> None:
    pairs = [(name, frozenset(pair[:2])) for name, pair in (*ROWS, *WANTS)]
    assert all(one != other for one, other in combinations(pairs, 2))


def test_a_spec_is_not_compared_with_itself() -> None:
    code, text = said(["diff", QUICK])
    assert code == 2
    assert "name another" in text


def test_the_command_that_mends_stale_output_is_whole(tmp_path: Path) -> None:
    to = tmp_path / "to it"
    line = ["compile", QUICK, "--set", "resolution=14", "--set", "width=8", "-o", str(to)]
    done = CliRunner().invoke(app, [*line, "--check"])
    assert done.exit_code == 8
    again = shlex.split(done.output.rpartition("`")[0].rpartition("`")[2])
    assert again[:3] == ["gandsl", *line[:2]]
    assert sorted(again[3:]) == sorted(line[2:])  # each option with its value, in whatever order


def test_each_spec_has_an_answer(tmp_path: Path) -> None:
    import json

    (tmp_path / "bad.yaml").write_text("gandsl: 1\n")
    done = CliRunner().invoke(app, ["check", QUICK, str(tmp_path / "bad.yaml"), "--format", "json"])
    assert [one["ok"] for one in json.loads(done.stdout)["specs"]] == [True, False]


@pytest.mark.parametrize("device", ["mps", "mps:0", "xpu", "meta"])
def test_a_device_that_is_not_supported(device: str) -> None:
    from gandsl_runtime.system.device import NoSuchDevice, device_named

    with pytest.raises(NoSuchDevice, match="is not supported") as caught:
        device_named(device)
    assert "leave --device out" in caught.value.remedy
