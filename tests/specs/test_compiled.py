"""Steps of every spec through torch.compile: a part is one graph, no size varies, none is made twice."""

from __future__ import annotations

import pytest
import torch

import gandsl
from gandsl_runtime import Trainer
from gandsl_runtime.programs import classes_of
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.compiled import Compiler
from tests.runtime.graphs import Graphs
from tests.specs.images import random_images
from tests.specs.reduced import ALL, SPECS, reduced

STEPS = 5  # of a growing one: the first level and two more, each fading and whole; 8 images are two steps


@pytest.mark.thorough
@pytest.mark.parametrize("name", ALL)
def test_a_part_is_one_graph(name: str) -> None:
    torch._dynamo.reset()
    torch.manual_seed(1)
    program = gandsl.compile(SPECS / f"{name}.yaml", reduced(name, images=8, classes=3))
    generator, discriminator = program.generator, program.discriminator
    shape = discriminator.inputs[-1 if classes_of(discriminator) == 0 else -2].shape
    graphs = Graphs()
    trainer = Trainer(
        program.plan,
        generator,
        discriminator,
        data=random_images(shape, classes_of(generator)),
        machine=MachineOptions(device="cpu"),
        observing=(),
    )
    heard = list[str]()
    trainer.game.compiler = Compiler(graphs, heard.append)
    met = set[tuple[object, ...]]()
    for _ in range(STEPS):
        before, stage = graphs.all, trainer.step().stage
        assert graphs.all == before or (stage.level, stage.fading) not in met, stage
        met.add((stage.level, stage.fading))
    assert (graphs.all, graphs.symbolic) == (len(trainer.game.compiler.parts), 0)
    assert not heard
