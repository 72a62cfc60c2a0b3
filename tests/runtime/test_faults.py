"""Every way a run can end badly: one message with a remedy, its own exit code, the last checkpoint whole."""

from __future__ import annotations

import errno

import pytest
import torch

from gandsl_runtime import errors
from gandsl_runtime.errors import DataError, Diverged, OutOfSpace, PlanError, RuntimeFault, room_for
from gandsl_runtime.network import Port
from gandsl_runtime.observers import Observer
from gandsl_runtime.runs import checkpoint
from gandsl_runtime.runs.record import MachineOptions
from tests.runtime import nets
from tests.runtime.helpers import arrays, folder_of, pixels, plan, png
from tests.runtime.networks import (
    ConvDiscriminator,
    ConvGenerator,
    GrowingDiscriminator,
    GrowingGenerator,
    StyleGenerator,
    seeded,
)


def test_exit_codes_are_told_apart():
    faults = [f for f in vars(errors).values() if isinstance(f, type) and issubclass(f, RuntimeFault)]
    codes = {f.__name__: f.exit_code for f in faults}
    assert codes == {
        "RuntimeFault": 1,
        "PlanError": 1,
        "DataError": 3,
        "CheckpointError": 4,
        "OutOfSpace": 5,
        "Unwritable": 1,
        "MissingExtra": 6,
        "Diverged": 7,
        "OutOfMemory": 9,
        "SamplingError": 2,
        "Parted": 1,
        "Interrupted": 1,  # 128 + the signal on each instance
    }


GROWTH = {"growth": {"stable": "1 kimg", "fade": "1 kimg"}}
# networks, changes of the plan, words of the message, words of the remedy
UNFIT = {
    "sizes": (
        lambda: (ConvGenerator(), ConvDiscriminator(size=(8, 12))),
        {},
        "makes images 1×8×8 and the discriminator takes 1×8×12",
        "same sizes",
    ),
    "scales": (
        lambda: (ConvGenerator(scales=2), ConvDiscriminator()),
        {},
        "1×4×4, 1×8×8 and .* takes 1×8×8",
        "",
    ),
    "labels": (lambda: (ConvGenerator(), ConvDiscriminator(3)), {}, "generator does not", "kind Label"),
    "classes": (
        lambda: (ConvGenerator(3), ConvDiscriminator(4)),
        {},
        "knows 3 classes, the .* 4",
        "same number",
    ),
    "skip": (
        lambda: (ConvGenerator(), ConvDiscriminator()),
        {"regularizers": {"orthogonal": {"skip": ["fc", "con"]}}},
        "skip names con, and no node",
        "state_dict",
    ),
    "mixing": (
        lambda: (ConvGenerator(), ConvDiscriminator()),
        {"style_mixing": {}},
        "training.style_mixing needs a generator with a style space",
        "null",
    ),
    "path length": (
        lambda: (ConvGenerator(), ConvDiscriminator()),
        {"regularizers": {"path_length": {}}},
        "training.regularizers.path_length needs",
        "null",
    ),
    "no levels": (lambda: (ConvGenerator(), ConvDiscriminator()), GROWTH, "same levels", "null"),
    "batch of no level": (
        lambda: (GrowingGenerator(), GrowingDiscriminator()),
        {"growth": GROWTH["growth"] | {"batch": {12: 3}}},
        "training.growth.batch names 12",
        "4, 8, 16",
    ),
    "rate of no level": (
        lambda: (GrowingGenerator(), GrowingDiscriminator()),
        {"growth": GROWTH["growth"] | {"lr": {12: 0.1}}},
        "training.growth.lr names 12",
        "4, 8, 16",
    ),
    "start at no level": (
        lambda: (GrowingGenerator(), GrowingDiscriminator()),
        {"growth": GROWTH["growth"] | {"start": 5}},
        "growth.start is 5, and the levels are 4, 8, 16",
        "",
    ),
}


@pytest.mark.parametrize("case", UNFIT)
def test_plans_that_do_not_fit_the_networks(case):
    networks, changes, words, remedy = UNFIT[case]
    with pytest.raises(PlanError, match=words) as caught:
        nets.trainer_of(plan(**changes), networks(), data=arrays())
    assert remedy in caught.value.remedy


def test_labels_for_the_generator_alone_are_fine():
    trainer = nets.trainer_of(
        plan(), (seeded(ConvGenerator, 3), seeded(ConvDiscriminator)), data=arrays(classes=3)
    )
    trainer.run()


class Plant(Observer):
    """Puts a not-a-number into a weight after a step."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def after(self, step, run):
        if run.state.clock.steps == self.steps:
            next(run.state.networks["generator"].parameters()).data[0] = torch.nan


@pytest.mark.parametrize("steps", [1, 2, 4, 7])
def test_not_a_number_never_reaches_a_checkpoint(steps, tmp_path):
    trainer = nets.trainer_of(
        plan(cadence={"checkpoint": "3 steps", "log": "5 steps", "keep": 1}),
        (seeded(ConvGenerator), seeded(ConvDiscriminator)),
        data=arrays(),
        run_dir=tmp_path,
        observing=[Plant(steps)],
    )
    with pytest.raises(Diverged, match=r"not finite after \d+ images: (loss|score)") as caught:
        trainer.run()
    saved = checkpoint.found_in(tmp_path / "checkpoints")
    at = int(saved[0].stem) if saved else None
    there = f"--resume goes on from {at} images" if saved else "there is no checkpoint to go on from"
    assert caught.value.__notes__ == [there]
    assert [int(path.stem) for path in saved] == [steps // 3 * 12][: steps // 3]
    for path in saved:
        assert all(torch.isfinite(tensor).all() for tensor in checkpoint.read(path)[0].values())


def test_nor_when_the_last_update_made_it(tmp_path):
    """The losses of the step were still finite: the weights themselves are looked at."""
    trainer = nets.trainer_of(
        plan(cadence={"checkpoint": "3 steps"}),
        (seeded(ConvGenerator), seeded(ConvDiscriminator)),
        data=arrays(),
        run_dir=tmp_path,
        observing=[Plant(6)],
    )
    with pytest.raises(Diverged, match=r"not finite after 24 images: generator/fc\.weight"):
        trainer.run()
    assert [path.stem for path in checkpoint.found_in(tmp_path / "checkpoints")] == ["000000000012"]


def test_a_broken_image_ends_the_run_with_its_name(tmp_path):
    where = folder_of(
        {f"{i}.png": png(image) for i, image in enumerate(pixels())} | {"9.png": b"x"}, tmp_path / "set"
    )
    trainer = nets.trainer_of(
        plan(cadence={"checkpoint": "1 steps"}),
        (seeded(ConvGenerator), seeded(ConvDiscriminator)),
        data=where,
        run_dir=tmp_path / "run",
        machine=MachineOptions(workers=1),
    )
    with pytest.raises(DataError, match=r"can't read 9.png of"):
        trainer.run()
    (where / "9.png").write_bytes(png(pixels(1)[0]))  # repaired: the run goes on
    trainer = nets.resumed(tmp_path / "run", (seeded(ConvGenerator), seeded(ConvDiscriminator)))
    trainer.run()
    assert trainer.state.clock.steps == 12


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_under_the_log(number, tmp_path):
    class Full(Observer):
        def logged(self, record, run):
            raise OSError(number, "no")

    trainer = nets.trainer_of(
        plan(),
        (seeded(ConvGenerator), seeded(ConvDiscriminator)),
        data=arrays(),
        run_dir=tmp_path,
        observing=[Full()],
    )
    with pytest.raises(OutOfSpace, match="no space left for the run in"):
        trainer.run()


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(PermissionError), room_for("x", tmp_path):
        raise PermissionError(errno.EACCES, "no")


def test_networks_without_a_program_say_so():
    class Nothing(StyleGenerator):
        program = StyleGenerator.__mro__[1].program

    with pytest.raises(NotImplementedError, match="Nothing has no program 'forward'"):
        Nothing()(torch.zeros(1, 6))


def test_ports_compare_by_value():
    assert Port("z", "Latent", (4,)) == Port("z", "Latent", (4,), None) != Port("z", "Latent", (5,))
