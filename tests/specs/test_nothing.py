"""null, or an empty list or mapping, in any place of a spec is refused, or what is left compiles."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from gandsl.analysis import analyze
from gandsl.api import Program
from gandsl.spec.write import to_yaml

SPECS = Path(__file__).resolve().parents[2] / "specs"


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in entries:
        yield (*at, key)
        yield from places(value, (*at, key))


@pytest.mark.parametrize("nothing", [None, [], {}, "", "[]"], ids=repr)
def test_nothing_anywhere(nothing: Any, tmp_path: Path) -> None:
    good = yaml.safe_load((SPECS / "quickstart.yaml").read_text())
    taken = refused = 0
    for *way, last in places(good):
        spoiled = copy.deepcopy(good)
        around = spoiled
        for key in way:
            around = around[key]
        around[last] = nothing
        (tmp_path / "spec.yaml").write_text(to_yaml(spoiled))
        module, diagnostics = analyze(tmp_path / "spec.yaml")
        if module is None:
            assert diagnostics.has_errors
            refused += 1
            continue
        taken += 1
        with torch.device("meta"):
            program = Program(module)
            assert program.generator is not None and program.discriminator is not None
    assert taken >= 1 and refused >= 20  # of both kinds there are some


@pytest.mark.parametrize("role", ["generator", "discriminator"])
def test_a_network_that_is_null_is_missing(role: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(
        to_yaml(yaml.safe_load((SPECS / "tiny.yaml").read_text()) | {role: None})
    )
    _, diagnostics = analyze(tmp_path / "spec.yaml")
    (error,) = [one for one in diagnostics.errors if one.code == "G0612"]
    assert error.span is not None and role in error.message
