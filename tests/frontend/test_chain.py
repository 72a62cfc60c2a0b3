"""What a node reads that names nothing: values and branches in a chain, a slot filled in a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.ir.graph import Graph

SPEC = """
gandsl: 1
name: chain
interfaces:
  Join: {{ports: {{x: Feature, skip: {{type: Feature, optional: true}}}}}}
blocks:
  use:
    ports: {{x: Feature}}
    slots: {{act: {{type: Activation, default: [relu, tanh]}}, join: {{type: Join, default: none}}}}
    body: {{act: {{slot: act}}, join: {{slot: join, skip: x}}}}
  both: {{ports: {{x: Feature, skip: Feature}}, body: {{sum: {{op: add, terms: [x, skip]}}}}}}
generator:
  inputs: {{z: "Latent[16]"}}
  body:
    dense: {{op: linear, features: 48}}
    start: {{op: reshape, channels: 3, size: 4}}
{body}
discriminator:
  inputs: {{image: "Image[3, 4]"}}
  body: {{flat: {{op: flatten}}, logit: {{op: linear, features: 1}}}}
training: {{length: 3 steps, batch: 16, loss: hinge, optimizer: {{kind: adam, lr: 2e-4, betas: [0.0, 0.9]}}}}
"""


def analyzed(folder: Path, body: str) -> tuple[Graph, list[tuple[str, str | None]]]:
    """The generator's graph, and what is said of the spec."""
    (folder / "spec.yaml").write_text(SPEC.format(body=body))
    module, diagnostics = analyze(folder / "spec.yaml")
    assert module is not None, [one.message for one in diagnostics]
    said = [(one.code, one.help) for one in diagnostics if one.code != "W0704"]  # a block that nobody uses
    return module.networks["generator"].main, said


@pytest.mark.parametrize(
    "value", ["3", "'[1, 2]'", "true", "start.channels + 1", "start.size", "'{value: 2}'"]
)
def test_a_chain_passes_over_values(value: str, tmp_path: Path) -> None:
    graph, said = analyzed(tmp_path, f"    k: {value.strip(chr(39))}\n    act: {{op: relu}}")
    assert graph["act"].operands == ("start",) and not said


def test_a_value_in_the_end_is_what_a_body_gives(tmp_path: Path) -> None:
    """A fold that carries a number goes on with the last value of its body, whatever that is."""
    body = """    f:
      fold: {i: "range(3)"}
      carry: {n: 1}
      body: {more: n * 2}
    conv: {op: conv, x: start, channels: f.n - 5}"""
    graph, _ = analyzed(tmp_path, body)
    assert graph["conv"].attrs["channels"] == 2**3 - 5


def test_a_branch_that_rewires_a_chain_is_named(tmp_path: Path) -> None:
    body = (
        "    conv: {op: conv, channels: 3}\n    side: {op: conv, x: start, channels: 3}\n    act: {op: relu}"
    )
    graph, said = analyzed(tmp_path, body)
    assert graph["act"].operands == ("side",)
    ((code, help),) = said
    assert code == "W0703" and help is not None and help.startswith("`side`, below it, reads something else")


def test_a_slot_is_filled_in_a_row(tmp_path: Path) -> None:
    row = "[{use: conv, channels: 3}, relu, {use: conv, channels: 3}]"
    graph, said = analyzed(tmp_path, f"    use: {{block: use, act: {row}}}")
    assert not said
    assert [(id_, graph[id_].operands) for id_ in graph.nodes if id_.startswith("use")] == [
        ("use.act.conv", ("start",)),
        ("use.act.relu", ("use.act.conv",)),
        ("use.act.conv1", ("use.act.relu",)),
    ]


def test_a_row_is_a_slots_default_and_each_is_given_what_the_slot_is(tmp_path: Path) -> None:
    graph, said = analyzed(tmp_path, "    use: {block: use, join: [both, {use: relu}, both]}")
    assert not said
    assert [(id_, graph[id_].operands) for id_ in graph.nodes if id_.startswith("use")] == [
        ("use.act.relu", ("start",)),
        ("use.act.tanh", ("use.act.relu",)),
        ("use.join.both.sum", ("use.act.tanh", "start")),
        ("use.join.relu", ("use.join.both.sum",)),
        ("use.join.both1.sum", ("use.join.relu", "start")),
    ]


@pytest.mark.parametrize(
    ("fill", "code", "text"),
    [
        ("[]", "G0303", "[]"),
        ("[relu, [tanh], 3]", "G0303", "3"),
        ("[relu, tanhh]", "G0202", "tanhh"),
        ("[relu, {use: conv, chanels: 3}]", "G0205", "chanels"),
    ],
)
def test_a_row_that_cannot_be(fill: str, code: str, text: str, tmp_path: Path) -> None:
    written = SPEC.format(body=f"    use: {{block: use, act: {fill}}}")
    (tmp_path / "spec.yaml").write_text(written)
    module, diagnostics = analyze(tmp_path / "spec.yaml")
    assert module is None
    places = []
    for one in diagnostics:
        assert one.span is not None
        line = written.split("\n")[one.span.line - 1]
        places.append((one.code, line[one.span.column - 1 : one.span.end_column - 1]))
    assert (code, text) in places and len(places) <= 2


def test_a_variable_of_a_fold_counts_as_written(tmp_path: Path) -> None:
    """It may be called as what each stage has by itself (W0708), and is then what the fold runs over."""
    fold = "s: {fold: {count: 'range(5, 7)'}, body: {c: {op: conv, channels: count}}}"
    graph, said = analyzed(tmp_path, f"    {fold}\n    rgb: {{op: conv, channels: 3}}")
    assert [graph[f"s{count}.c"].type.shape[0] for count in (5, 6)] == [5, 6]
    assert [code for code, _ in said] == ["W0708"]
