"""`gandsl cost --memory`: tables, JSON, the micro-batch for a memory, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from gandsl.cli.memory import bytes_of
from gandsl.memory import measured
from tests.cli.conftest import Gandsl


def test_a_table_of_phases_within_80_columns(gandsl: Gandsl, specs: Path) -> None:
    done = gandsl("cost", specs / "quickstart_r1.yaml", "--memory")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert all(len(line) <= 80 for line in lines)
    rows = [line.split()[0] for line in lines if line and "iB" in line]
    assert rows[:3] == ["D", "D/8", "G"]
    assert "a plain step: " in done.stdout and "one with every penalty: " in done.stdout
    assert any(line.startswith("D/8") and "backward of discriminator." in line for line in lines)


def test_each_term_alone(gandsl: Gandsl, specs: Path) -> None:
    line = ("cost", specs / "quickstart.yaml", "--memory", "--set", "training.regularizers.r1.gamma=1")
    (table,) = (part for part in gandsl(*line, "--terms").stdout.split("\n\n") if "term alone" in part)
    body = json.loads(gandsl(*line, "--terms", "--format", "json").stdout)
    rows = table.splitlines()
    assert rows[0].split() == ["term", "alone", "activations", "peak"]
    told = [(phase, term) for phase in body["levels"][-1]["phases"] for term in phase["terms"]]
    names = [f"{phase['name']}: {term['name'].partition('.')[2]}" for phase, term in told]
    assert [row.split("  ")[0] for row in rows[1:]] == names and "D: r1" in names
    assert all(0 < term["activations"] < term["peak"] < 1.01 * phase["peak"] for phase, term in told)
    assert "term alone" not in gandsl(*line).stdout


def test_levels_of_a_growing_spec(gandsl: Gandsl, specs: Path) -> None:
    done = gandsl("cost", specs / "pggan.yaml", "--memory", "--set", "resolution=8", "--budget", "64GiB")
    assert done.exit_code == 0
    rows = [line.split()[:2] for line in done.stdout.splitlines()[3:6]]
    assert rows == [["4", "128"], ["8", "128"], ["8", "fading"]]
    assert "each step: " in done.stdout and "64.0 GiB hold the whole batch" in done.stdout


def test_as_json(gandsl: Gandsl, specs: Path) -> None:
    done = gandsl("cost", specs / "quickstart.yaml", "--memory", "--budget", "1B", "--format", "json")
    body = json.loads(done.stdout)
    assert done.exit_code == 0 and body["gandsl"] == "memory/1"
    (level,) = body["levels"]
    assert [phase["name"] for phase in level["phases"]] == ["D", "G"]
    for phase in level["phases"]:
        kinds = ("parameters", "gradients", "optimizer", "average", "buffers", "activations")
        assert sum(phase[kind] for kind in kinds) == phase["peak"] <= body["plain"]
    assert body["proposal"]["fits"] is False and body["proposal"]["micro_batch"] == 1
    assert 1 < body["proposal"]["peak"] < body["penalty"]


def test_what_does_not_fit_is_said(gandsl: Gandsl, specs: Path) -> None:
    done = gandsl("cost", specs / "quickstart.yaml", "--memory", "--budget", "1kB")
    assert done.exit_code == 0 and "hold no micro-batch" in done.stdout


def test_a_micro_batch_is_proposed_that_check_takes(gandsl: Gandsl, specs: Path) -> None:
    spec = specs / "quickstart.yaml"
    whole = json.loads(gandsl("cost", spec, "--memory", "--format", "json").stdout)["penalty"]
    done = gandsl("cost", spec, "--memory", "--budget", str(whole - 1))
    setting = done.stdout.split("--set ")[1].split()[0]
    assert setting.startswith("training.micro_batch=")
    assert gandsl("check", spec, "--set", setting).exit_code == 0
    again = json.loads(gandsl("cost", spec, "--memory", "--format", "json", "--set", setting).stdout)
    assert again["penalty"] < whole


def test_usage(gandsl: Gandsl, specs: Path, tmp_path: Path) -> None:
    spec = specs / "quickstart.yaml"
    assert gandsl("cost", spec, "--budget", "1GiB").exit_code == 2
    assert gandsl("cost", spec, "--device", "cpu").exit_code == 2
    done = gandsl("cost", spec, "--memory", "--device", "tpu")
    assert done.exit_code == 2 and "cpu or cuda, not for `tpu`" in done.stderr
    done = gandsl("cost", spec, "--memory", "--budget", "much")
    assert done.exit_code == 2 and "16GiB" in done.stderr
    bare = tmp_path / "bare.yaml"
    bare.write_text(spec.read_text().split("training:")[0])
    done = gandsl("cost", bare, "--memory")
    said = " ".join(done.stderr.split())
    assert done.exit_code == 1 and "no `training` section" in said and "Traceback" not in said


@pytest.mark.parametrize(
    ("text", "size"), [("16GiB", 16 << 30), ("1.5 gb", 1_500_000_000), ("80G", 80 << 30), ("12", 12)]
)
def test_sizes(text: str, size: int) -> None:
    assert bytes_of(text) == size


@pytest.mark.parametrize("text", ["", "GiB", "-1GiB", "0", "3 apples", "1e9"])
def test_no_sizes(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        bytes_of(text)


def test_diff_reads_and_never_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gandsl: Gandsl, specs: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    words = ("diff", specs / "quickstart.yaml", "--set", "training.batch=32")
    done = gandsl(*words)
    assert done.exit_code == 0 and "`gandsl cost SPEC --memory` has measured both" in done.stdout
    assert json.loads(gandsl(*words, "--format", "json").stdout)["memory"]["peak"] == [None, None]
    assert not list(tmp_path.iterdir())
    gandsl("cost", specs / "quickstart.yaml", "--memory")
    gandsl("cost", specs / "quickstart.yaml", "--memory", "--set", "training.batch=32")
    monkeypatch.setattr(measured, "_measured", None)
    old, new = json.loads(gandsl(*words, "--format", "json").stdout)["memory"]["peak"]
    assert old > new
    assert f"({new / old - 1:+.1%})" in gandsl(*words).stdout.splitlines()[-1]
