"""Every spec of the library trains: a few steps, small, with finite losses and samples that change.

No step asks anything of the host: on a GPU it would wait.
"""

from __future__ import annotations

import pytest
import torch

import gandsl
from gandsl_runtime.programs import classes_of
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.sample import sample
from tests.runtime import nets
from tests.runtime.drawn import drawn_ids
from tests.specs.images import random_images
from tests.specs.reduced import ALL, SPECS, reduced
from tests.specs.waits import Waits

STEPS = 3  # of a growing one: the first level, a fade, the second level


@pytest.mark.parametrize("name", ALL)
def test_trains(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And each draw has an id of its own: of one part of a batch none is drawn twice."""
    ids = drawn_ids(monkeypatch)
    torch.manual_seed(1)
    program = gandsl.compile(SPECS / f"{name}.yaml", reduced(name, classes=3))
    generator, discriminator = program.generator, program.discriminator
    shape = discriminator.inputs[-1 if classes_of(discriminator) == 0 else -2].shape
    before = sample(generator, [1, 2], noise="none")
    trainer = nets.trainer_of(
        program.plan,
        program.game,
        data=random_images(shape, classes_of(generator)),
        machine=MachineOptions(device="cpu"),
        observing=(),
    )
    for _ in range(STEPS - 1):
        trainer.step()
    with Waits() as waits:
        trainer.step()
    assert not waits.found
    assert len(ids) >= 2 * STEPS, "each player draws a latent"
    assert set(ids.values()) == {1}, [id_ for id_, times in ids.items() if times > 1]
    losses = trainer.measured()  # raises Diverged where one is not finite
    assert {"loss/G", "loss/D"} <= set(losses), sorted(losses)
    for old, new in zip(before, sample(generator, [1, 2], noise="none"), strict=True):
        assert new.isfinite().all()
        assert not torch.equal(new, old), "training left the samples as they were"
