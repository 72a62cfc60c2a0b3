"""What is written and never used, and names that hide others: each warning where it is given and where not."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path

import pytest

from gandsl.analysis import analyze
from tests.analysis.small import PLAIN, case, found

UP = "    up: {op: upsample}"
USE = (UP, "    u: {block: b}\n    up: {op: upsample}")
LABELLED = ('{z: "Latent[16]"}', '{z: "Latent[16]", y: "Label[3]"}')


CASES = [
    case(
        "parameter",
        PLAIN,
        [("  channels: 3", "  channels: 3\n  extra: 5")],
        ["W0701 6:3 ‹extra› the parameter `extra` is never used"],
    ),
    case(
        "parameter that only an unused parameter mentions",
        PLAIN,
        [("  channels: 3", "  channels: 3\n  extra: 5\n  more: {type: int, default: extra + 1}")],
        ["W0701 7:3 ‹more› the parameter `more` is never used"],
    ),
    case(
        "parameter read by a bound",
        PLAIN,
        [("  channels: 3", "  most: 4\n  channels: {type: int, default: 3, max: most}")],
        [],
    ),
    case(
        "definitions",
        PLAIN,
        [("generator:\n", "let: {a: 1, f(x): 2 * a * x}\ngenerator:\n")],
        ["W0702 6:13 ‹f(x)› `f` is defined and never used"],
    ),
    case(
        "definitions that are used",
        PLAIN,
        [("generator:\n", "let: {a: 8, f(x): a * x}\ngenerator:\n"), ("features: 128", "features: f(16)")],
        [],
    ),
    case(
        "node",
        PLAIN,
        [("    image: {op: tanh}", "    side: {op: conv, channels: 4}\n    image: {op: tanh, x: rgb}")],
        ["W0703 13:5 ‹side› `side` has no effect: no output depends on it"],
    ),
    case(
        "fold",
        PLAIN,
        [
            (
                "    image: {op: tanh}",
                "    sides:\n      fold: {i: range(2)}\n      body: {conv: {op: conv, channels: 4}}\n    image: {op: tanh, x: rgb}",
            )
        ],
        ["W0703 13:5 ‹sides› `sides` has no effect: no output depends on it"],
    ),
    case(
        "node in a fold",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                "    f:\n      fold: {i: range(2)}\n      body: {side: {op: conv, channels: 4}, main: {op: relu, x: x}}\n    up: {op: upsample}",
            )
        ],
        ["W0703 13:14 ‹side› `side` has no effect: no output depends on it"],
    ),
    case(
        "block",
        PLAIN,
        [("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {c: {op: relu}}}\ngenerator:\n")],
        ["W0704 7:3 ‹b› the block `b` is never used"],
    ),
    case(
        "block that fills a slot",
        PLAIN,
        [
            ("generator:\n", "blocks:\n  b: {ports: {x: Feature}, body: {c: {op: relu}}}\ngenerator:\n"),
            (
                "    up: {op: upsample}",
                "    u: {block: layer.conv, channels: 8, act: b}\n    up: {op: upsample}",
            ),
        ],
        [],
    ),
    case(
        "parts of a block",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b: {ports: {x: Feature, s: Vector}, params: {k: int, m: 3}, slots: {n: Norm, act: {type: Activation, default: relu}}, body: {c: {slot: act}, d: {op: scale, factor: k}}}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, k: 3, n: none, s: z}\n    up: {op: upsample}"),
        ],
        [
            "W0706 7:27 ‹s› no node reads `s`, a port of the block `b`",
            "W0701 7:56 ‹m› the block `b` never uses its parameter `m`",
            "W0705 7:71 ‹n› the block `b` never uses its slot `n`",
        ],
    ),
    case(
        "node in a block",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b:\n    ports: {x: Feature}\n    body:\n      side: {op: relu}\n      main: {op: silu, x: x}\ngenerator:\n",
            ),
            USE,
        ],
        ["W0703 10:7 ‹side› `side` has no effect: no output depends on it"],
    ),
    case(
        "slot handed on",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b: {ports: {x: Feature}, slots: {act: {type: Activation, default: relu}}, body: {c: {block: layer.conv, channels: 8, act: act}}}\ngenerator:\n",
            ),
            USE,
        ],
        [],
    ),
    case(
        "first port",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b: {ports: {x: Feature, z: Vector}, body: {c: {op: coordinates, like: z, size: 4}}}\ngenerator:\n",
            ),
            (
                "    up: {op: upsample}",
                "    u: {block: b, z: z}\n    both: {op: concat, terms: [start, u]}\n    up: {op: upsample}",
            ),
        ],
        ["W0706 7:15 ‹x› no node reads `x`, a port of the block `b`"],
    ),
    case(
        "first port behind a condition",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b: {ports: {x: Feature}, params: {on: true}, body: {c: {op: relu, when: on}, d: {op: silu}}}\ngenerator:\n",
            ),
            USE,
        ],
        [],
    ),
    case(
        "first port read by a fold",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b: {ports: {x: Feature}, body: {c: {fold: {i: range(2)}, body: {d: {op: silu}}}}}\ngenerator:\n",
            ),
            USE,
        ],
        [],
    ),
    case(
        "first port read by a topology",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  s: {ports: {x: Feature}, body: {c: {op: relu}}}\n  b: {ports: {x: Feature}, body: {c: {topology: plain, over: '[4]', stage: s}}}\ngenerator:\n",
            ),
            USE,
        ],
        [],
    ),
    case(
        "input",
        PLAIN,
        [LABELLED],
        [
            "W0706 7:29 ‹y› no node reads `y`, an input of the generator",
            "W0728 7:29 ‹y› the generator is given the class `y`, but the discriminator does not see it",
        ],
    ),
    case(
        "import",
        PLAIN,
        [("generator:\n", "imports: {lib: norm.yaml}\ngenerator:\n")],
        ["W0707 6:11 ‹lib› nothing of the import `lib` is used"],
    ),
    case(
        "import that is used",
        PLAIN,
        [
            ("generator:\n", "imports: {lib: norm.yaml}\ngenerator:\n"),
            ("    up: {op: upsample}", "    u: {block: lib.pixel}\n    up: {op: upsample}"),
        ],
        [],
    ),
    case(
        "node hides a parameter",
        PLAIN,
        [("    rgb: {op: conv, channels: channels}", "    channels: {op: conv, channels: channels}")],
        ["W0708 12:5 ‹channels› `channels` hides a parameter of the spec"],
    ),
    case(
        "names of a fold",
        PLAIN,
        [
            (
                "    up: {op: upsample}",
                '    f:\n      fold: {resolution: "[1, 2]"}\n      carry: {channels: start}\n      body: {first: {op: relu}}\n    up: {op: upsample}',
            )
        ],
        [
            "W0708 12:14 ‹resolution› `resolution` hides a parameter of the spec",
            "W0708 13:15 ‹channels› `channels` hides a parameter of the spec",
            "W0708 14:14 ‹first› `first` hides a value that each stage of a fold has",
        ],
    ),
    case(
        "names of a block",
        PLAIN,
        [
            (
                "generator:\n",
                "blocks:\n  b: {ports: {resolution: Feature, x: Feature}, params: {k: 2}, body: {k: {op: scale, factor: k, x: resolution}, x: {op: add, terms: [x, k]}}}\ngenerator:\n",
            ),
            ("    up: {op: upsample}", "    u: {block: b, x: start}\n    up: {op: upsample}"),
        ],
        [
            "W0708 7:15 ‹resolution› `resolution` hides a parameter of the spec",
            "W0708 7:72 ‹k› `k` hides a parameter of the block",
            "W0708 7:114 ‹x› `x` hides a port of the block",
        ],
    ),
    case(
        "names of each stage",
        PLAIN,
        [
            ("generator:\n", "let: {count: 3}\ngenerator:\n"),
            (
                "    up: {op: upsample}",
                '    s: {fold: {i: "range(2)"}, body: {n: {op: scale, factor: i + 1}}}\n'
                '    t: {label: u, fold: {index: "range(2)"}, body: {n: {op: scale, factor: index + 1}}}\n'
                "    up: {op: upsample}",
            ),
        ],
        [
            "W0702 6:7 ‹count› `count` is defined and never used",
            "W0708 12:9 ‹fold› `count` of each stage hides a definition of the spec",
            "W0708 13:19 ‹fold› `count` of each stage hides a definition of the spec",
            "W0708 13:26 ‹index› `index` hides a value that each stage of a fold has",
        ],
    ),
    case(
        "default",
        PLAIN,
        [
            (
                "generator:\n",
                "generator:\n  defaults: {leaky_relu: {slope: 0.1}, conv: {kernel: 1, channels: 4}, weighted: {weight: equalized}}\n",
            )
        ],
        [
            "W0709 7:27 ‹slope› this default changes nothing: no `leaky_relu` inside takes its `slope` from here",
            "W0709 7:58 ‹channels› this default changes nothing: no `conv` inside takes its `channels` from here",
        ],
    ),
    case(
        "inner default hides the outer one",
        PLAIN,
        [
            ("generator:\n", "generator:\n  defaults: {relu: {}, leaky_relu: {slope: 0.1}}\n"),
            (
                "    up: {op: upsample}",
                "    u: {block: layer.conv, channels: 8, defaults: {weighted: {weight: spectral}}}\n    up: {op: upsample}",
            ),
        ],
        [
            "W0709 7:37 ‹slope› this default changes nothing: no `leaky_relu` inside takes its `slope` from here"
        ],
    ),
]


@pytest.mark.parametrize(("text", "said"), CASES)
def test_usage(text: str, said: list[str], tmp_path: Path) -> None:
    assert found(tmp_path, text) == said


FIELD = """\
gandsl: 1
name: a
params: {wide: 8}
data: {wide: "Image[3, wide]"}
networks:
  mender: {inputs: {x: "Image[3, wide]"}, body: {conv: {op: conv, channels: 3}}, outputs: {x: {of: conv, kind: Image}}}
game:
  body: {made: {network: mender, x: wide}}
  players: {mender: {trains: [mender], terms: {gap: mean((made - wide) ** 2)}}}
training: {length: 1 kimg, batch: 2, optimizer: {lr: 0.1}}
"""


def test_a_field_may_have_the_name_of_its_size(tmp_path: Path) -> None:
    """Its size is the parameter's, the game is there, and the two names are told."""
    (tmp_path / "a.yaml").write_text(FIELD)
    module, said = analyze(tmp_path / "a.yaml", {"wide": 4})
    assert module is not None and module.game is not None
    assert module.game.plan.data["wide"].shape == (3, 4, 4)
    assert [one.message for one in said] == ["`wide` hides a parameter of the spec"]
