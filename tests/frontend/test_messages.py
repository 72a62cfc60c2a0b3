"""Every complaint of the frontend: code, place and words, each from a small spec."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.analysis.small import GROWN, PLAIN, STYLED, Edit, edited, found


def case(name: str, text: str, edits: list[Edit], said: list[str]) -> Any:
    return pytest.param(edited(text, *edits), said, id=name)


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
    case("a node of nothing", PLAIN, [("{op: upsample}", "null")], ["G0013 11:9 ‹null› `up` is empty"]),
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
        "an op that is no name", PLAIN, [("op: upsample", "op: 3")], ["G0010 11:14 ‹3› `op` is given a name"]
    ),
    case(
        "reserved name",
        PLAIN,
        [("    up: {", "    forward: {")],
        ["G0011 11:5 ‹forward› `forward` is a name that every module has already"],
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
        "a number for a tensor",
        PLAIN,
        [("{op: upsample}", "{op: upsample, x: channels}")],
        ["G0211 11:27 ‹channels› port `x` of `upsample` takes a tensor (Feature), not a whole number"],
    ),
    case(
        "another kind",
        PLAIN,
        [("{op: upsample}", "{op: upsample, x: z}")],
        ["G0211 11:27 ‹z› port `x` of `upsample` takes a Feature, but this is a Latent[16]"],
    ),
    case(
        "another kind above",
        PLAIN,
        [("    start: {op: reshape, channels: 8, size: 4}\n", "")],
        ["G0211 10:14 ‹upsample› port `x` of `upsample` takes a Feature, but this is a Vector[128]"],
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
        ["G0113 12:27 ‹side› port `x` of `upsample` reads a value that is absent here"],
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
        "something else among terms",
        PLAIN,
        [("    up: {op: upsample}", "    sum: {op: add, terms: [start, channels]}\n    up: {op: upsample}")],
        [
            "G0211 11:35 ‹channels› port `terms` of `add` takes a tensor (Feature or Vector or Tokens), not a whole number"
        ],
    ),
    case(
        "terms of other channels",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    c: {op: conv, channels: 4}\n    sum: {op: add, terms: [c, start]}\n    up: {op: upsample}",
            )
        ],
        ["G0212 12:27 ‹[c, start]› the terms of a sum have 4 and 8 channels"],
    ),
    case(
        "terms of other sizes",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    c: {op: pool}\n    sum: {op: add, terms: [c, start]}\n    up: {op: upsample}",
            )
        ],
        ["G0213 12:27 ‹[c, start]› the terms of a sum are Feature[8, 2, 2] and Feature[8, 4, 4]"],
    ),
    case(
        "odd size halved",
        PLAIN,
        [("    up: {op: upsample}", "    c: {op: pool, factor: 3}\n    up: {op: upsample}")],
        ["G0214 11:27 ‹3› 4×4 is not divisible by 3"],
    ),
    case(
        "kernel larger than the feature",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    c: {op: conv, channels: 8, kernel: 7, padding: 0}\n    up: {op: upsample}",
            )
        ],
        ["G0214 11:40 ‹7› a 7 kernel does not fit into 4×4 with padding 0"],
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
        "everything cropped",
        PLAIN,
        [("    up: {op: upsample}", "    c: {op: pad, pad: [-3, -1, 0, 0]}\n    up: {op: upsample}")],
        ["G0214 11:23 ‹[-3, -1, 0, 0]› nothing is left of 4×4 where 4 pixels are cropped"],
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
        "groups",
        PLAIN,
        [("    up: {op: upsample}", "    c: {op: group_norm, groups: 3}\n    up: {op: upsample}")],
        ["G0215 11:33 ‹3› 8 channels cannot be split into 3 groups"],
    ),
    case(
        "reshape",
        PLAIN,
        [("features: 128", "features: 127")],
        ["G0210 10:36 ‹8› a vector of 127 does not fill 8 × 4×4 = 128"],
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
        "a filling without a name",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    params: {k: {type: int, max: 4}}\n    slots: {act: Activation}\n    body:\n      c: {op: conv, channels: k}\n      a: {slot: act}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, act: {slope: 0.1}}\n    up: {op: upsample}"),
        ],
        ["G0303 19:30 ‹{slope: 0.1}› a slot is filled with a name, or with {use: NAME, argument: value, …}"],
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
        "port of another shape",
        PLAIN,
        [
            (
                "generator:\n",
                'blocks:\n  b: {ports: {x: "Feature[4, 4, 4]"}, body: {c: {op: relu}}}\ngenerator:\n',
            ),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0210 13:16 ‹b› port `x` of block `b` takes Feature[4, 4, 4], but this is Feature[8, 4, 4]"],
    ),
    case(
        "port of another kind",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Vector}, body: {c: {op: relu}}}\ngenerator:\n"),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0211 13:16 ‹b› port `x` of block `b` takes a Vector, but this is a Feature[8, 4, 4]"],
    ),
    case(
        "a port that is no type",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Featre}, body: {c: {op: relu}}}\ngenerator:\n"),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0216 7:18 ‹Featre› there is no kind `Featre`"],
    ),
    case(
        "a port of too many dimensions",
        PLAIN,
        [
            (
                "generator:\n",
                'blocks:\n  b: {ports: {x: "Feature[1, 2, 3, 4]"}, body: {c: {op: relu}}}\ngenerator:\n',
            ),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0216 7:19 ‹Feature› Feature has 3 dimensions, but 4 are given"],
    ),
    case(
        "a dimension of nothing",
        PLAIN,
        [
            (
                "generator:\n",
                'blocks:\n  b: {ports: {x: "Feature[0, 4, 4]"}, body: {c: {op: relu}}}\ngenerator:\n',
            ),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0216 7:27 ‹0› a dimension is a whole number from 1, or a size"],
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
        "unknown output of a block",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {c: {op: relu}}}\ngenerator:\n"),
            (
                "    up: {op: upsample}",
                "    u: {block: b}\n    v: {op: relu, x: u.rgb}\n    up: {op: upsample}",
            ),
        ],
        ["G0217 14:24 ‹rgb› a node with the outputs `x` has no `.rgb`"],
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
        "deep inside the standard library",
        PLAIN,
        [("{op: upsample}", "{block: norm.group, groups: 3}")],
        ["G0215 11:17 ‹norm.group› 8 channels cannot be split into 3 groups"],
    ),
    case(
        "two nodes of one id",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {rgb: {op: relu}}}\ngenerator:\n"),
            ("    up: {op: upsample}", "    u: {block: b, inline: true}\n    up: {op: upsample}"),
        ],
        ["G0305 15:15 ‹conv› there is already a node `rgb`"],
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
        ["G0307 12:17 ‹'[]'› the fold runs over an empty list"],
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
        ["G0305 13:22 ‹relu› there is already a node `s8.a`"],
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
        "unknown output of a fold",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      body: {a: {op: relu}}\n      label: t\n    up: {op: upsample}",
            ),
            ("    rgb: {op: conv,", "    rgb: {op: conv, x: f.rgb,"),
        ],
        ["G0217 16:26 ‹rgb› a node with the outputs `x` has no `.rgb`"],
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
        "defaults of an unknown op",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {cnov: {bias: false}}\n")],
        ["G0201 7:14 ‹cnov› there is no op `cnov`"],
    ),
    case(
        "defaults of an unknown parameter",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {conv: {bais: false}}\n")],
        ["G0205 7:21 ‹bais› there is no parameter of `conv`, `bais`"],
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
        "a default out of range",
        PLAIN,
        [("generator:\n", "generator:\n  defaults: {conv: {stride: 0}}\n")],
        ["G0208 7:29 ‹0› `stride` of `conv` is at least 1, not 0"],
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
        "an unknown kind",
        PLAIN,
        [('"Latent[16]"', '"Latnet[16]"')],
        ["G0216 7:16 ‹Latnet› there is no kind `Latnet`"],
    ),
    case(
        "an unknown name in a type",
        PLAIN,
        [("Image[channels, resolution]", "Image[channels, resolutoin]")],
        ["G0102 15:36 ‹resolutoin› unknown name `resolutoin`"],
    ),
    case(
        "output absent",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: tanh}\n    b: {op: relu, when: false}\n  output: b")],
        ["G0310 15:11 ‹b› the output `b` is absent"],
    ),
    case(
        "output that is no tensor",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: tanh}\n  output: channels")],
        ["G0211 14:11 ‹channels› the output `channels` is not a tensor"],
    ),
    case(
        "unknown output",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: tanh}\n  output: imgae")],
        ["G0102 14:11 ‹imgae› unknown name `imgae`"],
    ),
    case(
        "styles of another kind",
        STYLED,
        [("  styles: ws", "  styles: map")],
        ["G0615 14:11 ‹map› the style space is a node of kind Styles"],
    ),
    case(
        "growth over a number",
        GROWN,
        [('over: "doubling(4, 16)"', "over: 16")],
        ["G0105 3:16 ‹16› `growth` runs over a list of sizes"],
    ),
    case(
        "growth over too much",
        GROWN,
        [('over: "doubling(4, 16)"', "over: 'range(1, 40)'")],
        ["G0309 3:16 ‹'range(1, 40)'› 39 levels are more than 16"],
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


@pytest.mark.parametrize(("text", "said"), CASES)
def test_frontend_says(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
