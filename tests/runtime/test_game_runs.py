"""Runs of games behind the trainer: their checkpoints, resumes, logs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gandsl_runtime.runs.header import Counters
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.helpers import Heard, assert_same
from tests.runtime.plays import state_of
from tests.specs.cases import SEED, made, source_for

CHANGES: dict[str, Any] = {
    "training.length": "5 steps",
    "training.cadence.log": "1 steps",
    "training.augment.p.over": "20 img",
    "training.regularizers.lecam": {"weight": 0.3, "start": "1 steps"},
    "training.guard.samples": 8,
}
SPEC = "stylegan2/ada"


def trainer(run_dir: Path | None, length: int = 5, resuming: bool = False, heard: Any = ()) -> Trainer:
    plan, networks, game = made(SPEC, CHANGES | {"training.length": f"{length} steps"})
    given: dict[str, Any] = {"data": source_for(networks["generator"]), "observing": heard}
    if resuming:
        assert run_dir is not None
        return nets.resumed(run_dir, game, plan=plan, change=True, **given)
    return nets.trainer_of(plan, game, run_dir=run_dir, seed=SEED, **given)


@pytest.fixture(scope="module")
def whole() -> tuple[Trainer, Heard]:
    """A run of five steps, and what it told."""
    heard = Heard()
    run = trainer(None, heard=(heard,))
    run.run()
    return run, heard


def test_a_run_goes_on_as_a_game(whole: tuple[Trainer, Heard], tmp_path: Path) -> None:
    """Three steps, a checkpoint, then two more: equal to five, to the bit; the guard forgets another plan."""
    trainer(tmp_path / "run", length=3).run()
    again = trainer(tmp_path / "run", resuming=True)
    assert again.state.clock.steps == 3
    again.run()
    own, expected = (
        {name: tensor for name, tensor in run.state.tensors().items() if not name.startswith("guard/")}
        for run in (again, whole[0])
    )
    assert_same(own, expected)


def test_a_game_logs_its_states(whole: tuple[Trainer, Heard]) -> None:
    """By the number that they are at."""
    run, heard = whole
    assert {"lr/G", "lr/D", "augment/p", "guard/logits/gap"} <= heard.records[-1].keys()
    assert heard.records[-1]["augment/p"] == pytest.approx(float(state_of(run, "augment/p")))


def test_damage_is_told(tmp_path: Path) -> None:
    """Nothing is taken over of a state that does not fit."""
    run = trainer(None)
    run.step()
    tensors, counters = dict(run.state.tensors()), run.state.counters()
    facts = Counters.model_validate_json(json.dumps(counters))
    name = next(name for name in tensors if name.endswith("exp_avg"))
    before = run.state.states.values["p"].clone()
    for spoiled in (
        {key: tensor for key, tensor in tensors.items() if key != name},
        tensors | {"game/p": torch.zeros(2)},
        tensors | {"judge/weight": torch.zeros(2)},
    ):
        with pytest.raises(ValueError, match=r"missing|shape|unknown"):
            run.state.load_tensors(spoiled, facts)
        assert torch.equal(run.state.states.values["p"], before)
    run.state.load_tensors(tensors, facts)
