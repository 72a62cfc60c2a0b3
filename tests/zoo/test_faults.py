"""Faults that others' code had unseen: here they cannot be written, or they are a line of `gandsl diff`."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import torch
from torch import Tensor

from gandsl.diff import compare
from gandsl.diff.text import render
from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.game.step import step
from tests.games.loop import made_run
from tests.zoo.reduced import REDUCED, checked, path_of

NAMES = ("dmd2", "context_encoder")
IMAGE = torch.rand(20, 3, 32, 32, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
FIELDS = {
    "dmd2": {"image": IMAGE[..., :16, :16], "y": torch.arange(20) % 3},
    "context_encoder": {"image": IMAGE, "whole": torch.zeros(20, 3, 40, 40)},
}
DRAWN = {
    "dmd2": {f"networks.{name}.weights": {"random": True} for name in ("teacher", "score", "generator")}
    | {"training.optimizer.lr": 1e-3},
    "context_encoder": {},
}
JUDGES = {"dmd2": ("guidance", ("score", "judge")), "context_encoder": ("discriminator", ("discriminator",))}


class Recorded(ProcessGroup):
    """One process that writes down whose gradients were summed over all."""

    def __init__(self) -> None:
        self.summed: set[int] = set()

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        self.summed |= {id(weight) for weight in parameters}


def changed_lines(name: str, changes: dict[str, object]) -> list[str]:
    said = render(compare(checked(name), checked(name, changes)))
    return [line.strip() for line in said.splitlines() if line.lstrip()[:1] in ("~", "+", "-")]


def test_a_discriminator_on_the_frozen_network_is_one_line() -> None:
    """DMD2's stands on the features of the network that is trained (arXiv:2405.14867, section 4.3)."""
    teacher = {f"game.body.{place}_inner.network": "teacher" for place in ("fake", "real")}
    assert changed_lines("dmd2", teacher) == [
        "~ generator, guidance: fake_inner, real_inner network score → teacher"
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_generators_loss_trains_no_discriminator(name: str) -> None:
    """It passes through D and leaves no gradient there, so that none is left for D's own step."""
    player, judges = JUDGES[name]
    waiting = {f"game.players.{player}.from": "2 steps"}
    run = made_run(path_of(name), REDUCED[name] | DRAWN[name] | waiting, fields=FIELDS[name])
    before = {key: tensor.clone() for key, tensor in run.game.networks["generator"].named_parameters()}
    kept = [tensor.clone() for judge in judges for tensor in run.game.networks[judge].parameters()]
    step(run)
    after = [tensor for judge in judges for tensor in run.game.networks[judge].parameters()]
    assert all(torch.equal(one, other) for one, other in zip(after, kept, strict=True))
    assert all(tensor.grad is None for tensor in after)
    moved = run.game.networks["generator"].named_parameters()
    assert any(not torch.equal(tensor, before[key]) for key, tensor in moved)


def test_a_generator_that_is_told_to_train_it_shows() -> None:
    both = {"game.players.generator.trains": ["generator", "discriminator"]}
    assert changed_lines("context_encoder", both) == [
        "~ generator: trains [generator] → [generator, discriminator]",
        "+ generator: optimizer of discriminator (lr 0.0002)",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_trained_is_synchronized(name: str) -> None:
    """Whoever moves a weight sums its gradients over all processes first: no network is forgotten."""
    group = Recorded()
    run = made_run(path_of(name), REDUCED[name] | DRAWN[name], group=group, fields=FIELDS[name])
    kept = {id(tensor): tensor.clone() for of in run.game.networks.values() for tensor in of.parameters()}
    step(run)
    for network in run.game.networks.values():
        for tensor in network.parameters():
            if not torch.equal(tensor, kept[id(tensor)]):
                assert id(tensor) in group.summed
    trained = {name for player in run.game.plan.players.values() for name in player.networks}
    assert group.summed == {id(x) for name in trained for x in run.game.networks[name].parameters()}
