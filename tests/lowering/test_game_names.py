"""Calls of networks under any name: those that torch's modules have, and those that differ in a dot alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import gandsl
from gandsl.codegen.printing.game import game_source
from gandsl_runtime.game.calls import taking
from gandsl_runtime.plan.schedule import Clock, Stage
from gandsl_runtime.rng import Draws, Key, Part
from tests.codegen.test_game_source import game_of

SPEC = """\
gandsl: 1
name: names
networks:
  one:
    inputs: {x: "Vector[5]"}
    body: {y: {op: linear, features: 5}}
  other:
    inputs: {x: "Vector[5]"}
    body: {y: {op: linear, features: 5}}
blocks:
  inner:
    ports: {x: Vector}
    body:
      b: {network: one, x: x}
game:
  body:
    u: {draw: "Vector[5]", distribution: normal}
    NAME: {network: other, x: u}
    a: {block: inner, x: u}
  players:
    all:
      trains: [one, other]
      terms:
        first: {value: mean(NAME ** 2)}
        second: {value: mean(a ** 2), weight: 3}
training: {length: 10 steps, batch: 4, optimizer: {kind: adam, lr: 1e-3}}
"""


@pytest.mark.parametrize("name", ["a_b", "a_", "code", "graph", "forward", "training", "children", "plain"])
def test_each_call_is_of_its_network(name: str, tmp_path: Path) -> None:
    path = tmp_path / "names.yaml"
    path.write_text(SPEC.replace("NAME", name), "utf-8")
    program = gandsl.compile(path)
    lowered, ir = program.game, program.module.game
    assert lowered is not None and ir is not None
    source = game_source(ir, program.module.networks, "Game", "A game.", lambda node: "", (-1.0, 1.0))
    u = torch.randn(4, 5)
    one, other = (lowered.networks[name](u).square().mean() for name in ("one", "other"))
    for game in (lowered, game_of(source, dict(lowered.networks))):
        (phase,) = game.plan.phases(Clock(0, 0))
        (part,) = phase.passes
        made = game.pass_program(phase, part, Stage())
        with taking(Draws(torch.device("cpu"), torch.float32, Part.whole(4), Key(0, 0, "all"))):
            loss, *_ = made.run(u)
        torch.testing.assert_close(loss, other + 3 * one)
