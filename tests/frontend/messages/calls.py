"""Complaints about calls: ops, blocks, parameters, ports."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from tests.analysis.small import GROWN, PLAIN, case

CASES = [
    case(
        "a value with a parameter",
        PLAIN,
        [("    up: {op: upsample}", "    v: {value: 3, kernel: 2}\n    up: {op: upsample}")],
        ["G0205 11:19 ‹kernel› a value takes no `kernel`"],
    ),
    case(
        "unknown op",
        PLAIN,
        [("op: upsample", "op: upsampel")],
        ["G0201 11:14 ‹upsampel› there is no op `upsampel`"],
    ),
    case(
        "the op input", PLAIN, [("op: upsample", "op: input")], ["G0201 11:14 ‹input› there is no op `input`"]
    ),
    case(
        "an op of games",
        PLAIN,
        [("op: upsample", "op: mean")],
        ["G0201 11:14 ‹mean› `mean` is an op of games, and this is a network"],
    ),
    case(
        "a block as an op",
        PLAIN,
        [("op: upsample", "op: up.nearest")],
        ["G0201 11:14 ‹up.nearest› `up.nearest` is a block, not an op"],
    ),
    case(
        "an op as a block",
        PLAIN,
        [("op: upsample", "block: upsample")],
        ["G0202 11:17 ‹upsample› there is no block `upsample`"],
    ),
    case(
        "unknown block",
        PLAIN,
        [("op: upsample", "block: up.nearets")],
        ["G0202 11:17 ‹up.nearets› there is no block `up.nearets`"],
    ),
    case(
        "unknown topology",
        PLAIN,
        [("op: upsample", "topology: plan")],
        ["G0202 11:20 ‹plan› there is no topology `plan`"],
    ),
    case(
        "unknown parameter",
        PLAIN,
        [("{op: upsample}", "{op: upsample, facter: 2}")],
        ["G0205 11:24 ‹facter› `upsample` has no port or parameter `facter`"],
    ),
    case(
        "missing parameter",
        PLAIN,
        [("features: 128", "bias: true")],
        ["G0206 9:17 ‹linear› `linear` needs `features` (outputs)"],
    ),
    case(
        "parameter of another type",
        PLAIN,
        [("features: 128", "features: 'channels / 2'")],
        ["G0207 9:35 ‹'channels / 2'› `features` of `linear` wants a whole number, not 1.5"],
    ),
    case(
        "parameter out of range",
        PLAIN,
        [("features: 128", "features: 0")],
        ["G0208 9:35 ‹0› `features` of `linear` is at least 1, not 0"],
    ),
    case(
        "no choice",
        PLAIN,
        [("{op: upsample}", "{op: upsample, mode: nearset}")],
        ["G0209 11:30 ‹nearset› `mode` of `upsample` cannot be 'nearset'"],
    ),
    case(
        "port not connected",
        PLAIN,
        [("    up: {op: upsample}", "    a: {op: modulate}\n    up: {op: upsample}")],
        ["G0204 11:13 ‹modulate› port `scale` of `modulate` is not connected"],
    ),
    case(
        "variadic port not connected",
        PLAIN,
        [("    up: {op: upsample}", "    a: {op: add}\n    up: {op: upsample}")],
        ["G0204 11:13 ‹add› `add` needs a list of `terms`"],
    ),
    case(
        "a border as wide as the feature reflected",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    c: {op: conv, channels: 8, kernel: 9, padding_mode: reflect}\n    up: {op: upsample}",
            )
        ],
        ["G0208 11:40 ‹9› a border of 4 is too wide to be reflected from 4×4"],
    ),
    case(
        "a crop with a border's mode",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    c: {op: pad, pad: [1, 1, -1, 1], mode: replicate}\n    up: {op: upsample}",
            )
        ],
        ["G0208 11:23 ‹[1, 1, -1, 1]› replicate adds a border and crops none"],
    ),
    case(
        "a border too wide for the first level alone",
        GROWN,
        [
            (
                "      conv: {op: conv, channels: 8}\n      act: {op: relu}\n  down",
                "      pad: {op: pad, pad: [5, 5, 5, 5], mode: reflect}\n      conv: {op: conv, channels: 8, kernel: 11, padding: 0}\n      act: {op: relu}\n  down",
            )
        ],
        ["G0208 21:27 ‹[5, 5, 5, 5]› a border of 5 is too wide to be reflected from 4×4"],
    ),
    case(
        "parameter of a block not given",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, act: relu}\n    up: {op: upsample}"),
        ],
        ["G0206 19:16 ‹b› block `b` needs `k`"],
    ),
    case(
        "unknown argument of a block",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            (
                "    up: {op: upsample}",
                "    u: {block: b, k: 3, akt: relu, act: relu}\n    up: {op: upsample}",
            ),
        ],
        ["G0205 19:25 ‹akt› block `b` has no port, parameter or slot `akt`"],
    ),
    case(
        "parameter of a block out of range",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 5, act: relu}\n    up: {op: upsample}"),
        ],
        ["G0208 19:22 ‹5› `k` of block `b` is at most 4, not 5"],
    ),
    case(
        "default of a block's parameter out of range",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4, default: 9}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, act: relu}\n    up: {op: upsample}"),
        ],
        ["G0208 9:46 ‹9› `k` of block `b` is at most 4, not 9"],
    ),
    case(
        "unknown filling",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: rleu}\n    up: {op: upsample}"),
        ],
        ["G0202 19:30 ‹rleu› there is no block or op that fits a slot for Activation, called `rleu`"],
    ),
    case(
        "a filling with an unknown parameter",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            (
                "    up: {op: upsample}",
                "    u: {block: b, k: 3, act: {use: leaky_relu, slop: 0.1}}\n    up: {op: upsample}",
            ),
        ],
        ["G0205 19:48 ‹slop› `leaky_relu` has no port or parameter `slop`"],
    ),
    case(
        "a filling that wants more",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Norm}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            (
                "    up: {op: upsample}",
                "    u: {block: b, k: 3, act: conditional_batch}\n    up: {op: upsample}",
            ),
        ],
        ["G0204 19:30 ‹conditional_batch› port `condition` of block `conditional_batch` is not connected"],
    ),
    case(
        "unknown port of a slot",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act, y: x}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: relu}\n    up: {op: upsample}"),
        ],
        ["G0203 13:22 ‹y› a slot for Activation takes no `y`"],
    ),
    case(
        "a slot's value not handed in",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Stage}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: relu}\n    up: {op: upsample}"),
        ],
        [
            "G0204 13:17 ‹act› a slot for Stage is to be given `first`",
            "G0204 13:17 ‹act› a slot for Stage is to be given `index`",
            "G0204 13:17 ‹act› a slot for Stage is to be given `last`",
            "G0204 13:17 ‹act› a slot for Stage is to be given `res`",
        ],
    ),
    case(
        "wrong inside a block used twice",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {c: {op: conv}}}\ngenerator:\n"),
            ("    up: {op: upsample}", "    u: {block: b}\n    v: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0206 7:43 ‹conv› `conv` needs `channels` (output channels)"],
    ),
    case(
        "wrong inside the standard library",
        PLAIN,
        [("    up: {op: upsample}", "    u: {block: residual.up, channels: 0}\n    up: {op: upsample}")],
        ["G0208 11:39 ‹0› `channels` of block `up` is at least 1, not 0"],
    ),
    case(
        "wrong at one stage",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: '[1, 2, 0]'}\n      body: {a: {op: conv, channels: i}}\n    up: {op: upsample}",
            )
        ],
        ["G0208 13:38 ‹i› `channels` of `conv` is at least 1, not 0"],
    ),
    case(
        "defaults of an unknown op",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {cnov: {bias: false}}\n")],
        ["G0201 7:14 ‹cnov› there is no op `cnov`"],
    ),
    case(
        "defaults of an op of games",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {mean: {processes: own}}\n")],
        ["G0201 7:14 ‹mean› `mean` is an op of games, and this is a network"],
    ),
    case(
        "defaults of an unknown parameter",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {conv: {bais: false}}\n")],
        ["G0205 7:21 ‹bais› there is no parameter of `conv`, `bais`"],
    ),
    case(
        "a default out of range",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {conv: {stride: 0}}\n")],
        ["G0208 7:29 ‹0› `stride` of `conv` is at least 1, not 0"],
    ),
    case(
        "a wrong parameter does not spoil the rest",
        PLAIN,
        [("  channels: 3", "  channels: {type: int, default: 3, min: 4}"), ("op: upsample", "op: upsampel")],
        [
            "G0502 5:34 ‹3› `channels` is at least 4, not 3",
            "G0201 11:14 ‹upsampel› there is no op `upsampel`",
        ],
    ),
]
