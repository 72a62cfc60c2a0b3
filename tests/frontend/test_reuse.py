"""`reuse`: what a node stands for, and what is wrong with one."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics import Diagnostics
from gandsl.ir.graph import NetworkIR
from gandsl.ir.parser import parse_network
from gandsl.ir.text import network_text
from tests.analysis.small import found

HEAD = """\
gandsl: 1
name: twice
blocks:
  cell:
    ports: {x: Feature, style: {type: Vector, optional: true}}
    params: {channels: {type: int, default: 3}}
    slots: {norm: {type: Norm, default: batch}}
    body:
      norm: {slot: norm}
      conv: {op: conv, channels: channels}
      styled: {op: modulate, scale: style, when: present(style)}
      kept: {op: dropout, p: 0.5}
generator:
  inputs: {z: "Latent[3]"}
  body:
    fc: {op: linear, features: 48}
    start: {op: reshape, channels: 3, size: 4}
"""
TAIL = """
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {conv: {op: conv, channels: 1, kernel: 4, padding: 0}}
"""


def spec(body: str) -> str:
    return HEAD + "".join(f"    {line}\n" for line in body.splitlines()) + TAIL.lstrip("\n")


def network(body: str, folder: Path) -> NetworkIR:
    path = folder / "a.yaml"
    path.write_text(spec(body))
    module, diagnostics = analyze(path)
    assert module is not None and not diagnostics.errors, diagnostics.errors
    return module.networks["generator"]


def shared(ir: NetworkIR) -> dict[str, str]:
    return {node.id: node.shares for node in ir.main if node.shares}


def test_an_op_twice(tmp_path: Path) -> None:
    ir = network(
        "c: {op: conv, channels: 3}\nd: {reuse: c}\ne: {reuse: d, x: start}\nf: {op: add, terms: [d, e]}",
        tmp_path,
    )
    assert shared(ir) == {"d": "c", "e": "c"}
    assert [*ir.weighted()] == ["fc", "c"]
    assert parse_network(network_text(ir), "a.ir", Diagnostics()) == ir


def test_a_block_twice_and_again_in_stages(tmp_path: Path) -> None:
    """Slots, parameters and defaults are the first use's; what only draws has a place of its own."""
    body = """\
a: {block: cell, norm: {use: group, groups: 1}, inline: true, defaults: {conv: {kernel: 1}}}
b: {reuse: a}
steps: {fold: {i: range(2)}, body: {step: {reuse: b}}, defaults: {conv: {kernel: 5}}}"""
    ir = network(body, tmp_path)
    ids = [f"{at}.norm.norm" for at in ("b", "s0.step", "s1.step")]
    convs = [f"{at}.conv" for at in ("b", "s0.step", "s1.step")]
    assert shared(ir) == dict.fromkeys(ids, "norm.norm") | dict.fromkeys(convs, "conv")
    assert {str(ir.main[id_].attrs["kernel"]) for id_ in convs} == {"1"}
    assert [id_ for id_, node in ir.main.nodes.items() if node.op == "dropout"] == [
        "kept",
        "b.kept",
        "s0.step.kept",
        "s1.step.kept",
    ]


def test_what_is_not_read_lends_its_weights(tmp_path: Path) -> None:
    """`c` computes nothing that is wanted, and is no fault: its weights are."""
    ir = network("c: {op: conv, channels: 3}\nd: {reuse: c, x: start}", tmp_path)
    assert "c" not in ir.main.nodes and [*ir.weighted()] == ["fc", "c"]


def test_sizes_may_differ(tmp_path: Path) -> None:
    ir = network(
        "c: {op: conv, channels: 3}\nd: {op: pool}\ne: {reuse: c, x: d}\nf: {op: upsample}", tmp_path
    )
    assert shared(ir) == {"e": "c"}


CASES = [
    ("d: {reuse: nothing}", ["G0230 18:16 ‹nothing› there is no node `nothing` above `d`"]),
    (
        "d: {reuse: z}",
        ["G0230 18:16 ‹z› `z` is no op, block or slot of this body, so that it could be used again"],
    ),
    (
        "a: {block: cell}\nd: {reuse: a.conv}",
        ["G0230 19:16 ‹a.conv› `a.conv` is inside a block, which is not seen from outside"],
    ),
    (
        "c: {op: conv, channels: 3, when: false}\nd: {reuse: c}",
        ["G0230 19:16 ‹c› `c` is absent here: `d` has nothing to use again"],
    ),
    ("d: {reuse: e}\ne: {op: conv, channels: 3}", ["G0306 18:16 ‹e› `d` reads `e`, which stands below it"]),
    (
        "c: {op: conv, channels: 3}\nd: {reuse: c, channels: 4}",
        ["G0205 19:19 ‹channels› what uses `c` again has no input `channels`"],
    ),
    (
        "a: {block: cell}\nd: {reuse: a, inline: true}",
        ["G0205 19:19 ‹inline› what uses `a` again has no input `inline`"],
    ),
    (
        "c: {op: conv, channels: 3}\nd: {reuse: c, op: conv}",
        ["G0313 19:9 ‹reuse› `d` has both `op` and `reuse`"],
    ),
    (
        "c: {op: conv, channels: 8}\nd: {reuse: c}",
        [
            "G0231 19:16 ‹c› `d` would run the layer of `c` with a weight of shape [8, 8, 3, 3], which is [8, 3, 3, 3] there"
        ],
    ),
    (
        "c: {op: noise}\nd: {reuse: c}",
        ["G0231 19:16 ‹c› `d` cannot run the layer of `c`: it draws, and would draw the same twice"],
    ),
    ("c: {op: cnov, channels: 3}\nd: {reuse: c}", ["G0201 18:13 ‹cnov› there is no op `cnov`"]),
]


def test_a_node_is_no_block(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(spec("c: {op: conv, channels: 3}\nd: {block: c}"))
    (error,) = analyze(path)[1].errors
    assert (error.code, error.help) == (
        "G0202",
        "`{reuse: c}` is the node of this name again, with its weights",
    )


@pytest.mark.parametrize(("body", "said"), CASES, ids=[said[0][:40] for _, said in CASES])
def test_says(body: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, spec(body)) == said
