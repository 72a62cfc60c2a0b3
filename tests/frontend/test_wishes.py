"""What others write in the first place, and the language says otherwise: one message, with what to write."""

# ruff: noqa: E501 - specs and messages stand as they are
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandsl.analysis import analyze
from tests.analysis.small import PLAIN, Edit, edited

TANH = "    image: {op: tanh}\n"
DATA = 'inputs: {image: "Image[channels, resolution]"}'
NETS = "".join(
    f'  {n}: {{inputs: {{x: "Image[3, 8]"}}, body: {{c: {{op: conv, channels: 3}}}}}}\n' for n in "ab"
)


def wish(name: str, edits: list[Edit], said: list[str], help: str) -> Any:
    """A row: edits to PLAIN, all that is said of it, and words of the first message's help."""
    return pytest.param(edited(PLAIN, *edits), said, help, id=name)


CASES = [
    wish(
        "a term in the plan",
        [
            (
                "  loss: logistic\n",
                "  loss: logistic\n  losses: {recon: {of: discriminator.recon, kind: l1}}\n",
            )
        ],
        ["G0008 the plan has no field `losses` here"],
        "`game: {players: {generator: {terms: {NAME: …}}}}`",
    ),
    wish(
        "a field that no part of the plan has",
        [("betas: [0.0, 0.99]", "betaz: generator.x, betas: [0.0, 0.99]")],
        ["G0008 the plan has no field `betaz` here"],
        "did you mean `betas`?",
    ),
    wish(
        "weights of another node",
        [("    rgb: {op: conv,", "    conv: {op: conv, channels: 8}\n    rgb: {op: conv, weights: conv,")],
        ["G0205 `conv` has no port or parameter `weights`"],
        "`{reuse: conv}` is that node again, with the weights it has",
    ),
    wish(
        "a node that is not trained",
        [("    rgb: {op: conv,", "    rgb: {op: conv, trainable: false,")],
        ["G0205 `conv` has no port or parameter `trainable`"],
        "`training.freeze`",
    ),
    wish(
        "weights from a file",
        [(DATA, "pretrained: vgg\n  " + DATA)],
        ["G0008 unknown field `pretrained`"],
        "`weights: {file: …, sha256: …}`",
    ),
    wish(
        "a call in a network",
        [(TANH, TANH + "    seen: {network: discriminator, image: image}\n")],
        ["G0313 `seen` has no op, block, slot or fold"],
        "calls stand under `game:`",
    ),
    wish(
        "a condition that is no label",
        [
            ('{z: "Latent[16]"}', '{z: "Latent[16]", text: "Vector[4]"}'),
            ('resolution]"}', 'resolution]", text: "Vector[4]"}'),
        ],
        [
            "G0613 the generator cannot be given `text`, of kind Vector",
            "G0613 the discriminator cannot be given `text`, of kind Vector",
        ],
        "in a game of its own a network takes any",
    ),
    wish(
        "an image as a condition",
        [('resolution]"}', 'resolution]", source: "Image[channels, resolution]"}')],
        ["G0601 the generator has 1 output, but the discriminator takes 2 images"],
        "by position",
    ),
    wish(
        "networks that no loss plays",
        [(PLAIN[PLAIN.index("generator:") : PLAIN.index("training:")], "networks:\n" + NETS)],
        ["G0612 the spec has no generator and no discriminator, which a loss plays"],
        "whose players train `a`, `b`",
    ),
    wish(
        "a kind of video",
        [('"Image[channels, resolution]"', '"Video[3, 4, 8, 8]"')],
        ["G0216 there is no kind `Video`"],
        "did you mean `Volume`?",
    ),
]


@pytest.mark.parametrize(("text", "said", "help"), CASES)
def test_it_is_said_how(text: str, said: list[str], help: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    _, diagnostics = analyze(tmp_path / "spec.yaml")
    assert [f"{one.code} {one.message}" for one in diagnostics] == said
    assert help in (next(iter(diagnostics)).help or "")


LISTS = (
    PLAIN[: PLAIN.index("training:")]
    + """\
networks:
  judges:
    weights: {random: true}
    inputs: {found: {type: "Feature[c, s]", each: {c: "[4, 4, 2]", s: "[8, 4, 2]"}}}
    body:
      scales: {fold: {x: found}, label: scale, body: {logit: {op: conv, channels: 1}}, collect: {logits: logit}}
    outputs: {logits: {of: scales.logits, kind: Logits}}
"""
)


def test_a_list_of_inputs_is_walked_by_x(tmp_path: Path) -> None:
    """Variables of `each` run in step; a fold over tensors called x gives each of them to its first node."""
    (tmp_path / "spec.yaml").write_text(LISTS)
    module, diagnostics = analyze(tmp_path / "spec.yaml")
    assert module is not None and not list(diagnostics)
    graph = module.networks["judges"].main
    assert {node.id: node.type.shape for node in graph.inputs} == {
        "found_0": (4, 8, 8),  # by place, since two have as many channels
        "found_1": (4, 4, 4),
        "found_2": (2, 2, 2),
    }
    assert [graph[id_].operands for id_ in graph.outputs.values()] == [
        ("found_0",),
        ("found_1",),
        ("found_2",),
    ]


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (('s: "[8, 4, 2]"', 's: "[8, 4]"'), "G0308 `s` has 2 entries but `c` has 3"),
        (
            ("label: scale", "carry: {x: absent}"),
            "G0404 `x` is carried from stage to stage, and what the fold runs over, too",
        ),
        (("each: {", "each: {res: 3, "), "G0105 `each` runs over a list"),
    ],
)
def test_lists_that_do_not_fit(edit: Edit, said: str, tmp_path: Path) -> None:
    (tmp_path / "spec.yaml").write_text(edited(LISTS, edit))
    _, diagnostics = analyze(tmp_path / "spec.yaml")
    assert [f"{one.code} {one.message}" for one in diagnostics] == [said]
