"""Phases of a plan's game against training steps that independent implementations recorded."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor

import gandsl
from gandsl_runtime.plan import Plan
from gandsl_runtime.plan.schedule import Stage
from gandsl_runtime.rng import Part
from tests.runtime.helpers import plan
from tests.runtime.plays import pass_of, phase_of
from tests.specs.recorded import Record, assert_close, load, read


class Recorded:
    """In place of a pass's draws: noise for layers, which the recorded step does not have."""

    def __init__(self, count: int) -> None:
        self.part = Part.whole(count)

    def of_rows(self, id_: str, rows: int, shape: tuple[int, ...], normal: bool) -> Tensor:
        return torch.randn(rows, *shape)


class Step:
    """Runs single phases of a plan's game, each from the same weights."""

    def __init__(self, the_plan: Plan, g: Record, d: Record, mean: float = 0.0) -> None:
        self.records = {"generator": g, "discriminator": d}
        self.start = {side: copy.deepcopy(r.network.state_dict()) for side, r in self.records.items()}
        for record in self.records.values():
            record.network.train()
        self.game = gandsl.game_of(the_plan, {side: record.network for side, record in self.records.items()})
        self.given = g.given | {"image": g.given["real"], "generator.path_length.y": g.given.get("pl_noise")}
        if "real_y" in g.given:
            self.given |= {"y": g.given["real_y"].long(), "c": g.given["y"].long()}
        self.count = len(g.given["real"])
        self.before = torch.tensor(mean)
        self.mean = self.before.clone()

    def restore(self) -> None:
        """All as it was before the first phase."""
        for side, record in self.records.items():
            record.network.load_state_dict(self.start[side])
            record.network.zero_grad()

    def assert_gradients(self, player: str, expected: Tensor, every: int = 1) -> dict[str, Tensor]:
        """The phase's gradients have the recorded norms, in the published order; gives what it measured.

        Noise strengths are left out: their gradients depend on the noise that was drawn.
        """
        self.restore()
        phase, found = phase_of(self.game, player, every), {}
        means = {state.id: self.before for state in self.game.plan.states}
        for part in phase.passes:
            count = min(part.batch or self.count, self.count)
            given = {name: x[:count] for name, x in self.given.items() if x is not None} | means
            loss, values = pass_of(self.game, phase, part, given, Recorded(count), torch.float32)
            (loss * every).backward()
            found |= values
        for state in self.game.plan.states:
            heard = [found[node] for node in state.heard if node in found]
            moves = self.game.state_program((state.id,), Stage())
            self.mean = moves.run(*heard)[0].detach() if heard else self.before
        record = self.records[player]
        norms = {
            record.names[key]: torch.zeros(()) if p.grad is None else p.grad.norm()
            for key, p in record.network.named_parameters()
        }
        keys = [key for key in record.state if key in norms]
        assert len(keys) == len(norms) == len(expected)
        kept = [i for i, key in enumerate(keys) if "noise_strength" not in key]
        assert_close(
            torch.stack([norms[keys[i]] for i in kept]), expected[kept], f"gradients of {phase.label}"
        )
        return found


def test_style_based_step(parity: Path) -> None:
    """Four phases with their lazy factors, the mean path length and the mean style."""
    name = "stylegan2_step_16"
    facts, _ = read(parity / f"{name}.npz")
    g, d = (load(parity, name, side) for side in ("generator", "discriminator"))
    the_plan = plan(
        batch=8,
        regularizers={
            "r1": {"gamma": facts["r1_gamma"], "every": "16 steps"},
            "path_length": {
                "weight": facts["pl_weight"],
                "every": "4 steps",
                "decay": facts["pl_decay"],
                "batch": facts["pl_batch"],
            },
        },
    )
    step = Step(the_plan, g, d, facts["pl_mean_before"])
    average = g.network.get_submodule("mapping.centre").average
    phases = {
        ("generator", 1): "Gmain",
        ("generator", 4): "Greg",
        ("discriminator", 1): "Dmain",
        ("discriminator", 16): "Dreg",
    }
    for (player, every), theirs in phases.items():
        step.assert_gradients(player, g.found[f"{theirs}_grad_norm"], every)
        assert_close(average, g.found[f"{theirs}_w_avg_after"], f"the mean style after {theirs}")
        assert_close(step.mean, g.found[f"{theirs}_pl_mean_after"], f"the mean path length after {theirs}")


def test_projection_step(parity: Path) -> None:
    """D sees generated and real images in one pass; G with and without orthogonal regularization."""
    name = "biggan_step_32"
    g, d = (load(parity, name, side) for side in ("generator", "discriminator"))
    shared = next(ours for ours, theirs in g.names.items() if theirs == "shared.weight").rpartition(".")[0]
    choices = {"loss": "hinge", "batch": 8, "discriminator_passes": "joint"}
    step = Step(plan(**choices), g, d)
    metrics = step.assert_gradients("discriminator", g.found["D_grad_norm"])
    assert_close(metrics["loss/D"], g.found["D_loss"], "D's loss")
    metrics = step.assert_gradients("generator", g.found["G_grad_norm"])
    assert_close(metrics["loss/G"], g.found["G_loss"], "G's loss")
    orthogonal = {"orthogonal": {"weight": 1e-4, "skip": [shared]}}
    step.restore()
    step = Step(plan(**choices, regularizers=orthogonal), g, d)
    step.assert_gradients("generator", g.found["G_grad_norm_with_orthogonal_1e-4"])
