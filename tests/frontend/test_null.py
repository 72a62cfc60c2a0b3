"""One rule for what is not there: a key that is null is not written, a tensor that is null is absent."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.ir.text import network_text
from tests.analysis.small import found

SPEC = """\
gandsl: 1
name: nothing
blocks:
  both:
    ports: {x: Feature, style: {type: Vector, optional: true}}
    params: {width: 3}
    slots: {act: {type: Activation, default: relu}}
    body:
      conv: {op: conv, channels: width}
      styled: {op: modulate, scale: style, when: present(style)}
      act: {slot: act}
generator:
  inputs: {z: "Latent[3]"}
  body:
    fc: {op: linear, features: 48}
    start: {op: reshape, channels: 3, size: 4}
    NODE
discriminator:
  inputs: {image: "Image[3, 4]"}
  body: {conv: {op: conv, channels: 1, kernel: 4, padding: 0}}
"""

EQUAL = [
    ("c: {op: conv, x: null, channels: 3}", "c: {op: conv, channels: 3}"),
    ("c: {op: conv, channels: 3, kernel: null}", "c: {op: conv, channels: 3}"),
    ("c: {op: conv, channels: 3, when: null, unless: ~}", "c: {op: conv, channels: 3}"),
    ("c: {op: modulate, scale: z, shift: null}", "c: {op: modulate, scale: z}"),
    ("c: {op: modulate, scale: z, shift: null if true else z}", "c: {op: modulate, scale: z}"),
    ("c: {op: add, terms: [start, null]}", "c: {op: add, terms: [start]}"),
    ("c: {op: relu, x: 'first_present(null, start)', when: not present(null)}", "c: {op: relu}"),
    ("c: {block: both, style: null, width: null, act: null}", "c: {block: both}"),
    ("c: {block: both, style: null if true else z}", "c: {block: both}"),
    (
        "c: {fold: {i: range(1)}, carry: {x: start, y: null}, body: {a: {op: relu, x: 'first_present(y, x)'}}}",
        "c: {fold: {i: range(1)}, carry: {x: start, y: absent}, body: {a: {op: relu, x: 'first_present(y, x)'}}}",
    ),
]


def text(node: str, folder: Path) -> str:
    path = folder / "a.yaml"
    path.write_text(SPEC.replace("NODE", node))
    module, found = analyze(path)
    assert module is not None and not found.errors, found.errors
    return network_text(module.networks["generator"], full=False)


@pytest.mark.parametrize(("null", "same"), EQUAL, ids=[null for null, _ in EQUAL])
def test_null_is_nothing(null: str, same: str, tmp_path: Path) -> None:
    assert text(null, tmp_path) == text(same, tmp_path)


SAID = [
    ("c: {op: conv, channels: null}", ["G0206 17:13 ‹conv› `conv` needs `channels` (output channels)"]),
    (
        "c: {op: conv, chanels: null, channels: 3}",
        ["G0205 17:19 ‹chanels› `conv` has no port or parameter `chanels`"],
    ),
    (
        "c: {op: modulate, scale: null}",
        ["G0204 17:13 ‹modulate› port `scale` of `modulate` is not connected"],
    ),
    ("c: {op: conv, x: none, channels: 3}", ["G0102 17:22 ‹none› unknown name `none`"]),
    (
        "c: [{op: conv, channels: 3}, {op: relu}]",
        [
            "G0313 17:8 ‹[{op: conv, channels: 3}, {op: relu}]› `c` is a list of nodes, and a node has a name of its own"
        ],
    ),
]


@pytest.mark.parametrize(("node", "said"), SAID, ids=[node for node, _ in SAID])
def test_says(node: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, SPEC.replace("NODE", node)) == said
