"""The whole front half in one call: what it returns, what it leaves out, ids that moved."""
# ruff: noqa: E501 - messages stand as they are

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.analysis.checks import ERRORS, WARNINGS
from gandsl.diagnostics.codes import CODES
from tests.analysis.small import GROWN, PLAIN, edited, found

SPECS = sorted((Path(__file__).parents[2] / "specs").glob("*.yaml"))
DEAD = ("    image: {op: tanh}", "    side: {op: conv, channels: 4}\n    image: {op: tanh, x: rgb}")


@pytest.mark.parametrize("spec", SPECS, ids=lambda path: path.stem)
def test_our_own_specs_are_fine(spec: Path) -> None:
    module, diagnostics = analyze(spec)
    assert module is not None
    # the published systems do a few things that lints warn of; nothing in our files is left unused
    assert [one.code for one in diagnostics if not one.code.startswith("W072")] == []


def test_dead_nodes_are_named_and_gone(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(edited(PLAIN, DEAD), encoding="utf-8")
    module, diagnostics = analyze(path)
    assert module is not None
    assert [one.code for one in diagnostics] == ["W0703"]
    assert "side" not in module.networks["generator"].main.nodes
    assert list(module.networks["generator"].main.nodes) == ["z", "dense", "start", "up", "rgb", "image"]


def test_a_node_that_lives_at_another_level_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(GROWN, encoding="utf-8")
    module, _ = analyze(path)
    assert module is not None
    programs = module.networks["generator"].programs
    ids = [{node.id for node in programs[variant]} for variant in sorted(programs)]
    assert ["synthesis.s4.rgb" in nodes for nodes in ids] == [True, False, True, False, False]


def test_errors_of_all_kinds_at_once(tmp_path: Path) -> None:
    text = edited(
        PLAIN, ("features: 128", "feature: 128"), ("stride: 2", "stride: none"), ("batch: 32", "batch: 0")
    )
    assert [line.split(" ")[0] for line in found(tmp_path, text)] == ["G0205", "G0102", "G0602"]


def test_warnings_wait_for_a_spec_without_errors(tmp_path: Path) -> None:
    text = edited(PLAIN, DEAD, ("batch: 32", "batch: 0"))
    assert [line.split(" ")[0] for line in found(tmp_path, text)] == ["G0602"]


def test_what_a_network_lacks_does_not_hide_what_is_wrong_in_the_other(tmp_path: Path) -> None:
    text = edited(
        PLAIN, ("op: tanh", "op: tan"), ("    logit: {op: linear", "    logit: {op: broadcast_styles")
    )
    assert [line.split(" ")[0] for line in found(tmp_path, text)] == ["G0201", "G0206", "G0205"]


def test_overrides_are_as_good_as_text(tmp_path: Path) -> None:
    assert found(tmp_path, PLAIN, "training.batch=0") == [
        "G0602 1:16 ‹0› `batch` is at least 1, not 0",
    ]
    assert found(tmp_path, PLAIN, "resolution=16") == [
        "G0601 15:12 ‹image› the discriminator's `image` is 3×16×16, but the generator's `image` is 3×8×8"
    ]


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ("generator.first: generator.dense", []),
        ("discriminator.a: discriminator", ["G0408 4:26 ‹discriminator› there is no node `discriminator` to move to"]),
        ("generator.first: generator.desne", ["G0408 4:26 ‹generator.desne› there is no node `generator.desne` to move to"]),
        ("generator.up: generator.dense", ["G0408 4:9 ‹generator.up› `generator.up` is still a node of this spec, so it has not moved"]),
        ("a: generator.up, b: generator.up", ["G0408 4:29 ‹generator.up› two ids move to `generator.up`"]),
    ],
)  # fmt: skip
def test_moved_ids(moved: str, said: list[str], tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(PLAIN, encoding="utf-8")
    text = f"gandsl: 1\nname: mine\nextends: base.yaml\nmoved: {{{moved}}}\n"
    assert found(tmp_path, text) == said


def test_the_table_of_rules_names_codes_of_the_right_kind() -> None:
    for rules, first in ((ERRORS, "G"), (WARNINGS, "W")):
        for codes, _ in rules:
            assert all(code in CODES and code.startswith(first) for code in codes.split())
