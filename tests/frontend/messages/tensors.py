"""Complaints about tensors: kinds, channels, sizes."""
# ruff: noqa: E501 - specs and messages stand as they are

from __future__ import annotations

from tests.analysis.small import PLAIN, STYLED, case

CASES = [
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
        [
            "G0211 10:14 ‹upsample› port `x` of `upsample` takes a Feature, but `dense` above it is a Vector[128]"
        ],
    ),
    case(
        "nothing above",
        PLAIN,
        [('inputs: {z: "Latent[16]"}', "inputs: {z: {type: 'Latent[16]', when: false}}")],
        ["G0204 9:17 ‹linear› port `x` of `linear` is not connected, and nothing stands above it"],
    ),
    case(
        "a number carried from stage to stage",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      carry: {t: 1}\n      body: {a: {op: relu}}\n    up: {op: upsample}",
            )
        ],
        [
            "G0211 14:22 ‹relu› port `x` of `relu` takes a tensor (Feature or Vector or Tokens or Styles or Logits or Number or Scalar), but `t` above it is a whole number"
        ],
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
        "everything cropped",
        PLAIN,
        [("    up: {op: upsample}", "    c: {op: pad, pad: [-3, -1, 0, 0]}\n    up: {op: upsample}")],
        ["G0214 11:23 ‹[-3, -1, 0, 0]› nothing is left of 4×4 where 4 pixels are cropped"],
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
        ["G0211 13:16 ‹b› port `x` of block `b` takes a Vector, but `start` above it is a Feature[8, 4, 4]"],
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
                'blocks:\n  b: {ports: {x: "Feature[1, 2, 3, 4, 5]"}, body: {c: {op: relu}}}\ngenerator:\n',
            ),
            ("    up: {op: upsample}", "    u: {block: b}\n    up: {op: upsample}"),
        ],
        ["G0216 7:19 ‹Feature› Feature has 2 or 3 or 4 dimensions, but 5 are given"],
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
        "deep inside the standard library",
        PLAIN,
        [("{op: upsample}", "{block: norm.group, groups: 3}")],
        ["G0215 11:17 ‹norm.group› 8 channels cannot be split into 3 groups"],
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
        "an unknown kind",
        PLAIN,
        [('"Latent[16]"', '"Latnet[16]"')],
        ["G0216 7:16 ‹Latnet› there is no kind `Latnet`"],
    ),
    case(
        "output that is no tensor",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: tanh}\n  output: channels")],
        ["G0211 14:11 ‹channels› the output `channels` is not a tensor"],
    ),
    case(
        "styles of another kind",
        STYLED,
        [("  styles: ws", "  styles: map")],
        ["G0615 14:11 ‹map› the style space is a node of kind Styles"],
    ),
]
