"""Blocks of the library for games that no published spec uses, against torch's own functions."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch.distributions import Normal
from torch.nn import functional

import gandsl
from gandsl_runtime.game.calls import taking
from gandsl_runtime.plan.schedule import Clock, Stage
from gandsl_runtime.rng import Draws, Key, Part

SPEC = """\
gandsl: 1
name: blocks
networks:
  net:
    inputs: {x: "Vector[5]"}
    body: {y: {op: linear, features: 5}, more: {op: linear, x: y, features: 5}}
    outputs: {y: y, more: more}
game:
  body:
    u: {draw: "Vector[5]", distribution: normal}
    v: {draw: "Vector[5]", distribution: normal}
    said: {network: net, x: u}
  players:
    one:
      trains: [net]
      terms:
        l1: {block: distance.l1, a: said.y, b: v}
        l2: {block: distance.l2, a: said.y, b: v}
        cosine: {block: distance.cosine, a: said.y, b: v}
        pair: {block: distance.l2, a: "[said.y, said.more]", b: "[v, v]"}
        normal: {block: likelihood.normal, mean: said.y, x: v, log_variance: said.more}
        plain: {block: likelihood.normal, mean: said.y, x: v}
training: {length: 10 steps, batch: 4, optimizer: {kind: adam, lr: 1e-3}}
"""


def test_distances_and_likelihoods(tmp_path: Path) -> None:
    (tmp_path / "blocks.yaml").write_text(SPEC, "utf-8")
    torch.manual_seed(0)
    program = gandsl.compile(tmp_path / "blocks.yaml")
    game = program.game
    assert game is not None
    game.networks["net"].to(torch.float64)
    (phase,) = game.plan.phases(Clock(0, 0))
    (part,) = phase.passes
    made = game.pass_program(phase, part, Stage())
    given = {source.id: torch.randn(4, 5, dtype=torch.float64) for source in made.sources}
    draws = Draws(torch.device("cpu"), torch.float64, Part.whole(4), Key(0, 0, "one"))
    with taking(draws):
        loss, *values = made.run(*(given[source.id] for source in made.sources))
    a, more = game.networks["net"](given["u"])
    v, found = given["v"], dict(zip(made.values, values, strict=True))
    likelihood = Normal(a, (more / 2).exp()).log_prob(v) + math.log(2 * math.pi) / 2
    expected = {
        "l1": functional.l1_loss(a, v),
        "l2": functional.mse_loss(a, v),
        "cosine": 1 - functional.cosine_similarity(a, v).mean(),
        "pair": (functional.mse_loss(a, v) + functional.mse_loss(more, v)) / 2,
        "normal": -likelihood.sum(1).mean(),
        "plain": (v - a).square().sum(1).mean() / 2,
    }
    logged = {name.removeprefix("one/"): node for term in part.terms for name, node in term.logs.items()}
    assert logged.keys() == expected.keys()
    for name, wanted in expected.items():
        torch.testing.assert_close(found[logged[name]], wanted.detach(), rtol=1e-9, atol=1e-10)
    torch.testing.assert_close(loss, torch.stack([*expected.values()]).sum(), rtol=1e-9, atol=1e-10)
