"""Players that move at once in float16: gradients inside their losses are scaled so that all of them fit."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import gandsl
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from gandsl_runtime.runs.header import ScalingFacts
from tests.games.loop import CPU, SEED, Items

JUDGE = """\
    inputs: {image: "Image[1, 8]"}
    body:
      conv: {op: conv, channels: 2}
      act: {op: tanh}
      pooled: {op: global_pool}
      logit: {op: linear, features: 1}
"""
SPEC = f"""\
gandsl: 1
name: halves
data: {{image: "Image[1, 8]"}}
networks:
  steep:
{JUDGE}  flat:
{JUDGE}game:
  order: [ORDER]
  body: {{a: {{network: steep, image: image}}, b: {{network: flat, image: image}}}}
  players:
    one: {{trains: [steep], terms: {{r1: {{block: penalty.zero_centred, of: a, by: image}}}}}}
    two: {{trains: [flat], terms: {{r1: {{block: penalty.zero_centred, of: b, by: image}}}}}}
training: {{length: 9 steps, batch: 4, precision: {{compute: COMPUTE}}, optimizer: {{kind: sgd, lr: 1e-12}}}}
"""


def penalties(folder: Path, order: str, compute: str, scales: dict[str, float]) -> dict[str, float]:
    """Of both players in a step, from the same weights; logits rise by 300 a feature, and by 1e-4."""
    torch.manual_seed(5)
    path = folder / "halves.yaml"
    path.write_text(SPEC.replace("ORDER", order).replace("COMPUTE", compute))
    program = gandsl.compile(path)
    assert program.plan is not None and program.game is not None
    for name, size in (("steep", 300.0), ("flat", 1e-4)):
        weight = program.game.networks[name].get_parameter("logit.weight")
        weight.data = torch.full_like(weight, 64 * size)  # the mean over 64 pixels stands before it
    items = Items(torch.randint(0, 256, (8, 1, 8, 8), dtype=torch.uint8), None)
    run = GameRun.new(program.plan, program.game, items, SEED, CPU)  # type: ignore[arg-type]
    for name, scale in scales.items():
        run.scaling[name].load(ScalingFacts.model_validate(run.scaling[name].counters() | {"scale": scale}))
    step(run)
    return run.metrics.means(run.group)


@pytest.mark.parametrize("order", ["[one, two]", "[two, one]"])
def test_the_least_of_their_scales_is_all_of_theirs(order: str, tmp_path: Path) -> None:
    """300 · 256 is more than float16 holds: the scale of who overflows must count, whoever comes last."""
    exact = penalties(tmp_path, order, "fp32", {})
    found = penalties(tmp_path, order, "fp16", {"one": 1.0, "two": 65536.0})
    assert exact["one/r1"] > 1e3 and exact.keys() == found.keys()
    assert found["one/r1"] == pytest.approx(exact["one/r1"], rel=0.01)
    lost = penalties(tmp_path, order, "fp16", {"one": 65536.0, "two": 65536.0})
    assert not lost["one/r1"] < float("inf"), "it does overflow"
