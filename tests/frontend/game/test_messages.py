"""What is wrong in a game is said once, at its token, in these words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gandsl.analysis import analyze
from gandsl.diagnostics.codes import CODES
from tests.frontend.game.small import PLAYERS, said, text
from tests.frontend.game.wrong_nodes import BLOCKS, BODIES


def term(written: str) -> str:
    """The players, with a term of one's own."""
    return PLAYERS.replace("{gap: -mean(said.logit)}", f"{{own: {written}}}")


TERMS = {
    "a number for each sample": (
        "sample_mean(said.logit)",
        "G0351 ‹sample_mean(said.logit)› `own` is a Number, one for each sample, and a term is a Scalar",
    ),
    "logits": (
        "{value: said.logit}",
        "G0351 ‹said.logit› `own` is a Logits[1], one for each sample, and a term is a Scalar",
    ),
    "a list": ('"[mean(said.logit), mean(real.logit)]"', "G0351 ‹"),
    "a constant": ("3", "G0351 ‹3› `own` is a whole number, and a term is a Scalar"),
    "nothing": ("{weight: 3}", "G0349 ‹own› the term `own` has no value and no block"),
    "a weight": (
        "{value: mean(z), weight: said.logit}",
        "G0333 ‹said.logit› the weight of `own` is a number, a curve, stairs or a Scalar, not a Logits[1]",
    ),
    "a weight's curve": (
        "{value: mean(z), weight: {shape: linear, start: 0, end: 1, over: 5}}",
        "G0334 ‹5› `over` of the weight of `own` is a length of training, not a whole number",
    ),
    "a weight by another name": (
        "{block: penalty.zero_centred, of: said.logit, by: fake, weight: 3}",
        "G0350 ‹3› the weight of block `zero_centred` is called `gamma`",
    ),
    "an interval": (
        "{value: mean(z), every: 16}",
        "G0336 ‹16› `every` of `own` is a whole number of steps, not 16",
    ),
    "an interval in images": (
        "{value: mean(z), every: 2 kimg}",
        "G0336 ‹2 kimg› `every` of `own` is a whole number of steps, not 2 kimg",
    ),
    "an interval that is computed": (
        "{value: mean(z), every: mean(z)}",
        "G0105 ‹mean(z)› `mean` computes a tensor, and what stands here is known before any is",
    ),
    "a batch": (
        "{value: mean(z), batch: batch / 3}",
        "G0336 ‹batch / 3› `batch` of `own` is a whole number from 1, not 2.66667",
    ),
    "a begin": (
        "{value: mean(z), from: 30}",
        "G0335 ‹30› `from` of `own` is a length of training, not a whole number",
    ),
    "an end before it": (
        "{value: mean(z), from: 2 kimg, until: 1 kimg}",
        "G0352 ‹1 kimg› `own` ends at 1 kimg, before it begins, at 2 kimg",
    ),
    "a name in the log": (
        "{value: mean(fake), log: steps}",
        "G0357 ‹steps› the trainer logs `steps` of every run",
    ),
    "a log": ("{value: mean(z), log: {a: z}}", "G0353 ‹z› `a` of the log is a Scalar, not a Latent[4]"),
}
GAMES = {
    "a player's steps that are computed": (
        PLAYERS.replace("[judge], terms", "[judge], steps: mean(fake), terms"),
        "",
        "G0105 ‹mean(fake)› `mean` computes a tensor, and what stands here is known before any is",
    ),
    "a trained network": (
        PLAYERS.replace("[judge]", "[jugde]"),
        "",
        "G0341 ‹jugde› there is no network `jugde`",
    ),
    "a trained part": (
        PLAYERS.replace("[judge]", "[judge.cnov]"),
        "",
        "G0341 ‹judge.cnov› `judge` has no part `cnov`",
    ),
    "steps": (
        PLAYERS.replace("[judge],", "[judge], steps: 0,"),
        "",
        "G0336 ‹0› `steps` of `discriminator` is a whole number from 1, not 0",
    ),
    "an optimizer": (
        PLAYERS.replace("[judge],", "[judge], optimizer: {lr: -1},"),
        "",
        "G0602 ‹-1› `lr` must lie in [0, 10], not -1",
    ),
    "an optimizer that there is not": (
        PLAYERS.replace("[judge],", "[judge], optimizer: {kind: rmsporp, lr: 1},"),
        "",
        "G0602 ‹rmsporp› there is no optimizer `rmsporp`",
    ),
    "a field of another optimizer": (
        PLAYERS.replace("[judge],", "[judge], optimizer: {kind: sgd, lr: 1, betas: [0, 0]},"),
        "",
        "G0008 ‹betas› there is no field `betas` here",
    ),
    "an optimizer's field": (
        PLAYERS.replace("[judge],", "[judge], optimizer: {lr: 1, bteas: [0, 0]},"),
        "",
        "G0008 ‹bteas› there is no field `bteas` here",
    ),
    "one turn, one network": (
        PLAYERS.replace("[generator]", "[judge.conv]"),
        "  order: [[discriminator, generator]]\n",
        "G0354 ‹judge.conv› `generator` and `discriminator` move in one turn, and both train `judge.conv`",
    ),
    "one turn, one step": (
        PLAYERS.replace("[generator],", "[generator], steps: 2,"),
        "  order: [[discriminator, generator]]\n",
        "G0354 ‹2› `generator` moves with others in one turn, so its `steps` are 1, not 2",
    ),
    "a log": (
        PLAYERS,
        "  logs: {score/a: z}\n",
        "G0353 ‹z› `score/a` of the log is a Scalar, not a Latent[4]",
    ),
    "a show": (PLAYERS, "  shows: [z]\n", "G0355 ‹z› what is shown is an image, not a Latent[4]"),
    "a watch": (PLAYERS, "  watches: {real: 3}\n", "G0355 ‹3› a tensor is wanted here, not a whole number"),
}


def check(folder: Path, written: str, wanted: str) -> None:
    found = said(folder, written)
    assert len(found) == 1, found
    assert found[0].startswith(wanted), found[0]


@pytest.mark.parametrize("name", BODIES)
def test_a_node_says(name: str, tmp_path: Path) -> None:
    body, wanted = BODIES[name]
    check(tmp_path, text(body, before=BLOCKS), wanted)


@pytest.mark.parametrize("name", TERMS)
def test_a_term_says(name: str, tmp_path: Path) -> None:
    written, wanted = TERMS[name]
    check(tmp_path, text(players=term(written)), wanted)


@pytest.mark.parametrize("name", GAMES)
def test_a_game_says(name: str, tmp_path: Path) -> None:
    players, more, wanted = GAMES[name]
    check(tmp_path, text(players=players, more=more), wanted)


ONCE = {  # what is broken elsewhere is told there, and nowhere else
    "a network": (
        "{op: linear, features: 1}\n    outputs",
        "{op: liner, features: 1}\n    outputs",
        "G0201 ‹liner›",
    ),
    "the plan": ("lr: 1e-3", "lr: -1", "G0602 ‹-1›"),
    "a node": (
        "fake: {network: generator, z: z, y: c}",
        "fake: {network: generatr, z: z, y: c}",
        "G0341 ‹generatr›",
    ),
    "a field": (
        'data: {image: "Image[3, resolution]"',
        'data: {image: "Image[3, resolutio]"',
        "G0102 ‹resolutio›",
    ),
    "a condition": ("when: classes > 0}}\ngame", "when: classes}}\ngame", "G0105 ‹classes›"),
    "a let": ("game:", "let: {half: batch / 0}\ngame:", "G0106 ‹batch / 0›"),
}


@pytest.mark.parametrize("name", ONCE)
def test_what_is_broken_is_told_once(name: str, tmp_path: Path) -> None:
    old, new, wanted = ONCE[name]
    own = term(
        "{value: mean(fake), batch: half if half > 1 else batch, from: 0.5}"
        if name == "a let"
        else "{value: mean(fake), batch: batch // 2, from: 0.5}"
    )
    written = text("gap: mean(real.logit) - mean(fake)", players=own)
    assert written.count(old) == 1
    check(tmp_path, written.replace(old, new), wanted)


@pytest.mark.parametrize(
    ("body", "gap", "wanted"),
    [
        ("", "mean(said.logt)", "G0217 ‹logt›"),
        ("b: {network: generatr, z: z}\n", "mean(said.logit) - mean(b)", "G0341 ‹generatr›"),
    ],
)
def test_a_state_says_nothing_of_terms_that_failed(body: str, gap: str, wanted: str, tmp_path: Path) -> None:
    """They may be what it hears."""
    players = PLAYERS.replace("mean(said.logit) - mean(real.logit)", f"{gap} + mean(real.logit)")
    check(tmp_path, text(f"{body}a: {{state: Scalar, next: mean(real.logit)}}", players=players), wanted)


@pytest.mark.parametrize(
    ("op", "said"), [("one_hot", "it has no weights"), ("embedding", "which some player")]
)
def test_a_layer_without_weights_needs_nobody_to_train_it(op: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text(f"a: {{op: {op}, y: y}}"))
    (error,) = analyze(tmp_path / "a.yaml")[1].errors
    assert error.code == "G0348" and error.help and said in error.help


def test_each_code_of_games_has_a_case() -> None:
    cases = [wanted for *_, wanted in (*BODIES.values(), *TERMS.values(), *GAMES.values())]
    assert {code for code in CODES if re.fullmatch(r"G03[3-6]\d", code)} <= {wanted[:5] for wanted in cases}
