"""Growing families, and the plan that says when: each rule where it fires and where it must not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from tests.analysis.small import GROWN, PLAIN, case, found

CASES = [
    case("grown: nothing is wrong", GROWN, [], []),
    case(
        "growth plan without growth",
        PLAIN,
        [("  batch: 32", "  batch: 32\n  growth: {stable: 1 kimg, fade: 1 kimg}")],
        ["G0609 24:3 ‹growth› `training.growth` schedules levels, but the spec has no `growth:`"],
    ),
    case(
        "growth without a plan",
        GROWN,
        [("  growth: {stable: 10 kimg, fade: 10 kimg, batch: {8: 16}}\n", "")],
        ["G0616 3:1 ‹growth› the networks grow, but `training` does not say when: it has no `growth`"],
    ),
    case(
        "training ends as the last level is in",
        GROWN,
        [("stable: 10 kimg", "stable: 40 kimg")],
        ["G0610 42:11 ‹100 kimg› training ends after 100 kimg, and it takes 100 kimg to fade 16×16 in"],
    ),
    *(
        case(
            f"training ends as the last level of a {kind} is in",
            GROWN,
            [
                ("stable: 10 kimg", "stable: 40 kimg"),
                ("features: 128", f"features: {8 * 4**sides}"),
                ("size: 4", f"size: [{', '.join('4' * sides)}]"),
                ("Image[", f"{kind}["),
            ],
            [f"G0610 42:11 ‹100 kimg› training ends after 100 kimg, and it takes 100 kimg to fade {last} in"],
        )
        for sides, kind, last in ((1, "Signal", "16"), (3, "Volume", "16×16×16"))
    ),
    case(
        "too few steps",
        GROWN,
        [("length: 100 kimg", "length: 1250 steps")],
        ["G0610 42:11 ‹1250 steps› training ends after 25.008 kimg, and it takes 40 kimg to fade 16×16 in"],
    ),
    case("enough steps", GROWN, [("length: 100 kimg", "length: 2500 steps")], []),
    case(
        "batch of no level", GROWN, [("{8: 16}", "{9: 16}")], ["G0602 46:52 ‹9› there is no level of size 9"]
    ),
    case(
        "two keys of no level",
        GROWN,
        [("{8: 16}", "{510: 16, 32: 8, 1024: 4}, lr: {6: 0.001}")],
        ["G0602 46:52 ‹510› there is no level of size 510", "G0602 46:83 ‹6› there is no level of size 6"],
    ),
    case(
        "start at no level",
        GROWN,
        [("{8: 16}", "{8: 16}, start: 5")],
        ["G0602 46:67 ‹5› there is no level of size 5 to start at"],
    ),
    case("start at a level", GROWN, [("{8: 16}", "{8: 16}, start: 8")], []),
    case(
        "levels not twice",
        GROWN,
        [('over: "doubling(4, 16)"', "over: [4, 16]"), ("{8: 16}", "{16: 16}")],
        [
            "G0617 3:16 ‹[4, 16]› level 16×16 is not twice 4×4, the level before",
            "G0619 40:17 ‹linear› `logit` is not the same layer at level 0 and at level 1",
        ],
    ),
    case(
        "no alpha",
        GROWN,
        [
            (", alpha: {type: Scalar, when: fading}}\n  body:\n    dense", "}\n  body:\n    dense"),
            ("      alpha: alpha\n      over: d", "      over: d"),
        ],
        [
            "G0616 4:1 ‹generator› the generator has no input `alpha` to fade a new level in",
            "G0113 10:17 ‹grow› port `weight` of `lerp` reads `alpha`, which is absent here",
        ],
    ),
    case(
        "alpha always",
        GROWN,
        [('{z: "Latent[16]", alpha: {type: Scalar, when: fading}}', '{z: "Latent[16]", alpha: Scalar}')],
        [
            "G0613 5:29 ‹alpha› the generator is given `alpha` only while a level fades in: write `when: fading`"
        ],
    ),
    case(
        "another scalar",
        GROWN,
        [
            (
                '{z: "Latent[16]", alpha: {type: Scalar, when: fading}}',
                '{z: "Latent[16]", fade: {type: Scalar, when: fading}}',
            ),
            ("alpha: alpha\n      over: d", "alpha: fade\n      over: d"),
        ],
        ["G0613 5:29 ‹fade› the generator takes one Scalar, `alpha`, and no `fade`"],
    ),
    case(
        "a topology that does not grow",
        GROWN,
        [("topology: grow\n      alpha: alpha", "topology: skip")],
        ["G0616 9:5 ‹synthesis› at level 0 the images are 4×4, but the generator's `synthesis` is 16×16"],
    ),
    case(
        "batch of a level and group",
        GROWN,
        [("    flat: ", "    dev: {op: minibatch_stddev, group: 4}\n    flat: "), ("{8: 16}", "{8: 18}")],
        ["G0611 47:55 ‹18› `dev` cannot split 18 images into groups of 4"],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_growth_rules(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said
