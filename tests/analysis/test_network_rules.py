"""Inputs, outputs and labels of the networks, and the style space: where a rule fires and where it must not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import PLAIN, STYLED, Edit, case, found

LATENT = '{z: "Latent[16]"}'
LABELLED = (LATENT, '{z: "Latent[16]", y: "Label[3]"}')
READ = ("    dense: ", "    e: {op: one_hot, y: y}\n    zy: {op: concat, terms: [z, e]}\n    dense: ")
JUDGED = (
    "    logit: ",
    "    h: {op: linear, features: 8}\n    emb: {op: embedding, y: y, features: 8}\n"
    "    dot: {op: dot, a: h, b: emb}\n    logit: ",
)


def second(made: str, taken: str) -> list[Edit]:
    """A second output of the generator, made of its image, which the discriminator reads too."""
    return [
        (
            "    image: {op: tanh}\n",
            f"    image: {{op: tanh}}\n    more: {made}\n  outputs: {{image: image, more: more}}\n",
        ),
        ('resolution]"}', f'resolution]", more: "Image[{taken}]"}}'),
        ("{op: conv, channels: 8, stride: 2}", "{op: conv, x: image, channels: 8, stride: 2}"),
        (
            "    logit: ",
            "    f2: {op: flatten, x: more}\n    both: {op: concat, terms: [flat, f2]}\n    logit: ",
        ),
    ]


CASES = [
    case(
        "no latent",
        PLAIN,
        [('{z: "Latent[16]"}', '{z: "Vector[16]"}')],
        ["G0613 7:12 ‹z› the generator has no input of kind Latent"],
    ),
    case(
        "a kind nobody feeds",
        PLAIN,
        [
            ('{z: "Latent[16]"}', '{t: "Tokens[2, 16]", z: "Latent[16]"}'),
            ("{op: linear, features: 128}", "{op: linear, x: z, features: 128}"),
        ],
        ["G0613 7:12 ‹t› the generator cannot be given `t`, of kind Tokens"],
    ),
    case(
        "label before the latent",
        PLAIN,
        [
            ('{z: "Latent[16]"}', '{y: "Label[3]", z: "Latent[16]"}'),
            ("{op: linear, features: 128}", "{op: linear, x: z, features: 128}"),
        ],
        ["G0613 7:12 ‹y› the generator takes its Latent first, not a Label"],
    ),
    case(
        "two labels",
        PLAIN,
        [('{z: "Latent[16]"}', '{z: "Latent[16]", y: "Label[3]", k: "Label[3]"}')],
        ["G0613 7:44 ‹k› the generator takes one Label"],
    ),
    case(
        "two latents",
        PLAIN,
        [
            ('{z: "Latent[16]"}', '{z: "Latent[8]", w: "Latent[8]"}'),
            ("    dense: ", "    zw: {op: concat, terms: [z, w]}\n    dense: "),
        ],
        [],
    ),
    case(
        "a feature for an image",
        PLAIN,
        [('{image: "Image[channels, resolution]"}', '{image: "Feature[channels, resolution]"}')],
        ["G0613 15:12 ‹image› the discriminator has no input of kind Image"],
    ),
    case(
        "label before the image",
        PLAIN,
        [
            (
                '{image: "Image[channels, resolution]"}',
                '{y: "Label[3]", image: "Image[channels, resolution]"}',
            ),
            ("{op: conv, channels: 8, stride: 2}", "{op: conv, x: image, channels: 8, stride: 2}"),
        ],
        [
            "G0604 15:12 ‹y› the discriminator judges by the class `y`, but generated images have none: the generator has no input of kind Label",
            "G0613 15:12 ‹y› the discriminator takes its Image first, not a Label",
        ],
    ),
    case(
        "a vector for an image",
        PLAIN,
        [("    image: {op: tanh}", "    image: {op: flatten}")],
        [
            "G0614 13:5 ‹image› the generator's output `image` is a Vector[192]: its outputs are Images or Features"
        ],
    ),
    case(
        "styles for logits",
        PLAIN,
        [("    logit: {op: linear, features: 1}", "    logit: {op: broadcast_styles, count: 2}")],
        [
            "G0614 20:5 ‹logit› the discriminator's output `logit` is a Styles[2, 128]: its outputs become Logits: Vectors or Features"
        ],
    ),
    case(
        "logits for each pixel",
        PLAIN,
        [
            (
                "    flat: {op: flatten}\n    logit: {op: linear, features: 1}",
                "    logit: {op: conv, channels: 1}",
            )
        ],
        [],
    ),
    case(
        "another size",
        PLAIN,
        [("Image[channels, resolution]", "Image[channels, 2 * resolution]")],
        ["G0601 15:12 ‹image› the discriminator's `image` is 3×16×16, but the generator's `image` is 3×8×8"],
    ),
    case(
        "other channels",
        PLAIN,
        [("Image[channels, resolution]", "Image[1, resolution]")],
        ["G0601 15:12 ‹image› the discriminator's `image` is 1×8×8, but the generator's `image` is 3×8×8"],
    ),
    case(
        "one image too many",
        PLAIN,
        [
            (
                'image: "Image[channels, resolution]"',
                'image: "Image[channels, resolution]", small: "Image[channels, 4]"',
            )
        ],
        ["G0601 15:50 ‹small› the generator has 1 output, but the discriminator takes 2 images"],
    ),
    case(
        "one output too many",
        PLAIN,
        [
            (
                "    image: {op: tanh}\n",
                "    image: {op: tanh}\n    small: {op: pool, x: image}\n  outputs: {image: image, small: small}\n",
            )
        ],
        ["G0601 15:34 ‹small› the generator has 2 outputs, but the discriminator takes 1 image"],
    ),
    case(
        "images at two scales",
        PLAIN,
        [
            (
                "    image: {op: tanh}\n",
                "    image: {op: tanh}\n    small: {op: pool, x: image}\n  outputs: {images: [image, small]}\n",
            ),
            (
                'image: "Image[channels, resolution]"',
                'image: {type: "Image[channels, s]", each: {s: "[resolution, 4]"}}',
            ),
            ("{op: conv, channels: 8, stride: 2}", "{op: conv, x: 'image[0]', channels: 8, stride: 2}"),
            (
                "    flat: {op: flatten}",
                "    act1: {op: conv, x: 'image[1]', channels: 8}\n    both: {op: add, terms: [act, act1]}\n    flat: {op: flatten}",
            ),
        ],
        [],
    ),
    case(
        "two images of one size",
        PLAIN,
        second("{op: conv, channels: 3}", "3, 8"),
        [
            "G0624 17:50 ‹more› the discriminator takes `image` 3×8×8 and `more` 3×8×8, but each item of the data is one image"
        ],
    ),
    case(
        "two images of other channels",
        PLAIN,
        second("{op: conv, channels: 1, stride: 2}", "1, 4"),
        [
            "G0624 17:50 ‹more› the discriminator takes `image` 3×8×8 and `more` 1×4×4, but each item of the data is one image"
        ],
    ),
    case(
        "two images of which neither holds the other",
        PLAIN,
        second("{op: resize, size: [2, 16]}", "3, 2, 16"),
        [
            "G0624 17:50 ‹more› the discriminator takes `image` 3×8×8 and `more` 3×2×16, but each item of the data is one image"
        ],
    ),
    case(
        "two images of another shape",
        PLAIN,
        second("{op: resize, size: [8, 2]}", "3, 8, 2"),
        [],
    ),
    case(
        "a network that nothing trains",
        PLAIN,
        [
            (
                "training:",
                'networks:\n  encoder: {inputs: {x: "Image[3, 8]"}, body: {flat: {op: flatten}}}\ntraining:',
            )
        ],
        [
            "G0625 22:3 ‹encoder› `encoder` is neither trained nor saved: a loss plays a generator and a discriminator"
        ],
    ),
    case(
        "labels for both",
        PLAIN,
        [
            LABELLED,
            READ,
            (
                '{image: "Image[channels, resolution]"}',
                '{image: "Image[channels, resolution]", y: "Label[3]"}',
            ),
            JUDGED,
        ],
        [],
    ),
    case(
        "other classes",
        PLAIN,
        [
            LABELLED,
            READ,
            (
                '{image: "Image[channels, resolution]"}',
                '{image: "Image[channels, resolution]", y: "Label[4]"}',
            ),
            JUDGED,
        ],
        ["G0601 17:50 ‹y› the discriminator's `y` has 4 classes, but the generator's `y` has 3"],
    ),
    case(
        "only the discriminator sees labels",
        PLAIN,
        [
            (
                '{image: "Image[channels, resolution]"}',
                '{image: "Image[channels, resolution]", y: "Label[3]"}',
            ),
            JUDGED,
        ],
        [
            "G0604 15:50 ‹y› the discriminator judges by the class `y`, but generated images have none: the generator has no input of kind Label"
        ],
    ),
    case(
        "logits made of a style",
        PLAIN,
        [
            (
                "    logit: {op: linear, features: 1}",
                "    parts: {op: chunks, count: 2}\n    logit: {op: select, x: parts, index: 1}",
            )
        ],
        [],
    ),
    case(
        "logits made of what is still an image",
        PLAIN,
        [
            (
                "    conv: {op: conv, channels: 8, stride: 2}\n    act: {op: relu}\n    flat: {op: flatten}\n    logit: {op: linear, features: 1}",
                "    logit: {op: bias}",
            )
        ],
        [],
    ),
    case(
        "only the generator sees labels",
        PLAIN,
        [LABELLED, READ],
        ["W0728 7:29 ‹y› the generator is given the class `y`, but the discriminator does not see it"],
    ),
    case(
        "styles of another kind",
        STYLED,
        [("  styles: ws", "  styles: map")],
        ["G0615 14:11 ‹map› the style space is a node of kind Styles"],
    ),
    case(
        "a way past the style space",
        STYLED,
        [
            (
                "    rgb:",
                "    leak: {op: linear, x: z, features: 8}\n    more: {op: modulate, x: conv, scale: leak}\n    rgb:",
            )
        ],
        ["G0615 16:11 ‹ws› `ws` is not the style space: `rgb` depends on `z` past it"],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_network_rules(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said


def test_a_network_beside_no_plan_is_compiled(tmp_path: Path) -> None:
    more = 'networks:\n  encoder: {inputs: {x: "Image[3, 8]"}, body: {flat: {op: flatten}}}\n'
    assert found(tmp_path, PLAIN[: PLAIN.index("training:")] + more) == []
