"""Complaints about order and structure: what stands where, folds, slots, growth."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from tests.analysis.small import GROWN, PLAIN, case

CASES = [
    case(
        "reads itself",
        PLAIN,
        [("up: {op: upsample}", "up: {op: upsample, x: up}")],
        ["G0306 11:27 ‹up› `up` reads itself"],
    ),
    case(
        "reads a node below",
        PLAIN,
        [("up: {op: upsample}", "up: {op: upsample, x: rgb}")],
        ["G0306 11:27 ‹rgb› `up` reads `rgb`, which stands below it"],
    ),
    case(
        "a value reads a node below",
        PLAIN,
        [("    up: {op: upsample}", "    v: image.height\n    up: {op: upsample}")],
        ["G0306 11:8 ‹image› `v` reads `image`, which stands below it"],
    ),
    case(
        "two forms",
        PLAIN,
        [("{op: upsample}", "{op: upsample, block: up.nearest}")],
        ["G0313 11:24 ‹block› `up` has both `op` and `block`"],
    ),
    case(
        "a misspelt form",
        PLAIN,
        [("{op: upsample}", "{opp: upsample}")],
        ["G0313 11:10 ‹opp› `up` has no op, block, slot or fold"],
    ),
    case(
        "no form",
        PLAIN,
        [("{op: upsample}", "{factor: 2}")],
        ["G0313 11:10 ‹factor› `up` has no op, block, slot or fold"],
    ),
    case(
        "an empty node",
        PLAIN,
        [("{op: upsample}", "{}")],
        ["G0313 11:5 ‹up› `up` has no op, block, slot or fold"],
    ),
    case(
        "block in order",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: relu}\n    up: {op: upsample}"),
        ],
        [],
    ),
    case(
        "slot not filled",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3}\n    up: {op: upsample}"),
        ],
        ["G0302 19:16 ‹b› slot `act` of block `b` is not filled"],
    ),
    case(
        "a filling without a name",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: {slope: 0.1}}\n    up: {op: upsample}"),
        ],
        [
            "G0303 19:30 ‹{slope: 0.1}› a slot is filled with a name, with {use: NAME, argument: value, …}, or a list of them"
        ],
    ),
    case(
        "unknown slot",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: acts}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: relu}\n    up: {op: upsample}"),
        ],
        ["G0301 13:17 ‹acts› there is no slot `acts` here"],
    ),
    case(
        "slot outside a block",
        PLAIN,
        [("    up: {op: upsample}", "    u: {slot: act}\n    up: {op: upsample}")],
        ["G0301 11:15 ‹act› there is no slot `act` here"],
    ),
    case(
        "unknown interface",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activatoin}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: relu}\n    up: {op: upsample}"),
        ],
        ["G0311 10:18 ‹Activatoin› there is no interface `Activatoin`"],
    ),
    case(
        "a filling without the port",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature, skip: Feature}\n    slots: {join: Join}\n    body:\n      a: {slot: join, skip: skip, res: 1, index: 0, first: true, last: true}\ngenerator:\n",
            ),
            (
                "    up: {op: upsample}",
                "    u: {block: b, x: start, skip: start, join: relu}\n    up: {op: upsample}",
            ),
        ],
        ["G0303 17:48 ‹relu› `relu` does not fit a slot for Join: it has no port `skip`"],
    ),
    case(
        "block contains itself",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {c: {block: b}}}\ngenerator:\n"),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0304 7:46 ‹b› block `b` contains itself: b → b"],
    ),
    case(
        "two blocks contain each other",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  a: {ports: {x: Feature}, body: {c: {block: b}}}\n  b: {ports: {x: Feature}, body: {c: {block: a}}}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0304 7:46 ‹b› block `b` contains itself: b → a → b"],
    ),
    case(
        "output of a block absent",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b: {ports: {x: Feature}, body: {c: {op: relu}, d: {op: relu, when: false}}, outputs: {x: d}}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0310 7:92 ‹d› the output of block `b` is absent"],
    ),
    case(
        "two nodes of one id",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {rgb: {op: relu}}}\ngenerator:\n"),
            ("    up: {op: upsample}", "    u: {block: b, inline: true}\n    up: {op: upsample}"),
        ],
        ["G0305 15:15 ‹conv› two nodes are called `rgb`: block `b` stands here `inline`, and has one"],
    ),
    case(
        "fold in order",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        [],
    ),
    case(
        "next of nothing carried",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      carry: {x: start}\n      body: {a: {op: relu}}\n      next: {x: a, image: a}\n    up: {op: upsample}",
            )
        ],
        ["G0312 15:20 ‹image› there is no carried value `image`"],
    ),
    case(
        "fold over lists of different length",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2), j: '[1, 2, 3]'}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0308 12:30 ‹'[1, 2, 3]'› `j` has 3 entries but `i` has 2"],
    ),
    case(
        "fold over nothing",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: '[]'}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["W0745 12:17 ‹'[]'› the fold runs over an empty list, and does nothing"],
    ),
    case(
        "fold over too much",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(1000)}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0309 12:17 ‹range(1000)› 1000 stages are more than 256"],
    ),
    case(
        "two stages of one name",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: '[8, 8]'}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0305 12:7 ‹fold› two stages of the fold are called `s8`"],
    ),
    case(
        "two folds with a stage of one name",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: '[8]'}\n      body: {a: {op: relu}}\n"
                "    g:\n      fold: {i: '[4, 8]'}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        ["G0305 15:7 ‹fold› two folds have a stage that is called `s8`"],
    ),
    case(
        "one block inline twice",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {c: {op: relu}}}\ngenerator:\n"),
            (
                "    up: {op: upsample}",
                "    u: {block: b, inline: true}\n    v: {block: b, inline: true}\n    up: {op: upsample}",
            ),
        ],
        ["G0305 7:43 ‹relu› two nodes are called `c`: block `b` stands here `inline`, and has one"],
    ),
    case(
        "output absent",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: tanh}\n    b: {op: relu, when: false}\n  output: b")],
        ["G0310 15:11 ‹b› the output `b` is absent"],
    ),
    case(
        "growth over too much",
        GROWN,
        [('over: "doubling(4, 16)"', "over: 'range(1, 40)'")],
        ["G0309 3:16 ‹'range(1, 40)'› 39 levels are more than 16"],
    ),
]
