"""Augmentation in training: what D sees, p that follows D, p that is planned, a stop in the middle."""

from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError

from gandsl_runtime.distributed.group import ProcessGroup
from gandsl_runtime.errors import PlanError
from gandsl_runtime.game.sources import Sources
from gandsl_runtime.game.states import GameStates
from gandsl_runtime.plan import Adaptive, Plan
from gandsl_runtime.plan.schedule import Clock, Stage, Step
from gandsl_runtime.rng import Draws, Key, Part
from gandsl_runtime.training.trainer import Trainer
from tests.runtime import nets
from tests.runtime.augmenting import augment
from tests.runtime.helpers import arrays, assert_same, plan
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    StyleGenerator,
    seeded,
)
from tests.runtime.plays import CPU, asked, state_of

R1 = {"r1": {"gamma": 1, "every": "3 steps"}}
ADAPTIVE = {"pipe": "bgc", "p": {"target": 0.2, "every": "2 steps", "over": "40 img", "start": 0.4}}


def trainer_of(*networks, data=None, seed=5, **changes) -> Trainer:
    networks = networks or (seeded(ConvGenerator), seeded(ConvDiscriminator))
    return nets.trainer_of(plan(**changes), networks, data=data or arrays(), seed=seed, observing=())


def watched(trainer: Trainer) -> list[tuple[torch.Tensor, ...]]:
    """What D is asked, in order."""
    return asked(trainer.state.game.networks["discriminator"])


def p_of(trainer: Trainer) -> float:
    """The chance of augmentation now, where it adapts."""
    return state_of(trainer, "augment/p").item()


# ---- the plan ----------


@pytest.mark.parametrize(
    ("written", "p"),
    [
        ({"pipe": "bgc", "p": "adaptive"}, Adaptive()),
        ({"pipe": "bgc", "p": {"target": 0.5}}, Adaptive(target=0.5)),
        ({"pipe": ["hue", "noise"], "p": 0.2}, 0.2),
    ],
)
def test_forms_of_the_plan(written, p):
    the_plan = plan(augment=written)
    assert the_plan.augment.p == p
    assert Plan.model_validate_json(the_plan.model_dump_json()) == the_plan


@pytest.mark.parametrize(
    ("augment", "place", "words"),
    [
        ({"pipe": "bcg", "p": 1}, ("augment", "pipe"), "unknown pipe `bcg`: one of blit, geom"),
        ({"pipe": ["blur"], "p": 1}, ("augment", "pipe"), "unknown transform `blur`: any of xflip"),
        ({"pipe": ["hue", "hue"], "p": 1}, ("augment", "pipe"), "each once"),
        ({"pipe": {}, "p": 1}, ("augment", "pipe"), "at least one transform"),
        ({"pipe": 3, "p": 1}, ("augment", "pipe"), "a pipe, a list of transforms, or a mapping"),
        ({"pipe": {"hue": 1.5}, "p": 1}, ("augment", "pipe"), r"a share of p is a number in \(0, 1\]"),
        ({"pipe": {"blur": 1}, "p": 1}, ("augment", "pipe"), "unknown transform `blur`"),
        ({"pipe": "bgc"}, ("augment", "p"), "required"),
        ({"pipe": "bgc", "p": 1.5}, ("augment", "p"), r"must lie in \[0, 1\], not 1.5"),
        ({"pipe": "bgc", "p": "much"}, ("augment", "p"), "a curve, stairs, `adaptive`"),
        ({"pipe": "bgc", "p": {"goal": 1}}, ("augment", "p", "goal"), "Extra inputs"),
        ({"pipe": "bgc", "p": {"over": "9 steps"}}, ("augment", "p", "over"), "counts images"),
        ({"pipe": "bgc", "p": {"start": 0.5, "max": 0.4}}, ("augment", "p"), "must not exceed"),
    ],
)
def test_refusals_of_the_plan(augment, place, words):
    with pytest.raises(ValidationError, match=words) as caught:
        plan(augment=augment)
    assert [error["loc"] for error in caught.value.errors()] == [place]


@pytest.mark.parametrize(
    "loss", ["wasserstein", "relativistic_logistic", "relativistic_hinge", {"kind": "least_squares", "a": 2}]
)
def test_p_adapts_only_to_losses_with_a_boundary(loss):
    networks = ConvGenerator(), ConvDiscriminator()
    with pytest.raises(PlanError, match="no boundary between real and generated"):
        nets.game(plan(loss=loss, augment=ADAPTIVE), networks)
    assert nets.game(plan(loss=loss, augment={"pipe": "bgc", "p": 0.3}), networks)


# ---- the controller ----------


class Controller:
    """p as the state of a game, moved by what it hears."""

    def __init__(self, batch: int, **adaptive: object) -> None:
        the_plan = plan(batch=batch, augment={"pipe": "bgc", "p": {"start": 0.5, **adaptive}})
        self.game = nets.game(the_plan, (ConvGenerator(), ConvDiscriminator()))
        self.states = GameStates(self.game.plan.states, CPU, torch.float32)
        (self.state,) = self.game.plan.states

    @property
    def p(self) -> float:
        return self.states.values[self.state.id].item()

    def observe(self, sign: float, count: int) -> None:
        (node,) = self.state.heard
        self.states.hear([(self.state.id, node)], {node: torch.tensor(float(sign))}, count)

    def after(self, steps: int) -> None:
        step = Step(Clock(0, steps), Stage(), 1)
        tensor = Sources(step, self.states.values, CPU, torch.float32).tensor
        self.states.leave(step, ProcessGroup(), lambda due: self.game.state_program(due, Stage()), tensor)


def test_the_controller_by_hand():
    control = Controller(64, target=0.6)
    p, image = 0.5, 64 * 4 / 500_000
    for step, (signs, moves) in enumerate([((1, 1, 0.5, 0), 1), ((0.6, 0.5, 0.9, 0.2), -1), ((1,) * 4, 1)]):
        for inside, sign in enumerate(signs):
            control.observe(sign, 64)
            assert control.p == pytest.approx(p, abs=1e-7)
            control.after(4 * step + inside)
        p += moves * image
        assert control.p == pytest.approx(p, abs=1e-7)
    control.after(15)  # nothing heard since
    assert control.p == pytest.approx(p, abs=1e-7)


@pytest.mark.parametrize(("limit", "last"), [(1.0, 1.0), (0.7, 0.7), (None, 2.5)])
def test_p_has_bounds(limit, last):
    """20 steps of 50 images at 1000 images from 0 to 1 would take it from 0.5 to 1.5, then down to −0.5."""
    control = Controller(50, max=limit, over="1 kimg", every="2 steps")
    for step in range(40):
        control.observe(1, 50)
        control.after(step)
    assert control.p == pytest.approx(last, abs=1e-6)
    for step in range(60):
        control.observe(-1, 50)
        control.after(step)
    assert control.p == 0


def test_means_are_over_images():
    """Micro-batches of unequal size: 3 sure images and 1 that is not make ½."""
    for target, moves in ((0.49, 1), (0.51, -1)):
        control = Controller(4, target=target, every="1 steps")
        control.observe(1, 3)
        control.observe(-1, 1)
        control.after(0)
        assert math.copysign(1, control.p - 0.5) == moves


@pytest.mark.parametrize("loss", ["logistic", {"kind": "least_squares", "b": 0.5}])
def test_the_trainer_tells_what_d_said(loss):
    """D's own phases, R1's included, and no others; p moves by 4 · 2 / 40 at every second step."""
    trainer = trainer_of(loss=loss, augment=ADAPTIVE, regularizers=R1)
    boundary, said, p = 0.25 if loss != "logistic" else 0.0, [], 0.4
    answers: list[torch.Tensor] = []
    asked(trainer.state.game.networks["discriminator"], answers)
    for step in range(8):
        answers.clear()
        trainer.step()
        said.append(answers[0].detach())  # D is asked of real images first
        if step % 3 == 0:
            said.append(answers[2].detach())  # D real, D fake, then R1's
        assert len(answers) == (4 if step % 3 == 0 else 3)
        if step % 2:
            mean = (torch.cat(said) - boundary).sign().mean().item()
            p = min(max(p + math.copysign(4 * 2 / 40, mean - 0.2), 0), 1)
            said = []
        assert p_of(trainer) == pytest.approx(p, abs=1e-6)


# ---- what D sees ----------


def test_d_sees_real_and_generated_images_transformed():
    """As the augmentation alone makes of them, with the draws of the step, in each phase that asks D."""
    changes = {"regularizers": R1}
    plain, moved = trainer_of(**changes), trainer_of(**changes, augment={"pipe": "bgc", "p": 0.7})
    before, after = watched(plain), watched(moved)
    plain.step(), moved.step()
    d, g = "discriminator", "generator"
    names = [(d, "seen"), (d, "shown"), (f"{d}/3", "seen"), (g, "shown")]
    assert len(before) == len(after) == len(names)
    for (phase, id_), (x,), (y,) in zip(names, before, after, strict=True):
        draws = Draws(CPU, torch.float32, Part.whole(4), Key(5, 0, phase))
        expected = augment("bgc")(x, 0.7, draws, id_)
        assert torch.equal(y, expected) and not torch.equal(x, y)


def test_splitting_changes_nothing_of_what_is_drawn():
    """The same real images, transformed alike, at once and in micro-batches."""
    changes = {"augment": {"pipe": "bgcfnc", "p": 0.8}, "discriminator_steps": 2}
    at_once, split = trainer_of(**changes), trainer_of(**changes, micro_batch=3)
    seen, parts = watched(at_once), watched(split)
    at_once.step(), split.step()
    for repeat in range(2):
        (whole,) = seen[2 * repeat]  # real, fake, real, fake, G's fake
        for turn in range(2):  # of places 0 and 2, and 1 and 3
            torch.testing.assert_close(parts[4 * repeat + 2 * turn][0], whole[turn::2])


def test_joint_passes_see_the_same():
    changes = {"augment": {"pipe": "bgc", "p": 0.8}}
    apart, joint = trainer_of(**changes), trainer_of(**changes, discriminator_passes="joint")
    seen, together = watched(apart), watched(joint)
    apart.step(), joint.step()
    assert torch.equal(together[0][0], torch.cat((seen[1][0], seen[0][0])))


def test_relativistic_generators_see_transformed_images():
    trainer = trainer_of(loss="relativistic_logistic", augment={"pipe": "cutout", "p": 1})
    seen = watched(trainer)
    trainer.step()
    assert len(seen) == 4 and all((images[0] == 0).any() for images in seen)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_any_channels_and_rectangles_train(channels):
    shape = {"channels": channels, "size": (6, 10)}
    networks = seeded(ConvGenerator, **shape), seeded(ConvDiscriminator, **shape)
    data = arrays(channels=channels, size=(6, 10))
    trainer = trainer_of(*networks, data=data, augment=ADAPTIVE | {"pipe": "bgcfnc"}, regularizers=R1)
    for _ in range(3):
        trainer.step()
    measured = trainer.measured()
    assert {"loss/G", "loss/D"} <= set(measured) and all(map(math.isfinite, measured.values()))


def test_several_sizes_train():
    networks = seeded(ConvGenerator, scales=2), seeded(ConvDiscriminator, scales=2)
    trainer = trainer_of(*networks, augment={"pipe": "bgcfnc", "p": 0.5}, regularizers=R1)
    trainer.step()
    measured = trainer.measured()
    assert {"loss/G", "loss/D"} <= set(measured) and all(map(math.isfinite, measured.values()))


# ---- p in time ----------


def test_a_ramp_is_a_function_of_images_shown():
    ramp = {"shape": "linear", "start": 0, "end": 0.5, "over": "20 img"}
    trainer = trainer_of(augment={"pipe": "blit", "p": ramp})
    found = []
    for _ in range(7):
        trainer.step()
        found.append(trainer.measured()["augment/p"])
        trainer.metrics.clear()
    assert found == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.5])


def test_p_is_logged(tmp_path):
    records = []

    class Listening:
        begin = end = after = warn = lambda self, *_: None

        def logged(self, record, run):
            records.append(record)

    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    trainer = nets.trainer_of(plan(augment=ADAPTIVE), networks, data=arrays(), observing=[Listening()])
    trainer.run()
    assert len(records) == 6
    assert records[-1]["augment/p"] == pytest.approx(p_of(trainer))
    assert all(-1 <= record["sign/real"] <= 1 for record in records)


CASES = {
    "styles": ((StyleGenerator, ConvDiscriminator), {"regularizers": R1, "augment": ADAPTIVE}, arrays()),
    "noise": (
        (ConvGenerator, ConvDiscriminator),
        {"micro_batch": 3, "augment": ADAPTIVE | {"pipe": "bgcfnc"}},
        arrays(),
    ),
    "growing": (
        (GrowingGenerator, GrowingDiscriminator),
        {
            "length": "130 img",
            "growth": {"stable": "24 img", "fade": "24 img", "batch": {4: 6}},
            "augment": ADAPTIVE,
        },
        arrays(size=(16, 16)),
    ),
    "ramp": (
        (ConvGenerator, ConvDiscriminator),
        {"augment": {"pipe": "diffaugment", "p": {"values": [0, 1], "at": ["12 img"]}}},
        arrays(),
    ),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("stop", [1, 6])
def test_resumed_equals_undisturbed(case, stop, tmp_path):
    """Bit for bit, stopped between two changes of p and after one."""
    makers, changes, data = CASES[case]
    changes = changes | {"guard": None}  # it looks when the run logs, which the steps below don't
    whole = nets.trainer_of(plan(**changes), map(seeded, makers), data=data, seed=5, observing=())
    whole.run()
    first = nets.trainer_of(
        plan(**changes), map(seeded, makers), data=data, seed=5, run_dir=tmp_path, observing=()
    )
    for _ in range(stop):
        first.step()
    first.save()
    again = nets.resumed(tmp_path, (seeded(maker, seed=9) for maker in makers), data=data, observing=())
    again.run()
    assert_same(again.state.tensors(), whole.state.tensors())
    assert ("game/p" in whole.state.tensors()) == (case != "ramp")


def test_augmentation_may_begin_in_a_resumed_run(tmp_path):
    networks = seeded(ConvGenerator), seeded(ConvDiscriminator)
    first = nets.trainer_of(plan(), networks, data=arrays(), run_dir=tmp_path, observing=())
    first.step(), first.save()
    later = nets.resumed(
        tmp_path, networks, plan=plan(augment=ADAPTIVE), data=arrays(), observing=(), change=True
    )
    assert p_of(later) == pytest.approx(0.4)
    later.run()
