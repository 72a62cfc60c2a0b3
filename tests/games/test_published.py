"""Games as their papers have them: checked, costed, compared, compiled, three steps of each.

published/ holds those that want several sets, a file of weights, lists of features or their own terms, over
networks in small; the others stand beside it, where loops by hand hold them to their numbers.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save

import gandsl
from gandsl.analysis import analyze
from gandsl.analysis.cost import module_cost
from gandsl.codegen.package import render as render_package
from gandsl.diff import compare
from gandsl.diff.text import render
from gandsl.frontend.module import ModuleIR
from gandsl_runtime.data.sources import Arrays
from gandsl_runtime.training.trainer import Trainer
from tests.games.loop import GAMES

PUBLISHED = GAMES / "published"
SMALL = {"training.batch": 4}
TRANSLATORS = {f"networks.to_b.body.image.{name}": 2 for name in ("width", "blocks")}
CASES: dict[str, tuple[Path, dict[str, Any], int]] = {
    # file, what is changed of it, classes
    "stylegan2_ada": (GAMES, {}, 2),
    "pggan": (GAMES, {}, 0),
    "biggan": (GAMES, {}, 3),
    "r3gan": (GAMES, {}, 0),
    "began": (GAMES, {}, 0),
    "unet_gan": (GAMES, {}, 3),
    "cyclegan": (PUBLISHED, {"resolution": 16, "networks.judge_b.body.logit.width": 4, **TRANSLATORS}, 0),
    "vqgan": (PUBLISHED, {"resolution": 32, "codes": 8, "begin": "1 steps", **SMALL}, 0),
    "infogan": (PUBLISHED, SMALL, 0),
    "projected_gan": (PUBLISHED, {"resolution": 64, **SMALL}, 0),
    "recon": (PUBLISHED, {}, 0),
    "adcgan": (PUBLISHED, {}, 3),
    "vaegan": (PUBLISHED, {}, 0),
    "srgan": (PUBLISHED, {"resolution": 16, "begin": "2 steps", **SMALL}, 0),
}


NAMES = [
    pytest.param(name, marks=() if folder == PUBLISHED else pytest.mark.thorough)
    for name, (folder, _, _) in CASES.items()
]


@pytest.fixture
def at_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which files of weights are found."""
    monkeypatch.setenv("GANDSL_PATH", str(tmp_path))
    return tmp_path


def checked(path: Path, changes: dict[str, Any]) -> ModuleIR:
    """The module of a spec that has no errors."""
    module, diagnostics = analyze(path, changes)
    assert module is not None, [one.message for one in diagnostics]
    return module


def weights(module: ModuleIR, folder: Path) -> dict[str, str]:
    """Writes files of random numbers that its networks start from; what a spec says of them."""
    generator = torch.Generator().manual_seed(1)
    said = {}
    for name, network in module.networks.items():
        if network.start is not None:
            file = save(
                {
                    f"{node.id}.{tensor}": 0.1 * torch.randn(shape, generator=generator)
                    for graph, node in network.weighted().values()
                    for tensor, shape in node.spec.weights(graph.call(node)).items()
                }
            )
            (folder / network.start.file).write_bytes(file)
            said[f"networks.{name}.weights.sha256"] = hashlib.sha256(file).hexdigest()
    return said


@pytest.mark.parametrize("name", NAMES)
def test_a_published_game(name: str, at_hand: Path) -> None:
    """Three steps; all that is logged is finite, and the weights move of whom some player trains."""
    folder, changes, classes = CASES[name]
    path = folder / f"{name}.yaml"
    module = checked(path, changes)
    changes = {**changes, **weights(module, at_hand)}
    assert "game.py" in render_package(module)
    assert module_cost(module).flops_per_step > 0
    assert "~ batch" in render(compare(module, checked(path, {**changes, "training.batch": 64})))

    torch.manual_seed(0)
    program = gandsl.compile(path, changes)
    assert program.plan is not None and program.game is not None
    game, numbers = program.game, np.random.default_rng(0)
    sets: dict[str, Arrays] = {}
    for of in game.plan.data.values():
        if of.kind == "Image" and not of.origin:
            channels, height, width = of.shape
            pixels = numbers.integers(0, 256, (20, height, width, channels), dtype=np.uint8)
            labels = np.arange(20) % classes if classes else None
            sets[of.set] = Arrays(pixels if channels > 1 else pixels[..., 0], labels)
    trainer = Trainer(program.plan, game, data=sets if len(sets) > 1 else sets[""], seed=3, observing=())
    before = {
        name: {key: x.clone() for key, x in of.named_parameters()} for name, of in game.networks.items()
    }
    for _ in range(3):
        trainer.step()
    assert all(np.isfinite(mean) for mean in trainer.measured().values())
    trained = {network for player in game.plan.players.values() for network in player.networks}
    for network, of in game.networks.items():
        moved = [key for key, x in of.named_parameters() if not torch.equal(x, before[network][key])]
        assert bool(moved) == (network in trained), network
