"""A game whose discriminator sees an image with its mask and class map, all moved alike: run, and printed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch

import gandsl
from gandsl.codegen.identifiers import class_name
from gandsl.codegen.package import render
from gandsl_runtime.data.sources import NamedArrays
from gandsl_runtime.network import Network
from gandsl_runtime.training.trainer import Trainer
from tests.codegen.test_game_source import game_of
from tests.codegen.twins import loaded
from tests.runtime.fielded import arrays
from tests.runtime.helpers import assert_same

SPEC = """\
gandsl: 1
name: maps
data: {image: "Image[3, [4, 6]]", mask: "Mask[1, [4, 6]]", map: "Classes[9, [4, 6]]"}
networks:
  painter:
    inputs: {mask: "Mask[1, [4, 6]]", map: "Classes[9, [4, 6]]"}
    body:
      hot: {op: one_hot, y: map}
      all: {op: concat, terms: [mask, hot]}
      image: {op: conv, channels: 3}
    outputs: {image: {of: image, kind: Image}}
  judge:
    inputs: {image: "Image[3, [4, 6]]", mask: "Mask[1, [4, 6]]", map: "Classes[9, [4, 6]]"}
    body:
      hot: {op: one_hot, y: map}
      all: {op: concat, terms: [image, mask, hot]}
      logit: {op: conv, channels: 1}
game:
  body:
    fake: {network: painter, mask: mask, map: map}
    seen: {op: augment, x: [image, mask, map], pipe: bgc, p: 0.8}
    shown: {op: augment, x: [fake, mask, map], pipe: {xflip: 1, hue: 0.5}, p: 0.7}
    real: {network: judge, image: "seen[0]", mask: "seen[1]", map: "seen[2]"}
    said: {network: judge, image: "shown[0]", mask: "shown[1]", map: "shown[2]"}
    adversarial: {block: loss.hinge, real: real, fake: said}
  players:
    judge: {trains: [judge], terms: {adversarial: adversarial.discriminator}}
    painter: {trains: [painter], terms: {adversarial: adversarial.generator}}
training: {length: 3 steps, batch: 5, optimizer: {lr: 1e-2}}
"""


def test_the_graphs_game_and_the_printed_one_train_alike(tmp_path: Path) -> None:
    """To the bit: which tensors are images and which are maps stands in the source."""
    (tmp_path / "maps.yaml").write_text(SPEC)
    fields = arrays(("image", "mask", "map"))

    def trained(printed: bool) -> Mapping[str, torch.Tensor]:
        torch.manual_seed(1)
        program = gandsl.compile(tmp_path / "maps.yaml")
        assert program.plan is not None and program.game is not None and not program.warnings
        game = program.game
        if printed:
            files = render(program.module)
            networks: dict[str, Network] = {
                name: loaded(files[f"{name}.py"], class_name(name)) for name in program.module.networks
            }
            for name, network in networks.items():
                network.load_state_dict(game.networks[name].state_dict())
            game = game_of(files["game.py"], networks)
        trainer = Trainer(program.plan, game, data=NamedArrays(fields), seed=3, observing=())
        for _ in range(3):
            trainer.step()
        return trainer.state.tensors()

    assert_same(trained(False), trained(True))
