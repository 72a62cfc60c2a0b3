"""The trainer's own phases against training steps that independent implementations recorded."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor

from gandsl_runtime.plan import Plan
from gandsl_runtime.plan.schedule import Clock
from gandsl_runtime.rng import Part
from gandsl_runtime.training.game import Batch, TwoPlayerGame
from gandsl_runtime.training.phases import Metrics, Work, phases
from tests.runtime.helpers import plan
from tests.specs.recorded import Record, assert_close, load, read


class Recorded:
    """In place of draws: what the recorded step drew, and noise for layers."""

    def __init__(self, given: dict[str, Tensor], count: int) -> None:
        self.given, self.count, self.part = given, count, Part.whole(count)

    def latent(self, id_, port):
        return self.given["z"][: self.count]

    def labels(self, id_, cumulative):
        return self.given["y"].long()

    def normal(self, id_, *shape):
        return self.given["pl_noise"]

    def of_rows(self, id_, rows, shape, normal):
        return torch.randn(rows, *shape)


class Step:
    """Runs single phases of a plan, each from the same weights."""

    def __init__(self, the_plan: Plan, g: Record, d: Record, mean: float = 0.0) -> None:
        self.records = {"generator": g, "discriminator": d}
        self.start = {side: copy.deepcopy(r.network.state_dict()) for side, r in self.records.items()}
        for record in self.records.values():
            record.network.train()
        labels = g.given.get("real_y")
        distribution = None if labels is None else torch.ones(1)  # what is drawn is recorded
        self.game = TwoPlayerGame(the_plan, g.network, d.network, torch.device("cpu"), distribution)
        self.real = Batch((g.given["real"],), None if labels is None else labels.long())
        self.given, self.mean, self.before = g.given, torch.tensor(mean), torch.tensor(mean)
        self.phases = {phase.name: phase for phase in phases(the_plan)}

    def restore(self) -> None:
        """All as it was before the first phase."""
        for side, record in self.records.items():
            record.network.load_state_dict(self.start[side])
            record.network.zero_grad()
        self.mean.copy_(self.before)

    def assert_gradients(self, name: str, expected: Tensor) -> Metrics:
        """The phase's gradients have the recorded norms, in the published order; gives what it measured.

        Noise strengths are left out: their gradients depend on the noise that was drawn.
        """
        self.restore()
        phase, metrics = self.phases[name], {}
        for task in phase.tasks:
            count = min(task.batch or len(self.real), len(self.real))
            loss, found = task.loss(
                Work(self.game, Recorded(self.given, count), Clock(), self.real[:count], self.mean)
            )
            (loss * phase.every).backward()
            metrics |= found
        record = self.records[phase.side]
        norms = {
            record.names[key]: torch.zeros(()) if p.grad is None else p.grad.norm()
            for key, p in record.network.named_parameters()
        }
        keys = [key for key in record.state if key in norms]
        assert len(keys) == len(norms) == len(expected)
        kept = [i for i, key in enumerate(keys) if "noise_strength" not in key]
        assert_close(torch.stack([norms[keys[i]] for i in kept]), expected[kept], f"gradients of {name}")
        return metrics


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
    for ours, theirs in {"G": "Gmain", "G/4": "Greg", "D": "Dmain", "D/16": "Dreg"}.items():
        step.assert_gradients(ours, g.found[f"{theirs}_grad_norm"])
        assert_close(average, g.found[f"{theirs}_w_avg_after"], f"the mean style after {theirs}")
        assert_close(step.mean, g.found[f"{theirs}_pl_mean_after"], f"the mean path length after {theirs}")


def test_projection_step(parity: Path) -> None:
    """D sees generated and real images in one pass; G with and without orthogonal regularization."""
    name = "biggan_step_32"
    g, d = (load(parity, name, side) for side in ("generator", "discriminator"))
    shared = next(ours for ours, theirs in g.names.items() if theirs == "shared.weight").rpartition(".")[0]
    choices = {"loss": "hinge", "batch": 8, "discriminator_passes": "joint"}
    step = Step(plan(**choices), g, d)
    metrics = step.assert_gradients("D", g.found["D_grad_norm"])
    assert_close(metrics["loss/D"], g.found["D_loss"], "D's loss")
    metrics = step.assert_gradients("G", g.found["G_grad_norm"])
    assert_close(metrics["loss/G"], g.found["G_loss"], "G's loss")
    orthogonal = {"orthogonal": {"weight": 1e-4, "skip": [shared]}}
    step.restore()
    step = Step(plan(**choices, regularizers=orthogonal), g, d)
    step.assert_gradients("G", g.found["G_grad_norm_with_orthogonal_1e-4"])
