"""The compiler stops looking: after as many errors as it shows, and where a network never ends."""

from __future__ import annotations

from pathlib import Path

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostics
from tests.analysis.small import PLAIN, edited

UP = "    up: {op: upsample}\n"


def check(folder: Path, nodes: str) -> Diagnostics:
    path = folder / "spec.yaml"
    path.write_text(edited(PLAIN, (UP, nodes + UP)), encoding="utf-8")
    module, diagnostics = analyze(path)
    assert module is None
    return diagnostics


def test_no_more_errors_than_are_shown(tmp_path: Path) -> None:
    diagnostics = check(tmp_path, "".join(f"    n{k}: {{op: nope}}\n" for k in range(1000)))
    assert len(diagnostics.errors) == 200
    assert {error.code for error in diagnostics.errors} == {"G0201"}


def test_a_network_that_does_not_end_ends_the_compilation(tmp_path: Path) -> None:
    stages = '    f{0}: {{fold: {{i: "range(250)"}}, label: t{0}_, body: {{a: {{op: relu}}}}}}\n'
    diagnostics = check(tmp_path, "".join(stages.format(k) for k in range(40)))
    assert [(error.code, error.message) for error in diagnostics.errors] == [
        ("G0309", "the generator unfolds to too many nodes")
    ]
