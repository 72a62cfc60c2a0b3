"""A generated package trains as its spec does: the printed game over printed networks, and the graph's."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import gandsl
from gandsl.analysis import analyze
from gandsl.codegen.identifiers import class_name
from gandsl.codegen.package import render
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.runs.record import MachineOptions
from gandsl_runtime.training.trainer import Trainer
from tests.codegen.test_game_source import game_of
from tests.codegen.twins import loaded
from tests.runtime import nets
from tests.runtime.helpers import assert_same
from tests.specs.cases import BATCH, CASES, SEED, STEPS, D, G, source_for
from tests.specs.reduced import SPECS, reduced


def trainer(name: str, changes: dict[str, Any], printed: bool) -> Trainer:
    """Of printed networks, whose weights are always the same: their printed game, or that of the graph."""
    module, found = analyze(
        SPECS / f"{name}.yaml", reduced(name, batch=BATCH, images=16, classes=3) | changes
    )
    assert module is not None and module.plan is not None, list(found)
    files = render(module)
    torch.manual_seed(7)
    networks = {net: loaded(files[f"{net}.py"], class_name(net)) for net in (G, D)}
    for weight in (weight for network in networks.values() for weight in network.parameters()):
        weight.data += 0.05 * torch.randn_like(weight)
    how: dict[str, Any] = {"observing": (), "group": ProcessGroup(), "machine": MachineOptions(workers=0)}
    game = game_of(files["game.py"], networks) if printed else gandsl.game_of(module.plan, networks)
    return nets.trainer_of(module.plan, game, data=source_for(networks[G]), seed=SEED, **how)


def assert_trains(name: str, changes: dict[str, Any]) -> None:
    graph, source = (trainer(name, changes, printed) for printed in (False, True))
    before = {key: tensor.clone() for key, tensor in source.state.tensors().items()}
    for _ in range(STEPS):
        graph.step()
        source.step()
    assert_same(source.state.tensors(), graph.state.tensors())
    assert any(not torch.equal(before[key], tensor) for key, tensor in source.state.tensors().items())


QUICK = "anchored_from_the_start"  # a game with states


def test_a_package_trains_as_its_spec() -> None:
    """Five steps of a lazy penalty, in parts, to the bit."""
    assert_trains("quickstart_r1", {"training.micro_batch": 4})


@pytest.mark.parametrize(
    "case", [QUICK, *(pytest.param(case, marks=pytest.mark.thorough) for case in CASES if case != QUICK)]
)
def test_the_package_of_every_case_trains_as_its_spec(case: str) -> None:
    assert_trains(*CASES[case])
