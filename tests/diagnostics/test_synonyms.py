"""The field's words for ours: each leads to a name that exists, or to a sentence whose names do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.cli.topics import block, plan
from gandsl.diagnostics.suggest import nearest
from gandsl.diagnostics.synonyms import INSTEAD, SYNONYMS, instead, ours
from gandsl.frontend.nodes.lookup import of_games
from gandsl.frontend.plan.make import _choices
from gandsl.frontend.references import FORMS
from gandsl.ir.ops import GAME_OPS, OPS
from gandsl.ir.types import KINDS
from gandsl.spec.builtins import BUILTINS
from gandsl.spec.params import TYPES
from gandsl.spec.shapes import NETWORK, PORT, SPEC
from tests.analysis.small import PLAIN

PARAMETERS = {one.name for op in OPS.values() for one in (*op.ports, *op.params)}
LIBRARY = {name: block.find(name, 80) for name in block.names()}
OF_BLOCKS = {
    name
    for topic in LIBRARY.values()
    if topic
    for part in ("params", "slots", "ports")
    for name in topic.facts[part]
}
FIELDS = {name.rpartition(".")[2] for name in plan.names()} | {"gradient_penalty"}
OF_SPECS = {field.name for record in (SPEC, NETWORK, PORT) for field in record.fields}
ALL = {
    *OPS, *LIBRARY, *PARAMETERS, *OF_BLOCKS, *FIELDS, *_choices(), *KINDS, *BUILTINS, *TYPES, *OF_SPECS,
    *FORMS,
}  # fmt: skip
OF_OPS = {name for name in OPS if name != "input"}


@pytest.mark.parametrize("word", sorted(SYNONYMS))
def test_a_synonym_leads_to_names_that_exist(word: str) -> None:
    for name in ours(word):
        assert name in ALL
        if name not in (PARAMETERS | OF_BLOCKS | FIELDS) - OF_OPS:
            assert nearest(word, [name, "unlike"]) == name


@pytest.mark.parametrize("word", sorted(INSTEAD))
def test_a_word_for_nothing_is_answered(word: str) -> None:
    sentence = instead(word)
    assert sentence
    assert word not in OF_OPS
    assert not set(ours(word)) & OF_OPS, "a word is answered by a name or by a sentence"
    for name in re.findall(r"`(\w+)`", sentence):
        assert name in ALL | {"none", "a", "b"}


MOST = 150  # errors that are shown at once are 200
WORDS = {
    "nn.Conv2d",
    "AdaIN",
    "toRGB",
    *INSTEAD,
    *(word for word in SYNONYMS if set(ours(word)) & {*OF_OPS, *LIBRARY}),
}


@pytest.mark.parametrize("form", ["op", "block"])
def test_a_body_with_the_word_says_what_to_write(form: str, tmp_path: Path) -> None:
    words = sorted(WORDS - (OF_OPS if form == "op" else set(LIBRARY)))
    for start in range(0, len(words), MOST):
        for word, help in helps(tmp_path / "spec.yaml", form, words[start : start + MOST]).items():
            named = re.fullmatch(r"(?:did you mean `|write `(?:op|block): )([\w.]+)`\??", help)
            of_a_game = form == "op" and word in GAME_OPS and help == of_games(word)[1]
            assert help == instead(word) or of_a_game or (named and named[1] in ours(word)), (word, help)


def helps(path: Path, form: str, words: list[str]) -> dict[str, str]:
    """What each word gets as an answer where a node of `form` has it."""
    nodes = "".join(f"    n{index}: {{{form}: {word}, x: start}}\n" for index, word in enumerate(words))
    above, below = PLAIN.split("    up: {op: upsample}\n")
    path.write_text(above + nodes + "    up: {op: upsample, x: start}\n" + below)
    _, diagnostics = analyze(path)
    assert {one.code for one in diagnostics.errors} <= {"G0201", "G0202", "G0405"}
    first = above.count("\n") + 1
    said = {words[one.span.line - first]: one.help or "" for one in diagnostics.errors if one.span}
    assert set(said) == set(words)
    return said


def test_what_is_not_meant_is_not_proposed() -> None:
    for word, absurd in (("detach", "tanh"), ("dense", "noise"), ("nonsense", "one_sided")):
        assert nearest(word, [absurd]) is None
