"""What depends on what: logits on images, images on styles and latents."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import GROWN, PLAIN, STYLED, WHOLE_G, Edit, edited, found

LOGIT = "    logit: {op: linear, features: 1}"
TWO_SIZES = [
    (
        "    image: {op: tanh}\n",
        "    image: {op: tanh}\n    small: {op: pool, x: image}\n  outputs: {images: [image, small]}\n",
    ),
    (
        'image: "Image[channels, resolution]"',
        'image: {type: "Image[channels, s]", each: {s: "[resolution, 4]"}}',
    ),
]

CASES: dict[str, tuple[str, list[Edit], list[str]]] = {
    "only the batch of the image is counted": (
        PLAIN,
        [
            (
                "    flat: {op: flatten}",
                "    grid: {op: coordinates, like: act, size: 4}\n    flat: {op: flatten}",
            )
        ],
        [
            "W0703 17:5 ‹conv› `conv` has no effect: no output depends on it",
            "W0703 18:5 ‹act› `act` has no effect: no output depends on it",
            "G0621 21:5 ‹logit› the discriminator's `logit` depends on no image",
        ],
    ),
    "the other style of a stack": (
        PLAIN,
        [
            (
                LOGIT,
                "    a: {op: global_pool, x: act}\n    k: {op: constant, like: act, channels: 8, size: 1}\n"
                "    b: {op: flatten}\n    s: {op: stack, terms: [a, b]}\n"
                "    logit: {op: linear, x: 's[1]', features: 1}",
            )
        ],
        [
            "W0703 19:5 ‹flat› `flat` has no effect: no output depends on it",
            "G0621 24:5 ‹logit› the discriminator's `logit` depends on no image",
        ],
    ),
    "this style of a stack": (
        PLAIN,
        [
            (
                LOGIT,
                "    a: {op: global_pool, x: act}\n    k: {op: constant, like: flat, channels: 8, size: 1}\n"
                "    b: {op: flatten}\n    s: {op: stack, terms: [a, b]}\n"
                "    logit: {op: linear, x: 's[0]', features: 1}",
            )
        ],
        ["W0703 19:5 ‹flat› `flat` has no effect: no output depends on it"],
    ),
    "an auxiliary classifier alone sees the image": (
        PLAIN,
        [
            ('{z: "Latent[16]"}', '{z: "Latent[16]", y: "Label[3]"}'),
            ("    dense: ", "    e: {op: one_hot, y: y}\n    zy: {op: concat, terms: [z, e]}\n    dense: "),
            (
                LOGIT,
                "    label: {op: linear, features: 3}\n    k: {op: constant, like: image, channels: 1, size: 1}\n"
                "    logit: {op: flatten}\n  outputs: {label: label, source: logit}",
            ),
            ("  loss: logistic", "  loss: logistic\n  auxiliary: {output: label}"),
        ],
        ["G0621 25:35 ‹logit› the discriminator's `source` depends on no image"],
    ),
    "one output of two": (
        PLAIN,
        [
            (
                LOGIT,
                LOGIT + "\n    k: {op: constant, like: image, channels: 1, size: 2}\n"
                "  outputs: {logit: {of: logit, kind: Logits}, prior: {of: k, kind: Logits}}",
            )
        ],
        ["W0731 22:59 ‹k› the discriminator's `prior` depends on no image"],
    ),
    "one image of two": (
        PLAIN,
        [*TWO_SIZES, ("{op: conv, channels: 8, stride: 2}", "{op: conv, x: 'image[0]', channels: 8}")],
        ["W0730 17:12 ‹image› no output of the discriminator depends on `image_4`"],
    ),
    "one image of two that no text mentions": (
        PLAIN,
        [
            TWO_SIZES[0],
            (
                'image: "Image[channels, resolution]"',
                'image: "Image[channels, resolution]", half: "Image[channels, 4]"',
            ),
        ],
        ["W0706 17:50 ‹half› no node reads `half`, an input of the discriminator"],
    ),
    "a generator of nothing": (
        PLAIN,
        [(WHOLE_G, "    image: {op: constant, channels: channels, size: 8}\n")],
        ["W0732 9:5 ‹image› no image depends on a latent"],
    ),
    "a generator of labels, which the text says": (
        PLAIN,
        [
            ('{z: "Latent[16]"}', '{z: "Latent[16]", y: "Label[3]"}'),
            ("    dense: {op: linear", "    dense: {op: embedding, y: y"),
        ],
        [
            "W0706 7:12 ‹z› no node reads `z`, an input of the generator",
            "W0728 7:29 ‹y› the generator is given the class `y`, but the discriminator does not see it",
        ],
    ),
    "a style space that no image reads": (
        STYLED,
        [
            (
                '    conv: {op: modulated_conv, style: "ws[0]", channels: 8}\n'
                '    rgb: {op: modulated_conv, style: "ws[1]", channels: channels, kernel: 1}',
                "    rgb: {op: conv, channels: channels}",
            )
        ],
        [
            "W0732 12:5 ‹rgb› no image depends on a latent",
            "W0733 13:11 ‹ws› no image depends on the style space `ws`",
        ],
    ),
    "a source that counts the latent is no way past the style space": (
        STYLED,
        [("like: ws", "like: z")],
        [],
    ),
    "the first level has no image": (
        GROWN,
        [
            ("{use: conv, channels: 8, kernel: 1}", "{use: blank, channels: 8}"),
            (
                "blocks:\n",
                "blocks:\n  blank:\n    ports: {x: Feature}\n    params: {channels: int}\n"
                "    body:\n      k: {op: constant, like: x, channels: channels, size: x.size}\n",
            ),
        ],
        ["G0621 45:5 ‹logit› the discriminator's `logit` depends on no image at 4×4"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_reach(name: str, tmp_path: Path) -> None:
    text, edits, said = CASES[name]
    assert found(tmp_path, edited(text, *edits)) == said
