"""A game over networks that somebody wrote: a spec's to the bit, and one message for what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
import torch

import gandsl
from gandsl_runtime.errors import PlanError
from gandsl_runtime.game.program import Game
from gandsl_runtime.network import Network, Port
from gandsl_runtime.plan import Plan
from gandsl_runtime.plan.schedule import Clock, Stage
from gandsl_runtime.runs.record import MachineOptions
from tests.runtime import nets
from tests.runtime.helpers import plan
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    StyleGenerator,
    seeded,
)
from tests.specs.cases import CASES, PARTS, made, source_for
from tests.specs.reduced import ALL

G, D = "generator", "discriminator"
STEPS = 3
QUICK = {
    "styles": ("stylegan2/ada", PARTS | {"resolution": 16}),
    "growth": ("pggan", {}),
    "sizes": ("msg_gan", {}),
    "classes": ("biggan", {"training.regularizers.orthogonal": {"weight": 0.01, "skip": ["shared"]}}),
}
OTHERS = {spec: (spec, {}) for spec in ALL} | CASES


def trained(plan: Plan, networks: Mapping[str, Network], game: Game) -> dict[str, torch.Tensor]:
    """Every tensor of a run after some steps."""
    machine, data = MachineOptions(workers=0), source_for(networks[G])
    trainer = nets.trainer_of(plan, game, data=data, seed=3, observing=(), machine=machine)
    for _ in range(STEPS):
        trainer.step()
    return trainer.state.tensors()


def same_as_compiled(spec: str, changes: Mapping[str, Any]) -> None:
    """Compiled networks are networks: their signatures give the game that the compiler makes of all of it."""
    expected = trained(*made(spec, changes))
    plan, networks, _ = made(spec, changes)
    found = trained(plan, networks, gandsl.game_of(plan, networks))
    assert expected.keys() == found.keys()
    assert not [name for name in expected if not torch.equal(expected[name], found[name])]


@pytest.mark.parametrize("case", QUICK)
def test_signatures_give_the_game_of_the_spec(case: str) -> None:
    same_as_compiled(*QUICK[case])


@pytest.mark.thorough
@pytest.mark.parametrize("case", OTHERS)
def test_signatures_of_all_specs_give_their_games(case: str) -> None:
    same_as_compiled(*OTHERS[case])


def test_a_plan_that_was_written_out_gives_the_same_game() -> None:
    """As a checkpoint has it: with all that is as it would be anyway."""
    said = plan(
        style_mixing={"probability": 0.5},
        regularizers={"r1": {"gamma": 2}, "path_length": {"every": "2 steps"}},
    )
    whole = Plan.model_validate(said.model_dump(mode="json"))
    games = [gandsl.game_of(one, {G: StyleGenerator(), D: ConvDiscriminator()}) for one in (said, whole)]
    assert games[0].ir.graphs == games[1].ir.graphs and games[0].plan == games[1].plan


def test_asking_networks_moves_nothing() -> None:
    networks = {G: seeded(StyleGenerator), D: seeded(ConvDiscriminator)}
    before = {name: {key: t.clone() for key, t in one.state_dict().items()} for name, one in networks.items()}
    chance = torch.get_rng_state()
    the_plan = plan(style_mixing={}, regularizers={"path_length": {}})
    game = gandsl.game_of(the_plan, networks)
    for phase in game.plan.phases(Clock()):
        for part in phase.passes:
            game.pass_program(phase, part, Stage())
    assert torch.equal(chance, torch.get_rng_state())
    for name, network in networks.items():
        assert all(module.training for module in network.modules())
        assert all(torch.equal(tensor, before[name][key]) for key, tensor in network.state_dict().items())


def test_layers_that_a_level_does_not_reach_are_not_used() -> None:
    """Their moments rest, as those of layers that a compiled program leaves out."""
    networks = {G: seeded(GrowingGenerator), D: seeded(GrowingDiscriminator)}
    game = gandsl.game_of(plan(growth={"stable": "8 img", "fade": "8 img"}), networks)
    used = {}
    for stage in (Stage(0, False), Stage(1, True)):
        (phase, *_) = game.plan_at(stage).phases(Clock())
        used[stage] = game.pass_program(phase, phase.passes[0], stage).used
    first, second = used.values()
    assert set(first[D]) == {"rgb.0", "blocks.0", "fc"}
    assert set(second[D]) == {"rgb.0", "rgb.1", "blocks.0", "blocks.1", "fc"}
    assert set(second[G]) == {"rgb.0", "rgb.1", "blocks.0", "blocks.1", "fc"}


class Given(ConvGenerator):
    """Takes what it is told to, beside the image that it makes."""

    def __init__(self, *inputs: Port, outputs: tuple[Port, ...] | None = None) -> None:
        super().__init__()
        self.inputs = inputs
        self.outputs = self.outputs if outputs is None else outputs


class Flat(StyleGenerator):
    """Its styles have no layers."""

    def mapping(self, z: torch.Tensor) -> torch.Tensor:
        return super().mapping(z)[:, 0]


class Tangled(StyleGenerator):
    """Its running mean has the name of what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs = (Port("average", "Latent", (6,), "normal"),)


def latent(name: str = "z", shape: tuple[int, ...] = (6,), distribution: str = "normal") -> Port:
    return Port(name, "Latent", shape, distribution)


MIXED = {"style_mixing": {}}
# changes of the plan, the generator, words of the message, words of the remedy
UNFIT = {
    "no loss": ({"loss": None}, ConvGenerator, "has no loss", "loss: logistic"),
    "no inputs": ({}, Given, "generator says of no input", "a tuple of Port"),
    "no outputs": ({}, partial(Given, latent(), outputs=()), "says of no output", "a tuple of Port"),
    "a kind": (
        {},
        partial(Given, Port("h", "Vector", (4,))),
        "input h is of kind Vector, and a loss knows Latent and Label",
        "write the game out",
    ),
    "a shape": (
        {},
        partial(Given, latent(shape=(4, 4))),
        r"z, of kind Latent, has the shape \(4, 4\)",
        "batch",
    ),
    "two of a name": ({}, partial(Given, latent(), latent()), "two inputs called z", "own"),
    "two labels": (
        {},
        partial(Given, latent(), Port("y", "Label", (3,)), Port("c", "Label", (3,))),
        "takes several labels",
        "keep one",
    ),
    "a word of games": ({}, partial(Given, latent("network")), "means something else in a game", "rename"),
    "a word of Python": ({}, partial(Given, latent("from")), "training: `from` is not a valid name", ""),
    "a distribution": (
        {},
        partial(Given, latent(distribution="cauchy")),
        "`distribution` cannot be",
        "normal",
    ),
    "a mean": ({}, Tangled, "an input and a running mean called average", "rename"),
    "styles": (MIXED, Flat, r"`mapping` gives \[N, 5\]", r"[N, layers, numbers]"),
}


@pytest.mark.parametrize("case", UNFIT)
def test_what_does_not_fit_is_told_in_words(case: str) -> None:
    """What fits a plan otherwise: tests/runtime/test_faults.py."""
    changes, make, words, remedy = UNFIT[case]
    with pytest.raises(PlanError, match=words) as caught:
        gandsl.game_of(plan(**changes), {G: make(), D: ConvDiscriminator()})
    assert remedy in caught.value.remedy


def test_a_loss_is_played_by_two() -> None:
    with pytest.raises(PlanError, match="and these are generator, critic") as caught:
        gandsl.game_of(plan(), {G: ConvGenerator(), "critic": ConvDiscriminator()})
    assert "generator and discriminator" in caught.value.remedy
