"""What a game is beside its graph: players, turns, terms, states, logs, as the file says them."""

from __future__ import annotations

from pathlib import Path

from gandsl.ir.graph import Variant
from gandsl_runtime.plan import Adam, Curve, Quantity
from gandsl_runtime.plan.game import GamePlan
from gandsl_runtime.plan.schedule import Clock
from tests.analysis.small import GROWN
from tests.frontend.game.small import PLAYERS, text, unfolded

WHOLE = """\
  players:
    discriminator:
      trains: [judge, generator.conv]
      steps: 1 + 1
      from: 2 steps
      until: 9 kimg
      optimizer: {lr: {shape: linear, start: 1e-3, end: 0, over: 2 kimg}}
      terms:
        gap: mean(said.logit) - mean(real.logit)
        lazy: {value: mean(real.logit ** 2), weight: 2 * k, every: 16 steps, batch: batch // 2, from: 0.25}
        moving: {value: mean(real.logit), weight: {shape: linear, start: 1, end: 0, over: 5 kimg}, log: drift}
        idle: {value: mean(real.logit), weight: 0, until: 1 - 0.5}
        absent: {value: mean(real.logit), when: classes > 3}
        weighed: {value: mean(weights), log: {sum/a: mean(said.logit) + k, b: k}}
    generator: {trains: [generator], terms: {gap: -mean(said.logit)}}
"""


def plan_of(folder: Path, written: str) -> GamePlan:
    game, diagnostics = unfolded(folder, written)
    assert game is not None, [one.message for one in diagnostics]
    return game.plan


def test_players_and_terms(tmp_path: Path) -> None:
    written = text(
        "k: {state: Scalar, in: generator, next: k}", players=WHOLE.replace("mean(weights)", "k * 2")
    )
    plan = plan_of(tmp_path, written)
    player = plan.players["discriminator"]
    assert player.trains == ("judge", "generator.conv") and player.steps == 2
    assert player.start == Quantity(2, "steps") and player.until == Quantity(9, "kimg")
    assert isinstance(player.optimizer, Adam) and isinstance(player.optimizer.lr, Curve)
    terms = {term.id.partition(".")[2]: term for term in player.terms}
    assert list(terms) == ["gap", "lazy", "moving", "idle", "weighed"]  # what is absent is left out
    lazy, moving, idle = terms["lazy"], terms["moving"], terms["idle"]
    assert lazy.weight == "discriminator.lazy.weight" and (lazy.every, lazy.batch) == (16, 4)
    assert lazy.start == Quantity(2.5, "kimg")  # a quarter of the length
    assert isinstance(moving.weight, Curve) and moving.logs == {"drift": moving.node}
    assert idle.idle and idle.until == Quantity(5, "kimg") and idle.logs == {"discriminator/idle": idle.node}
    assert not terms["weighed"].sampled and terms["gap"].sampled
    logs = terms["weighed"].logs
    assert logs["b"] == "k" and logs["sum/a"] == "discriminator.weighed.log"
    assert plan.order == (("discriminator",), ("generator",)) and plan.fresh == "phase"
    phases = plan.phases(Clock(images=2500, steps=4))
    assert [phase.name for phase in phases] == ["discriminator", "discriminator/16", "generator"]


def test_turns_logs_shows_and_watches(tmp_path: Path) -> None:
    more = """\
  fresh: step
  order: [[generator, discriminator]]
  logs: {score/real: mean(real.logit), again: gap}
  shows: [image, "[fake, fake * 2]"]
  watches: {real: real.logit, fake: "[said.logit, said.pixels]", samples: fake}
"""
    plan = plan_of(tmp_path, text("gap: mean(said.logit)", more=more))
    assert plan.order == (("generator", "discriminator"),) and plan.fresh == "step"
    assert plan.logs == {"score/real": "logs.score_real", "again": "gap"}
    assert plan.shows == ("image", "show11")  # of a list, the sizes of one image, the last
    watched = {"real": "real.logit", "fake": "said.logit", "fake1": "said.pixels", "samples": "fake.rgb"}
    assert plan.watches == watched


def test_a_state_hears_the_only_player_that_computes_what_it_needs(tmp_path: Path) -> None:
    body = 'a: {state: Scalar, next: "a + 0.1 * (gap - a)"}\ngap: mean(abs(real.logit))'
    (state,) = plan_of(tmp_path, text(body)).states
    assert state.players == ("discriminator",) and state.heard == ("gap",)


def test_a_state_of_a_term_hears_its_player(tmp_path: Path) -> None:
    players = PLAYERS.replace("gap: -mean(said.logit)", "own: {block: held, x: said.logit}")
    blocks = """\
blocks:
  held:
    ports: {x: Logits}
    body:
      now: mean(x)
      a: {state: Scalar, start: 1, every: micro_batch, next: "lerp(a, now, 0.1)", moved: old}
      term: now - a
"""
    (state,) = plan_of(tmp_path, text(players=players, before=blocks)).states
    assert state.id == "generator.own.a" and state.players == ("generator",) and state.moved == ("old",)
    assert state.heard == ("generator.own.now",) and state.every is None and state.start == 1.0


def test_numbers_of_the_level(tmp_path: Path) -> None:
    """A term's batch, and whether it is there, may follow the level."""
    players = """\
data: {image: "Image[3, 16]"}
game:
  body:
    z: {draw: generator.z}
    fake: {network: generator, z: z}
    said: {network: discriminator, image: fake}
  players:
    generator:
      trains: [generator]
      terms:
        half: {value: mean(said), batch: batch // 2}
        later: {value: mean(said), when: level > 0}
"""
    written = GROWN.replace("  loss: logistic\n", "").replace("training:", f"{players}training:")
    game, diagnostics = unfolded(tmp_path, written)
    assert game is not None, [one.message for one in diagnostics]
    terms = {variant: game.plan_at(variant).players["generator"].terms for variant in game.graphs}
    assert [term.batch for term in terms[Variant()]] == [16]
    assert [term.batch for term in terms[Variant(1)]] == [8, None]
    assert game.plan == game.plan_at(Variant(2)) and "alpha" in game.graphs[Variant(2, True)].nodes
