"""A discriminator whose logits are a list judges generated and real images in one call as it does in two."""

from __future__ import annotations

from pathlib import Path

import torch

from gandsl_runtime.game.step import step
from tests.games.loop import made_run

SPEC = """\
gandsl: 1
name: scales
generator:
  inputs: {z: "Latent[4]"}
  body: {dense: {op: linear, features: 48}, image: {op: reshape, channels: 3, size: 4}}
discriminator:
  inputs: {image: "Image[3, 4]"}
  body:
    scales:
      fold: {i: range(2)}
      label: scale
      carry: {x: image}
      body: {logit: {op: conv, channels: 1}, act: {op: relu}}
      next: {x: act}
      collect: {logits: logit}
  outputs: {logits: {of: scales.logits, kind: Logits}}
training: {length: 1 kimg, batch: 4, loss: hinge, optimizer: {kind: sgd, lr: 0.1}}
"""


def test_halves_of_a_list_are_lists_of_halves(tmp_path: Path) -> None:
    """With as many logits as halves, the halves of one logit have the shapes of a half of both."""
    (tmp_path / "scales.yaml").write_text(SPEC)

    def trained(passes: str) -> dict[str, torch.Tensor]:
        run = made_run(tmp_path / "scales.yaml", {"training.discriminator_passes": passes}, (3, 4, 4))
        step(run)
        return run.game.networks["discriminator"].state_dict()

    apart, joint = trained("separate"), trained("joint")
    for name, tensor in apart.items():
        torch.testing.assert_close(joint[name], tensor, rtol=1e-12, atol=1e-12)
