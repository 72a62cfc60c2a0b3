"""Runs of games behind the trainer: their checkpoints, resumes, logs; runs that the old trainer began."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from gandsl_runtime.game.run import GameRun
from gandsl_runtime.runs.header import Counters
from gandsl_runtime.training.trainer import Trainer
from tests.runtime.beside_trainer import SEED, compare, made, source_for
from tests.runtime.helpers import Heard

CHANGES: dict[str, Any] = {
    "training.length": "5 steps",
    "training.cadence.log": "1 steps",
    "training.augment.p.over": "20 img",
    "training.regularizers.lecam": {"weight": 0.3, "start": "1 steps"},
    "training.guard.samples": 8,
}
SPEC = "stylegan2/ada"


def trainer(
    run_dir: Path | None, game: bool, length: int = 5, resuming: bool = False, heard: Any = ()
) -> Trainer:
    plan, networks, found = made(SPEC, CHANGES | {"training.length": f"{length} steps"})
    given: dict[str, Any] = {"data": source_for(networks["generator"]), "observing": heard}
    given["game"] = found if game else None
    if resuming:
        assert run_dir is not None
        return Trainer.resume(run_dir, *networks.values(), plan=plan, change=True, **given)
    return Trainer(plan, *networks.values(), run_dir=run_dir, seed=SEED, **given)


@pytest.fixture(scope="module")
def old() -> Trainer:
    """The old trainer's run, whole."""
    whole = trainer(None, False)
    whole.run()
    return whole


@pytest.mark.parametrize("began", [False, True], ids=["by_the_old", "by_a_game"])
def test_a_run_goes_on_as_a_game(old: Trainer, tmp_path: Path, began: bool) -> None:
    """Three steps, a checkpoint, then two more: equal to five of the old trainer, to the bit."""
    trainer(tmp_path / "run", began, length=3).run()
    again = trainer(tmp_path / "run", True, resuming=True)
    assert isinstance(again.state, GameRun) and again.state.clock.steps == 3
    again.run()
    assert not compare(old, again)


def test_a_game_logs_what_the_trainer_did(old: Trainer) -> None:
    """States by the number that they are at."""
    heard = Heard()
    run = trainer(None, True, heard=(heard,))
    run.run()
    assert {"lr/G", "lr/D", "augment/p", "guard/logits/gap"} <= heard.records[-1].keys()
    assert heard.records[-1]["augment/p"] == pytest.approx(float(old.state.tensors()["augment/p"]))


def test_damage_is_told(tmp_path: Path) -> None:
    """Nothing is taken over of a state that does not fit."""
    run = trainer(None, True)
    run.step()
    assert isinstance(run.state, GameRun)
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
