"""Slips in what is not used for the parameters in force, in imports, and in sizes beyond all networks."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import PLAIN, case, found

CASES = [
    case(
        "nothing is imported as",
        PLAIN,
        [("    up: {op: upsample}", "    a: {block: lib.relu}\n    up: {op: upsample}")],
        ["G0405 11:16 ‹lib.relu› nothing is imported as `lib`"],
    ),
    case(
        "a misspelt namespace",
        PLAIN,
        [("    up: {op: upsample}", "    a: {block: nrom.batch}\n    up: {op: upsample}")],
        ["G0405 11:16 ‹nrom.batch› nothing is imported as `nrom`"],
    ),
    case(
        "an import without the block",
        PLAIN,
        [
            ("generator:\n", "imports: {lib: norm.yaml}\ngenerator:\n"),
            ("    up: {op: upsample}", "    a: {block: lib.bacth}\n    up: {op: upsample}"),
        ],
        ["G0405 12:16 ‹lib.bacth› the import `lib` has no block `bacth`"],
    ),
    case(
        "nothing is imported as, in a slot",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {block: layer.conv, channels: 8, act: lib.relu}\n    up: {op: upsample}",
            )
        ],
        ["G0405 11:46 ‹lib.relu› nothing is imported as `lib`"],
    ),
    case(
        "absent op in order",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {op: conv, channels: channels, padding_mode: reflect, when: false}\n    up: {op: upsample}",
            )
        ],
        [],
    ),
    case(
        "absent: op",
        PLAIN,
        [("    up: {op: upsample}", "    a: {op: cnov, when: false}\n    up: {op: upsample}")],
        ["G0201 11:13 ‹cnov› there is no op `cnov`"],
    ),
    case(
        "absent: parameter",
        PLAIN,
        [("    up: {op: upsample}", "    a: {op: conv, chanels: 3, when: false}\n    up: {op: upsample}")],
        ["G0205 11:19 ‹chanels› `conv` has no port or parameter `chanels`"],
    ),
    case(
        "absent: name",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {op: conv, channels: chanels, unless: true}\n    up: {op: upsample}",
            )
        ],
        ["G0102 11:29 ‹chanels› unknown name `chanels`"],
    ),
    case(
        "absent: function",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {op: conv, channels: mxa(channels), unless: true}\n    up: {op: upsample}",
            )
        ],
        ["G0103 11:29 ‹mxa› unknown function `mxa`"],
    ),
    case(
        "absent: no expression",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {op: conv, channels: channels +, when: false}\n    up: {op: upsample}",
            )
        ],
        ["G0101 11:38 ‹+› something is wanted behind `+`"],
    ),
    case(
        "absent: block",
        PLAIN,
        [("    up: {op: upsample}", "    a: {block: layer.cnov, when: false}\n    up: {op: upsample}")],
        ["G0202 11:16 ‹layer.cnov› there is no block `layer.cnov`"],
    ),
    case(
        "absent: what a block is given",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {block: layer.conv, channells: 3, when: false}\n    up: {op: upsample}",
            )
        ],
        ["G0205 11:28 ‹channells› block `conv` has no port, parameter or slot `channells`"],
    ),
    case(
        "absent: filling",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {block: layer.conv, channels: 8, act: rleu, when: false}\n    up: {op: upsample}",
            )
        ],
        ["G0202 11:46 ‹rleu› there is no block or op that fits a slot for Activation, called `rleu`"],
    ),
    case(
        "absent: parameter of a filling",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {block: layer.conv, channels: 8, act: {use: leaky_relu, slop: 0.1}, when: false}\n    up: {op: upsample}",
            )
        ],
        ["G0205 11:64 ‹slop› `leaky_relu` has no port or parameter `slop`"],
    ),
    case(
        "absent: name in a filling",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {block: layer.conv, channels: 8, act: {use: leaky_relu, slope: slop}, when: false}\n    up: {op: upsample}",
            )
        ],
        ["G0102 11:71 ‹slop› unknown name `slop`"],
    ),
    case(
        "absent: fold",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    a: {fold: {i: range(nn)}, body: {b: {op: relu}}, when: false}\n    up: {op: upsample}",
            )
        ],
        ["G0102 11:25 ‹nn› unknown name `nn`"],
    ),
    case(
        "a filling that nothing uses",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {on: false}\n    slots: {s: Stage}\n    body:\n      c: {slot: s, res: 3, index: 0, first: true, last: true, when: on}\n      d: {op: relu, x: x}\ngenerator:\n",
            ),
            (
                "    up: {op: upsample}",
                "    u: {block: b, s: {use: conv, channels: res + index}}\n    up: {op: upsample}",
            ),
        ],
        [],
    ),
    case(
        "a slip in a filling that nothing uses",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {on: false}\n    slots: {s: Stage}\n    body:\n      c: {slot: s, res: 3, index: 0, first: true, last: true, when: on}\n      d: {op: relu, x: x}\ngenerator:\n",
            ),
            (
                "    up: {op: upsample}",
                "    u: {block: b, s: {use: conv, channels: ress}}\n    up: {op: upsample}",
            ),
        ],
        ["G0102 19:44 ‹ress› unknown name `ress`"],
    ),
    case(
        "too many numbers",
        PLAIN,
        [("size: 4}", "size: 2 ** 30}"), ("features: 128", "features: 2 ** 63")],
        ["G0109 9:35 ‹2 ** 63› the result is larger than 2**53"],
    ),
    case(
        "a feature too large",
        PLAIN,
        [("    up: {op: upsample}", "    c: {op: conv, channels: 2 ** 50}\n    up: {op: upsample}")],
        ["G0109 11:29 ‹2 ** 50› `c` is too large: a weight of 81,064,793,292,668,928 numbers"],
    ),
    case(
        "a weight too large",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    c: {op: global_pool}\n    v: {op: linear, features: 2 ** 25}\n    w: {op: linear, features: 2 ** 25}\n    r: {op: relu, x: start}\n    up: {op: upsample}",
            )
        ],
        ["G0109 13:13 ‹linear› `w` is too large: a weight of 1,125,899,906,842,624 numbers"],
    ),
    case(
        "two parameters missing",
        PLAIN,
        [("{op: reshape, channels: 8, size: 4}", "{op: reshape}")],
        ["G0206 10:17 ‹reshape› `reshape` needs `channels`", "G0206 10:17 ‹reshape› `reshape` needs `size`"],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_it_is_said(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
