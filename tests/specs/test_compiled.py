"""Steps of every spec through torch.compile: a pass is one graph, no size varies, none is made twice; and the
state after some steps is that of eager ones, in float64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from gandsl_runtime.game.compiled import Backend, Compiler
from gandsl_runtime.game.run import GameRun
from gandsl_runtime.game.step import step
from tests.games.loop import GAMES, made_run
from tests.runtime.graphs import Graphs, Heard
from tests.specs.reduced import ALL, SPECS, reduced

STEPS = 5  # of a growing one: the first level and two more, each fading and whole; 8 images are two steps
CLASSES = 3


def of_spec(name: str, **more: Any) -> GameRun:
    return made_run(SPECS / f"{name}.yaml", reduced(name, images=8, classes=CLASSES) | more, None, CLASSES)


def of_game(name: str) -> GameRun:
    return made_run(GAMES / f"{name}.yaml", {"training.batch": 4}, None, CLASSES)


def compiled(run: GameRun, backend: Backend) -> tuple[GameRun, Heard]:
    """The run, and what it will have been warned of."""
    torch._dynamo.reset()
    heard = Heard()
    run.compiler = Compiler(backend, heard.warn)
    return run, heard


@pytest.mark.thorough
@pytest.mark.parametrize("name", ALL)
def test_a_pass_is_one_graph(name: str) -> None:
    run, heard = compiled(of_spec(name), graphs := Graphs())
    met = set[tuple[object, ...]]()
    for _ in range(STEPS):
        before, stage = graphs.all, step(run).stage
        assert graphs.all == before or (stage.level, stage.fading) not in met, stage
        met.add((stage.level, stage.fading))
    assert run.compiler is not None
    assert (graphs.all, graphs.symbolic) == (len(run.compiler.regions), 0)
    assert not heard


EQUAL: dict[str, Callable[[], GameRun]] = {
    "dcgan": lambda: of_spec("dcgan"),
    "began": lambda: of_game("began"),
    "unet_gan": lambda: of_game("unet_gan"),
    "stylegan2": lambda: of_spec("stylegan2", **{"training.regularizers.path_length.every": "2 steps"}),
    "stylegan2/ada": lambda: of_spec("stylegan2/ada"),
    "biggan": lambda: of_spec("biggan"),
    "pggan": lambda: of_spec("pggan"),
}
LONG = [*EQUAL][2:]


@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=[pytest.mark.thorough] * (one in LONG)) for one in EQUAL]
)
def test_compiled_steps_are_the_eager_ones(name: str) -> None:
    eager, (other, heard) = EQUAL[name](), compiled(EQUAL[name](), "aot_eager")
    for _ in range(STEPS):
        step(eager)
        step(other)
        expected, found = eager.tensors(), other.tensors()
        assert expected.keys() == found.keys()
        for key, tensor in expected.items():
            torch.testing.assert_close(
                found[key], tensor, rtol=1e-7, atol=1e-9, msg=lambda m, key=key: f"{key}: {m}"
            )
    assert not heard
