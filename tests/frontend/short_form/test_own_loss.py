"""A loss that a spec brings: a block of its own, or of an import, named where a loss of the plan is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import gandsl
from gandsl.analysis import analyze
from gandsl.ir.graph import Graph
from gandsl_runtime.data import open_dataset
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from gandsl_runtime.plan import Plan
from gandsl_runtime.training.training_set import stream_of
from tests.spec.helpers import marked

BLOCK = """\
  tilted:
    doc: Hinge with a margin of its own.
    ports: {real: {type: Logits, optional: true}, fake: Logits}
    params: {margin: {type: float, default: 1.0, min: 0}}
    body:
      d: {value: average(mean(relu(margin - real)) + mean(relu(margin + fake))), when: present(real)}
      g: average(-mean(fake))
    outputs: {discriminator: d, generator: g, boundary: 0}
"""
SPEC = """\
gandsl: 1
name: own
imports: {mine: mine.yaml}
blocks:
  doubled: {ports: {x: Feature}, body: {twice: {block: mine.tilted_image}}}
BLOCK
generator:
  inputs: {z: "Latent[4]"}
  body:
    dense: {op: linear, features: 48}
    image: {op: reshape, channels: 3, size: 4}
    more: {block: doubled}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body:
    conv: {op: conv, channels: 2}
    act: {op: leaky_relu}
    flat: {op: flatten}
    logit: {op: linear, features: 1}
training: {length: 9 steps, batch: 4, loss: LOSS, optimizer: {lr: 0.01, betas: [0.5, 0.9]}}
"""
LIBRARY = f"""\
gandsl: 1
blocks:
  tilted_image: {{ports: {{x: Feature}}, body: {{act: {{op: tanh}}}}}}
{BLOCK}"""


def written(folder: Path, loss: str) -> Path:
    (folder / "mine.yaml").write_text(LIBRARY)
    path = folder / "own.yaml"
    path.write_text(SPEC.replace("BLOCK\n", BLOCK).replace("LOSS", loss))
    return path


SAID: dict[str, list[str]] = {
    "tilted": [],
    "mine.tilted": ["W0704 ‹tilted›"],
    "{kind: tilted, margin: 2}": [],
    "{block: mine.tilted, margin: 2}": ["W0704 ‹tilted›"],
    "tiltd": ["G0602 ‹tiltd›"],
    "mine.tiltd": ["G0102 ‹mine›"],
    "{kind: tilted, margn: 2}": ["G0205 ‹margn›"],
    "{kind: tilted, margin: -2}": ["G0208 ‹-2›"],
    "mine.tilted_image": ["G0602 ‹mine.tilted_image›"],
}


@pytest.mark.parametrize("loss", SAID)
def test_what_is_said_of_it(loss: str, tmp_path: Path) -> None:
    _, diagnostics = analyze(written(tmp_path, loss))
    assert [f"{one.code} ‹{marked(diagnostics, one.span)}›" for one in diagnostics] == SAID[loss]


def nodes(graph: Graph) -> list[Any]:
    return [(node.id, node.op, node.inputs, node.attrs, node.type) for node in graph]


@pytest.mark.parametrize("loss", ["tilted", "mine.tilted", "{kind: tilted, margin: 1}"])
def test_it_is_what_a_loss_of_the_library_is(loss: str, tmp_path: Path) -> None:
    own, hinge = (analyze(written(tmp_path, name))[0] for name in (loss, "hinge"))
    assert own and hinge and own.game and hinge.game and own.plan
    assert nodes(own.game.main) == nodes(hinge.game.main)
    assert own.game.plan == hinge.game.plan
    assert Plan.model_validate_json(own.plan.model_dump_json()) == own.plan


def test_it_is_trained(tmp_path: Path) -> None:
    found = []
    for loss in ("tilted", "hinge"):
        torch.manual_seed(3)
        program = gandsl.compile(written(tmp_path, loss))
        assert program.plan is not None and program.game is not None
        pixels = torch.arange(20 * 48, dtype=torch.uint8).reshape(20, 4, 4, 3).numpy()
        data = open_dataset(Arrays(pixels, None), (3, 4, 4), 0, program.plan.data)
        stream = stream_of(data, program.plan, 3, 0, ProcessGroup(), torch.device("cpu"), print)
        run = GameRun.new(program.plan, program.game, stream, 3, torch.device("cpu"))
        step(run)
        found.append(run.tensors())
    own, hinge = found
    assert own.keys() == hinge.keys() and all(torch.equal(own[key], hinge[key]) for key in own)
