"""What benches watch of a trainer: each optimizer step, by the label of its phase."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import gandsl
from bench.gpu import device
from bench.gpu.entry import Setting
from bench.overhead import SMALL
from bench.training import trainer_of, watched
from gandsl_runtime.plan.schedule import Clock
from tests.specs.images import random_images

TWICE = {
    "training.discriminator_steps": 2,
    "training.regularizers": {"r1": {"gamma": 1.0, "every": "16 steps"}},
}


def test_each_optimizer_step_is_told_by_its_phase(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    trainer = trainer_of(gandsl.compile(tmp_path / "small.yaml", TWICE), data=random_images((1, 8, 8)))
    told: list[str] = []

    @contextmanager
    def part(label: str) -> Iterator[None]:
        told.append(label)
        yield

    with watched(part):
        trainer.step()
        trainer.step()
    trainer.step()
    assert told == ["D", "D", "D/16", "G", "D", "D", "G"]
    trainer.state.clock = Clock(0, 0)
    assert {phase.label: phase.every for phase in trainer.state.phases()} == {"D": 1, "D/16": 16, "G": 1}


def test_a_timer_adds_up_parts_of_one_name() -> None:
    timer = device.Timer(Setting("cpu", Path()))
    for name in ("D", "D", "G"):
        with timer.part(name):
            time.sleep(0.02)
    found = timer.read()
    assert found["D"] == pytest.approx(2 * found["G"], rel=0.5) and found["D"] >= 40
