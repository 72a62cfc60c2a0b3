"""Complaints about what is written: fields, names, values."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from tests.analysis.small import GROWN, PLAIN, case

CASES = [
    case("a node of nothing", PLAIN, [("{op: upsample}", "null")], ["G0013 11:9 ‹null› `up` is empty"]),
    case(
        "an op that is no name", PLAIN, [("op: upsample", "op: 3")], ["G0010 11:14 ‹3› `op` is given a name"]
    ),
    case(
        "keyword",
        PLAIN,
        [("    up: {", "    class: {")],
        ["G0011 11:5 ‹class› `class` is not a name for a node"],
    ),
    case(
        "not a name",
        PLAIN,
        [("    up: {", "    up-2: {")],
        ["G0011 11:5 ‹up-2› `up-2` is not a name for a node"],
    ),
    case(
        "condition that is a number",
        PLAIN,
        [("{op: upsample}", "{op: upsample, when: channels}")],
        ["G0105 11:30 ‹channels› a condition is true or false, not a whole number"],
    ),
    case(
        "condition that cannot be read",
        PLAIN,
        [("{op: upsample}", "{op: upsample, when: channels >}")],
        ["G0101 11:39 ‹>› something is wanted behind `>`"],
    ),
    case(
        "an absent tensor",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    side: {op: relu, when: channels > 3}\n    up: {op: upsample, x: side}",
            )
        ],
        ["G0113 12:27 ‹side› port `x` of `upsample` reads `side`, which is absent here"],
    ),
    case(
        "all terms absent",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    side: {op: relu, when: channels > 3}\n    sum: {op: add, terms: [side]}\n    up: {op: upsample}",
            )
        ],
        ["G0113 12:27 ‹[side]› all `terms` of `add` are absent here"],
    ),
    case(
        "unknown attribute",
        PLAIN,
        [("features: 128", "features: z.channels")],
        ["G0110 9:37 ‹channels› Latent[16] has no `.channels`"],
    ),
    case(
        "unknown name",
        PLAIN,
        [("features: 128", "features: chanels")],
        ["G0102 9:35 ‹chanels› unknown name `chanels`"],
    ),
    case(
        "fold with an unknown field",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      bdy: 3\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0008 13:7 ‹bdy› there is no field of a fold called `bdy`"],
    ),
    case(
        "fold without a body",
        PLAIN,
        [("    up: {op: upsample}", "    f:\n      fold: {i: range(2)}\n    up: {op: upsample}")],
        ["G0009 11:5 ‹f› the fold `f` has no `body`"],
    ),
    case(
        "fold over no mapping",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: range(2)\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0010 12:13 ‹range(2)› `fold` of a fold is a mapping"],
    ),
    case(
        "fold of an empty body",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      body: {}\n    up: {op: upsample}",
            )
        ],
        ["G0013 13:13 ‹{}› `body` of the fold is empty"],
    ),
    case(
        "carry that is no mapping",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      carry: x\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0010 13:14 ‹x› `carry` of a fold is a mapping"],
    ),
    case(
        "fold over a number",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: 3}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0105 12:17 ‹3› a fold runs over a list"],
    ),
    case(
        "collect reads nothing",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      body: {a: {op: relu}}\n      collect: {all: b}\n    up: {op: upsample}",
            )
        ],
        ["G0102 14:22 ‹b› unknown name `b`"],
    ),
    case(
        "label that is no name",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      label: 3-\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0011 13:14 ‹3-› `label` of a fold is a name"],
    ),
    case(
        "label that is a mapping",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      label: {a: 3}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0011 13:14 ‹{a: 3}› `label` of a fold is a name"],
    ),
    case(
        "defaults that are no mapping",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {conv: false}\n")],
        ["G0010 7:20 ‹false› the defaults of `conv` map parameters to values"],
    ),
    case(
        "defaults as a list",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: [conv]\n")],
        ["G0010 7:13 ‹[conv]› `defaults` wants a mapping of ops to parameters, not a list"],
    ),
    case(
        "input under a condition that is none",
        PLAIN,
        [('{z: "Latent[16]"}', '{z: "Latent[16]", y: {type: "Label[2]", when: 3}}')],
        ["G0105 7:57 ‹3› a condition is true or false"],
    ),
    case(
        "each over a number",
        PLAIN,
        [('{z: "Latent[16]"}', '{z: "Latent[16]", y: {type: "Label[k]", each: {k: 3}}}')],
        ["G0105 7:61 ‹3› `each` runs over a list"],
    ),
    case(
        "an unknown name in a type",
        PLAIN,
        [("Image[channels, resolution]", "Image[channels, resolutoin]")],
        ["G0102 15:36 ‹resolutoin› unknown name `resolutoin`"],
    ),
    case(
        "unknown output",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: tanh}\n  output: imgae")],
        ["G0102 14:11 ‹imgae› unknown name `imgae`"],
    ),
    case(
        "growth over a number",
        GROWN,
        [('over: "doubling(4, 16)"', "over: 16")],
        ["G0105 3:16 ‹16› `growth` runs over a list of sizes"],
    ),
]
